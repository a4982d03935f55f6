"""An entry of the journal as one line of JSON: what ``mentra dev --json`` and ``mentra logs --json`` print.

The rules:

* Every line has ``version``, ``number``, ``time`` and ``kind``; what else it has depends on the kind, and is named as
  in the entry's class.
* What is JSON itself, a frame or a body, is decoded; what is none stays text. Sound is only a size.
* docs/scripting.md has every kind.
"""

import dataclasses
from typing import Any, get_args

from mentra.protocol import codec
from mentra_cli.dev.journal import (
    AppError,
    AppOutput,
    Blocked,
    CloudCall,
    DisplayChange,
    Entry,
    Frame,
    HttpAnswer,
    HttpCall,
    Loaded,
    LoadFailed,
    Note,
    Speech,
    Started,
)

VERSION = 1

KINDS: dict[type[Entry], str] = {
    Started: "started",
    HttpCall: "http_call",
    HttpAnswer: "http_answer",
    CloudCall: "cloud_call",
    Frame: "frame",
    DisplayChange: "display",
    Speech: "speech",
    AppOutput: "output",
    Loaded: "loaded",
    LoadFailed: "load_failed",
    AppError: "app_error",
    Blocked: "blocked",
    Note: "note",
}

_COMMON = frozenset({"number", "time"})
_FIELDS: dict[type[Entry], tuple[str, ...]] = {
    kind: tuple(field.name for field in dataclasses.fields(kind) if field.name not in _COMMON)
    for kind in get_args(Entry)
}


def entry_json(entry: Entry) -> bytes:
    """Return an entry as JSON, without a line break."""
    kind = type(entry)
    document: dict[str, Any] = {
        "version": VERSION,
        "number": entry.number,
        "time": entry.time,
        "kind": KINDS[kind],
        **{name: getattr(entry, name) for name in _FIELDS[kind]},
    }
    match entry:
        case Frame():
            del document["text"]
            if not entry.binary_bytes:
                del document["binary_bytes"]
                document["message"] = _decoded(entry.text)
        case HttpCall() | HttpAnswer():
            document["body"] = _decoded(entry.body)
        case CloudCall():
            document["body"], document["answer"] = _decoded(entry.body), _decoded(entry.answer)
        case LoadFailed() | AppError():
            document["failure"] = {name: getattr(entry.failure, name) for name in entry.failure.__struct_fields__}
        case _:
            pass
    return codec.encode(document)


def _decoded(raw: bytes) -> Any:
    value = codec.decode_as(object, raw)
    return raw.decode(errors="replace") if isinstance(value, codec.Malformed) else value

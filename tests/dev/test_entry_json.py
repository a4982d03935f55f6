"""Entries as JSON, as programs read them."""

import io
import json
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from mentra_cli.dev.entry_json import KINDS, entry_json
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
    Journal,
    Loaded,
    LoadFailed,
    Note,
    Speech,
    Started,
)
from mentra_cli.dev.reports import Failed
from mentra_cli.dev.views.ndjson import Ndjson

TIME = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
SESSION = {"session_id": "ann@example.com-x", "user_id": "ann@example.com"}

ENTRIES: list[tuple[Entry, dict[str, Any]]] = [
    (
        Started(url="http://127.0.0.1:3000", cloud="local"),
        {"kind": "started", "url": "http://127.0.0.1:3000", "cloud": "local"},
    ),
    (
        HttpCall(method="POST", path="/webhook", body=b'{"type":"x"}'),
        {"kind": "http_call", "method": "POST", "path": "/webhook", "body": {"type": "x"}, "app": ""},
    ),
    (
        HttpAnswer(method="GET", path="/", status=404, body=b"not found \xff", took_s=0.5),
        {
            "kind": "http_answer",
            "method": "GET",
            "path": "/",
            "status": 404,
            "body": "not found \ufffd",
            "took_s": 0.5,
            "app": "",
        },
    ),
    (
        Frame(**SESSION, from_app=True, text=b'{\n"type":"display_event",\n"n":1}'),
        {"kind": "frame", **SESSION, "from_app": True, "message": {"type": "display_event", "n": 1}, "app": ""},
    ),
    (
        Frame(**SESSION, from_app=False, text=b"no json\n"),
        {"kind": "frame", **SESSION, "from_app": False, "message": "no json\n", "app": ""},
    ),
    (
        Frame(**SESSION, from_app=False, text=b"", binary_bytes=3200),
        {"kind": "frame", **SESSION, "from_app": False, "binary_bytes": 3200, "app": ""},
    ),
    (
        CloudCall(method="PUT", path="/x", body=b'{"a":1}', status=200, answer=b"ok", took_s=0.5),
        {
            "kind": "cloud_call",
            "method": "PUT",
            "path": "/x",
            "body": {"a": 1},
            "status": 200,
            "answer": "ok",
            "took_s": 0.5,
            "app": "",
        },
    ),
    (
        DisplayChange(user_id="a@b", text="hi", dashboard="12:30"),
        {"kind": "display", "user_id": "a@b", "text": "hi", "dashboard": "12:30"},
    ),
    (Speech(user_id="a@b", text="hi"), {"kind": "speech", "user_id": "a@b", "text": "hi"}),
    (AppOutput(stream="stdout", line="\x1b[1mx"), {"kind": "output", "stream": "stdout", "line": "\x1b[1mx"}),
    (
        Loaded(how="class App", took_s=0.1, again=True, sessions=2),
        {"kind": "loaded", "how": "class App", "took_s": 0.1, "again": True, "sessions": 2},
    ),
    (
        LoadFailed(failure=Failed(message="m", line=3, code=[(3, "x")]), still_serving=True),
        {
            "kind": "load_failed",
            "failure": {
                "message": "m",
                "fix": "",
                "file": None,
                "line": 3,
                "column": None,
                "code": [[3, "x"]],
                "traceback": "",
            },
            "still_serving": True,
        },
    ),
    (
        AppError(failure=Failed(message="m", file="app.py", line=3, code=[(3, "x")]), user_id="u"),
        {
            "kind": "app_error",
            "user_id": "u",
            "in_on_session": False,
            "failure": {
                "message": "m",
                "fix": "",
                "file": "app.py",
                "line": 3,
                "column": None,
                "code": [[3, "x"]],
                "traceback": "",
            },
        },
    ),
    (
        Blocked(place="app.py:3", function="f", blocked_s=0.3, code=[(3, "x")]),
        {"kind": "blocked", "place": "app.py:3", "function": "f", "blocked_s": 0.3, "code": [[3, "x"]]},
    ),
    (
        Note(text="t", fix="f", is_problem=True),
        {"kind": "note", "text": "t", "fix": "f", "is_problem": True},
    ),
]


def test_every_kind_of_entry_has_a_name_of_its_own() -> None:
    assert KINDS.keys() == set(get_args(Entry))
    assert len(set(KINDS.values())) == len(KINDS)
    assert {type(entry) for entry, _ in ENTRIES} == KINDS.keys()


@pytest.mark.parametrize(("entry", "document"), ENTRIES, ids=lambda value: type(value).__name__)
def test_an_entry_is_one_line_with_all_its_fields(entry: Entry, document: dict[str, Any]) -> None:
    line = entry_json(type(entry)(**{**fields(entry), "time": TIME, "number": 7}))

    assert b"\n" not in line
    assert json.loads(line) == {"version": 1, "number": 7, "time": "2026-01-02T03:04:05.678000Z", **document}


def fields(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__dataclass_fields__ if name not in ("time", "number")}


def test_a_reader_gets_one_line_per_entry_without_secrets() -> None:
    out = io.BytesIO()
    journal = Journal()
    journal.keep_secret("secret-of-the-app")
    journal.read(Ndjson(out).take)

    journal.add(Note(text="one secret-of-the-app"))
    journal.add(Note(text="two"))

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["number"], line["text"]) for line in lines] == [(1, "one secr... (17 characters)"), (2, "two")]


def test_a_reader_may_want_less() -> None:
    out = io.BytesIO()
    view = Ndjson(out)
    view.filter = "Needle"

    view.take(Note(text="hay"))
    view.take(Note(text="needle"))

    assert [json.loads(line)["text"] for line in out.getvalue().splitlines()] == ["needle"]

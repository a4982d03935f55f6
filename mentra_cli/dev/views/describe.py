"""Journal entries in words: who said what, in one line of title and a few lines of text."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, assert_never

from mentra.localcloud.display import layout_text
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import (
    ConnectionInit,
    DashboardContentUpdate,
    DisplayEvent,
    LocationStream,
    OwnershipRelease,
    SubscriptionUpdate,
)
from mentra.protocol.base import Wire
from mentra.protocol.cloud_to_app import (
    CapabilitiesUpdate,
    ConnectionAck,
    ConnectionRefusal,
    DataStream,
    SettingsUpdate,
)
from mentra.protocol.layouts import read_layout
from mentra.protocol.settings import setting_values
from mentra.protocol.streams import Transcription
from mentra.protocol.webhooks import SessionRequest, StopRequest
from mentra_cli.code_frame import CodeFrame
from mentra_cli.dev.journal import (
    AppOutput,
    Blocked,
    DisplayChange,
    Entry,
    Frame,
    HttpAnswer,
    HttpCall,
    Loaded,
    LoadFailed,
    Note,
    Speech,
)

MAX_TEXT = 400
"""Characters of a message that are shown."""


@dataclass(frozen=True, slots=True)
class Description:
    """An entry in words."""

    who: str
    """Who speaks to whom: ``"cloud -> app"``."""
    title: str
    text: str = ""
    style: str = ""
    """For a terminal, in Rich's words."""


def describe(entry: Entry) -> Description:
    """Put an entry into words. What others wrote cannot steer the terminal; only the app's own output keeps colours."""
    said = _describe(entry)
    return said if isinstance(entry, AppOutput) else replace(said, title=_visible(said.title), text=_visible(said.text))


def _describe(entry: Entry) -> Description:
    match entry:
        case HttpCall():
            return _call(entry)
        case HttpAnswer():
            return _answer(entry)
        case Frame():
            return _frame(entry)
        case DisplayChange():
            return Description("glasses", entry.user_id, entry.text or "(empty)", "bold green")
        case Speech():
            return Description("you", "say", entry.text, "bold cyan")
        case AppOutput():
            return Description("app", entry.stream, entry.line, "" if entry.stream == "stdout" else "dim")
        case Loaded():
            return _loaded(entry)
        case LoadFailed():
            return _load_failed(entry)
        case Blocked():
            return _blocked(entry)
        case Note():
            style = "yellow" if entry.is_problem else "dim"
            return Description(
                "mentra", "problem" if entry.is_problem else "note", _joined(entry.text, entry.fix), style
            )
        case _:
            assert_never(entry)


def _call(entry: HttpCall) -> Description:
    said = codec.decode_webhook(entry.body)
    if isinstance(said, SessionRequest | StopRequest):
        text = said.reason or "" if isinstance(said, StopRequest) else said.session_id
        return Description("cloud -> app", f"{entry.path} {_kind(said)} ({said.user_id})", text, "magenta")
    return Description("cloud -> app", f"{entry.method} {entry.path}", _short(entry.body), "magenta")


def _answer(entry: HttpAnswer) -> Description:
    style = "magenta" if entry.status < 300 else "bold red"
    title = f"{entry.path} answered {entry.status} in {entry.took_s * 1000:.0f} ms"
    return Description("app -> cloud", title, _short(entry.body), style)


def _frame(entry: Frame) -> Description:
    user = entry.user_id
    if entry.binary_bytes:
        return Description("cloud -> app", f"sound ({user})", f"{entry.binary_bytes} bytes", "dim blue")
    message: Any = codec.decode_from_app(entry.text) if entry.from_app else codec.decode_from_cloud(entry.text)
    title, text = _message(message, entry.text)
    who, style = ("app -> cloud", "green") if entry.from_app else ("cloud -> app", "blue")
    if isinstance(message, ConnectionRefusal | codec.Malformed):
        style = "bold red"
    return Description(who, f"{title} ({user})", text, style)


def _message(message: Any, raw: bytes) -> tuple[str, str]:
    match message:
        case DataStream():
            return message.stream_type, _event(message)
        case DisplayEvent():
            layout = read_layout(message.layout)
            return _kind(message), (layout_text(layout) or "(empty)") if layout else _short(raw)
        case SubscriptionUpdate():
            return _kind(message), ", ".join(_stream(item) for item in message.subscriptions) or "(nothing)"
        case ConnectionInit():
            return _kind(message), f"{message.package_name} signs in"
        case ConnectionAck():
            model = message.capabilities.model_name if message.capabilities else "unknown glasses"
            return _kind(message), _joined(model, _values(message.settings or []))
        case ConnectionRefusal():
            return _kind(message), f"{message.code}: {message.message}"
        case SettingsUpdate():
            return _kind(message), _values(message.settings)
        case CapabilitiesUpdate():
            return _kind(message), message.model_name or "unknown glasses"
        case OwnershipRelease():
            return _kind(message), message.reason
        case DashboardContentUpdate():
            return _kind(message), message.content
        case codec.Unknown(kind):
            return kind, _short(raw)
        case codec.Malformed(problem):
            return "malformed", _joined(problem, _short(raw))
        case _:
            return _kind(message), ""


def _stream(item: str | LocationStream) -> str:
    return item if isinstance(item, str) else f"{item.stream} at {item.rate}"


def _event(message: DataStream) -> str:
    event = codec.decode_stream(message.stream_type, message.data)
    if isinstance(event, Transcription):
        return event.text if event.is_final else f"{event.text} ..."
    return _short(bytes(message.data))


def _loaded(entry: Loaded) -> Description:
    text = f"{entry.how}, in {entry.took_s * 1000:.0f} ms"
    if entry.again:
        sessions = "1 session continues" if entry.sessions == 1 else f"{entry.sessions} sessions continue"
        text += f"; {sessions} in the new code"
    return Description("mentra", "reloaded" if entry.again else "loaded", text, "bold green")


def _load_failed(entry: LoadFailed) -> Description:
    failure = entry.failure
    parts = [failure.message]
    if failure.file is not None and failure.line is not None:
        parts.append(f"{failure.file}:{failure.line}")
        parts.append(str(CodeFrame(Path(failure.file), failure.line, failure.column, tuple(failure.code))))
    elif failure.traceback:
        parts.append(failure.traceback.strip())
    if failure.fix:
        parts.append(failure.fix)
    parts.append("The code before it goes on serving." if entry.still_serving else "Waiting for a save that mends it.")
    return Description("mentra", "the code could not be loaded", "\n".join(parts), "bold red")


def _blocked(entry: Blocked) -> Description:
    file, _, line = entry.place.rpartition(":")
    return Description(
        "app",
        f"blocked for {entry.blocked_s * 1000:.0f} ms by {entry.function}",
        _joined(
            entry.place,
            str(CodeFrame(Path(file), int(line), None, tuple(entry.code))),
            "Nothing else of the app ran meanwhile, for any user. Await what takes long, or use asyncio.to_thread.",
        ),
        "yellow",
    )


def _kind(message: Wire) -> str:
    return str(message.__struct_config__.tag)


def _values(settings: list[Any]) -> str:
    return ", ".join(f"{key} = {value!r}" for key, value in setting_values(settings).items())


def _short(raw: bytes) -> str:
    text = raw.decode(errors="replace").strip()
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} ... ({len(text)} characters)"


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _visible(text: str) -> str:
    return text.translate(_CONTROL_CHARACTERS)


_CONTROL_CHARACTERS = dict.fromkeys((*range(9), *range(11, 32), 127), "\ufffd")

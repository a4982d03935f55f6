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
    Started,
)
from mentra_cli.dev.views.folding import Batch

MAX_TEXT = 400
"""Characters of a message that are shown."""
MAX_LINE = 70
"""Characters of a message that stands for many."""


@dataclass(frozen=True, slots=True)
class Description:
    """An entry in words."""

    who: str
    """Who speaks to whom: ``"cloud -> app"``."""
    title: str
    text: str = ""
    style: str = ""
    """For a terminal, in Rich's words."""
    margin: str = ""
    """What is worth knowing beside: ``"answered in 12 ms"``."""
    session_id: str = ""
    """The session whose colour this has; empty for what has none, or a colour of its own."""
    user_id: str = ""
    """The user that the title names."""


def describe(entry: Entry, *, whole: bool = False) -> Description:
    """Put an entry into words. What others wrote cannot steer the terminal; only the app's own output keeps colours.

    Args:
        whole: Whether messages are shown uncut, as the JSON that they are.
    """
    said = _describe(entry, whole=whole)
    return said if isinstance(entry, AppOutput) else replace(said, title=_visible(said.title), text=_visible(said.text))


def describe_batch(batch: Batch, *, whole: bool = False) -> Description:
    """Put what is drawn as one into words: one entry, or many of a kind."""
    said = describe(batch.last, whole=whole)
    if batch.answered_s is not None:
        up_to = "up to " if batch.count > 1 else ""
        said = replace(said, margin=f"answered in {up_to}{batch.answered_s * 1000:,.0f} ms")
    over = f" in {batch.over_s:.1f} s" if batch.count > 1 else ""
    if batch.size_bytes:
        frames = "1 frame" if batch.count == 1 else f"{batch.count:,} frames"
        return replace(said, text=f"{frames}, {batch.size_bytes:,} bytes{over}")
    if batch.count == 1:
        return said
    more = " more" if batch.more else ""
    return replace(said, title=f"{said.title}  x{batch.count:,}{more}{over}", text=_one_line(said.text))


def _describe(entry: Entry, *, whole: bool) -> Description:
    match entry:
        case Started():
            cloud = "the local cloud, with virtual glasses" if entry.cloud == "local" else entry.cloud
            return Description("mentra", "started", f"{entry.url}, with {cloud}", "dim")
        case HttpCall():
            return _call(entry, whole=whole)
        case HttpAnswer():
            return _answer(entry, whole=whole)
        case Frame():
            return _frame(entry, whole=whole)
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


def _call(entry: HttpCall, *, whole: bool) -> Description:
    said = codec.decode_webhook(entry.body)
    if not isinstance(said, SessionRequest | StopRequest):
        return Description("cloud -> app", f"{entry.method} {entry.path}", _body(entry.body, whole=whole))
    text = said.reason or "" if isinstance(said, StopRequest) else said.session_id
    return Description(
        "cloud -> app",
        f"{entry.path} {_kind(said)} ({said.user_id})",
        codec.indented(entry.body) if whole else text,
        session_id=said.session_id,
        user_id=said.user_id,
    )


def _answer(entry: HttpAnswer, *, whole: bool) -> Description:
    style = "bold" if entry.status < 300 else "bold red"
    title = f"{entry.path} answered {entry.status} in {entry.took_s * 1000:.0f} ms"
    return Description("app -> cloud", title, _body(entry.body, whole=whole), style)


def _frame(entry: Frame, *, whole: bool) -> Description:
    who = "app -> cloud" if entry.from_app else "cloud -> app"
    message: Any = None
    if entry.binary_bytes:
        title, text = "sound", f"{entry.binary_bytes:,} bytes"
    else:
        message = codec.decode_from_app(entry.text) if entry.from_app else codec.decode_from_cloud(entry.text)
        title, text = _message(message, entry.text)
        if whole:
            text = _joined(message.problem if isinstance(message, codec.Malformed) else "", codec.indented(entry.text))
    failed = isinstance(message, ConnectionRefusal | codec.Malformed)
    return Description(
        who,
        f"{title} ({entry.user_id})",
        text,
        "bold red" if failed else "bold" if entry.from_app else "",
        session_id="" if failed else entry.session_id,
        user_id=entry.user_id,
    )


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


def _body(raw: bytes, *, whole: bool) -> str:
    return codec.indented(raw) if whole else _short(raw)


def _one_line(text: str) -> str:
    line = " / ".join(text.splitlines())
    return line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]} ..."


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _visible(text: str) -> str:
    return text.translate(_CONTROL_CHARACTERS)


_CONTROL_CHARACTERS = dict.fromkeys((*range(9), *range(11, 32), 127), "\ufffd")

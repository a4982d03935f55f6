"""Journal entries in words: who said what, in one line of title and a few lines of text."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, assert_never

from mentra.config import DEFAULT_WEBHOOK_PATH
from mentra.protocol import codec, web_tokens
from mentra.protocol.photos import UPLOAD_PATH
from mentra.protocol.webhooks import SessionRequest, StopRequest
from mentra_cli.code_frame import CodeFrame
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
from mentra_cli.dev.reports import Failed
from mentra_cli.dev.views.folding import Batch
from mentra_cli.dev.views.messages import is_failure, joined, message_text, message_title, short, tag_of
from mentra_cli.dev.views.messages import whole as all_of

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
    if isinstance(entry, AppOutput):
        return said
    return replace(said, who=_on_one_line(said.who), title=_on_one_line(said.title), text=_visible(said.text))


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
        case CloudCall():
            return _cloud_call(entry, whole=whole)
        case Frame():
            return _frame(entry, whole=whole)
        case DisplayChange():
            above = f"dashboard: {entry.dashboard}" if entry.dashboard else ""
            return Description("glasses", entry.user_id, joined(entry.text or "(empty)", above), "bold green")
        case Speech():
            return Description("you", "say", entry.text, "bold cyan")
        case AppOutput():
            return Description("app", entry.stream, entry.line, "" if entry.stream == "stdout" else "dim")
        case Loaded():
            return _loaded(entry)
        case LoadFailed():
            return _load_failed(entry)
        case AppError():
            return Description("app", "error", _failure(entry.failure), "bold red")
        case Blocked():
            return _blocked(entry)
        case Note():
            style = "yellow" if entry.is_problem else "dim"
            return Description(
                "mentra", "problem" if entry.is_problem else "note", joined(entry.text, _fix(entry.fix)), style
            )
        case _:
            assert_never(entry)


def _call(entry: HttpCall, *, whole: bool) -> Description:
    said = codec.decode_webhook(entry.body)
    if not isinstance(said, SessionRequest | StopRequest):
        who = f"{_caller(entry.method, entry.path)} -> {_app(entry)}"
        return Description(who, f"{entry.method} {_shown(entry.path)}", _body(entry.body, whole=whole))
    text = said.reason or "" if isinstance(said, StopRequest) else said.session_id
    return Description(
        f"cloud -> {_app(entry)}",
        f"{entry.path} {tag_of(said)} ({said.user_id})",
        all_of(entry.body) if whole else text,
        session_id=said.session_id,
        user_id=said.user_id,
    )


def _answer(entry: HttpAnswer, *, whole: bool) -> Description:
    style = "bold" if entry.status < 400 else "bold red"
    title = f"{_shown(entry.path)} answered {entry.status} in {entry.took_s * 1000:.0f} ms"
    who = f"{_app(entry)} -> {_caller(entry.method, entry.path)}"
    return Description(who, title, _body(entry.body, whole=whole), style)


def _app(entry: HttpCall | HttpAnswer | CloudCall | Frame) -> str:
    return entry.app or "app"


def _caller(method: str, path: str) -> str:
    """Return who asks for a path. The rest of the site is for people, as far as can be told."""
    path = path.partition("?")[0]
    if path == UPLOAD_PATH:
        return "glasses"
    return "cloud" if (method, path) in _OF_CLOUD else "browser"


def _shown(path: str) -> str:
    """Return a path without what only the app reads in its query: who opens the page."""
    before, mark, query = path.partition("?")
    rest = [part for part in query.split("&") if part.partition("=")[0] not in web_tokens.PARAMETERS]
    signed_in = " (signed in by its address)" if len(rest) < len(query.split("&")) else ""
    return f"{before}{mark if rest else ''}{'&'.join(rest)}{signed_in}"


def _cloud_call(entry: CloudCall, *, whole: bool) -> Description:
    failed = entry.status >= 400
    body = entry.answer if failed or not entry.body else entry.body
    return Description(
        f"{_app(entry)} -> cloud",
        f"{entry.method} {entry.path.replace('%40', '@')} answered {entry.status} in {entry.took_s * 1000:.0f} ms",
        joined(_body(entry.body, whole=True), _body(entry.answer, whole=True)) if whole else short(body),
        "bold red" if failed else "bold",
    )


def _frame(entry: Frame, *, whole: bool) -> Description:
    who = f"{_app(entry)} -> cloud" if entry.from_app else f"cloud -> {_app(entry)}"
    failed = False
    if entry.binary_bytes:
        title, text = "sound", f"{entry.binary_bytes:,} bytes"
    else:
        message: Any = codec.decode_from_app(entry.text) if entry.from_app else codec.decode_from_cloud(entry.text)
        failed = is_failure(message)
        title, text = message_title(message), message_text(message, entry.text)
        if whole:
            text = joined(message.problem if isinstance(message, codec.Malformed) else "", all_of(entry.text))
    return Description(
        who,
        f"{title} ({entry.user_id})" if entry.user_id else title,
        text,
        "bold red" if failed else "bold" if entry.from_app else "",
        session_id="" if failed else entry.session_id,
        user_id=entry.user_id,
    )


def _loaded(entry: Loaded) -> Description:
    text = f"{entry.how}, in {entry.took_s * 1000:.0f} ms"
    if entry.again:
        sessions = "1 session continues" if entry.sessions == 1 else f"{entry.sessions} sessions continue"
        text += f"; {sessions} in the new code"
    return Description("mentra", "reloaded" if entry.again else "loaded", text, "bold green")


def _load_failed(entry: LoadFailed) -> Description:
    goes_on = "The code before it goes on serving." if entry.still_serving else "Waiting for a save that mends it."
    return Description("mentra", "the code could not be loaded", joined(_failure(entry.failure), goes_on), "bold red")


def _failure(failure: Failed) -> str:
    if failure.file is None or failure.line is None:
        return joined(failure.message, failure.traceback.strip(), _fix(failure.fix))
    code = CodeFrame(Path(failure.file), failure.line, failure.column, tuple(failure.code))
    return joined(failure.message, f"{failure.file}:{failure.line}", str(code), _fix(failure.fix))


def _fix(fix: str) -> str:
    return f"Fix: {fix}" if fix else ""


def _blocked(entry: Blocked) -> Description:
    file, _, line = entry.place.rpartition(":")
    return Description(
        "app",
        f"blocked for {entry.blocked_s * 1000:.0f} ms by {entry.function}",
        joined(
            entry.place,
            str(CodeFrame(Path(file), int(line), None, tuple(entry.code))),
            "Nothing else of the app ran meanwhile, for any user. Await what takes long, or use asyncio.to_thread.",
        ),
        "yellow",
    )


def _body(raw: bytes, *, whole: bool) -> str:
    return all_of(raw) if whole else short(raw)


def _one_line(text: str) -> str:
    line = " / ".join(text.splitlines())
    return line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]} ..."


def _visible(text: str) -> str:
    return text.translate(_CONTROL_CHARACTERS)


def _on_one_line(text: str) -> str:
    """Return a name so that what comes after a line break in it is not taken for another entry."""
    return "\ufffd".join(_visible(text).splitlines())


_CONTROL_CHARACTERS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\ufffd")
_OF_CLOUD = {("POST", DEFAULT_WEBHOOK_PATH), ("POST", "/tool"), ("POST", "/settings"), ("GET", "/health")}

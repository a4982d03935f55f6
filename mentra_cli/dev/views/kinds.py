"""What kind of thing an entry is: as much as folding and measuring need to know, and no more, for it is asked often."""

from dataclasses import dataclass
from enum import Enum, auto

from mentra.protocol import codec
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.cloud_to_app import ConnectionAck, DataStream, ReconnectAck
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
    LoadFailed,
    Note,
    Speech,
)
from mentra_cli.dev.views.messages import is_failure, message_title


class Role(Enum):
    """How an entry is treated."""

    TRAFFIC = auto()
    EVENT = auto()
    """Traffic that an app may answer by showing something."""
    GREETING = auto()
    """Traffic with which a cloud greets an app: what was asked before that, other code or nobody has answered."""
    DISPLAY = auto()
    """Traffic with which an app shows something."""
    SOUND = auto()
    OUTPUT = auto()
    """What the app prints."""
    NEWS = auto()
    """What somebody waits for: always shown as it is."""
    PROBLEM = auto()
    """Always shown, whatever else is hidden."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Entries of one kind look alike."""

    role: Role
    session_id: str = ""
    """Empty where there is no session."""
    from_app: bool = False
    name: str = ""


def kind_of(entry: Entry) -> Kind:
    """Return the kind of an entry."""
    match entry:
        case Frame():
            return _frame(entry)
        case HttpCall():
            return Kind(Role.TRAFFIC, name=f"{entry.app} {entry.method} {entry.path}")
        case CloudCall():
            role = Role.TRAFFIC if entry.status < 400 else Role.PROBLEM
            return Kind(role, from_app=True, name=f"{entry.app} {entry.method} {entry.path}")
        case HttpAnswer():
            role = Role.TRAFFIC if entry.status < 400 else Role.PROBLEM
            return Kind(role, from_app=True, name=f"{entry.app} {entry.method} {entry.path}")
        case DisplayChange():
            return Kind(Role.TRAFFIC, session_id=entry.user_id, name="glasses")
        case Speech():
            return Kind(Role.TRAFFIC, session_id=entry.user_id, name="speech")
        case AppOutput():
            return Kind(Role.OUTPUT, from_app=True, name=entry.stream)
        case LoadFailed() | AppError() | Blocked() | Note(is_problem=True):
            return Kind(Role.PROBLEM)
        case _:
            return Kind(Role.NEWS)


def _frame(frame: Frame) -> Kind:
    if frame.binary_bytes:
        return Kind(Role.SOUND, frame.session_id, frame.from_app, "sound")
    message = codec.decode_from_app(frame.text) if frame.from_app else codec.decode_from_cloud(frame.text)
    match message:
        case DataStream():
            role, name = Role.EVENT, message.stream_type
        case ConnectionAck() | ReconnectAck():
            role, name = Role.GREETING, message_title(message)
        case DisplayEvent():
            role, name = Role.DISPLAY, message.view or ""
        case _:
            role, name = Role.PROBLEM if is_failure(message) else Role.TRAFFIC, message_title(message)
    return Kind(role, frame.session_id, frame.from_app, name)

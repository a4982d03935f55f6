"""What kind of thing an entry is: as much as folding and measuring need to know, and no more, for it is asked often."""

from dataclasses import dataclass
from enum import Enum, auto

from mentra.protocol import codec
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.cloud_to_app import ConnectionRefusal, DataStream
from mentra_cli.dev.journal import (
    AppOutput,
    Blocked,
    DisplayChange,
    Entry,
    Frame,
    HttpAnswer,
    HttpCall,
    LoadFailed,
    Note,
    Speech,
)


class Role(Enum):
    """How an entry is treated."""

    TRAFFIC = auto()
    EVENT = auto()
    """Traffic that an app may answer by showing something."""
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
            return Kind(Role.TRAFFIC, name=f"{entry.method} {entry.path}")
        case HttpAnswer():
            role = Role.TRAFFIC if entry.status < 400 else Role.PROBLEM
            return Kind(role, from_app=True, name=f"{entry.method} {entry.path}")
        case DisplayChange():
            return Kind(Role.TRAFFIC, session_id=entry.user_id, name="glasses")
        case Speech():
            return Kind(Role.TRAFFIC, session_id=entry.user_id, name="speech")
        case AppOutput():
            return Kind(Role.OUTPUT, from_app=True, name=entry.stream)
        case LoadFailed() | Blocked() | Note(is_problem=True):
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
        case DisplayEvent():
            role, name = Role.DISPLAY, message.view
        case ConnectionRefusal() | codec.Malformed():
            role, name = Role.PROBLEM, "refusal"
        case codec.Unknown(name):
            # The cloud has errors that no Struct describes yet; they have it in their name.
            role = Role.PROBLEM if name.endswith("error") else Role.TRAFFIC
        case _:
            role, name = Role.TRAFFIC, str(message.__struct_config__.tag)
    return Kind(role, frame.session_id, frame.from_app, name)

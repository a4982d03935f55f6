"""What the supervisor and its children say to each other.

Downwards, one JSON object per line on the child's standard input: ``Prepare``, later ``Assignment``, then ``StoreNow``
as often as needed, and ``Stop``. Its end means that the supervisor is gone. Upwards, lines on its standard output
that begin with a mark known to both; all other lines are the developer's own output. What a zygote says goes over a
socket of its own.
"""

import msgspec

from mentra.protocol.settings import Setting

VERSION = 5
"""Raised with every change that an older child or supervisor would not understand."""
USER_TOKEN_KEY = "/mentra-dev/user-token-key"  # noqa: S105 - the path of a public key.
"""Where a child asks, over its bridge, for the key of the local cloud, once a page is opened by its user."""
LINE_LIMIT_BYTES = 16 * 1024 * 1024
"""How long a line may be, in either direction."""


class Prepare(msgspec.Struct, frozen=True, kw_only=True, tag="prepare"):
    """The first line downwards: get ready for whatever app comes."""

    version: int
    mark: str
    """What a report begins with."""
    modules: list[str]
    """What the code before this one had imported from outside of the project."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True, tag="assignment"):
    """Which app to run."""

    root: str
    module: str
    file: str
    attribute: str | None
    how: str


class StoreNow(msgspec.Struct, frozen=True, kw_only=True, tag="store_now"):
    """Store what the sessions have written, as other code is about to read it."""


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag="stop"):
    """End all sessions with this reason, then exit."""

    reason: str


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The app is listening."""

    version: int
    url: str
    package_name: str
    api_key: str
    """For the local cloud, and to be masked wherever it might appear."""
    webhook_path: str
    mentraos_websocket_url: str | None
    name: str
    how: str
    """How the app was found: ``"class CaptionsApp in app.py"``."""
    files: list[str] | None
    """The project's files that are part of the app; ``None`` when that cannot be told: any source file may be."""
    modules: list[str] = []
    """What it imported from outside of the project, in that order."""
    settings: list[Setting] | None = None
    """What the app declares, as the developer console has it; ``None`` if the code does not say."""
    page: str | None = None
    """The path of its page for users; empty if there is none, ``None`` when nobody knows."""
    permissions: list[str] | None = None
    """``None`` if the code does not say."""
    tools: list[str] | None = None
    """The names of its tools; ``None`` when any may be one: it has ``on_tool_call``, or nobody knows."""

    def __repr__(self) -> str:
        return f"Ready({self.how}, {self.url})"


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The app could not be loaded or started."""

    message: str
    fix: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    code: list[tuple[int, str]] = []
    """Source lines around the place, with their numbers."""
    traceback: str = ""


class Stopping(msgspec.Struct, frozen=True, kw_only=True, tag="stopping"):
    """The app's event loop has heard the word to stop, so it does not block."""


class Stored(msgspec.Struct, frozen=True, kw_only=True, tag="stored"):
    """Everything is stored, as far as the cloud took it."""


class BlockedLoop(msgspec.Struct, frozen=True, kw_only=True, tag="blocked"):
    """The app's code kept its event loop busy for too long."""

    file: str
    line: int
    function: str
    blocked_s: float
    code: list[tuple[int, str]]


class Raised(msgspec.Struct, frozen=True, kw_only=True, tag="raised"):
    """The app's code raised an error, which was logged, and goes on."""

    failure: Failed
    user_id: str
    """Empty where it was for nobody in particular."""
    in_on_session: bool


class Imported(msgspec.Struct, frozen=True, kw_only=True, tag="imported"):
    """The project's files that are part of the app, after more were imported."""

    files: list[str]


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """A child of a zygote leads a process group of its own."""

    pid: int


class Exited(msgspec.Struct, frozen=True, kw_only=True, tag="exited"):
    """A child of a zygote has ended."""

    pid: int
    code: int
    """Negative for a signal."""


Command = Prepare | Assignment | StoreNow | Stop
Outcome = Ready | Failed
Report = Outcome | Stopping | Stored | BlockedLoop | Raised | Imported
Fork = Started | Exited

_command_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_report_decoder: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)
_fork_decoder: msgspec.json.Decoder[Fork] = msgspec.json.Decoder(Fork)


def encode(message: Command | Report | Fork) -> bytes:
    """Return a message as one line, without its end."""
    return msgspec.json.encode(message)


def decode_command(line: str | bytes) -> Command:
    """Read a line that the supervisor wrote."""
    return _command_decoder.decode(line)


def decode_report(line: str | bytes) -> Report:
    """Read what follows the mark in a line that the child wrote."""
    return _report_decoder.decode(line)


def decode_fork(line: str | bytes) -> Fork:
    """Read a line of a zygote."""
    return _fork_decoder.decode(line)

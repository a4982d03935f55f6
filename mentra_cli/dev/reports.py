"""What the supervisor and its child say to each other.

Downwards, one JSON object per line on the child's standard input; its end means that the supervisor is gone.
Upwards, lines on the child's standard output that begin with a mark known to both; all other lines are the
developer's own output.
"""

import msgspec

VERSION = 1
"""Raised with every change that an older child or supervisor would not understand."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True, tag="assignment"):
    """The first line downwards: which app to run."""

    version: int
    root: str
    module: str
    file: str
    attribute: str | None
    how: str
    mark: str
    """What a report begins with."""


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
    files: list[str]
    """The project's files that are part of the app."""

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
    files: list[str] = []
    """The project's files that had been imported by then."""


Command = Assignment | Stop
Report = Ready | Failed

_command_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_report_decoder: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def encode(message: Command | Report) -> bytes:
    """Return a message as one line, without its end."""
    return msgspec.json.encode(message)


def decode_command(line: str | bytes) -> Command:
    """Read a line that the supervisor wrote."""
    return _command_decoder.decode(line)


def decode_report(line: str | bytes) -> Report:
    """Read what follows the mark in a line that the child wrote."""
    return _report_decoder.decode(line)

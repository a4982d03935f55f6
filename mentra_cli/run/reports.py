"""What ``mentra run`` and its workers say to each other: a line of JSON each, over a socket pair.

The worker is told its assignment, and says that the app is loaded. Then it is given the socket to listen on, and says
that it serves. Instead of either it may say why not. Both ends are of the same version, so this may change at will.
"""

from pathlib import Path
from typing import TypeAlias

import msgspec

from mentra_cli.errors import ExitCode
from mentra_cli.location import Location
from mentra_cli.run.failure import AppFailed

STOP_WITHIN_S = 30.0
"""How long a worker may take to end, until it is killed. ``AppServer.stop`` gives ten seconds to each kind of hook."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True, tag="assignment"):
    """What a worker is to do."""

    index: int
    count: int
    folder: str
    """Where the workers find each other's sockets."""
    root: str
    module: str
    file: str
    attribute: str | None
    how: str

    @property
    def location(self) -> Location:
        """Where the app is."""
        return Location(Path(self.root), self.module, Path(self.file), self.attribute, self.how)


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag="loaded"):
    """The app is there, and this is where it wants to listen."""

    package_name: str
    host: str
    port: int
    webhook_path: str


class Serving(msgspec.Struct, frozen=True, kw_only=True, tag="serving"):
    """The app has started."""


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The app could not be loaded, or not be started."""

    message: str
    fix: str
    code: int
    traceback: str

    @property
    def error(self) -> AppFailed:
        """What the user is told."""
        return AppFailed(self.message, fix=self.fix, code=ExitCode(self.code), traceback=self.traceback)


Report: TypeAlias = Loaded | Serving | Failed

_report_decoder: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)
_assignment_decoder = msgspec.json.Decoder(Assignment)


def encode(message: Assignment | Report) -> bytes:
    """Return a message as a line."""
    return msgspec.json.encode(message) + b"\n"


def decode_assignment(line: bytes) -> Assignment:
    """Read what the supervisor wrote."""
    return _assignment_decoder.decode(line)


def decode_report(line: bytes) -> Report:
    """Read what a worker wrote."""
    return _report_decoder.decode(line)

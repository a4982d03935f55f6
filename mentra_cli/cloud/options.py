"""What ``mentra cloud`` was asked to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mentra.localcloud import DEFAULT_MODEL
from mentra_cli.cloud.app_record import AppRecord

DEFAULT_PORT = 8002
"""Where the official cloud listens when it is run on a developer's machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudOptions:
    """The command line of ``mentra cloud``, read."""

    folder: Path
    """Where the command was given: where other commands find it."""
    apps: tuple[AppRecord, ...]
    users: tuple[str, ...]
    """Who is there from the start."""
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    glasses: str = DEFAULT_MODEL
    generation: Literal[2, 3] = 2
    faithful: bool = False
    starts_apps: bool = True
    """Whether apps run for users without being asked for."""

"""What ``mentra dev`` was asked to do."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from mentra_cli.cloud_address import CloudAddress
from mentra_cli.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class DevOptions:
    """The command line of ``mentra dev``, read."""

    target: str | None
    """The app as the command line named it."""
    folder: Path
    """Where the command was given."""
    location: Location | None
    """Where the app was found at the start. It is looked for anew at each load. ``None`` for a command."""
    command: tuple[str, ...] = ()
    """What starts an app that is not in Python."""
    poll: bool = False
    """Look at the files again and again, instead of being told of changes."""
    port: int | None
    """``None``: ``PORT`` of the project's environment, else 3000."""
    host: str
    env_file: Path | None
    cloud: CloudAddress | None
    """The cloud to work with instead of the local one."""
    glasses: str | None = None
    """The model of the virtual glasses; ``None`` for the usual one."""
    faithful: bool = False
    """Have the waits of the real cloud as well that only cost time."""

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.location.root if self.location else self.folder

    @property
    def app(self) -> str:
        """The app's file, relative to the project's folder, or the command that starts it."""
        return self.location.shown if self.location else shlex.join(self.command)

    @property
    def found(self) -> str:
        """How the app was found."""
        return self.location.how if self.location else "given after --"

    @property
    def cloud_shown(self) -> str:
        """``"local"``, or the address of the real one."""
        return self.cloud.socket_url if self.cloud else "local"

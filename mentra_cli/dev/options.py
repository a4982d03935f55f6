"""What ``mentra dev`` was asked to do."""

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
    location: Location
    """Where the app was found at the start. It is looked for anew at each load."""
    port: int | None
    """``None``: ``PORT`` of the project's environment, else 3000."""
    host: str
    env_file: Path | None
    cloud: CloudAddress | None
    """The cloud to work with instead of the local one."""

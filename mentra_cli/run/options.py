"""What ``mentra run`` was asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mentra_cli.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The command line of ``mentra run``, read."""

    location: Location
    environment: Mapping[str, str] = field(repr=False)
    """What the app sees. Holds secrets."""
    workers: int
    """In how many processes; 1 is this one."""
    host: str | None
    """``None``: as the app says, or its environment."""
    port: int | None

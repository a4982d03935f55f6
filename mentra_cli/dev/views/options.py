"""What a view of ``mentra dev`` is told from outside."""

from collections.abc import Sequence
from dataclasses import dataclass

from mentra_cli.dev.views.typed import RunCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewOptions:
    """How the traffic is shown, and what can be typed beside it."""

    verbose: bool
    """Whether messages are shown whole and one by one."""
    no_color: bool
    as_json: bool = False
    """Whether a program reads it: nothing but JSON on standard output."""
    run_command: RunCommand
    """Runs what is typed after a slash."""
    commands: Sequence[str]
    """Names of the commands that ``run_command`` knows."""

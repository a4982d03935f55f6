"""The ``mentra dev`` that runs for the project, if one does."""

from pathlib import Path

from mentra_cli.dev import state_file
from mentra_cli.dev.state_file import DevState
from mentra_cli.processes import is_alive


def running_dev(root: Path) -> DevState | None:
    """Return the ``mentra dev`` of a project; ``None`` when none runs.

    A file that was left behind by a process that is gone counts as none.
    """
    state = state_file.read(root)
    return state if state and is_alive(state.pid) else None

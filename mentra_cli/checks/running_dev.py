"""The ``mentra dev`` that runs for the project, if one does."""

import os
from pathlib import Path

from mentra_cli.dev import state_file
from mentra_cli.dev.state_file import DevState


def running_dev(root: Path) -> DevState | None:
    """Return the ``mentra dev`` of a project; ``None`` when none runs.

    A file that was left behind by a process that is gone counts as none.
    """
    state = state_file.read(root)
    return state if state and _alive(state.pid) else None


def _alive(pid: int) -> bool:
    # On Windows signal 0 is Ctrl-C, not a question; there the file is taken at its word.
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return pid > 0  # 0 and below are groups of processes.

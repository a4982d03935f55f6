"""Other processes of this machine, by their number."""

import os
import time
from pathlib import Path

_LOOK_EVERY_S = 0.05


def is_alive(pid: int) -> bool:
    """Return whether a process runs. One that has ended and that nobody has asked about yet does not."""
    # On Windows signal 0 is Ctrl-C, not a question; there it is taken to run.
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return pid > 0 and not _is_zombie(pid)  # 0 and below are groups of processes.


def wait_until_gone(pid: int, *, within_s: float) -> bool:
    """Wait until a process has ended; return whether it has."""
    deadline = time.monotonic() + within_s
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def _is_zombie(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except OSError:
        return False  # No Linux: whoever started it asks soon enough.
    return state.split()[:1] == ["Z"]

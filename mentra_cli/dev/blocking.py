"""Finds code that keeps an event loop busy: while it runs, nothing else does, for any user.

A thread asks the loop for a sign of life, and looks at what runs when none comes. What it reports must have been seen
at the threshold and have stayed in the developer's files: a machine that is busy with something else is no reason.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

from mentra_cli.code_frame import is_project_file, lines_around
from mentra_cli.dev.reports import BlockedLoop

THRESHOLD_S = 0.1
"""Code that takes longer than this is reported."""
_ASK_EVERY_S = 0.05
_LOOK_EVERY_S = 0.02
_LATE_S = 0.05
"""When this thread itself was woken later than this, the machine may be too busy to tell."""
_TELL_AFTER_S = 2.0
"""Code that goes on for longer is reported before its end, too."""


@dataclass(frozen=True)
class _Place:
    file: Path
    line: int
    function: str


class BlockingDetector:
    """Watches a loop that runs in the thread that makes this.

    Args:
        root: The project's folder: only its files are named.
        report: Called in another thread when the loop was blocked, and while it is, if that takes long.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, root: Path, report: Callable[[BlockedLoop], None]) -> None:
        self._loop = loop
        self._root = root
        self._report = report
        self._thread_id = threading.get_ident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="mentra dev: blocking", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _watch(self) -> None:
        while True:
            slept, worked = time.monotonic(), time.process_time()
            if self._over.wait(_ASK_EVERY_S):
                return
            # Code in C may keep other threads from running, this one too: what it was is still to be seen now.
            held_up = time.monotonic() - slept > _ASK_EVERY_S + THRESHOLD_S and self._was_busy(slept, worked)
            place = self._place() if held_up else None
            alive, asked = threading.Event(), time.monotonic()
            try:
                self._loop.call_soon_threadsafe(alive.set)
            except RuntimeError:
                return  # The loop is closed.
            if place is not None:
                self._look_until(alive, slept, {place: 1})
            elif not alive.wait(THRESHOLD_S):
                if time.monotonic() - asked < THRESHOLD_S + _LATE_S or self._was_busy(asked, worked):
                    self._look_until(alive, asked, {})
                else:
                    alive.wait()

    def _was_busy(self, since: float, worked_then: float) -> bool:
        """Return whether this process has worked since then, and not the rest of the machine."""
        return time.process_time() - worked_then > (time.monotonic() - since) / 2

    def _look_until(self, alive: threading.Event, since: float, seen: dict[_Place, int]) -> None:
        """Look at what runs until the loop gives its sign; report what was seen most."""
        idle, told = 0, False
        while True:
            place = self._place()
            if place is None:
                idle += 1
            else:
                seen[place] = seen.get(place, 0) + 1
            if alive.wait(_LOOK_EVERY_S) or self._over.is_set():
                break
            if not told and time.monotonic() - since > _TELL_AFTER_S:
                told = True  # It may never end.
                self._tell(seen, idle, since)
        self._tell(seen, idle, since)

    def _tell(self, seen: dict[_Place, int], idle: int, since: float) -> None:
        if not seen or idle > sum(seen.values()):
            return
        place = max(seen, key=lambda one: seen[one])
        self._report(
            BlockedLoop(
                file=place.file.relative_to(self._root).as_posix(),
                line=place.line,
                function=place.function,
                blocked_s=time.monotonic() - since,
                code=list(lines_around(place.file, place.line)),
            )
        )

    def _place(self) -> _Place | None:
        """Return the innermost place in the project that the loop's thread is at."""
        # Documented by Python in spite of its name.
        frame: FrameType | None = sys._current_frames().get(self._thread_id)  # pyright: ignore[reportPrivateUsage]
        while frame is not None:
            file = Path(frame.f_code.co_filename)
            if is_project_file(file, self._root):
                return _Place(file, frame.f_lineno, frame.f_code.co_name)
            frame = frame.f_back
        return None

"""``session.every`` and ``session.call_later``: functions that are called when it is time, while the session lives."""

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Any

from mentra.session.handlers import Cancellable, Failed, begin_handler, describe
from mentra.session.tasks import SessionTasks


class Timer(Cancellable):
    """A function that will be called, once or again and again."""

    def __init__(self, function: Callable[[], object], seconds: float, *, timers: "Timers", again: bool) -> None:
        self.function = function
        """What is called."""
        self._seconds = seconds
        self._timers = timers
        self._again = again
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + seconds
        self._handle: asyncio.TimerHandle | None = self._loop.call_at(self._due, self._fire)
        self._cancelled = False

    @property
    def active(self) -> bool:
        """Whether the function will be called, again, or runs."""
        return self in self._timers

    def cancel(self) -> None:
        """Call the function no more. If it runs just now, it ends as usual. Cancelling again does nothing."""
        self._cancelled = True
        if self._handle is not None:
            self._handle.cancel()
            self._timers.forget(self)

    def _fire(self) -> None:
        self._handle = None
        self._timers.call(self.function, then=self._ran)

    def _ran(self) -> None:
        if self._cancelled or not self._again or self not in self._timers:
            self._timers.forget(self)
            return
        # On the beat, whatever a run took; a beat that passed meanwhile is left out.
        missed = max(0, math.ceil((self._loop.time() - self._due) / self._seconds) - 1)
        self._due += (missed + 1) * self._seconds
        self._handle = self._loop.call_at(self._due, self._fire)


class Timers:
    """The timers of one session."""

    def __init__(self, tasks: SessionTasks, logger: logging.LoggerAdapter[Any], failed: Failed) -> None:
        self._tasks = tasks
        self._logger = logger
        self._failed = failed
        self._active: dict[Timer, None] = {}

    def __contains__(self, timer: Timer) -> bool:
        return timer in self._active

    def start(self, function: Callable[[], object], seconds: float, *, again: bool) -> Timer:
        """Call a function after some seconds.

        Raises:
            ValueError: The seconds are negative or endless, or 0 and ``again``.
        """
        if not 0 <= seconds < math.inf or (again and seconds == 0):
            raise ValueError(f"A timer needs {'more than 0' if again else '0 or more'} seconds, not {seconds!r}.")
        timer = Timer(function, seconds, timers=self, again=again)
        self._active[timer] = None
        return timer

    def call(self, function: Callable[[], object], *, then: Callable[[], object]) -> None:
        """Call a developer's function, and another one when it has ended."""
        rest = begin_handler(function, logger=self._logger, failed=self._failed, in_session=True)
        task = None if rest is None else self._tasks.start(rest, name=f"timer {describe(function)}")
        if task is None:
            then()
        else:
            task.add_done_callback(lambda _: then())

    def forget(self, timer: Timer) -> None:
        """Count a timer as over."""
        self._active.pop(timer, None)

    def end(self) -> None:
        """Cancel them all."""
        for timer in list(self._active):
            timer.cancel()
        self._active.clear()

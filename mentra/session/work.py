"""What a session owns: tasks, timers, clean-up functions and context managers. Nothing of it outlives the session.

The rules:

* Once the session has ended (``session.stop_reason`` is set) nothing new is begun: ``SessionStopped`` says so.
* Then, in this order: timers are cancelled; tasks are cancelled, and waited for; ``AppServer.on_stop`` runs; clean-up
  functions run and context managers are left, those first that came last; what was stored goes out.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, TypeVar

from mentra.errors import SessionStopped
from mentra.session.cleanups import CleanUps
from mentra.session.handlers import Failed, check_callable, describe, takes
from mentra.session.tasks import LoopThread, SessionTasks
from mentra.session.timers import Timer, Timers

T = TypeVar("T")


class SessionWork:
    """The belongings of one session."""

    def __init__(
        self, tasks: SessionTasks, loop_thread: LoopThread, logger: logging.LoggerAdapter[Any], *, failed: Failed
    ) -> None:
        self._tasks = tasks
        self._loop_thread = loop_thread
        self._logger = logger
        self._failed = failed
        self._timers = Timers(tasks, logger, failed)
        self._clean_ups = CleanUps(logger)
        self._reason: str | None = None
        """Why the session ended."""

    def start_soon(self, work: Coroutine[Any, Any, T], name: str | None) -> asyncio.Task[T]:
        """Run a coroutine; see ``AppSession.start_soon``."""
        if not inspect.iscoroutine(work):
            raise TypeError(f"start_soon takes a coroutine, not {work!r}: call the async function, start_soon(poll()).")
        try:
            self._check_alive(f"{work.__qualname__} was not started")
        except BaseException:
            work.close()  # Or Python would complain that nobody awaited it.
            raise
        task = self._tasks.start(work, name=name or work.__qualname__, failed=self._failed)
        if task is None:
            raise SessionStopped(f"{work.__qualname__} was not started: the session has ended.")
        return task

    def timer(self, function: Callable[[], object], seconds: float, *, again: bool) -> Timer:
        """Call a function when it is time; see ``AppSession.every`` and ``AppSession.call_later``."""
        if not callable(function) or inspect.iscoroutine(function):
            raise TypeError(f"A timer calls a function, not {function!r}: give it the function itself, without ().")
        check_callable(function, "What a timer calls")
        if not takes(function, 0):
            raise TypeError(f"A timer calls its function without arguments, and {describe(function)}() needs some.")
        self._check_alive(f"{describe(function)} will not be called")
        return self._timers.start(function, seconds, again=again)

    def on_stop(self, function: Callable[[str], object]) -> None:
        """Call a function at the end; see ``AppSession.on_stop``."""
        self._loop_thread.check()
        check_callable(function, "What session.on_stop calls")
        if not takes(function, 1):
            raise TypeError(
                f"{describe(function)} must take one argument, the reason of the stop: "
                "session.on_stop(lambda reason: close())."
            )
        if self._clean_ups.over:
            raise SessionStopped(f"{describe(function)} will not be called: the session has been cleaned up.")
        self._clean_ups.add(function)

    async def enter(self, manager: AbstractAsyncContextManager[T] | AbstractContextManager[T]) -> T:
        """Enter a context manager until the end; see ``AppSession.enter``."""
        what = type(manager).__name__
        self._check_alive(f"{what} was not entered")
        if isinstance(manager, AbstractAsyncContextManager):
            value = await manager.__aenter__()
            leave: Callable[..., object] = manager.__aexit__
        else:
            value = manager.__enter__()
            leave = manager.__exit__
        late = CleanUps(self._logger) if self._clean_ups.over else None
        (late or self._clean_ups).add(leave, (None, None, None))
        if late:
            await late.run(failed=self._failed)
            raise SessionStopped(f"{what} was left again: the session ended while it was being entered.")
        return value

    def end(self, reason: str) -> None:
        """Begin nothing new, and cancel the timers."""
        self._reason = reason
        self._timers.end()

    async def clean_up(self) -> None:
        """Call the clean-up functions, and leave the context managers."""
        await self._clean_ups.run(self._reason or "", failed=self._failed)

    def _check_alive(self, what: str) -> None:
        self._loop_thread.check()
        if self._reason is not None:
            raise SessionStopped(f"{what}: the session has ended ({self._reason}).")

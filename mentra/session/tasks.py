"""The tasks of one session. Nothing outlives the session, and nobody else's thread gets into it."""

import asyncio
import functools
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from mentra.errors import SessionStopped

T = TypeVar("T")

STOP_WITHIN_S = 5.0
"""How long a cancelled task may take to clean up before it is left behind with a warning."""


class SessionTasks:
    """Starts tasks, and ends them together."""

    __slots__ = ("_closed", "_logger", "_tasks")

    def __init__(self, logger: logging.LoggerAdapter[Any]) -> None:
        self._logger = logger
        # A dict, emptied by clear(), is 152 bytes smaller than a set: most of the time nothing runs.
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._closed = False

    def start(
        self, work: Coroutine[Any, Any, T], *, name: str, failed: Callable[[Exception], object] | None = None
    ) -> asyncio.Task[T] | None:
        """Run a coroutine for as long as the session lives. After the end of the session nothing is started.

        Args:
            failed: Given if somebody else has the task, too, so that its cancellation is nothing to warn of. Told what
                it raised, after it was logged.
        """
        if self._closed:
            work.close()
            return None
        # asyncio.create_task would make the task with a name of its own first, which takes 0.3 us more.
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._done if failed is None else functools.partial(self._shared_done, failed))
        return task

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Have a task that runs already end with the session, as one that was started here."""
        self._tasks[task] = None
        task.add_done_callback(self._done)

    def __contains__(self, task: asyncio.Task[Any] | None) -> bool:
        return task in self._tasks

    async def close(self) -> None:
        """Cancel everything and wait for it."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_WITHIN_S)
            for task in late:
                self._logger.warning("%s did not stop within %g s of being cancelled.", task.get_name(), STOP_WITHIN_S)

    def _shared_done(self, failed: Callable[[Exception], object], task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self._forget(task)
            return
        self._done(task)
        if isinstance(error := task.exception(), Exception) and not isinstance(error, SessionStopped):
            failed(error)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._forget(task)
        if task.cancelled():
            if not self._closed:
                self._logger.warning("%s was cancelled.", task.get_name())
        elif (error := task.exception()) is None:
            pass
        elif isinstance(error, SessionStopped):
            self._logger.debug("%s ended with its session: %s", task.get_name(), error)
        else:
            self._logger.error("%s failed.", task.get_name(), exc_info=error)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if not self._tasks:
            self._tasks.clear()


class LoopThread:
    """The thread that it is made in: that of the event loop, which alone may touch a session."""

    __slots__ = ("ident",)

    def __init__(self, ident: int | None = None) -> None:
        self.ident = threading.get_ident() if ident is None else ident

    @staticmethod
    def current() -> "LoopThread":
        """Return the one of this thread, which all its sessions share."""
        return _loop_thread(threading.get_ident())

    def check(self) -> None:
        """Refuse any other thread.

        Raises:
            RuntimeError: This is another one. Nothing was done.
        """
        if threading.get_ident() != self.ident:
            raise RuntimeError(
                "A session may be used in the thread of its event loop only. From another thread: "
                "loop.call_soon_threadsafe(session.layouts.show_text_wall, text)."
            )


@functools.lru_cache(maxsize=64)
def _loop_thread(ident: int) -> LoopThread:
    return LoopThread(ident)


async def uninterrupted(work: Coroutine[Any, Any, object]) -> None:
    """Wait for a coroutine to its end; a cancellation that comes meanwhile is raised then. For bounded work only."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled

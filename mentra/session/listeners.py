"""Those who listen to one stream of a session: a handler, a loop, or somebody who waits for one event.

The rules:

* A handler finishes one event before it gets the next. What comes meanwhile waits, as ``backlog.py`` says.
* A plain handler that is idle is called at once, without a task.
* Who is told of nothing any more (``active`` is false) has nothing waiting either.
"""

import asyncio
import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any

from mentra.errors import SessionStopped
from mentra.session.backlog import Backlog, backlog_for
from mentra.session.handlers import Failed, Handler, call_handler, contain, rest_of
from mentra.session.tasks import SessionTasks

Where = Callable[[Any], object]
"""Whether an event is wanted. That of a handler must not raise."""


class Listener(ABC):
    """One who listens to one stream."""

    subscribes = True
    """Whether the cloud is asked for the stream; false for what comes without asking."""

    def __init__(self, stream: str, *, call: str) -> None:
        self.stream = stream
        self.call = call
        """How the developer began to listen, for messages: ``"session.events.on_transcription"``."""
        self.active = True
        self.dropped = 0

    @abstractmethod
    def deliver(self, event: Any) -> None:
        """Take one event, now or when its turn comes."""

    @abstractmethod
    def end(self) -> None:
        """Learn that no event comes any more."""


class _Queued(Listener):
    """A listener that may be busy."""

    def __init__(self, stream: str, who: str, logger: logging.LoggerAdapter[Any], *, call: str) -> None:
        super().__init__(stream, call=call)
        self._who = who
        self._logger = logger
        self._backlog: Backlog | None = None
        self._said_so = False

    @property
    def _name(self) -> str:
        return f"{self._who} {self.stream}"

    @property
    def _waiting(self) -> Backlog:
        # Made when something waits: it takes 0.8 kB, and a session has three handlers of its own that never wait.
        if self._backlog is None:
            self._backlog = backlog_for(self.stream)
        return self._backlog

    def _enqueue(self, event: Any) -> None:
        self.dropped += self._waiting.put(event)
        if self._waiting.overflowed and not self._said_so:
            self._said_so = True
            self._logger.warning(
                "The %s is too slow: more than %s wait for it, the oldest are dropped.",
                self._name,
                self._waiting.limit,
            )


class HandlerListener(_Queued):
    """A developer's function."""

    def __init__(
        self,
        stream: str,
        handler: Handler[Any],
        tasks: SessionTasks,
        logger: logging.LoggerAdapter[Any],
        *,
        call: str,
        where: Where | None,
        failed: Failed | None,
    ) -> None:
        super().__init__(stream, "handler of", logger, call=call)
        self._handler = handler
        self._where = where
        self._failed = failed
        self._tasks = tasks
        self._busy = False
        self._idle: asyncio.Event | None = None
        self._looks_async = inspect.iscoroutinefunction(handler)

    def deliver(self, event: Any) -> None:
        """Call the handler now if it is plain and idle; otherwise let the event wait its turn."""
        if self._where is not None and not self._where(event):
            return
        if self._busy or self._looks_async:
            self._enqueue(event)
            self._go_on()
            return
        # As begin_handler does, which would take 0.3 us more.
        try:
            result = self._handler(event)
        except (Exception, asyncio.CancelledError) as error:
            if not contain(error, self._handler, self._logger, self._failed, in_session=True):
                raise
            return
        if result is not None:  # A callable is async without looking it, such as a partial.
            rest = rest_of(self._handler, result, logger=self._logger, failed=self._failed, in_session=True)
            if rest is not None:
                self._go_on(rest)

    def end(self) -> None:
        """Forget what waits."""
        if self._backlog is not None:
            self._backlog.clear()

    async def wait_idle(self) -> None:
        """Wait until the handler is done with all events so far."""
        while self._busy:
            self._idle = self._idle or asyncio.Event()
            self._idle.clear()
            await self._idle.wait()

    def _go_on(self, first: Coroutine[Any, Any, None] | None = None) -> None:
        if not self._busy and (first is not None or self._waiting):
            self._busy = True
            self._tasks.start(self._work_off(first), name=self._name)

    async def _work_off(self, first: Coroutine[Any, Any, None] | None) -> None:
        try:
            if first is not None:
                await first
            while self._waiting:
                await call_handler(
                    self._handler, self._waiting.take(), logger=self._logger, failed=self._failed, in_session=True
                )
        except asyncio.CancelledError:
            # Perhaps the handler cancelled its own task. At the end of the session nothing waits any more.
            asyncio.get_running_loop().call_soon(self._go_on)
            raise
        finally:
            self._busy = False
            if self._idle is not None:
                self._idle.set()


class LoopListener(_Queued):
    """The body of an ``async for``."""

    def __init__(self, stream: str, logger: logging.LoggerAdapter[Any], *, call: str) -> None:
        super().__init__(stream, "loop over", logger, call=call)
        self._news = asyncio.Event()
        self._over = False

    def deliver(self, event: Any) -> None:
        """Let the event wait for the loop."""
        self._enqueue(event)
        self._news.set()

    def end(self) -> None:
        """End the loop, once it has had what came before."""
        self._over = True
        self._news.set()

    async def has_next(self) -> bool:
        """Wait for an event or the end; what came before the end is still to be had."""
        while not self._waiting and not self._over:
            self._news.clear()
            await self._news.wait()
        return bool(self._waiting)

    def next(self) -> Any:
        """Return the oldest event."""
        return self._waiting.take()


class OneEvent(Listener):
    """Somebody who waits for one event."""

    def __init__(self, stream: str, *, call: str, where: Where | None) -> None:
        super().__init__(stream, call=call)
        self.event: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._where = where

    def deliver(self, event: Any) -> None:
        """Take the event if it is the one; what the condition raises, the one who waits gets."""
        if self.event.done():
            return
        try:
            if self._where is None or self._where(event):
                self.event.set_result(event)
        except Exception as error:  # noqa: BLE001 - the developer's own condition; they get it.
            self.event.set_exception(error)

    def end(self) -> None:
        """Fail: the event can no longer come."""
        if not self.event.done():
            self.event.set_exception(SessionStopped(f"The session ended before there was a {self.stream!r}."))
            self.event.exception()  # Marks it as seen: perhaps nobody waits any more.

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
from types import CoroutineType
from typing import Any, ClassVar

from mentra.errors import SessionStopped
from mentra.session.backlog import Backlog, backlog_for
from mentra.session.handlers import Failed, Handler, contain, looks_async, rest_of
from mentra.session.tasks import SessionTasks

Where = Callable[[Any], object]
"""Whether an event is wanted. That of a handler must not raise."""

_NOTHING: Any = object()
"""No event: one may be ``None``."""


class Listener(ABC):
    """One who listens to one stream."""

    # A session has five or so: each takes 0.1 kB less than with a dict.
    __slots__ = ("active", "call", "dropped", "stream", "subscribes")

    def __init__(self, stream: str, *, call: str) -> None:
        self.stream = str.__str__(stream)
        """Plain text, if it was given as more than that: what is found out of it is shared by all sessions."""
        self.call = call
        """How the developer began to listen, for messages: ``"session.events.on_transcription"``."""
        self.subscribes = True
        """Whether the cloud is asked for the stream; false for what comes without asking."""
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

    __slots__ = ("_backlog", "_logger")

    _who: ClassVar[str]

    def __init__(self, stream: str, logger: logging.LoggerAdapter[Any], *, call: str) -> None:
        super().__init__(stream, call=call)
        self._logger = logger
        self._backlog: Backlog | None = None

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
        waiting = self._waiting
        said_so = waiting.overflowed
        self.dropped += waiting.put(event)
        if waiting.overflowed and not said_so:
            self._logger.warning(
                "The %s is too slow: more than %s wait for it, the oldest are dropped.", self._name, waiting.limit
            )


class HandlerListener(_Queued):
    """A developer's function."""

    __slots__ = ("_busy", "_failed", "_first", "_handler", "_idle", "_is_ready", "_looks_async", "_tasks", "_where")

    _who = "handler of"

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
        super().__init__(stream, logger, call=call)
        self._handler = handler
        self._where = where
        self._failed = failed
        self._tasks = tasks
        self._busy = False
        self._first: Any = _NOTHING
        """What an idle handler will begin with, past the backlog; into that as soon as there is a second event."""
        self._idle: asyncio.Event | None = None
        self._looks_async = looks_async(handler)
        self._is_ready = where is None and not self._looks_async
        """Whether it is plain, idle and wants all events, so that there is nothing to look at before it is called."""

    def deliver(self, event: Any) -> None:
        """Call the handler now if it is plain and idle; otherwise let the event wait its turn."""
        if not self._is_ready and not self._wants_now(event):
            return
        # As begin_handler does, which would take 0.3 us more.
        handler = self._handler  # Called as an attribute in a slot, it takes 0.05 us more.
        try:
            result = handler(event)
        except (Exception, asyncio.CancelledError) as error:
            if not contain(error, self._handler, self._logger, self._failed, in_session=True):
                raise
            return
        if result is not None:  # A callable is async without looking it, such as a partial.
            rest = rest_of(self._handler, result, logger=self._logger, failed=self._failed, in_session=True)
            if rest is not None:
                self._begin(rest)

    def _wants_now(self, event: Any) -> bool:
        """Return whether the handler is to be called with this event now; if it is to later, let the event wait."""
        if self._where is not None and not self._where(event):
            return False
        if self._busy:
            if self._first is not _NOTHING:
                self._enqueue(self._take())
            self._enqueue(event)
            return False
        if self._looks_async:
            self._first = event
            self._begin()
            return False
        return True

    def end(self) -> None:
        """Forget what waits."""
        self._first = _NOTHING
        if self._backlog is not None:
            self._backlog.clear()

    async def wait_idle(self) -> None:
        """Wait until the handler is done with all events so far."""
        while self._busy:
            self._idle = self._idle or asyncio.Event()
            self._idle.clear()
            await self._idle.wait()

    def _begin(self, rest: Coroutine[Any, Any, None] | None = None) -> None:
        self._busy = True
        self._is_ready = False
        self._tasks.start(self._work_off(rest), name=self._name)

    async def _work_off(self, rest: Coroutine[Any, Any, None] | None) -> None:
        # Not at once, as Python 3.12 could (eager_start): plain handlers would have to wait for it, and of a burst the
        # first event could no longer give way to the newest.
        try:
            if rest is not None:
                await rest
            while (event := self._take()) is not _NOTHING:
                # As call_handler does, whose coroutine would take 0.2 us more.
                try:
                    result = self._handler(event)
                    if type(result) is CoroutineType or inspect.isawaitable(result):
                        await result
                except (Exception, asyncio.CancelledError) as error:
                    if not contain(error, self._handler, self._logger, self._failed, in_session=True):
                        raise
        except asyncio.CancelledError:
            # Perhaps the handler cancelled its own task. Until another one is there nothing overtakes what waits; at
            # the end of the session nothing waits any more.
            asyncio.get_running_loop().call_soon(self._go_on)
            raise
        except BaseException:
            self._rest()
            raise
        self._rest()

    def _take(self) -> Any:
        if self._first is not _NOTHING:
            event, self._first = self._first, _NOTHING
            return event
        return self._backlog.take() if self._backlog else _NOTHING

    def _go_on(self) -> None:
        if self._backlog:
            self._begin()
        else:
            self._rest()

    def _rest(self) -> None:
        self._busy = False
        self._is_ready = self._where is None and not self._looks_async
        if self._idle is not None:
            self._idle.set()


class LoopListener(_Queued):
    """The body of an ``async for``."""

    __slots__ = ("_news", "_over")

    _who = "loop over"

    def __init__(self, stream: str, logger: logging.LoggerAdapter[Any], *, call: str) -> None:
        super().__init__(stream, logger, call=call)
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

    __slots__ = ("_where", "event")

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

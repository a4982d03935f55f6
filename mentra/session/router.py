"""How an event gets to those who listen. ``session.events`` is the public face of it.

The rules:

* Handlers of one stream are called in the order of their registration. Each ``async`` handler finishes one event
  before it gets the next; a slow one delays neither other handlers nor the connection.
* While a handler or the body of a loop is busy, up to ``QUEUE_SIZE`` events wait for it; beyond that the oldest are
  dropped and counted.
* A payload is decoded once, and only if somebody listens. A malformed one is logged at DEBUG and skipped.
"""

import asyncio
import inspect
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from mentra.protocol import codec
from mentra.protocol.app_to_cloud import LocationStream
from mentra.protocol.cloud_to_app import DataStream
from mentra.protocol.streams import misspelt_stream
from mentra.protocol.subscriptions import matches, might_match
from mentra.session.handlers import Handler, begin_handler, call_handler
from mentra.session.tasks import LoopThread, SessionTasks

QUEUE_SIZE = 1000
"""Events that may wait for one busy handler or loop."""

_wire_logger = logging.getLogger("mentra.wire")


class Listener(ABC):
    """One who listens to one stream, and what waits for them."""

    subscribes = True
    """Whether the cloud is asked for the stream; false for what comes without asking."""

    def __init__(self, stream: str, who: str, logger: logging.LoggerAdapter[Any]) -> None:
        self.stream = stream
        self.dropped = 0
        self._name = f"{who} {stream}"
        self._logger = logger
        self._waiting: deque[Any] = deque()

    @abstractmethod
    def deliver(self, event: Any) -> None:
        """Take one event, now or when its turn comes."""

    @abstractmethod
    def end(self) -> None:
        """Learn that no event comes any more."""

    def _enqueue(self, event: Any) -> None:
        if len(self._waiting) >= QUEUE_SIZE:
            self._waiting.popleft()
            self.dropped += 1
            if self.dropped == 1:
                self._logger.warning(
                    "The %s is too slow: more than %d events wait for it, the oldest are dropped.",
                    self._name,
                    QUEUE_SIZE,
                )
        self._waiting.append(event)


class Router:
    """Who listens to what in one session."""

    def __init__(self, changed: Callable[[], None], tasks: SessionTasks, logger: logging.LoggerAdapter[Any]) -> None:
        self._changed = changed
        self._tasks = tasks
        self._logger = logger
        self._listeners: list[Listener] = []
        self._held: list[str | LocationStream] = []
        self._loop_thread = LoopThread()
        self._closed = False

    def names(self) -> list[str | LocationStream]:
        """Return what the cloud is to send, in the order in which it was first asked for."""
        heard = (listener.stream for listener in self._listeners if listener.subscribes)
        return list(dict.fromkeys([*heard, *self._held]))

    def hold(self, subscription: str | LocationStream) -> Callable[[], None]:
        """Subscribe without a handler, for what does not come as an event of that name. Returns what undoes it."""
        self._loop_thread.check()
        self._held.append(subscription)
        self._changed()

        def undo() -> None:
            if subscription in self._held:
                self._held.remove(subscription)
                self._changed()

        return undo

    def add_handler(self, stream: str, handler: Handler[Any], *, subscribes: bool = True) -> Listener:
        """Call a handler for each event from now on; after the end of the session, for none.

        Args:
            subscribes: False for what comes without a subscription.
        """
        self._loop_thread.check()
        if not callable(handler):
            raise TypeError(f"The handler of {stream!r} must be a function, not {handler!r}.")
        if subscribes and (meant := misspelt_stream(stream)):
            self._logger.warning(
                "There is no stream %r; did you mean %r? Its handler may never be called.", stream, meant
            )
        listener = _HandlerListener(stream, handler, self._tasks, self._logger)
        listener.subscribes = subscribes
        if not self._closed:
            self._add(listener)
        return listener

    async def iterate(self, stream: str) -> AsyncGenerator[Any, None]:
        """Yield each event from the first step on, until the session ends."""
        if self._closed:
            return
        listener = _LoopListener(stream, "loop over", self._logger)
        self._add(listener)
        try:
            while await listener.has_next():
                yield listener.next()
        finally:
            self.remove(listener)

    def has(self, listener: Listener) -> bool:
        """Return whether a listener still gets events."""
        return listener in self._listeners

    def remove(self, listener: Listener) -> None:
        """Forget a listener, and what waits for it."""
        self._loop_thread.check()
        if listener in self._listeners:
            self._listeners.remove(listener)
            listener.end()
            self._changed()

    def dispatch(self, message: DataStream) -> None:
        """Hand an event of the wire to those who listen for it."""
        stream_type = message.stream_type
        if not any(might_match(listener.stream, stream_type) for listener in self._listeners):
            return
        event = codec.decode_stream(stream_type, message.data)
        if isinstance(event, codec.Malformed):
            _wire_logger.debug("Skipped a malformed %r: %s", stream_type, event.problem)
        else:
            self.deliver(stream_type, event)

    def deliver(self, stream_type: str, event: Any) -> None:
        """Hand an event to those who listen for it."""
        for listener in [one for one in self._listeners if matches(one.stream, stream_type, event)]:
            if self.has(listener):  # The handler before may have cancelled it.
                listener.deliver(event)

    def close(self) -> None:
        """End all loops and forget all handlers."""
        self._closed = True
        for listener in self._listeners:
            listener.end()
        self._listeners.clear()
        self._held.clear()

    def _add(self, listener: Listener) -> None:
        self._listeners.append(listener)
        self._changed()


class _HandlerListener(Listener):
    def __init__(
        self, stream: str, handler: Handler[Any], tasks: SessionTasks, logger: logging.LoggerAdapter[Any]
    ) -> None:
        super().__init__(stream, "handler of", logger)
        self._handler = handler
        self._tasks = tasks
        self._busy = False

    def deliver(self, event: Any) -> None:
        """Call the handler now if it is plain and idle; otherwise let the event wait its turn."""
        rest = None
        if self._busy or inspect.iscoroutinefunction(self._handler):
            self._enqueue(event)
        else:
            # What is left is there if a callable is async without looking it, such as a partial.
            rest = begin_handler(self._handler, event, logger=self._logger)
        self._go_on(rest)

    def end(self) -> None:
        self._waiting.clear()

    def _go_on(self, first: Coroutine[Any, Any, None] | None = None) -> None:
        if not self._busy and (first is not None or self._waiting):
            self._busy = True
            self._tasks.start(self._work_off(first), name=self._name)

    async def _work_off(self, first: Coroutine[Any, Any, None] | None) -> None:
        try:
            if first is not None:
                await first
            while self._waiting:
                await call_handler(self._handler, self._waiting.popleft(), logger=self._logger)
        except asyncio.CancelledError:
            # Perhaps the handler cancelled its own task. At the end of the session nothing waits any more.
            asyncio.get_running_loop().call_soon(self._go_on)
            raise
        finally:
            self._busy = False


class _LoopListener(Listener):
    def __init__(self, stream: str, who: str, logger: logging.LoggerAdapter[Any]) -> None:
        super().__init__(stream, who, logger)
        self._news = asyncio.Event()
        self._over = False

    def deliver(self, event: Any) -> None:
        self._enqueue(event)
        self._news.set()

    def end(self) -> None:
        self._over = True
        self._news.set()

    async def has_next(self) -> bool:
        """Wait for an event or the end; what came before the end is still to be had."""
        while not self._waiting and not self._over:
            self._news.clear()
            await self._news.wait()
        return bool(self._waiting)

    def next(self) -> Any:
        return self._waiting.popleft()

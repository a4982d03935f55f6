"""Streams of events to pages: what a browser's ``EventSource`` reads, and how a page of one user is told.

Source: HTML standard, Server-sent events.
"""

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mentra.protocol import codec
from mentra.transport.base import HttpReply, close_iterator
from mentra.transport.streaming import Flow, Window

HEARTBEAT_S = 15.0
"""After so much silence a comment is sent: proxies drop connections on which nothing happens."""
CLOSE_WITHIN_S = 2.0
"""How long what makes the events may take to end once nobody reads them."""
MAX_WAITING_EVENTS = 1000
"""How many events may wait for one page."""

T = TypeVar("T")

_HEARTBEAT = b":\n\n"
_LINE_END = re.compile(r"\r\n|\r|\n")
_logger = logging.getLogger("mentra.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEvent:
    """One event for a page, with more than its data.

    Attributes:
        data: Text as it is; anything else travels as JSON.
        event: Its type, for ``addEventListener``; ``None`` for ``onmessage``.
        id: What the browser sends as the header ``last-event-id`` when it connects again.
        retry_s: After how many seconds the browser shall connect again.
    """

    data: Any
    event: str | None = None
    id: str | None = None
    retry_s: float | None = None


class Channel(Generic[T]):
    """Passes events to the pages that a user has open; to all of them, or to none if there are none.

    A page that does not keep up, so that a thousand events wait for it, is disconnected. Browsers connect again by
    themselves. User ids are compared without case.
    """

    def __init__(self) -> None:
        self._listeners: dict[str, set[EventListener[T]]] = {}

    def publish(self, user_id: str, event: T) -> int:
        """Tell the pages of a user of an event; return how many there are."""
        listeners = list(self._listeners.get(user_id.lower(), ()))
        for listener in listeners:
            listener.hear(event)
        return len(listeners)

    def listen(self, user_id: str) -> "EventListener[T]":
        """Return the events for a user from now on. A route returns it, to pass them on to a page.

        Whoever draws from it in a generator of their own closes it: ``async with contextlib.aclosing(...)``.
        """
        listener = EventListener(self._listeners, user_id.lower())
        self._listeners.setdefault(user_id.lower(), set()).add(listener)
        return listener


class EventListener(AsyncIterator[T]):
    """What a page hears; made by ``Channel.listen``."""

    def __init__(self, listeners: "dict[str, set[EventListener[T]]]", key: str) -> None:
        self._listeners = listeners
        self._key = key
        self._waiting: deque[T] = deque()
        self._came = asyncio.Event()
        self._over = False

    def hear(self, event: T) -> None:
        """Take an event, until the page draws it."""
        if len(self._waiting) >= MAX_WAITING_EVENTS:
            _logger.warning("A page does not keep up with its events; it is disconnected.")
            self._waiting.clear()
            self._leave()
        else:
            self._waiting.append(event)
            self._came.set()

    async def __anext__(self) -> T:
        while not self._waiting:
            if self._over:
                raise StopAsyncIteration
            self._came.clear()
            await self._came.wait()
        return self._waiting.popleft()

    async def aclose(self) -> None:
        """Stop listening."""
        self._leave()

    def _leave(self) -> None:
        self._over = True
        self._came.set()
        listeners = self._listeners.get(self._key)
        if listeners is not None:
            listeners.discard(self)
            if not listeners:
                del self._listeners[self._key]


class EventBody(AsyncIterator[bytes]):
    """A stream of events as it is sent.

    The events are drawn in one task, which is cancelled when the page is gone.
    """

    def __init__(self, events: AsyncIterator[Any]) -> None:
        self._events = events
        self._window = Window()
        self._flow = Flow(on_read=self._window.read, on_close=lambda: None)
        self._feeding: asyncio.Task[None] | None = None

    async def __anext__(self) -> bytes:
        if self._feeding is None:
            self._feeding = asyncio.create_task(self._feed(), name="events for a page")
            return _HEARTBEAT  # So that the page knows that it is connected, whatever stands between.
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                return await anext(self._flow)
        except TimeoutError:
            return _HEARTBEAT

    async def aclose(self) -> None:
        """End the stream, and what makes the events."""
        if self._feeding is not None:
            self._feeding.cancel()
            await asyncio.wait([self._feeding], timeout=CLOSE_WITHIN_S)
        if self._feeding is None or self._feeding.done():
            await close_iterator(self._events)  # Also of a task that was cancelled before it began.
        else:
            _logger.warning("What makes the events for a page does not end when it is cancelled; it is left behind.")
        await self._flow.aclose()

    async def _feed(self) -> None:
        try:
            async for event in self._events:
                chunk = encode_event(event)
                self._flow.feed(chunk)
                self._window.written(len(chunk))
                await self._window.wait_for_room()
        except Exception:
            _logger.exception("A stream of events broke off: what makes them raised an exception.")
        finally:
            await close_iterator(self._events)
            self._flow.end()


def event_reply(body: EventBody) -> HttpReply:
    """Return the answer to a page that wants events."""
    headers = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",  # nginx would keep them until they are many.
    }
    return HttpReply(200, headers=headers, chunks=body)


def encode_event(event: Any) -> bytes:
    """Return an event as it is sent: a ``ServerEvent``, or the data of one."""
    if not isinstance(event, ServerEvent):
        event = ServerEvent(data=event)
    data = event.data if isinstance(event.data, str) else codec.encode(event.data).decode()
    lines = [
        *(["event: " + _one_line(event.event)] if event.event is not None else []),
        *(["id: " + _one_line(event.id)] if event.id is not None else []),
        *([f"retry: {round(event.retry_s * 1000)}"] if event.retry_s is not None else []),
        *("data: " + line for line in _LINE_END.split(data)),
    ]
    return ("\n".join(lines) + "\n\n").encode()


def _one_line(text: str) -> str:
    if _LINE_END.search(text):
        raise ValueError(f"The type and the id of an event must be one line, not {text!r}.")
    return text

"""How an event gets to those who listen. ``session.events`` is the public face of it.

The rules:

* Handlers of one stream are called in the order of their registration. Each ``async`` handler finishes one event
  before it gets the next; a slow one delays neither other handlers nor the connection.
* While a handler or the body of a loop is busy, events wait for it, as ``backlog.py`` says; what is given up is
  counted.
* A payload is decoded once, and only if somebody listens. A malformed one is logged at DEBUG and skipped.
* Who listens to which ``streamType`` is found out once, and anew when anything has changed. Then also how such frames
  begin: ``take`` decodes the next one in one pass, and goes no other way.
* News of the session itself (``tell``) are no events of streams: nothing that the cloud sends can be taken for them.
"""

import functools
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from mentra.errors import SessionStopped
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import LocationStream
from mentra.protocol.cloud_to_app import CustomMessage, DataStream
from mentra.protocol.streams import AudioChunk, misspelt_stream
from mentra.protocol.subscriptions import heard_as, matches, might_match, needs_payload, parse_stream, wire_names
from mentra.session.handlers import Failed, Handler, check_handler
from mentra.session.listeners import HandlerListener, Listener, LoopListener, OneEvent, Where
from mentra.session.news import ERROR
from mentra.session.tasks import LoopThread, SessionTasks

REMEMBERED = 200
"""Values of ``streamType`` for which it is remembered who listens. A cloud uses a few dozen."""

MOST_TAKEN = 16
"""Streams of which frames are recognised by their beginning. Others go a longer way."""

_OWN_FRAMES = frozenset({AudioChunk.stream, CustomMessage.stream})
"""What comes in frames of its own: as an event of a stream it is not what its handlers take."""

_wire_logger = logging.getLogger("mentra.wire")


class _Route(NamedTuple):
    """Who listens to events of one ``streamType``."""

    listeners: tuple[Listener, ...]
    is_sure: bool
    """False when the payload has to be asked whether it is for them."""
    is_event: bool
    """False when it cannot come as an event of a stream."""


@dataclass(frozen=True, slots=True, eq=False)  # Read with each message: of a named tuple it would take 0.1 us more.
class _Taken:
    """Frames of one ``streamType`` that are taken.

    All that this needs is in one object: where there are thousands of sessions, each object more is a miss more of the
    processor's caches, 0.07 us.
    """

    beginning: bytes
    stream_type: str
    decode: Callable[[bytes], codec.Event]
    listeners: tuple[Listener, ...]


class Router:
    """Who listens to what in one session.

    Args:
        changed: Called when the cloud is to send something else than before.
        failed: Told what a handler raised, after those who listen to ``ERROR``.

    Attributes:
        loop_thread: The thread that it is made in, and used in.
    """

    __slots__ = (
        "_changed",
        "_closed",
        "_failed",
        "_held",
        "_listeners",
        "_logger",
        "_only_taken",
        "_options_work",
        "_routes",
        "_taken",
        "_tasks",
        "_to_tell",
        "loop_thread",
        "unheard",
    )

    def __init__(
        self,
        changed: Callable[[], None],
        tasks: SessionTasks,
        logger: logging.LoggerAdapter[Any],
        *,
        failed: Failed | None = None,
    ) -> None:
        self.unheard: Callable[[str], object] = nothing
        """Called with each ``streamType`` before it is looked up who listens: who has to may begin to only now."""
        self._changed = changed
        self._tasks = tasks
        self._logger = logger
        self._failed = failed
        self._listeners: list[Listener] = []
        self._to_tell: dict[str, list[Listener]] = {}
        self._held: list[str | LocationStream] = []
        self._routes: dict[str, _Route] = {}
        self._taken: tuple[_Taken, ...] = ()
        """The newest first."""
        self._only_taken: _Taken | None = None
        """The one there is, as nearly always."""
        self._options_work = False
        self.loop_thread = LoopThread.current()
        self._closed = False

    def names(self) -> list[str | LocationStream]:
        """Return what the cloud is to send, in the order in which it was first asked for."""
        if not self._listeners and not self._held:  # As when a session connects for the first time.
            return []
        if not self._held:
            return [*wire_names(self.calls(), options=self._options_work)]
        held = [name for name in self._held if isinstance(name, str)]
        others = (name for name in self._held if not isinstance(name, str))
        return list(dict.fromkeys([*wire_names([*self.calls(), *held], options=self._options_work), *others]))

    def calls(self) -> dict[str, str]:
        """Return each stream that somebody subscribed to, with the call by which they first did."""
        calls: dict[str, str] = {}
        for listener in self._listeners:
            if listener.subscribes:
                calls.setdefault(listener.stream, listener.call)
        return calls

    @property
    def options_work(self) -> bool:
        """Whether this cloud delivers to language streams with options (docs/protocol.md, Language streams)."""
        return self._options_work

    @options_work.setter
    def options_work(self, works: bool) -> None:
        if works is not self._options_work:
            self._options_work = works
            self._forget_routes()

    def hold(self, subscription: str | LocationStream) -> Callable[[], None]:
        """Subscribe without a handler, for what is no event of that name. Returns what undoes it, once."""
        self.loop_thread.check()
        is_held = True
        subscription = str.__str__(subscription) if isinstance(subscription, str) else subscription
        self._held.append(subscription)
        self._changed()

        def undo() -> None:
            nonlocal is_held
            if is_held and not self._closed:
                self._held.remove(subscription)
                self._changed()
            is_held = False

        return undo

    def add_handler(
        self,
        stream: str,
        handler: Handler[Any],
        *,
        subscribes: bool = True,
        call: str | None = None,
        where: Where | None = None,
    ) -> Listener:
        """Call a handler for each event from now on; after the end of the session, for none.

        Args:
            subscribes: False for what comes without a subscription. Such a handler is the session's own, and called
                before those of the app, whenever it was added: they rely on what it notes.
            call: How the developer began to listen, for messages.
            where: Which events the handler gets; all by default.
        """
        if subscribes:  # The others may come from another thread: that of who is the first to read ``session.device``.
            self.loop_thread.check()
        listener = self._handler(stream, handler, call=call, where=where)
        listener.subscribes = subscribes
        if subscribes and (meant := misspelt_stream(listener.stream)):
            self._logger.warning(
                "There is no stream %r; did you mean %r? Its handler may never be called.", listener.stream, meant
            )
        self._add(listener)
        return listener

    def add_teller(
        self, news: str, handler: Handler[Any], *, call: str | None = None, where: Where | None = None
    ) -> Listener:
        """Call a handler with news of the session itself; see ``tell``. Options as in ``add_handler``."""
        self.loop_thread.check()
        listener = self._handler(news, handler, call=call, where=where)
        self._add_to_tell(listener)
        return listener

    def iterate(self, stream: str, *, call: str | None = None) -> AsyncGenerator[Any, None]:
        """Yield each event from the first step on, until the session ends."""
        return self._iterate(LoopListener(stream, self._logger, call=call or stream), self._add)

    def iterate_news(self, news: str, *, call: str) -> AsyncGenerator[Any, None]:
        """Yield news of the session itself; see ``tell``."""
        return self._iterate(LoopListener(news, self._logger, call=call), self._add_to_tell)

    async def next_event(self, stream: str, *, call: str, where: Where | None) -> Any:
        """Return the next event that is wanted.

        Raises:
            SessionStopped: The session has ended, or ends before.
            Exception: Whatever ``where`` raises.
        """
        return await self._one(OneEvent(stream, call=call, where=where), self._add)

    async def next_news(self, news: str, *, call: str, where: Where | None) -> Any:
        """Return the next news of the session itself that are wanted; raises what ``next_event`` raises."""
        return await self._one(OneEvent(news, call=call, where=where), self._add_to_tell)

    def has(self, listener: Listener) -> bool:
        """Return whether a listener still gets events."""
        return listener.active and not self._closed

    def remove(self, listener: Listener) -> None:
        """Forget a listener, and what waits for it."""
        self.loop_thread.check()
        if self.has(listener):
            listener.active = False
            listener.end()
            self._forget_routes()
            if listener in self._listeners:
                self._listeners.remove(listener)
                if listener.subscribes:
                    self._changed()
            else:
                self._remove_to_tell(listener)

    def take(self, frame: bytes) -> bool:
        """Hand on the event in a frame of the wire, if it is of a kind that came before.

        Returns:
            False if it has to be read otherwise, and by ``dispatch``; then nothing was done.
        """
        taken = self._only_taken  # Then decoding tells whether the frame is one of those.
        if taken is None and (taken := self._taken_as(frame)) is None:
            return False
        decode = taken.decode  # Called as an attribute in a slot, it takes 0.05 us more.
        try:
            event = decode(frame)
        except codec.UNREADABLE:
            return False
        if event.stream_type != taken.stream_type:
            return False
        data = event.data
        for listener in taken.listeners:
            if listener.active:
                listener.deliver(data)
        return True

    def dispatch(self, message: DataStream, frame: bytes | str = b"") -> None:
        """Hand an event of the wire to those who listen for it.

        Args:
            frame: What it was decoded from, so that the next one can be taken.
        """
        stream_type = message.stream_type
        route = self._routes.get(stream_type) or self._find(stream_type)
        if not route.listeners:
            return
        if not route.is_event:
            _wire_logger.debug("Skipped a %r that came as an event of a stream.", stream_type)
            return
        if route.is_sure and isinstance(frame, bytes):
            self._learn(frame, stream_type, route.listeners)
        event = codec.decode_stream(stream_type, message.data)
        if type(event) is codec.Malformed:
            _wire_logger.debug("Skipped a malformed %r: %s", stream_type, event.problem)
        else:
            self._deliver(route, stream_type, event)

    def deliver(self, stream_type: str, event: Any) -> None:
        """Hand an event to those who listen for it."""
        self._deliver(self._routes.get(stream_type) or self._find(stream_type), stream_type, event)

    def tell(self, news: str, event: Any, *, only: Listener | None = None) -> None:
        """Hand news of the session itself to those who want them, or to one of them."""
        for listener in [only] if only is not None else list(self._to_tell.get(news, ())):
            if listener.active:
                listener.deliver(event)

    async def wait_told(self, news: Iterable[str]) -> None:
        """Wait until the handlers are done with all news of these kinds so far."""
        for kind in news:
            for listener in list(self._to_tell.get(kind, ())):
                if isinstance(listener, HandlerListener):
                    await listener.wait_idle()

    def is_told(self, news: str) -> bool:
        """Return whether anybody wants these news of the session itself."""
        return news in self._to_tell

    def report(self, error: Exception) -> None:
        """Tell what other app code than a handler raised, as if a handler had."""
        self._handler_failed("", error)

    def close(self) -> None:
        """End all loops and forget all handlers, and what this was made with."""
        self._closed = True
        self._changed = self.unheard = nothing
        for listener in [*self._listeners, *(one for listeners in self._to_tell.values() for one in listeners)]:
            listener.active = False
            listener.end()
        self._listeners.clear()
        self._to_tell.clear()
        self._held.clear()
        self._forget_routes()

    def _handler(
        self, stream: str, handler: Handler[Any], *, call: str | None, where: Where | None = None
    ) -> HandlerListener:
        check_handler(handler, f"The handler of {stream!r}", "the event")
        failed = functools.partial(self._handler_failed, stream)
        return HandlerListener(
            stream, handler, self._tasks, self._logger, call=call or stream, where=where, failed=failed
        )

    def _handler_failed(self, stream: str, error: Exception) -> None:
        if stream != ERROR:  # An error in a handler of errors would go round in circles.
            self.tell(ERROR, error)
        if self._failed is not None:
            self._failed(error)

    async def _iterate(self, listener: LoopListener, add: Callable[[Listener], None]) -> AsyncGenerator[Any, None]:
        if self._closed:
            return
        add(listener)
        try:
            while await listener.has_next():
                yield listener.next()
        finally:
            self.remove(listener)

    async def _one(self, listener: OneEvent, add: Callable[[Listener], None]) -> Any:
        self.loop_thread.check()
        if self._closed:
            raise SessionStopped(f"The session has ended: there is no {listener.stream!r} any more.")
        add(listener)
        try:
            return await listener.event
        finally:
            self.remove(listener)

    def _add(self, listener: Listener) -> None:
        if self._closed:
            return
        if listener.subscribes:
            self._listeners.append(listener)
            self._changed()
        else:
            self._listeners.insert(0, listener)
        if self._routes:
            self._forget_routes()

    def _add_to_tell(self, listener: Listener) -> None:
        if not self._closed:
            self._to_tell.setdefault(listener.stream, []).append(listener)

    def _remove_to_tell(self, listener: Listener) -> None:
        others = self._to_tell[listener.stream]
        others.remove(listener)
        if not others:
            del self._to_tell[listener.stream]

    def _find(self, stream_type: str) -> _Route:
        self.unheard(parse_stream(stream_type).base)
        may_hear = tuple(
            listener
            for listener in tuple(self._listeners)
            if might_match(heard_as(listener.stream, options=self._options_work), stream_type)
        )
        is_event = parse_stream(stream_type).base not in _OWN_FRAMES
        route = _Route(
            may_hear,
            is_sure=not needs_payload(stream_type),
            is_event=is_event,
        )
        if len(self._routes) >= REMEMBERED:
            self._forget_routes()
        self._routes[stream_type] = route
        return route

    def _learn(self, frame: bytes, stream_type: str, listeners: tuple[Listener, ...]) -> None:
        if beginning := codec.beginning_of(frame, stream_type):
            taken = _Taken(beginning, sys.intern(stream_type), codec.event_decoder(stream_type), listeners)
            self._taken = (taken, *(each for each in self._taken if each.beginning != beginning))[:MOST_TAKEN]
            self._only_taken = taken if len(self._taken) == 1 else None

    def _taken_as(self, frame: bytes) -> _Taken | None:
        return next((taken for taken in self._taken if frame.startswith(taken.beginning)), None)

    def _forget_routes(self) -> None:
        self._routes.clear()
        self._taken = ()
        self._only_taken = None

    def _deliver(self, route: _Route, stream_type: str, event: Any) -> None:
        for listener in route.listeners:
            if listener.active and (route.is_sure or self._is_for(listener, stream_type, event)):
                listener.deliver(event)

    def _is_for(self, listener: Listener, stream_type: str, event: Any) -> bool:
        return matches(heard_as(listener.stream, options=self._options_work), stream_type, event)


def nothing(*_: object) -> None:
    """Do nothing: in place of a function of the session once it has ended, or before it is there."""

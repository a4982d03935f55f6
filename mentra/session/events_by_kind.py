"""Events of any kind, by the name of their stream or by their class. ``Events`` adds a method for each kind."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Literal, TypeVar, overload

from mentra.errors import MentraError, RequestTimeout
from mentra.protocol.cloud_to_app import CustomMessage
from mentra.protocol.remembered import Remembered
from mentra.protocol.streams import (
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    GlassesBattery,
    GlassesConnection,
    HeadPosition,
    Location,
    PhoneNotification,
    PhotoTaken,
    TouchEvent,
    Transcription,
    Translation,
    VoiceActivity,
)
from mentra.protocol.subscriptions import ANY_SOURCE, DEFAULT_LANGUAGE, transcription_subscription, translation_stream
from mentra.session.core import SessionCore
from mentra.session.handlers import Handler
from mentra.session.listeners import Where
from mentra.session.news import ERROR, NEWS
from mentra.session.subscription import Subscription

E = TypeVar("E")
Decorator = Callable[[Handler[E]], Subscription]


class EventsByKind:
    """Registers handlers, iterates, and waits for one event."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._router = core.router

    @overload
    def on(self, stream: Literal["button_press"], handler: Handler[ButtonPress], /) -> Subscription: ...
    @overload
    def on(self, stream: Literal["head_position"], handler: Handler[HeadPosition], /) -> Subscription: ...
    @overload
    def on(self, stream: Literal["touch_event"], handler: Handler[TouchEvent], /) -> Subscription: ...
    @overload
    def on(self, stream: Literal["VAD"], handler: Handler[VoiceActivity], /) -> Subscription: ...
    @overload
    def on(self, stream: Literal["audio_chunk"], handler: Handler[AudioChunk], /) -> Subscription: ...
    @overload
    def on(self, stream: Literal["phone_notification"], handler: Handler[PhoneNotification], /) -> Subscription: ...
    @overload
    def on(self, stream: Literal["calendar_event"], handler: Handler[CalendarEvent], /) -> Subscription: ...
    @overload
    def on(self, stream: Literal["location_update"], handler: Handler[Location], /) -> Subscription: ...
    @overload
    def on(self, stream: Literal["glasses_battery_update"], handler: Handler[GlassesBattery], /) -> Subscription: ...
    @overload
    def on(
        self, stream: Literal["glasses_connection_state"], handler: Handler[GlassesConnection], /
    ) -> Subscription: ...
    @overload
    def on(self, stream: Literal["photo_taken"], handler: Handler[PhotoTaken], /) -> Subscription: ...
    @overload
    def on(self, stream: Literal["custom_message"], handler: Handler[CustomMessage], /) -> Subscription: ...
    @overload
    def on(self, stream: str, handler: Handler[Any], /) -> Subscription: ...
    @overload
    def on(self, stream: str, /) -> Decorator[Any]: ...
    def on(self, stream: str, handler: Handler[Any] | None = None, /) -> Subscription | Decorator[Any]:
        """Call a handler for each event of any stream, by its name on the wire.

        Args:
            stream: Such as ``"button_press"``, ``"touch_event:double_tap"`` or ``"translation:en-US-to-es-ES"``.
            handler: Gets the stream's Struct (see ``mentra.protocol.streams``), or plain data (dict, list, ...) for a
                stream without one. Without a handler, returns a decorator.

        Raises:
            ValueError: It is no stream but news of the session itself; the message names the right method.

        Source: docs/protocol.md, Streams
        """
        if stream in _NO_STREAMS:
            raise _no_stream(stream)
        return self._register(f'on("{stream}")', stream, handler)

    @overload
    def stream(self, kind: type[E], /) -> AsyncGenerator[E, None]: ...
    @overload
    def stream(self, kind: str, /) -> AsyncGenerator[Any, None]: ...
    def stream(self, kind: type[Any] | str, /) -> AsyncGenerator[Any, None]:
        """Iterate over events of one kind: ``async for press in session.events.stream(ButtonPress)``.

        Subscribes at the first step, unsubscribes when the loop is left, and ends when the session does.

        Args:
            kind: What the events are, such as ``HeadPosition`` or ``Disconnected``; or a stream's name on the wire.

        Raises:
            TypeError: There are no such events, or they have an iterator of their own.
            ValueError: As in ``on``.
        """
        if not isinstance(kind, str) and (own := _OWN_ITERATORS.get(kind)):
            raise TypeError(f"{kind.__name__} has its own iterator: session.events.{own}.")
        news, stream = self._find(kind)
        if news:
            return self._router.iterate_news(stream, call=call_of(f"stream({_name(kind)})"))
        return self._router.iterate(stream, call=call_of(f"stream({_name(kind)})"))

    @overload
    async def wait_for(
        self,
        kind: type[Transcription],
        /,
        *,
        where: Callable[[Transcription], object] | None = ...,
        timeout: float | None = ...,
        language: str = ...,
    ) -> Transcription: ...
    @overload
    async def wait_for(
        self,
        kind: type[Translation],
        /,
        *,
        where: Callable[[Translation], object] | None = ...,
        timeout: float | None = ...,
        target: str,
        source: str = ...,
    ) -> Translation: ...
    @overload
    async def wait_for(
        self, kind: type[E], /, *, where: Callable[[E], object] | None = ..., timeout: float | None = ...
    ) -> E: ...
    @overload
    async def wait_for(
        self, kind: str, /, *, where: Callable[[Any], object] | None = ..., timeout: float | None = ...
    ) -> Any: ...
    async def wait_for(
        self,
        kind: type[Any] | str,
        /,
        *,
        where: Where | None = None,
        timeout: float | None = None,
        language: str | None = None,
        target: str | None = None,
        source: str | None = None,
    ) -> Any:
        """Wait for one event: ``press = await session.events.wait_for(ButtonPress, timeout=10)``.

        Subscribed only while it waits, unless a handler is there as well.

        Args:
            kind: What the event is, such as ``ButtonPress`` or ``Disconnected``; or the name of a stream on the wire.
            where: Which event: ``lambda press: press.press_type == "long"``. The first one by default.
            timeout: Seconds; ``None`` waits until the session ends.
            language: Of a ``Transcription``, as in ``on_transcription``.
            target: Of a ``Translation``, as in ``on_translation``.
            source: Of a ``Translation``, as in ``on_translation``.

        Raises:
            RequestTimeout: There was no such event in time.
            SessionStopped: The session has ended, or ends before.
            TypeError: There are no such events, or not with these options.
            ValueError: A language code is not one that MentraOS knows, or as in ``on``.
            Exception: Whatever ``where`` raises.
        """
        news, stream = self._find(kind, language=language, target=target, source=source)
        wait = self._router.next_news if news else self._router.next_event
        patience = asyncio.timeout(timeout)
        try:
            async with patience:
                return await wait(stream, call=call_of(f"wait_for({_name(kind)})"), where=where)
        except TimeoutError as error:
            if isinstance(error, MentraError) or not patience.expired():
                raise
            raise RequestTimeout(f"There was no {stream!r} that was waited for within {timeout:g} s.") from error

    def _find(
        self,
        kind: type[Any] | str,
        *,
        language: str | None = None,
        target: str | None = None,
        source: str | None = None,
    ) -> tuple[bool, str]:
        """Return whether these are news of the session itself, and their name; else the name of their stream."""
        if language is not None and kind is not Transcription:
            raise TypeError(f"{_name(kind)} has no language: that is an option of Transcription.")
        if not (target is None and source is None) and kind is not Translation:
            raise TypeError(f"{_name(kind)} has neither target nor source: those are options of Translation.")
        if isinstance(kind, str):
            if kind in _NO_STREAMS:
                raise _no_stream(kind)
            return False, kind
        if kind in NEWS:
            return True, NEWS[kind]
        if kind is Transcription:
            return False, transcription_subscription(language or DEFAULT_LANGUAGE)
        if kind is Translation:
            if target is None:
                raise TypeError('A Translation needs the language to translate to: target="es-ES".')
            return False, translation_stream(source or ANY_SOURCE, target)
        stream = getattr(kind, "stream", None)
        if not isinstance(stream, str):
            raise TypeError(f"There are no events of the kind {_name(kind)}. Give a class such as ButtonPress.")
        return False, stream

    def _subscribe(self, name: str, stream: str, handler: Handler[Any], where: Where | None = None) -> Subscription:
        return Subscription(self._router, stream, handler, call=_CALLS[name], where=where)

    def _register(
        self, name: str, stream: str, handler: Handler[Any] | None, where: Where | None = None
    ) -> Subscription | Decorator[Any]:
        if handler is None:
            return lambda function: self._subscribe(name, stream, function, where)
        return self._subscribe(name, stream, handler, where)

    def _tell(self, name: str, news: str, handler: Handler[Any]) -> Subscription:
        listener = self._router.add_teller(news, handler, call=call_of(name))
        return Subscription(self._router, news, handler, listener=listener)


def call_of(name: str) -> str:
    """Return a method of ``session.events`` for messages."""
    return _CALLS[name]


_CALLS = Remembered(lambda name: f"session.events.{name}", length=len)
"""Each listener has one: so all have the same."""


def _name(kind: object) -> str:
    return f'"{kind}"' if isinstance(kind, str) else kind.__name__ if isinstance(kind, type) else repr(kind)


def _no_stream(news: str) -> ValueError:
    return ValueError(f"{news!r} is no stream of the cloud. Use {_NO_STREAMS[news]} instead.")


_OWN_ITERATORS: dict[type[Any], str] = {
    Transcription: 'transcriptions("en-US")',
    Translation: 'translations(target="es-ES")',
    AudioChunk: "audio()",
}
_NO_STREAMS = {
    **{news: f"session.events.on_{news}(handler)" for news in (*NEWS.values(), ERROR)},
    "settings_update": "session.settings.on_change(key, handler)",
    "settings": "session.settings.on_change(key, handler)",
    "vad": 'session.events.on_voice_activity(handler) or "VAD"',
}

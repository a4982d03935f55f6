"""``session.events``: what a session can listen to.

Registering a handler subscribes to its stream, removing the last one unsubscribes. All changes of one turn of the event
loop go out as one message, and only if the list differs from what the cloud has. How events then find their handlers:
``mentra/session/router.py``.
"""

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, NoReturn, Self, overload

from mentra.protocol.streams import Transcription
from mentra.protocol.subscriptions import DEFAULT_LANGUAGE, transcription_stream
from mentra.session.handlers import Handler
from mentra.session.router import Router
from mentra.wrong_names import unknown_name


class Subscription:
    """One handler on one stream. Cancel it to stop listening; as a context manager it cancels itself."""

    def __init__(self, router: Router, stream: str, handler: Handler[Any]) -> None:
        self.stream = stream
        """As subscribed: ``"transcription:en-US"``."""
        self.handler = handler
        self._router = router
        self._listener = router.add_handler(stream, handler)

    @property
    def active(self) -> bool:
        """Whether the handler still gets events."""
        return self._router.has(self._listener)

    @property
    def dropped(self) -> int:
        """Events lost because the handler was busy for too long."""
        return self._listener.dropped

    def cancel(self) -> None:
        """Stop listening. Events that wait for the handler are dropped. Cancelling again does nothing."""
        self._router.remove(self._listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class Events:
    """``session.events``: register handlers, or iterate."""

    def __init__(self, router: Router) -> None:
        self._router = router

    @overload
    def on_transcription(
        self, handler: Handler[Transcription], /, *, language: str = DEFAULT_LANGUAGE
    ) -> Subscription: ...
    @overload
    def on_transcription(
        self, handler: None = None, /, *, language: str = DEFAULT_LANGUAGE
    ) -> Callable[[Handler[Transcription]], Subscription]: ...
    def on_transcription(
        self, handler: Handler[Transcription] | None = None, /, *, language: str = DEFAULT_LANGUAGE
    ) -> Subscription | Callable[[Handler[Transcription]], Subscription]:
        """Call a handler with what is said, as text. Needs the permission MICROPHONE.

        Use it as a call, ``on_transcription(handler)``, or as a decorator with or without options. Interim results
        come while somebody speaks, each with the whole utterance so far; the last one has ``is_final``.

        Args:
            language: Language and region, such as ``"es-ES"``. Register one handler per language.

        Raises:
            ValueError: The language code is not one that MentraOS knows.

        Source: @mentra/sdk 2.1.29 dist/app/session/events.d.ts, onTranscriptionForLanguage; docs/protocol.md, Streams
        """
        return self._register(transcription_stream(language), handler)

    def transcriptions(self, language: str = DEFAULT_LANGUAGE) -> AsyncGenerator[Transcription, None]:
        """Iterate over what is said: ``async for speech in session.events.transcriptions("en-US")``.

        Subscribes at the first step, unsubscribes when the loop is left, and ends when the session does.

        Raises:
            ValueError: The language code is not one that MentraOS knows.
        """
        return self._router.iterate(transcription_stream(language))

    @overload
    def on(self, stream: str, handler: Handler[Any], /) -> Subscription: ...
    @overload
    def on(self, stream: str, /) -> Callable[[Handler[Any]], Subscription]: ...
    def on(
        self, stream: str, handler: Handler[Any] | None = None, /
    ) -> Subscription | Callable[[Handler[Any]], Subscription]:
        """Call a handler for each event of any stream, by its name on the wire.

        Args:
            stream: Such as ``"button_press"``, ``"touch_event:double_tap"`` or ``"translation:en-US-to-es-ES"``.
            handler: Gets the stream's Struct (see ``mentra.protocol.streams``), or plain data (dict, list, ...) for a
                stream without one. Without a handler, returns a decorator.

        Source: docs/protocol.md, Streams
        """
        return self._register(stream, handler)

    def _register(
        self, stream: str, handler: Handler[Any] | None
    ) -> Subscription | Callable[[Handler[Any]], Subscription]:
        if handler is None:
            return lambda function: Subscription(self._router, stream, function)
        return Subscription(self._router, stream, handler)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, _PUBLIC, moved=_MOVED)


_PUBLIC = ("on", "on_transcription", "transcriptions")
_MOVED = {
    "onTranscriptionForLanguage": "on_transcription(handler, language=...)",
    "onButtonPress": 'on("button_press", handler)',
    "onHeadPosition": 'on("head_position", handler)',
    "onPhoneNotifications": 'on("phone_notification", handler)',
    "onGlassesBattery": 'on("glasses_battery_update", handler)',
    "onPhoneBattery": 'on("phone_battery_update", handler)',
    "onVoiceActivity": 'on("VAD", handler)',
    "onLocation": 'on("location_update", handler)',
    "onTouchEvent": 'on("touch_event", handler)',
    "onCalendarEvent": 'on("calendar_event", handler)',
    "onAudioChunk": 'on("audio_chunk", handler)',
}

"""``session.events``: what a session can listen to.

Registering a handler subscribes to its stream, removing the last one unsubscribes. All changes of one turn of the event
loop go out as one message, and only if the list differs from what the cloud has. How events then find their handlers:
``mentra/session/router.py``; what waits for a busy one: ``mentra/session/backlog.py``.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, overload

from mentra.errors import MentraError, RequestTimeout
from mentra.protocol.cloud_to_app import CapabilitiesUpdate, CustomMessage, PermissionProblem, RefusedStream
from mentra.protocol.streams import (
    GESTURES,
    POSITIONS,
    PRESSES,
    SAMPLE_BYTES,
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    GlassesBattery,
    GlassesConnection,
    HeadPosition,
    Location,
    PhoneBattery,
    PhoneNotification,
    PhoneNotificationDismissed,
    PhotoTaken,
    TouchEvent,
    Transcription,
    Translation,
    VoiceActivity,
    VpsCoordinates,
)
from mentra.protocol.subscriptions import (
    ANY_SOURCE,
    DEFAULT_LANGUAGE,
    gesture_stream,
    transcription_subscription,
    translation_stream,
)
from mentra.session.core import SessionCore
from mentra.session.handlers import Handler
from mentra.session.listeners import Where
from mentra.session.news import CONNECTED, ERROR, NEWS, Connected, Disconnected, Reconnected, Stopped
from mentra.session.subscription import Subscription as Subscription  # Those who import it from here, may.
from mentra.wrong_names import unknown_name

E = TypeVar("E")
Decorator = Callable[[Handler[E]], Subscription]


class Events:
    """``session.events``: register handlers, iterate, or wait for one event.

    Each ``on_...`` method takes a handler, plain or ``async``, and returns its ``Subscription``; it is a decorator as
    well, and one with options where it has options. A handler finishes one event before it gets the next, and handlers
    delay neither each other nor the connection. What comes while a handler or the body of a loop is busy waits for it,
    within limits:

    * transcription and translation: of each utterance the newest result; what is final is kept;
    * location, battery, head position: the newest event;
    * sound: 10 s, then the oldest is dropped;
    * everything else: 1000 events, then the oldest are dropped.

    ``Subscription.dropped`` counts what was left out.

    Source: @mentra/sdk 2.1.29 dist/app/session/events.d.ts; docs/protocol.md, Streams
    """

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._router = core.router

    # Speech and sound.

    @overload
    def on_transcription(
        self,
        handler: Handler[Transcription],
        /,
        *,
        language: str = ...,
        hints: Sequence[str] = ...,
        detect_language: bool = ...,
    ) -> Subscription: ...
    @overload
    def on_transcription(
        self, /, *, language: str = ..., hints: Sequence[str] = ..., detect_language: bool = ...
    ) -> Decorator[Transcription]: ...
    def on_transcription(
        self,
        handler: Handler[Transcription] | None = None,
        /,
        *,
        language: str = DEFAULT_LANGUAGE,
        hints: Sequence[str] = (),
        detect_language: bool = True,
    ) -> Subscription | Decorator[Transcription]:
        """Call a handler with what is said, as text. Needs the permission MICROPHONE.

        Interim results come while somebody speaks, each with the whole utterance so far; the last one has ``is_final``.

        Args:
            language: Language and region, such as ``"es-ES"``, or ``"auto"`` for whatever is spoken. Register one
                handler per language. A cloud of 2025 does not know ``"auto"``: there it means US English.
            hints: Languages that may be spoken as well, such as ``["es", "fr-FR"]``.
            detect_language: Whether the recogniser looks for other languages than these.

        The last two are wishes: handlers of one language share one recogniser, with the hints of all, and a cloud of
        2025 is not told of them, as it delivers nothing to who names them.

        Raises:
            ValueError: A language code is not one that MentraOS knows.

        Source: @mentra/sdk 2.1.29 dist/app/session/events.d.ts, onTranscriptionForLanguage; docs/protocol.md, Language
        streams
        """
        stream = transcription_subscription(language, hints=hints, detect_language=detect_language)
        return self._register("on_transcription", stream, handler)

    def transcriptions(
        self,
        language: str = DEFAULT_LANGUAGE,
        *,
        hints: Sequence[str] = (),
        detect_language: bool = True,
    ) -> AsyncGenerator[Transcription, None]:
        """Iterate over what is said: ``async for speech in session.events.transcriptions("en-US")``.

        Subscribes at the first step, unsubscribes when the loop is left, and ends when the session does. Options as in
        ``on_transcription``.

        Raises:
            ValueError: A language code is not one that MentraOS knows.
        """
        stream = transcription_subscription(language, hints=hints, detect_language=detect_language)
        return self._router.iterate(stream, call=_call("transcriptions"))

    @overload
    def on_translation(self, handler: Handler[Translation], /, *, target: str, source: str = ...) -> Subscription: ...
    @overload
    def on_translation(self, /, *, target: str, source: str = ...) -> Decorator[Translation]: ...
    def on_translation(
        self, handler: Handler[Translation] | None = None, /, *, target: str, source: str = ANY_SOURCE
    ) -> Subscription | Decorator[Translation]:
        """Call a handler with what is said, in another language. Needs the permission MICROPHONE.

        Args:
            target: The language to translate to, such as ``"es-ES"``.
            source: The language that is spoken; ``"all"`` for any.

        Raises:
            ValueError: A language code is not one that MentraOS knows.

        Source: @mentra/sdk 2.1.29 dist/app/session/events.d.ts, ontranslationForLanguage; docs/protocol.md, Language
        streams
        """
        return self._register("on_translation", translation_stream(source, target), handler)

    def translations(self, *, target: str, source: str = ANY_SOURCE) -> AsyncGenerator[Translation, None]:
        """Iterate over what is said, in another language. Options as in ``on_translation``.

        Raises:
            ValueError: A language code is not one that MentraOS knows.
        """
        return self._router.iterate(translation_stream(source, target), call=_call("translations"))

    def on_audio_chunk(self, handler: Handler[AudioChunk], /) -> Subscription:
        """Call a handler with the sound of the microphone, in pieces of any size. Needs the permission MICROPHONE."""
        return self._subscribe("on_audio_chunk", AudioChunk.stream, handler)

    def audio(self, *, frame_ms: int | None = None) -> AsyncGenerator[AudioChunk, None]:
        """Iterate over the sound of the microphone: ``async for chunk in session.events.audio(frame_ms=20)``.

        Args:
            frame_ms: Milliseconds in each chunk, exactly: 20 gives 320 samples, 640 bytes. A last piece that is
                shorter is not delivered. ``None`` gives the pieces as they come.

        Raises:
            ValueError: The milliseconds are less than 1.
        """
        chunks = self._router.iterate(AudioChunk.stream, call=_call("audio"))
        if frame_ms is None:
            return chunks
        if frame_ms < 1:
            raise ValueError(f"frame_ms must be 1 or more, not {frame_ms!r}.")
        return _frames(chunks, frame_ms * AudioChunk.sample_rate // 1000 * SAMPLE_BYTES)

    def on_voice_activity(self, handler: Handler[VoiceActivity], /) -> Subscription:
        """Call a handler when somebody begins or stops speaking. Needs the permission MICROPHONE.

        The cloud of December 2025 passes this on only while some app listens to speech.
        """
        return self._subscribe("on_voice_activity", VoiceActivity.stream, handler)

    # What the wearer does.

    @overload
    def on_button_press(
        self, handler: Handler[ButtonPress], /, *, button: str | None = ..., press: str | None = ...
    ) -> Subscription: ...
    @overload
    def on_button_press(self, /, *, button: str | None = ..., press: str | None = ...) -> Decorator[ButtonPress]: ...
    def on_button_press(
        self,
        handler: Handler[ButtonPress] | None = None,
        /,
        *,
        button: str | None = None,
        press: str | None = None,
    ) -> Subscription | Decorator[ButtonPress]:
        """Call a handler when a button of the glasses is pressed.

        Args:
            button: Only this one, by its ``button_id``, such as ``"photo"``.
            press: Only such presses: ``"short"`` or ``"long"``.

        Raises:
            ValueError: There is no such press.
        """
        _check("press", press, PRESSES)

        def wanted(event: ButtonPress) -> bool:
            return (button is None or button == event.button_id) and (press is None or press == event.press_type)

        return self._register("on_button_press", ButtonPress.stream, handler, wanted if button or press else None)

    @overload
    def on_head_position(self, handler: Handler[HeadPosition], /, *, position: str | None = ...) -> Subscription: ...
    @overload
    def on_head_position(self, /, *, position: str | None = ...) -> Decorator[HeadPosition]: ...
    def on_head_position(
        self, handler: Handler[HeadPosition] | None = None, /, *, position: str | None = None
    ) -> Subscription | Decorator[HeadPosition]:
        """Call a handler when the wearer looks up, or down again.

        Args:
            position: Only ``"up"``, or only ``"down"``.

        Raises:
            ValueError: There is no such position.
        """
        _check("position", position, POSITIONS)

        def wanted(event: HeadPosition) -> bool:
            return event.position == position

        return self._register("on_head_position", HeadPosition.stream, handler, wanted if position else None)

    @overload
    def on_touch_event(self, handler: Handler[TouchEvent], /, *gestures: str) -> Subscription: ...
    @overload
    def on_touch_event(self, gesture: str, /, *gestures: str) -> Decorator[TouchEvent]: ...
    def on_touch_event(
        self, handler: Handler[TouchEvent] | str, /, *gestures: str
    ) -> Subscription | Decorator[TouchEvent]:
        """Call a handler when the wearer touches the glasses.

        Use it as a call, ``on_touch_event(handler, "double_tap")``, or as a decorator, ``@on_touch_event("double_tap",
        "long_press")``.

        Args:
            handler: The handler; as a decorator with options, the first gesture.
            gestures: Only these; all when there are none. Known are ``single_tap``, ``double_tap``, ``triple_tap``,
                ``long_press``, ``forward_swipe``, ``backward_swipe``, ``up_swipe`` and ``down_swipe``.

        Raises:
            ValueError: There is no such gesture. (A newer one can be had by ``on("touch_event:new_gesture")``.)
        """
        function, wished = (None, (handler, *gestures)) if isinstance(handler, str) else (handler, gestures)
        for gesture in wished:
            _check("gesture", gesture, GESTURES)
        if len(wished) == 1:
            return self._register("on_touch_event", gesture_stream(wished[0]), function)

        def wanted(event: TouchEvent) -> bool:
            return event.gesture_name in wished

        return self._register("on_touch_event", TouchEvent.stream, function, wanted if wished else None)

    # The phone and the glasses.

    @overload
    def on_phone_notification(
        self, handler: Handler[PhoneNotification], /, *, app: str | None = ...
    ) -> Subscription: ...
    @overload
    def on_phone_notification(self, /, *, app: str | None = ...) -> Decorator[PhoneNotification]: ...
    def on_phone_notification(
        self, handler: Handler[PhoneNotification] | None = None, /, *, app: str | None = None
    ) -> Subscription | Decorator[PhoneNotification]:
        """Call a handler when a notification arrives on the phone. Needs the permission READ_NOTIFICATIONS.

        Args:
            app: Only those of this app: its name, such as ``"WhatsApp"``, in upper or lower case, or its package.
        """
        wished = (app or "").casefold()

        def wanted(event: PhoneNotification) -> bool:
            return wished in (event.app.casefold(), (event.package_name or "").casefold())

        return self._register(
            "on_phone_notification", PhoneNotification.stream, handler, wanted if app is not None else None
        )

    def on_phone_notification_dismissed(self, handler: Handler[PhoneNotificationDismissed], /) -> Subscription:
        """Call a handler when a notification is removed. Needs the permission READ_NOTIFICATIONS."""
        return self._subscribe("on_phone_notification_dismissed", PhoneNotificationDismissed.stream, handler)

    def on_calendar_event(self, handler: Handler[CalendarEvent], /) -> Subscription:
        """Call a handler with each entry of the phone's calendar. Needs the permission CALENDAR.

        The entries that the cloud knows already come at once after subscribing, up to a hundred.
        """
        return self._subscribe("on_calendar_event", CalendarEvent.stream, handler)

    def on_location(self, handler: Handler[Location], /) -> Subscription:
        """Call a handler when the phone tells where it is. Needs the permission LOCATION.

        It asks for nothing: locations come when any app wants them. ``session.location.on_update`` asks, with an
        accuracy.
        """
        return self._subscribe("on_location", Location.stream, handler)

    def on_phone_battery(self, handler: Handler[PhoneBattery], /) -> Subscription:
        """Call a handler with the battery of the phone. No phone app of MentraOS of today is known to send it."""
        return self._subscribe("on_phone_battery", PhoneBattery.stream, handler)

    def on_glasses_battery(self, handler: Handler[GlassesBattery], /) -> Subscription:
        """Call a handler when the battery of the glasses has another level, or is charged."""
        return self._subscribe("on_glasses_battery", GlassesBattery.stream, handler)

    def on_glasses_connection(self, handler: Handler[GlassesConnection], /) -> Subscription:
        """Call a handler when the glasses connect to the phone, or go away, or change their Wi-Fi."""
        return self._subscribe("on_glasses_connection", GlassesConnection.stream, handler)

    def on_photo_taken(self, handler: Handler[PhotoTaken], /) -> Subscription:
        """Call a handler when anybody took a photo with the glasses. Needs the permission CAMERA."""
        return self._subscribe("on_photo_taken", PhotoTaken.stream, handler)

    def on_vps_coordinates(self, handler: Handler[VpsCoordinates], /) -> Subscription:
        """Call a handler with positions of the visual positioning service, which only older phone apps sent."""
        return self._subscribe("on_vps_coordinates", VpsCoordinates.stream, handler)

    @overload
    def on_custom_message(self, handler: Handler[CustomMessage], /, *, action: str | None = ...) -> Subscription: ...
    @overload
    def on_custom_message(self, /, *, action: str | None = ...) -> Decorator[CustomMessage]: ...
    def on_custom_message(
        self, handler: Handler[CustomMessage] | None = None, /, *, action: str | None = None
    ) -> Subscription | Decorator[CustomMessage]:
        """Call a handler with the cloud's custom messages.

        Args:
            action: Only this kind. Only ``"update_datetime"`` was ever sent, by clouds of 2025.
        """

        def wanted(event: CustomMessage) -> bool:
            return event.action == action

        return self._register(
            "on_custom_message", CustomMessage.stream, handler, wanted if action is not None else None
        )

    # The session itself: nothing to subscribe to.

    def on_connected(self, handler: Handler[Connected], /) -> Subscription:
        """Call a handler when the cloud can be reached: at once if it can be now, and after each reconnection."""
        listener = self._router.add_teller(CONNECTED, handler, call=_call("on_connected"))
        if (up := self._core.up) is not None:
            # Not within this call: a decorated handler has no name yet.
            asyncio.get_running_loop().call_soon(lambda: self._router.tell(CONNECTED, up, only=listener))
        return Subscription(self._router, CONNECTED, handler, listener=listener)

    def on_reconnected(self, handler: Handler[Reconnected], /) -> Subscription:
        """Call a handler when a lost connection came back. Events of the time between are lost."""
        return self._tell("on_reconnected", NEWS[Reconnected], handler)

    def on_disconnected(self, handler: Handler[Disconnected], /) -> Subscription:
        """Call a handler when the connection ends, once each time: it was lost and will be back, or the session ends.

        At the end of the session an ``async`` handler has two seconds.
        """
        return self._tell("on_disconnected", NEWS[Disconnected], handler)

    def on_stopped(self, handler: Handler[Stopped], /) -> Subscription:
        """Call a handler when the session has ended, before ``on_stop``. Nothing can be shown any more.

        An ``async`` handler has two seconds.
        """
        return self._tell("on_stopped", NEWS[Stopped], handler)

    def on_error(self, handler: Handler[Exception], /) -> Subscription:
        """Call a handler with what went wrong meanwhile: an exception of another handler, a refusal of the cloud.

        All of this is logged as well. A refusal is a ``RequestFailed``, and also raised by the call that it is
        about. What a handler of errors raises is logged only.
        """
        return self._tell("on_error", ERROR, handler)

    def on_capabilities_update(self, handler: Handler[CapabilitiesUpdate], /) -> Subscription:
        """Call a handler when other glasses were connected; ``session.capabilities`` is the new one already."""
        return self._tell("on_capabilities_update", NEWS[CapabilitiesUpdate], handler)

    def on_permission_error(self, handler: Handler[PermissionProblem], /) -> Subscription:
        """Call a handler when the cloud itself says which streams it refused; no known cloud does."""
        return self._tell("on_permission_error", NEWS[PermissionProblem], handler)

    def on_permission_denied(self, handler: Handler[RefusedStream], /) -> Subscription:
        """Call a handler with each stream that the app subscribed to without having declared its permission.

        Found out by a look-up of what the app has declared, once per process, or from what the cloud says.
        """
        return self._tell("on_permission_denied", NEWS[RefusedStream], handler)

    # Any stream.

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
        _refuse_news(stream)
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
            return self._router.iterate_news(stream, call=_call(f"stream({_name(kind)})"))
        return self._router.iterate(stream, call=_call(f"stream({_name(kind)})"))

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
                return await wait(stream, call=_call(f"wait_for({_name(kind)})"), where=where)
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
            _refuse_news(kind)
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
        return Subscription(self._router, stream, handler, call=_call(name), where=where)

    def _register(
        self, name: str, stream: str, handler: Handler[Any] | None, where: Where | None = None
    ) -> Subscription | Decorator[Any]:
        if handler is None:
            return lambda function: self._subscribe(name, stream, function, where)
        return self._subscribe(name, stream, handler, where)

    def _tell(self, name: str, news: str, handler: Handler[Any]) -> Subscription:
        listener = self._router.add_teller(news, handler, call=_call(name))
        return Subscription(self._router, news, handler, listener=listener)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, _PUBLIC, moved=_MOVED)


async def _frames(chunks: AsyncGenerator[AudioChunk, None], size_bytes: int) -> AsyncGenerator[AudioChunk, None]:
    sound = bytearray()
    try:
        async for chunk in chunks:
            sound += chunk.data
            for start in range(0, len(sound) - size_bytes + 1, size_bytes):
                yield AudioChunk(data=bytes(sound[start : start + size_bytes]))
            del sound[: len(sound) // size_bytes * size_bytes]
    finally:
        await chunks.aclose()


def _call(name: str) -> str:
    return f"session.events.{name}"


def _name(kind: object) -> str:
    return f'"{kind}"' if isinstance(kind, str) else kind.__name__ if isinstance(kind, type) else repr(kind)


def _check(what: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        raise ValueError(f"There is no {what} {value!r}. Known: {', '.join(known)}.")


def _refuse_news(stream: str) -> None:
    if method := _NO_STREAMS.get(stream):
        raise ValueError(f"{stream!r} is no stream of the cloud. Use {method} instead.")


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
_PUBLIC = (
    "on",
    "on_audio_chunk",
    "on_button_press",
    "on_calendar_event",
    "on_capabilities_update",
    "on_connected",
    "on_custom_message",
    "on_disconnected",
    "on_error",
    "on_glasses_battery",
    "on_glasses_connection",
    "on_head_position",
    "on_location",
    "on_permission_denied",
    "on_permission_error",
    "on_phone_battery",
    "on_phone_notification",
    "on_phone_notification_dismissed",
    "on_photo_taken",
    "on_reconnected",
    "on_stopped",
    "on_touch_event",
    "on_transcription",
    "on_translation",
    "on_voice_activity",
    "on_vps_coordinates",
    "audio",
    "stream",
    "transcriptions",
    "translations",
    "wait_for",
)
_MOVED = {
    "onTranscriptionForLanguage": "on_transcription(handler, language=...)",
    "on_transcription_for_language": "on_transcription(handler, language=...)",
    "ontranslationForLanguage": "on_translation(handler, source=..., target=...)",
    "onTranslationForLanguage": "on_translation(handler, source=..., target=...)",
    "on_translation_for_language": "on_translation(handler, source=..., target=...)",
    "onPhoneNotifications": "on_phone_notification(handler)",
    "on_phone_notifications": "on_phone_notification(handler)",
    "onNotification": "on_phone_notification(handler)",
    "onGlassesBatteryUpdate": "on_glasses_battery(handler)",
    "on_glasses_battery_update": "on_glasses_battery(handler)",
    "onPhoneBatteryUpdate": "on_phone_battery(handler)",
    "onGlassesConnectionState": "on_glasses_connection(handler)",
    "on_glasses_connection_state": "on_glasses_connection(handler)",
    "onVAD": "on_voice_activity(handler)",
    "on_vad": "on_voice_activity(handler)",
    "onAudio": "on_audio_chunk(handler)",
    "onLocationUpdate": "on_location(handler), or session.location.on_update(handler)",
    "on_location_update": "on_location(handler), or session.location.on_update(handler)",
    "onCalendarEvents": "on_calendar_event(handler)",
    "onTouch": "on_touch_event(handler)",
    "on_touch": "on_touch_event(handler)",
    "onSettingsUpdate": "session.settings.on_change(key, handler)",
    "on_settings_update": "session.settings.on_change(key, handler)",
    "onSettingChange": "session.settings.on_change(key, handler)",
    "on_setting_change": "session.settings.on_change(key, handler)",
    "onDashboardModeChange": "session.dashboard.on_mode_change(handler)",
    "on_dashboard_mode_change": "session.dashboard.on_mode_change(handler)",
    "onStreamStatus": "session.camera.on_stream_status(handler)",
    "button_presses": "stream(ButtonPress)",
    "head_positions": "stream(HeadPosition)",
    "touch_events": "stream(TouchEvent)",
    "record": "session.record(path)",
    "once": "wait_for(ButtonPress)",
    "emit": "mentra.testing.simulate, to let events happen in tests",
    "off": "subscription.cancel(): each on_... method returns a subscription",
    "removeListener": "subscription.cancel(): each on_... method returns a subscription",
}

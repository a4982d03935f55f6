"""``session.events``: what a session can listen to.

Registering a handler subscribes to its stream, removing the last one unsubscribes. All changes of one turn of the event
loop go out as one message, and only if the list differs from what the cloud has. How events then find their handlers:
``mentra/session/router.py``; what waits for a busy one: ``mentra/session/backlog.py``.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, NoReturn, overload

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
from mentra.session import moved_names
from mentra.session.events_by_kind import Decorator, EventsByKind, call_of
from mentra.session.handlers import Handler
from mentra.session.news import CONNECTED, ERROR, NEWS, Connected, Disconnected, Reconnected, Stopped
from mentra.session.subscription import Subscription as Subscription  # Those who import it from here, may.
from mentra.wrong_names import named_options, unknown_name

_OPTIONS = {
    "lang": "write 'language'",
    "locale": "write 'language'",
    "languageCode": "write 'language'",
    "disableLanguageIdentification": "write detect_language=False",
    "languageHints": "write 'hints'",
    "sourceLanguage": "write 'source'",
    "targetLanguage": "write 'target'",
    "buttonId": "write 'button'",
    "pressType": "write 'press'",
    "packageName": "write 'app'",
}


class Events(EventsByKind):
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
    @named_options(_OPTIONS)
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

    @named_options(_OPTIONS)
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
        return self._router.iterate(stream, call=call_of("transcriptions"))

    @overload
    def on_translation(self, handler: Handler[Translation], /, *, target: str, source: str = ...) -> Subscription: ...
    @overload
    def on_translation(self, /, *, target: str, source: str = ...) -> Decorator[Translation]: ...
    @named_options(_OPTIONS)
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

    @named_options(_OPTIONS)
    def translations(self, *, target: str, source: str = ANY_SOURCE) -> AsyncGenerator[Translation, None]:
        """Iterate over what is said, in another language. Options as in ``on_translation``.

        Raises:
            ValueError: A language code is not one that MentraOS knows.
        """
        return self._router.iterate(translation_stream(source, target), call=call_of("translations"))

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
        chunks = self._router.iterate(AudioChunk.stream, call=call_of("audio"))
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
    @named_options(_OPTIONS)
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
    @named_options(_OPTIONS)
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
        if any(callable(gesture) for gesture in wished):
            raise TypeError('The handler comes first: on_touch_event(handler, "double_tap").')
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
    @named_options(_OPTIONS)
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
    @named_options(_OPTIONS)
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
        listener = self._router.add_teller(CONNECTED, handler, call=call_of("on_connected"))
        if (up := self._core.connection.up) is not None:
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

        Found out by a look-up of what the app has declared, once per process, or from what the cloud says. In
        production the look-up is made half a minute after the first subscription that needs a permission.
        """
        return self._tell("on_permission_denied", NEWS[RefusedStream], handler)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=moved_names.EVENTS)


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


def _check(what: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        raise ValueError(f"There is no {what} {value!r}. Known: {', '.join(known)}.")

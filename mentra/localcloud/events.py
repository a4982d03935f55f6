"""Which apps of a user hear of what happens, and under which name.

Source: MentraOS cloud/packages/cloud/src/services/session/UserSession.ts, SubscriptionManager.ts (Dec 2025);
docs/protocol.md, Streams.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from mentra.localcloud import rules
from mentra.localcloud.app_run import AppRun
from mentra.localcloud.backend import Backend
from mentra.localcloud.phone.calendar import UserCalendar
from mentra.protocol import codec
from mentra.protocol.base import iso_timestamp
from mentra.protocol.cloud_to_app import CustomMessage, DataStream
from mentra.protocol.connection import session_id_of
from mentra.protocol.streams import (
    LOCAL_TRANSCRIPTION,
    AudioChunk,
    CalendarEvent,
    PhotoTaken,
    TouchEvent,
    Transcription,
)

UPDATE_DATETIME = "update_datetime"
"""The one custom message that the cloud knows, with the local date and time as text."""


class Events:
    """Brings what happens to the apps of one user that subscribed to it.

    Args:
        user_id: The user.
        backend: Whose generation and clock count.
        reachable: The apps that have a connection, at each moment.
    """

    def __init__(self, user_id: str, backend: Backend, reachable: Callable[[], Sequence[AppRun]]) -> None:
        self._user_id = user_id
        self._now = backend.now
        self._generation = backend.generation
        self._reachable = reachable
        self._calendar = UserCalendar(backend.now, all_day=backend.generation == 3)
        self._datetime_message: CustomMessage | None = None

    def deliver(self, stream: str, data: Mapping[str, Any]) -> None:
        """Send an event to every app that subscribed to it."""
        payload = codec.encode(data)
        for run, name in self.listeners(stream, payload):
            run.send(self._event(run, name, payload))
        if stream == Transcription.stream and self._generation == 2:
            # The cloud of 2025 passes on what the phone recognised a second time, as it came.
            self.deliver(LOCAL_TRANSCRIPTION, data)

    def listeners(self, stream: str, payload: bytes) -> list[tuple[AppRun, str]]:
        """Return the apps that an event reaches, each with the ``streamType`` under which it does."""
        asked = (name for run in self._reachable() for name in run.subscriptions)
        if not rules.is_made(stream, asked, generation=self._generation):
            return []
        event = codec.decode_stream(stream, payload)
        language = event.language if isinstance(event, Transcription) else None
        gesture = event.gesture_name if isinstance(event, TouchEvent) else None
        name_for = functools.partial(
            rules.delivered_as, stream=stream, language=language, gesture=gesture, generation=self._generation
        )
        names = ((run, name_for(run.subscriptions)) for run in self._reachable())
        return [(run, name) for run, name in names if name is not None]

    def deliver_calendar_event(self, said: Mapping[str, Any]) -> None:
        """Send an entry of the calendar to those who subscribed, and remember it for those who subscribe later."""
        payload = self._calendar.add(said)
        for run, name in self.listeners(CalendarEvent.stream, payload):
            run.send(self._event(run, name, payload))

    def deliver_audio(self, data: bytes) -> None:
        """Send sound to every app that subscribed to it."""
        for run in self.audio_listeners():
            run.send_binary(data)

    def audio_listeners(self) -> list[AppRun]:
        """Return the apps that sound reaches."""
        return [run for run in self._reachable() if rules.delivered_as(run.subscriptions, AudioChunk.stream)]

    def send_custom_message(self, action: str, payload: Any) -> None:
        """Send a message of the cloud to the apps that subscribed to such messages."""
        message = CustomMessage(action=action, payload=payload, timestamp=iso_timestamp(self._now()))
        if action == UPDATE_DATETIME:
            self._datetime_message = message
        for run in self._reachable():
            if CustomMessage.stream in run.subscriptions:
                run.send(message)

    def repeat(self, run: AppRun) -> None:
        """Send what the cloud repeats to an app that sent a list of subscriptions."""
        if CalendarEvent.stream in run.subscriptions:
            for payload in self._calendar.news_for(run.package_name):
                run.send(self._event(run, CalendarEvent.stream, payload))
        if CustomMessage.stream in run.subscriptions and self._datetime_message is not None:
            run.send(self._datetime_message)

    def app_stopped(self, run: AppRun) -> None:
        """Repeat everything when an app that is gone subscribes next."""
        if not run.subscriptions:
            self._calendar.forget_app(run.package_name)

    def clear(self) -> None:
        """Have nothing to repeat: the session of the user is over."""
        self._calendar.clear()
        self._datetime_message = None

    def _event(self, run: AppRun, name: str, payload: bytes) -> DataStream:
        if name == PhotoTaken.stream:  # Which comes another way, and says no more.
            return DataStream(stream_type=name, data=msgspec.Raw(payload))
        return DataStream(
            stream_type=name,
            data=msgspec.Raw(payload),
            session_id=session_id_of(self._user_id, run.package_name),
            timestamp=iso_timestamp(self._now()),
        )

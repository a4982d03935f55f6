"""What the wearer of virtual glasses can do: one Struct per action, with its route on the control interface.

An action that is an event of a stream knows the event. How it is carried out is in ``wearer.py``.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from mentra.clock import utc_now
from mentra.protocol.base import iso_timestamp
from mentra.protocol.streams import (
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    GlassesBattery,
    HeadPosition,
    Location,
    PhoneBattery,
    PhoneNotification,
    PhoneNotificationDismissed,
    PhotoTaken,
    StreamData,
    TouchEvent,
)
from mentra.protocol.subscriptions import (
    ANY_SOURCE,
    DEFAULT_LANGUAGE,
    parse_stream,
    transcription_stream,
    translation_stream,
)
from mentra_cli.dev.control_messages import VERSION, AppRequest, UserRequest


class Event(UserRequest, frozen=True, kw_only=True):
    """A request to let an event of a stream happen."""

    @property
    def stream(self) -> str:
        """The event's own name, such as ``touch_event:double_tap``."""
        return self.data.stream

    @property
    def data(self) -> StreamData:
        """What the event carries."""
        raise NotImplementedError


class Say(UserRequest, frozen=True, kw_only=True):
    """Speak to the app."""

    path = "/say"

    text: str
    language: str = DEFAULT_LANGUAGE
    interim: bool = False
    """Whether the speaker goes on: the text is the utterance so far."""
    word_by_word: bool = False
    """Whether there is an interim result after each word first."""
    to: str = ""
    """A language into which it is translated, too."""
    translation: str = ""
    """What it is in that language; the text itself if empty."""

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams by which apps hear it.

        Raises:
            ValueError: There is no such language.
        """
        spoken = transcription_stream(self.language)
        if not self.to:
            return (spoken,)
        return (translation_stream(self.language, self.to), translation_stream(ANY_SOURCE, self.to), spoken)


class Press(Event, frozen=True, kw_only=True):
    """Press a button."""

    path = "/press"

    button: str = "main"
    long: bool = False

    @property
    def data(self) -> StreamData:
        """The event."""
        return ButtonPress(button_id=self.button, press_type="long" if self.long else "short")


class Touch(Event, frozen=True, kw_only=True):
    """Make a gesture on the touch area."""

    path = "/touch"

    gesture: Annotated[str, msgspec.Meta(min_length=1)]

    @property
    def stream(self) -> str:
        """The stream of this gesture."""
        return f"{TouchEvent.stream}:{self.gesture}"

    @property
    def data(self) -> StreamData:
        """The event."""
        return TouchEvent(gesture_name=self.gesture)


class Look(Event, frozen=True, kw_only=True):
    """Look up, or down again."""

    path = "/look"

    direction: Literal["up", "down"]

    @property
    def data(self) -> StreamData:
        """The event."""
        return HeadPosition(position=self.direction)


class Notify(Event, frozen=True, kw_only=True):
    """Let a notification arrive on the phone."""

    path = "/notify"

    title: str
    content: str
    app: str = "Messages"
    priority: Literal["low", "normal", "high"] = "normal"
    id: str = "1"

    @property
    def data(self) -> StreamData:
        """The event."""
        return PhoneNotification(
            notification_id=self.id, app=self.app, title=self.title, content=self.content, priority=self.priority
        )


class Dismiss(Event, frozen=True, kw_only=True):
    """Remove a notification from the phone."""

    path = "/dismiss"

    id: str = "1"

    @property
    def data(self) -> StreamData:
        """The event."""
        return PhoneNotificationDismissed(notification_id=self.id)


class Move(Event, frozen=True, kw_only=True):
    """Be somewhere else. Degrees, WGS 84."""

    path = "/move"

    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lng: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    accuracy_m: float | None = None

    @property
    def data(self) -> StreamData:
        """The event."""
        return Location(lat=self.lat, lng=self.lng, accuracy_m=self.accuracy_m)


class Battery(Event, frozen=True, kw_only=True):
    """Have the battery of the glasses, or of the phone, at a level."""

    path = "/battery"

    level: Annotated[float, msgspec.Meta(ge=0, le=100)]
    """0 to 100 percent."""
    charging: bool = False
    phone: bool = False

    @property
    def data(self) -> StreamData:
        """The event."""
        kind = PhoneBattery if self.phone else GlassesBattery
        return kind(level=self.level, charging=self.charging)


class Calendar(Event, frozen=True, kw_only=True):
    """Have an entry in the phone's calendar."""

    path = "/calendar"

    title: str
    start: Annotated[datetime, msgspec.Meta(tz=True)]
    end: Annotated[datetime, msgspec.Meta(tz=True)]
    id: str = "1"

    @property
    def data(self) -> StreamData:
        """The event."""
        return CalendarEvent(
            event_id=self.id,
            title=self.title,
            dt_start=iso_timestamp(self.start),
            dt_end=iso_timestamp(self.end),
            timezone="UTC",
            time_stamp=iso_timestamp(utc_now()),
        )


class TakePhoto(Event, frozen=True, kw_only=True):
    """Take a photo by the button of the glasses. It is also what apps get that ask for one later."""

    path = "/photo"

    photo: str
    """Base64."""
    mime_type: str
    filename: str | None = None

    @property
    def data(self) -> StreamData:
        """The event."""
        return PhotoTaken(photo_data=self.photo, mime_type=self.mime_type, filename=self.filename)


class Send(UserRequest, frozen=True, kw_only=True):
    """Let any event of any stream happen."""

    path = "/send"

    stream: str
    data: dict[str, Any]
    """As on the wire. ``type`` and ``timestamp`` are filled in, and a gesture that the stream names."""

    @property
    def complete(self) -> dict[str, Any]:
        """The data, with a gesture that the stream names."""
        base, detail, _ = parse_stream(self.stream)
        named = base == TouchEvent.stream and detail
        return {**(msgspec.to_builtins(TouchEvent(gesture_name=detail)) if named else {}), **self.data}


class Sound(UserRequest, frozen=True, kw_only=True):
    """Let the microphone hear something."""

    path = "/sound"

    pcm: bytes
    """16-bit little-endian mono PCM, 16 000 samples a second; in JSON base64."""
    real_time: bool = False
    """Whether it takes as long as the sound."""

    @property
    def stream(self) -> str:
        """The stream of sound."""
        return AudioChunk.stream


class ChangeSettings(AppRequest, frozen=True, kw_only=True):
    """Change settings of the app, or of MentraOS itself."""

    path = "/settings"

    values: dict[str, Any]
    mentraos: bool = False


class CallTool(AppRequest, frozen=True, kw_only=True):
    """Have the Mentra AI call a tool of the app."""

    path = "/tool"

    name: str
    parameters: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class Wear(UserRequest, frozen=True, kw_only=True):
    """Put on glasses, or take them off."""

    path = "/wear"

    model: str = ""
    """Of which model; empty for the same as before."""
    off: bool = False
    ssid: str | None = None
    """The Wi-Fi network that they are in; ``None`` says nothing of it."""


class Drop(AppRequest, frozen=True, kw_only=True):
    """Break the app's connection, as a bad network does."""

    path = "/drop"


class Start(AppRequest, frozen=True, kw_only=True):
    """Start an app, unless it runs; without a name all that shall run."""

    path = "/start"

    glasses: str = ""
    """The model to put on first; empty for the glasses that the user has."""


class Leave(UserRequest, frozen=True, kw_only=True):
    """Be gone, as a phone that was away for a minute."""

    path = "/leave"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the glasses show after something happened to them."""

    version: int = VERSION
    display: str
    """The text of the main view; empty when it is clear."""
    heard: bool = True
    """Whether the app listens to what happened."""
    problem: str | msgspec.UnsetType = msgspec.UNSET
    """Why it was not heard; absent when it was."""
    fix: str | msgspec.UnsetType = msgspec.UNSET
    warning: str | msgspec.UnsetType = msgspec.UNSET
    """What the glasses have no part for; absent when they can do it."""
    dashboard: str | msgspec.UnsetType = msgspec.UNSET
    """What is seen instead of the display, by who looks up at it; absent after everything else."""


class ToolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool answered."""

    version: int = VERSION
    answer: Any
    """The app's JSON, or its text when it is none."""
    failed: bool
    """Whether it is the cloud's report of a failure instead."""
    display: str

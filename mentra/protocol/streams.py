"""What an app can subscribe to: one Struct per stream, with its name and the permission it needs.

The rules of this file:

* ``stream`` is the name on the wire, in a subscription as in ``data_stream.streamType``.
* ``permission`` is what the app must have declared in the developer console. Without it the cloud drops the
  stream from the list and tells nobody.
* A handler receives exactly these Structs. A stream without a Struct here is delivered as plain JSON.
* Values that the cloud takes from the phone are text, not enums: an unknown gesture is still a gesture.

Source: @mentra/sdk 2.1.29 dist/types/messages/glasses-to-cloud.d.ts and dist/types/streams.d.ts;
docs/protocol.md, Streams.
"""

import difflib
from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from mentra.protocol.base import Number, Timestamp, Wire
from mentra.protocol.permissions import Permission


class PayloadType(Wire, frozen=True, kw_only=True):
    """What every payload says of itself besides. Not read by us: the stream's name is in the envelope."""

    type: str
    """The stream without language or gesture; ``LOCAL_TRANSCRIPTION`` for speech that the phone recognised."""


class StreamData(Wire, frozen=True, kw_only=True):
    """What one event of a stream carries."""

    stream: ClassVar[str]
    permission: ClassVar[Permission | None] = None

    timestamp: Timestamp | None = None
    """As sent. ``time`` has it as a datetime."""

    @property
    def time(self) -> datetime | None:
        """When it happened, aware, in UTC; ``None`` when the cloud did not say or wrote nonsense."""
        return _datetime(self.timestamp)


class ButtonPress(StreamData, frozen=True, kw_only=True):
    """A button on the glasses was pressed."""

    stream = "button_press"

    button_id: str
    press_type: str
    """``"short"`` or ``"long"``."""


class HeadPosition(StreamData, frozen=True, kw_only=True):
    """The wearer looked up or down again."""

    stream = "head_position"

    position: str
    """``"up"`` or ``"down"``."""


class TouchEvent(StreamData, frozen=True, kw_only=True, rename="lower"):
    """A gesture on the touch area. Subscribe to ``touch_event`` or to one, ``touch_event:double_tap``."""

    stream = "touch_event"

    gesture_name: str
    """One of ``GESTURES``, so far."""
    device_model: str | None = None


GESTURES = (
    "single_tap",
    "double_tap",
    "triple_tap",
    "long_press",
    "forward_swipe",
    "backward_swipe",
    "up_swipe",
    "down_swipe",
)
"""What the touch area of glasses is known to tell apart."""


class _Battery(StreamData, frozen=True, kw_only=True):
    level: Number
    """0 to 100 percent."""
    charging: bool
    time_remaining_min: Number | None = msgspec.field(name="timeRemaining", default=None)


class GlassesBattery(_Battery, frozen=True, kw_only=True):
    """The battery of the glasses."""

    stream = "glasses_battery_update"


class PhoneBattery(_Battery, frozen=True, kw_only=True):
    """The battery of the phone."""

    stream = "phone_battery_update"


class WifiState(Wire, frozen=True, kw_only=True):
    """The Wi-Fi connection of the glasses."""

    connected: bool
    ssid: str | None = None


class GlassesConnection(StreamData, frozen=True, kw_only=True):
    """The glasses connected to the phone, or went away."""

    stream = "glasses_connection_state"

    model_name: str | None = None
    status: str
    """``"CONNECTED"`` or ``"DISCONNECTED"``; other values have been seen."""
    wifi: WifiState | None = None


class Location(StreamData, frozen=True, kw_only=True):
    """Where the phone is. Degrees, WGS 84."""

    stream = "location_update"
    permission = Permission.LOCATION

    lat: Number
    lng: Number
    accuracy_m: Number | None = msgspec.field(name="accuracy", default=None)
    """Radius."""
    correlation_id: str | None = None


class VpsCoordinates(StreamData, frozen=True, kw_only=True):
    """A position and rotation from the visual positioning service."""

    stream = "vps_coordinates"

    device_model: str | None = None
    request_id: str | None = None
    x: Number
    y: Number
    z: Number
    qx: Number
    qy: Number
    qz: Number
    qw: Number
    confidence: Number


class _Speech(StreamData, frozen=True, kw_only=True):
    permission = Permission.MICROPHONE

    text: str
    is_final: bool
    language: str | None = msgspec.field(name="transcribeLanguage", default=None)
    """The language that was listened for, such as ``"en-US"``."""
    speaker_id: str | Number | None = None
    confidence: Number | None = None
    """0 to 1; on interim results only."""
    start_ms: Number | None = msgspec.field(name="startTime", default=None)
    """Since the start of the speech stream, or since 1970."""
    end_ms: Number | None = msgspec.field(name="endTime", default=None)
    duration_ms: Number | None = msgspec.field(name="duration", default=None)
    provider: str | None = None


class Transcription(_Speech, frozen=True, kw_only=True):
    """Speech as text. Interim results repeat the whole utterance so far; the last one has ``is_final``."""

    stream = "transcription"

    detected_language: str | None = None
    utterance_id: str | None = None
    """The same for the interim results and the final one; absent on the cloud of December 2025."""


class Translation(_Speech, frozen=True, kw_only=True):
    """Speech as text in another language; in the original one when ``did_translate`` is false."""

    stream = "translation"

    original_text: str | None = None
    target_language: str | None = msgspec.field(name="translateLanguage", default=None)
    did_translate: bool | None = None


class VoiceActivity(StreamData, frozen=True, kw_only=True):
    """Somebody began or stopped speaking."""

    stream = "VAD"
    permission = Permission.MICROPHONE

    status: bool | str
    """As sent: a boolean, or the text ``"true"`` or ``"false"``."""

    @property
    def is_speaking(self) -> bool:
        """Whether somebody speaks now."""
        return self.status is True or self.status == "true"


class PhoneNotification(StreamData, frozen=True, kw_only=True):
    """A notification arrived on the phone."""

    stream = "phone_notification"
    permission = Permission.READ_NOTIFICATIONS

    notification_id: str
    app: str
    title: str
    content: str
    priority: str | None = None
    """``"low"``, ``"normal"`` or ``"high"``."""
    package_name: str | None = None
    """The phone app's own package, such as ``com.whatsapp``."""


class PhoneNotificationDismissed(StreamData, frozen=True, kw_only=True):
    """A notification was removed from the phone."""

    stream = "phone_notification_dismissed"
    permission = Permission.READ_NOTIFICATIONS

    notification_id: str
    notification_key: str | None = None
    package_name: str | None = None
    app: str | None = None
    title: str | None = None
    content: str | None = None


class CalendarEvent(StreamData, frozen=True, kw_only=True):
    """An entry of the phone's calendar."""

    stream = "calendar_event"
    permission = Permission.CALENDAR

    event_id: str
    title: str
    dt_start: str
    """ISO 8601."""
    dt_end: str
    timezone: str | None = None
    all_day: bool | None = None
    time_stamp: str | None = None
    """ISO 8601; the cloud's own spelling."""


class PhotoTaken(StreamData, frozen=True, kw_only=True):
    """A photo was taken with the glasses, by anybody."""

    stream = "photo_taken"
    permission = Permission.CAMERA

    photo_data: str
    """Base64."""
    mime_type: str
    filename: str | None = None


class AudioChunk(msgspec.Struct, frozen=True, kw_only=True):
    """Sound from the microphone. The one stream that comes as binary frames, without an envelope."""

    stream: ClassVar[str] = "audio_chunk"
    permission: ClassVar[Permission | None] = Permission.MICROPHONE
    sample_rate: ClassVar[int] = 16_000
    """Samples a second."""

    data: bytes
    """16-bit little-endian mono PCM, any even number of bytes."""


LOCAL_TRANSCRIPTION = "local_transcription"
"""The ``type`` inside an event of speech that the phone recognised, and on some clouds its stream."""

STREAMS: dict[str, type[StreamData]] = {
    kind.stream: kind
    for kind in (
        ButtonPress,
        HeadPosition,
        TouchEvent,
        GlassesBattery,
        PhoneBattery,
        GlassesConnection,
        Location,
        VpsCoordinates,
        Transcription,
        Translation,
        VoiceActivity,
        PhoneNotification,
        PhoneNotificationDismissed,
        CalendarEvent,
        PhotoTaken,
    )
}
"""Every stream whose payload is known, by its name without language or gesture."""

# Streams that need a permission but have no payload Struct, or deliver something else than a data_stream.
_OTHER_PERMISSIONS = {
    AudioChunk.stream: AudioChunk.permission,
    "photo_response": Permission.CAMERA,
    "rtmp_stream_status": Permission.CAMERA,
    "managed_stream_status": Permission.CAMERA,
}


_WITHOUT_STRUCT = (
    *_OTHER_PERMISSIONS,
    "local_transcription",
    "location_stream",
    "custom_message",
    "rgb_led_control_response",
    "stream_status",
    "core_status_update",
    "open_dashboard",
    "start_app",
    "stop_app",
)


def misspelt_stream(name: str) -> str | None:
    """Return the stream that a name was probably meant to be; ``None`` when it is one, or like none that is known."""
    base = name.partition(":")[0]
    known = (*STREAMS, *_WITHOUT_STRUCT)
    return None if base in known else next(iter(difflib.get_close_matches(base, known, n=1, cutoff=0.8)), None)


def permission_for(stream: str) -> Permission | None:
    """Return the permission that a subscription to this stream needs; ``None`` for most of the hardware.

    Args:
        stream: A subscription, with or without language or gesture: ``"transcription:en-US"``.
    """
    base = stream.partition(":")[0]
    kind = STREAMS.get(base)
    return kind.permission if kind else _OTHER_PERMISSIONS.get(base)


def _datetime(timestamp: Timestamp | None) -> datetime | None:
    try:
        if isinstance(timestamp, str):
            moment = datetime.fromisoformat(timestamp)
            # Text without a zone is UTC too: the clock of this machine has nothing to do with it.
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return None if timestamp is None else datetime.fromtimestamp(timestamp / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None

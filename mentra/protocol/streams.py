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

import base64
import binascii
import difflib
import importlib
import sys
from array import array
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import msgspec

from mentra.protocol.base import Number, Timestamp, Wire
from mentra.protocol.location import LOCATION_STREAM, distance_m
from mentra.protocol.permissions import Permission
from mentra.protocol.remembered import Remembered
from mentra.wrong_names import unknown_name


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

    _moved = MappingProxyType(
        {
            "button": "button_id",
            "buttonName": "button_id",
            "action": "press_type",
            "press": "press_type",
            "long": 'press_type == "long"',
        }
    )

    button_id: str
    press_type: str
    """``"short"`` or ``"long"``."""


PRESSES = ("short", "long")
"""What the buttons of glasses are known to tell apart."""


class HeadPosition(StreamData, frozen=True, kw_only=True):
    """The wearer looked up or down again."""

    stream = "head_position"

    position: str
    """``"up"`` or ``"down"``."""


POSITIONS = ("up", "down")
"""Where a wearer is known to look."""


class TouchEvent(StreamData, frozen=True, kw_only=True, rename="lower"):
    """A gesture on the touch area. Subscribe to ``touch_event`` or to one, ``touch_event:double_tap``."""

    stream = "touch_event"

    _moved = MappingProxyType({"gesture": "gesture_name", "gestureType": "gesture_name", "model": "device_model"})

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
    _moved = MappingProxyType(
        {
            "percentage": "level",
            "percent": "level",
            "battery_level": "level",
            "batteryLevel": "level",
            "isCharging": "charging",
            "is_charging": "charging",
            "timeRemaining": "time_remaining_min",
            "time_remaining": "time_remaining_min",
        }
    )

    level: Number
    """0 to 100 percent."""
    charging: bool
    time_remaining_min: Number | None = msgspec.field(name="timeRemaining", default=None)


class GlassesBattery(_Battery, frozen=True, kw_only=True):
    """The battery of the glasses."""

    stream = "glasses_battery_update"


class PhoneBattery(_Battery, frozen=True, kw_only=True):
    """The battery of the phone. No phone app of today is known to send it (docs/protocol.md, Streams)."""

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


GLASSES_CONNECTED = "CONNECTED"
GLASSES_DISCONNECTED = "DISCONNECTED"


class Location(StreamData, frozen=True, kw_only=True):
    """Where the phone is. Degrees, WGS 84."""

    stream = "location_update"
    permission = Permission.LOCATION
    _moved = MappingProxyType(
        {
            "latitude": "lat",
            "longitude": "lng",
            "lon": "lng",
            "long": "lng",
            "accuracy": "accuracy_m",
            "coords": "lat and lng",
        }
    )

    lat: Number
    lng: Number
    accuracy_m: Number | None = msgspec.field(name="accuracy", default=None)
    """Radius."""
    correlation_id: str | None = None
    """Of the poll that it answers; absent otherwise."""

    def distance_m_to(self, other: "Location") -> float:
        """Return how far away another place is, in metres along the surface: within 0.6 percent."""
        return distance_m(self.lat, self.lng, other.lat, other.lng)


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


# Without the garbage collector, for which there is nothing in it: 0.05 us less for each message.
class _Speech(StreamData, frozen=True, kw_only=True, gc=False):
    permission = Permission.MICROPHONE
    _moved = MappingProxyType(
        {
            "transcript": "text",
            "final": "is_final",
            "transcribeLanguage": "language",
            "transcribe_language": "language",
            "translateLanguage": "target_language",
            "translate_language": "target_language",
            "source_language": "language",
            "speaker": "speaker_id",
            "startTime": "start_ms",
            "start_time": "start_ms",
            "endTime": "end_ms",
            "end_time": "end_ms",
            "duration": "duration_ms",
        }
    )

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


class SpeechToken(Wire, frozen=True, kw_only=True):
    """A word, or a part of one, as the recogniser heard it."""

    text: str
    start_ms: Number | None = None
    """Since the start of the speech stream."""
    end_ms: Number | None = None
    confidence: Number | None = None
    """0 to 1."""
    is_final: bool | None = None
    """Whether it stays as it is."""
    speaker: str | Number | None = None


class Soniox(Wire, frozen=True, kw_only=True):
    """What one recogniser says besides."""

    tokens: list[SpeechToken] | None = None


class SpeechMetadata(Wire, frozen=True, kw_only=True):
    """What the recogniser says besides."""

    provider: str | None = None
    soniox: Soniox | None = None


class Transcription(_Speech, frozen=True, kw_only=True):
    """Speech as text. Interim results repeat the whole utterance so far; the last one has ``is_final``."""

    stream = "transcription"

    detected_language: str | None = None
    utterance_id: str | None = None
    """The same for the interim results and the final one; absent on the cloud of December 2025."""
    metadata: msgspec.Raw = msgspec.Raw()
    """What the recogniser said besides, as JSON that nobody has read yet; empty when there was nothing. See
    ``tokens``."""

    @property
    def tokens(self) -> tuple[SpeechToken, ...]:
        """The last words or parts of words, each with its time; at most ten. Empty when the recogniser gave none.

        The cloud of December 2025 has them in interim results only. Read from ``metadata`` each time one asks.
        """
        if not bytes(self.metadata):
            return ()
        # Here, as codec imports this module.
        from mentra.protocol.codec import decode_leniently

        metadata = decode_leniently(SpeechMetadata, self.metadata)
        soniox = metadata.soniox if isinstance(metadata, SpeechMetadata) else None
        return tuple(soniox.tokens or ()) if soniox else ()

    def __hash__(self) -> int:
        return hash((self.text, self.is_final, self.language, self.start_ms, self.utterance_id))

    def __repr__(self) -> str:
        read = (name for name in self.__struct_fields__ if name != "metadata")  # Which is not read, and has no repr.
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in read)})"


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
    _moved = MappingProxyType(
        {
            "isVoiceDetected": "is_speaking",
            "is_voice_detected": "is_speaking",
            "speaking": "is_speaking",
            "active": "is_speaking",
        }
    )

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
    """ISO 8601. ``start`` has it as a datetime."""
    dt_end: str
    """ISO 8601. ``end`` has it as a datetime."""
    timezone: str | None = None
    all_day: bool | None = None
    time_stamp: str | None = None
    """ISO 8601; the cloud's own spelling."""

    @property
    def start(self) -> datetime | None:
        """When it begins, aware, in UTC; ``None`` when the phone wrote nonsense."""
        return _datetime(self.dt_start)

    @property
    def end(self) -> datetime | None:
        """When it ends, aware, in UTC; ``None`` when the phone wrote nonsense."""
        return _datetime(self.dt_end)


class LedResponse(StreamData, frozen=True, kw_only=True):
    """The glasses did what an app asked of their light, or could not."""

    stream = "rgb_led_control_response"

    request_id: str
    success: bool
    error: str | None = None


class PhotoTaken(StreamData, frozen=True, kw_only=True):
    """A photo was taken with the glasses, by anybody."""

    stream = "photo_taken"
    permission = Permission.CAMERA

    photo_data: str
    """Base64. ``data`` has it as bytes."""
    mime_type: str
    filename: str | None = None

    @property
    def data(self) -> bytes:
        """The picture as the glasses made it; empty when it cannot be read. Read from ``photo_data`` each time."""
        try:
            return base64.b64decode(self.photo_data)
        except (binascii.Error, ValueError):
            return b""


if TYPE_CHECKING:
    Samples = array[int]
else:
    Samples = array  # Of integers; Python 3.11 cannot say so.


class AudioChunk(msgspec.Struct, frozen=True, kw_only=True):
    """Sound from the microphone. The one stream that comes as binary frames, without an envelope."""

    stream: ClassVar[str] = "audio_chunk"
    permission: ClassVar[Permission | None] = Permission.MICROPHONE
    sample_rate: ClassVar[int] = 16_000
    """Samples a second. Always this: the cloud sends no rate with the sound."""

    data: bytes
    """16-bit little-endian mono PCM, any even number of bytes."""

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return len(self.data) // SAMPLE_BYTES / self.sample_rate

    def samples(self) -> Samples:
        """Return the samples, -32768 to 32767, as a copy: ``array("h")`` in this machine's byte order."""
        values = array("h", self.data[: len(self.data) // SAMPLE_BYTES * SAMPLE_BYTES])
        if sys.byteorder == "big":
            values.byteswap()
        return values

    def numpy(self) -> Any:
        """Return the samples as a numpy array of ``int16``, of one dimension: a read-only view, not a copy.

        Raises:
            ModuleNotFoundError: numpy is not installed; this package does not bring it.
        """
        try:
            numpy = importlib.import_module("numpy")
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "AudioChunk.numpy() needs numpy: pip install numpy. Without it: chunk.samples().", name="numpy"
            ) from error
        return numpy.frombuffer(self.data, dtype="<i2", count=len(self.data) // SAMPLE_BYTES)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, _AUDIO_NAMES, moved=_AUDIO_MOVED)


SAMPLE_BYTES = 2
_AUDIO_NAMES = ("data", "samples", "numpy", "sample_rate", "duration_s")
_AUDIO_MOVED = {
    "arrayBuffer": "data",
    "array_buffer": "data",
    "buffer": "data",
    "float32": "samples(), which are 16-bit integers",
}


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
        LedResponse,
        PhotoTaken,
    )
}
"""Every stream whose payload is known, by its name without language or gesture."""

RTMP_STATUS = "rtmp_stream_status"
VIDEO_STATUS = "stream_status"
"""The same by its name of 3.0."""

# Streams that need a permission but have no payload Struct, or deliver something else than a data_stream.
_OTHER_PERMISSIONS = {
    AudioChunk.stream: AudioChunk.permission,
    "photo_response": Permission.CAMERA,
    RTMP_STATUS: Permission.CAMERA,
    "managed_stream_status": Permission.CAMERA,
}


_WITHOUT_STRUCT = (
    *_OTHER_PERMISSIONS,
    LOCAL_TRANSCRIPTION,
    LOCATION_STREAM,
    "custom_message",
    VIDEO_STATUS,
    "core_status_update",
    "open_dashboard",
    "start_app",
    "stop_app",
)


def misspelt_stream(name: str) -> str | None:
    """Return the stream that a name was probably meant to be; ``None`` when it is one, or like none that is known."""
    return _MEANT[name]


def _meant(name: str) -> str | None:
    base = name.partition(":")[0]
    if is_known(name):
        return None
    return next(iter(difflib.get_close_matches(base, (*STREAMS, *_WITHOUT_STRUCT), n=1, cutoff=0.8)), None)


_MEANT = Remembered(_meant, length=len)


def is_known(name: str) -> bool:
    """Return whether there is such a stream, as far as anybody knows."""
    base = name.partition(":")[0]
    return base in STREAMS or base in _WITHOUT_STRUCT


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

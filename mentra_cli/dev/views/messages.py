"""Messages of a session's socket in words: a title, and a line or a few of what is in it.

The rules:

* What is large or no text (images, photos) is named with its size.
* What lets somebody in (keys of streams, tokens of uploads) is not shown, nor where in an address it might be.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, cast

from mentra.bitmaps import bmp
from mentra.config import split_url
from mentra.localcloud.display.screen import layout_text
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import (
    AudioPlayRequest,
    AudioStopRequest,
    ConnectionInit,
    DashboardContentUpdate,
    DashboardModeChange,
    DashboardSystemUpdate,
    DisplayEvent,
    FieldOfViewRequest,
    LedControl,
    LocationPollRequest,
    LocationStream,
    ManagedStreamRequest,
    OwnershipRelease,
    PhotoRequest,
    RtmpStreamRequest,
    StreamStatusCheck,
    SubscriptionUpdate,
    WifiSetupRequest,
)
from mentra.protocol.audio import read_speech
from mentra.protocol.base import Number, Wire
from mentra.protocol.cloud_to_app import (
    AppStopped,
    AudioPlayReply,
    CapabilitiesUpdate,
    ConnectionAck,
    ConnectionRefusal,
    CustomMessage,
    DashboardModeChanged,
    DataStream,
    DeviceStateUpdate,
    ManagedStreamStatus,
    PermissionProblem,
    PhotoReply,
    RtmpStreamStatus,
    SettingsUpdate,
    StreamStatus,
    StreamStatusReply,
    SystemSettingsUpdate,
)
from mentra.protocol.layouts import BitmapAnimation, BitmapView, layout_problem, read_layout
from mentra.protocol.settings import setting_values
from mentra.protocol.streams import (
    GlassesConnection,
    Location,
    PhoneNotification,
    PhoneNotificationDismissed,
    PhotoTaken,
    Transcription,
    Translation,
    WifiState,
)

MAX_TEXT = 400
"""Characters of a message that are shown."""
MAX_VALUE = 1000
"""Characters of one value in a message that is shown whole; a longer one is no text for people."""


def is_failure(message: object) -> bool:
    """Return whether a message tells that something was refused or failed, or makes no sense."""
    match message:
        case PhotoReply() | AudioPlayReply():
            return not message.success
        case RtmpStreamStatus() | StreamStatus() | ManagedStreamStatus():
            return message.status == "error"
        case DisplayEvent():
            return bool(layout_problem(message.layout))
        case codec.Unknown(kind):
            # The cloud has errors that no Struct describes yet; they have it in their name.
            return kind.endswith("error")
        case _:
            return isinstance(message, ConnectionRefusal | PermissionProblem | codec.Malformed)


def message_title(message: Any) -> str:
    """Return what a message is."""
    match message:
        case DataStream():
            return message.stream_type
        case codec.Unknown(kind):
            return kind
        case codec.Malformed():
            return "malformed"
        case _:
            return tag_of(message)


def message_text(message: Any, raw: bytes) -> str:
    """Return what is in a message; empty when its title says it all."""
    match message:
        case codec.Unknown():
            return short(raw)
        case codec.Malformed(problem):
            return joined(problem, short(raw))
        case DataStream():
            return _event(message)
        case DisplayEvent():
            return _display(message, raw)
        case _:
            return _from_app(message) or _from_cloud(message)


def whole(raw: bytes) -> str:
    """Return JSON for people to read, whole and indented; of values that nobody reads, the size."""
    value = codec.decode_as(object, raw)
    return codec.indented(raw if isinstance(value, codec.Malformed) else codec.encode(_without_long(value)))


def short(raw: bytes) -> str:
    """Return the beginning of a message."""
    text = raw.decode(errors="replace").strip()
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} ... ({len(text)} characters)"


def joined(*parts: str) -> str:
    """Return those lines that there are."""
    return "\n".join(part for part in parts if part)


def tag_of(message: Wire) -> str:
    """Return the type of a message, as on the wire."""
    return str(message.__struct_config__.tag)


def _from_app(message: Any) -> str:
    match message:
        case SubscriptionUpdate():
            return ", ".join(_stream(item) for item in message.subscriptions) or "(nothing)"
        case ConnectionInit():
            return f"{message.package_name} signs in"
        case OwnershipRelease():
            return message.reason
        case DashboardContentUpdate():
            modes = [f"[{', '.join(message.modes)}]"] if message.modes != ["main"] else []
            text = message.content if isinstance(message.content, str) else layout_text(read_layout(message.content))
            return " ".join([text, *modes])
        case DashboardModeChange():
            return message.mode
        case DashboardSystemUpdate():
            return f"{message.section}: {message.content}"
        case PhotoRequest():
            to = f", posted to {host_of(message.custom_webhook_url)}" if message.custom_webhook_url else ""
            return f"{message.size}, compression {message.compress}{to}"
        case AudioPlayRequest():
            return _sound(message)
        case AudioStopRequest():
            return "everything" if message.track_id is None else f"track {message.track_id}"
        case LedControl():
            return _light(message)
        case RtmpStreamRequest():
            return f"to {host_of(message.rtmp_url)}"
        case ManagedStreamRequest():
            to = ", ".join(host_of(each.url) for each in message.restream_destinations or [])
            return ", ".join(part for part in (message.quality or "of any quality", to and f"also to {to}") if part)
        case StreamStatusCheck():
            return "is there a video?"
        case FieldOfViewRequest():
            return f"{message.fov} degrees, {message.roi_position}"
        case LocationPollRequest():
            return message.accuracy
        case WifiSetupRequest():
            return message.reason or ""
        case _:
            return ""


def _from_cloud(message: Any) -> str:
    match message:
        case ConnectionAck():
            model = message.capabilities.model_name if message.capabilities else "unknown glasses"
            return joined(model, _pairs(setting_values(message.settings or [])))
        case ConnectionRefusal():
            return f"{message.code}: {message.message}" if message.code else message.message
        case SettingsUpdate():
            return _pairs(setting_values(message.settings))
        case SystemSettingsUpdate():
            return _pairs(message.settings)
        case CapabilitiesUpdate():
            return message.model_name or "unknown glasses"
        case DeviceStateUpdate():
            return _pairs({name: value for name, value in message.state.items() if value not in ("", None)})
        case DashboardModeChanged():
            return message.mode
        case CustomMessage():
            return f"{message.action} {codec.encode(message.payload).decode()[:MAX_TEXT]}"
        case AppStopped():
            return message.reason or ""
        case PermissionProblem():
            refused = [f"{each.stream} needs {each.required_permission}" for each in message.details]
            return joined(message.message, *refused)
        case PhotoReply(success=True):
            return f"passed on; the photo goes to {host_of(message.photo_url)}" if message.photo_url else ""
        case PhotoReply():
            return _reason(message.failure.code, message.failure.message)
        case AudioPlayReply():
            if not message.success:
                return message.error or "failed, without a reason"
            return f"over after {_seconds(message.duration_ms)}" if message.duration_ms else "over"
        case RtmpStreamStatus() | StreamStatus():
            return _reason(message.status, message.error_details)
        case ManagedStreamStatus():
            return joined(_reason(message.status, message.message), message.hls_url or "")
        case StreamStatusReply():
            return message.stream_info.status if message.stream_info else "no video"
        case _:
            return ""


def _stream(item: str | LocationStream) -> str:
    return item if isinstance(item, str) else f"{item.stream} at {item.rate}"


def _event(message: DataStream) -> str:
    match codec.decode_stream(message.stream_type, message.data):
        case Transcription() as speech:
            return speech.text if speech.is_final else f"{speech.text} ..."
        case Translation() as speech:
            said = speech.text if speech.is_final else f"{speech.text} ..."
            return joined(said, f"({speech.original_text})" if speech.original_text else "")
        case PhotoTaken() as photo:
            size = len(photo.photo_data) * 3 // 4 - photo.photo_data[-2:].count("=")
            return ", ".join(part for part in (photo.filename, photo.mime_type, f"{size:,} bytes") if part)
        case PhoneNotification() as note:
            return _one_line(f"{note.app}: {note.title}: {note.content}")
        case PhoneNotificationDismissed() as note:
            return _one_line(note.title or f"notification {note.notification_id}")
        case Location() as place:
            exactness = "" if place.accuracy_m is None else f", within {place.accuracy_m:g} m"
            return f"{place.lat}, {place.lng}{exactness}{', as asked' if place.correlation_id else ''}"
        case GlassesConnection() as state:
            return ", ".join(part for part in (state.model_name, state.status, _wifi(state.wifi)) if part)
        case _:
            return short(bytes(message.data))


def _wifi(wifi: WifiState | None) -> str:
    if wifi is None:
        return ""
    return f"Wi-Fi {wifi.ssid or ''}".rstrip() if wifi.connected else "no Wi-Fi"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else f"{line[:MAX_TEXT]} ..."


def _display(message: DisplayEvent, raw: bytes) -> str:
    match read_layout(message.layout):
        case None:
            return joined(f"The glasses cannot show this layout: {layout_problem(message.layout)}", short(raw))
        case BitmapView(data=data):
            return f"image of {_image_size(data)}"
        case BitmapAnimation(frames=frames, interval_ms=interval_ms) if frames:
            return f"{len(frames)} images of {_image_size(frames[0])}, one each {_seconds(interval_ms)}"
        case layout:
            return layout_text(layout) or "(empty)"


def _image_size(data: str) -> str:
    size_bytes = f"{len(data) * 3 // 4:,} bytes"
    try:
        header = bmp.read_header(base64.b64decode(data[:_HEADER_CHARACTERS]))
    except (ValueError, binascii.Error):
        return size_bytes
    return f"{header.width} x {header.height}, {size_bytes}"


def _sound(message: AudioPlayRequest) -> str:
    speech = read_speech(message.audio_url)
    what = f'says "{speech.text}"' if speech and speech.text else f"plays {_without_query(message.audio_url)}"
    volume = "" if message.volume == 1 else f", volume {message.volume:g}"
    return f"{what}{volume}"


def _light(message: LedControl) -> str:
    if message.action != "on":
        return message.action
    times = "" if message.count in (None, 1) else f"{message.count} times "
    return f"{message.color or 'on'}, {times}{_seconds(message.on_ms or 0)}"


def _seconds(milliseconds: Number) -> str:
    return f"{milliseconds / 1000:g} s"


def _reason(code: str | None, message: str | None) -> str:
    return ": ".join(part for part in (code, message) if part) or "no reason given"


def host_of(url: str | None) -> str:
    """Return what of an address lets nobody in: its scheme and host."""
    parts = split_url(url or "")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts else "an address that is none"


def _without_query(url: str) -> str:
    parts = split_url(url)
    return f"{host_of(url)}{parts.path if parts else ''}"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value!r}" for key, value in values.items())


def _without_long(value: Any) -> Any:
    match value:
        case str() if len(value) > MAX_VALUE and " " not in value[:MAX_VALUE]:
            return f"({len(value):,} characters)"
        case dict():
            return {name: _without_long(each) for name, each in cast(dict[str, Any], value).items()}
        case list():
            return [_without_long(each) for each in cast(Iterable[Any], value)]
        case _:
            return value


_HEADER_CHARACTERS = 160
"""Of the base64 of a BMP: enough for its header."""

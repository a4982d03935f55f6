"""Requests of apps as the cloud reads them: what is missing has a value, where our Structs insist on all of it.

The cloud looks at few fields, and passes the rest on to the phone. So an app that leaves out what the official SDK
always sends gets its photo all the same, and one that leaves out the address of a video is refused. Nothing here is
ever written.

Source: MentraOS cloud/packages/cloud/src/services/websocket/websocket-app.service.ts, services/session/PhotoManager.ts
(Dec 2025), services/session/handlers/app-message-handler.ts (2026); docs/protocol.md, App to cloud.
"""

from typing import Any

import msgspec

from mentra.protocol import codec
from mentra.protocol.app_to_cloud import (
    AudioPlayRequest,
    AudioStreamStart,
    FieldOfViewRequest,
    LedControl,
    LocationPollRequest,
    PhotoRequest,
    RtmpStreamRequest,
    RtmpStreamStop,
)
from mentra.protocol.base import Message, Number

LooseRequest = (
    PhotoRequest
    | LedControl
    | AudioPlayRequest
    | AudioStreamStart
    | RtmpStreamRequest
    | RtmpStreamStop
    | FieldOfViewRequest
    | LocationPollRequest
)


def read_request(text: str | bytes, *, generation: int) -> LooseRequest | None:
    """Return a request that our Structs do not allow, or do not know; ``None`` for what the cloud cannot use either."""
    request = codec.decode_as(_REQUESTS[generation], text)
    if isinstance(request, codec.Malformed):
        return None
    fields = msgspec.structs.asdict(request)
    meant: type[Any] = _MEANT[type(request)]
    if meant is RtmpStreamRequest and "stream_url" in fields:
        stream_url = fields.pop("stream_url")
        fields["rtmp_url"] = stream_url or fields["rtmp_url"]
    message: LooseRequest = meant(**fields)
    return message


class _Photo(PhotoRequest, frozen=True, kw_only=True, tag="photo_request"):
    request_id: str = ""
    save_to_gallery: bool = False
    size: str = "medium"
    compress: str = "none"


class _Light(LedControl, frozen=True, kw_only=True, tag="rgb_led_control"):
    request_id: str = ""
    action: str = ""


class _Sound(AudioPlayRequest, frozen=True, kw_only=True, tag="audio_play_request"):
    request_id: str = ""
    audio_url: str = ""
    volume: Number = 1.0
    stop_other_audio: bool = True
    track_id: int = 0


class _Video(RtmpStreamRequest, frozen=True, kw_only=True, tag="rtmp_stream_request"):
    rtmp_url: str = ""


class _Poll(LocationPollRequest, frozen=True, kw_only=True, tag="location_poll_request"):
    correlation_id: str = ""
    accuracy: str = ""


class _Relay(AudioStreamStart, frozen=True, kw_only=True, tag="audio_stream_start"):
    content_type: str = "audio/mpeg"


class _FieldOfView(FieldOfViewRequest, frozen=True, kw_only=True, tag="camera_fov_set"):
    request_id: str = ""
    fov: Number = 0  # type: ignore[assignment]  # The cloud refuses a broken one instead of not reading it.
    roi_position: str = ""


class _AnyVideo(_Video, frozen=True, kw_only=True, tag="rtmp_stream_request"):
    """Also SRT and WHIP; both names of the address are known."""

    stream_url: str = ""


class _NewVideo(_AnyVideo, frozen=True, kw_only=True, tag="stream_request"):
    """The same under its name of 2026."""


class _NewVideoStop(Message, frozen=True, kw_only=True, tag="stream_stop"):
    package_name: str
    stream_id: str | None = None
    session_id: str | None = None
    timestamp: str | None = None


_MEANT: dict[type[Any], type[Any]] = {
    _Photo: PhotoRequest,
    _Light: LedControl,
    _Sound: AudioPlayRequest,
    _Video: RtmpStreamRequest,
    _Poll: LocationPollRequest,
    _Relay: AudioStreamStart,
    _FieldOfView: FieldOfViewRequest,
    _AnyVideo: RtmpStreamRequest,
    _NewVideo: RtmpStreamRequest,
    _NewVideoStop: RtmpStreamStop,
}
_REQUESTS: dict[int, Any] = {
    2: _Photo | _Light | _Sound | _Video | _Poll,
    3: _Photo | _Light | _Sound | _Poll | _Relay | _FieldOfView | _AnyVideo | _NewVideo | _NewVideoStop,
}

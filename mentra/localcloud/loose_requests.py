"""Requests of apps as the cloud reads them: what is missing has a value, where our Structs insist on all of it.

The cloud looks at few fields, and passes the rest on to the phone. So an app that leaves out what the official SDK
always sends gets its photo all the same, and one that leaves out the address of a video is refused. A class here has
the tag of the one it is made of, and is never written.

Source: MentraOS cloud/packages/cloud/src/services/websocket/websocket-app.service.ts, services/session/PhotoManager.ts
(Dec 2025), services/session/handlers/app-message-handler.ts (2026); docs/protocol.md, App to cloud.
"""

import math
from typing import Any

import msgspec

from mentra.localcloud.display.loose_layouts import is_something
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import (
    AudioPlayRequest,
    AudioStreamStart,
    DashboardContentUpdate,
    DisplayEvent,
    FieldOfViewRequest,
    LedControl,
    LocationPollRequest,
    PhotoRequest,
    RtmpStreamRequest,
    RtmpStreamStop,
)
from mentra.protocol.base import Message, Number, Timestamp

LooseRequest = (
    PhotoRequest
    | LedControl
    | AudioPlayRequest
    | AudioStreamStart
    | RtmpStreamRequest
    | RtmpStreamStop
    | FieldOfViewRequest
    | LocationPollRequest
    | DisplayEvent
    | DashboardContentUpdate
)


def read_request(text: str | bytes, *, generation: int) -> LooseRequest | None:
    """Return a request that our Structs do not allow, or do not know; ``None`` for what the cloud cannot use either."""
    request = codec.decode_as(_REQUESTS[generation], text)
    if isinstance(request, codec.Malformed):
        return None
    fields = msgspec.structs.asdict(request)
    if isinstance(request, _Display):
        return _display(request)
    if isinstance(request, _Content):
        return _content(request)
    meant: type[Any] = _MEANT[type(request)]
    if meant is RtmpStreamRequest and "stream_url" in fields:
        stream_url = fields.pop("stream_url")
        fields["rtmp_url"] = stream_url or fields["rtmp_url"]
    message: LooseRequest = meant(**fields)
    return message


class _Photo(PhotoRequest, frozen=True, kw_only=True):
    request_id: str = ""
    save_to_gallery: bool = False
    size: str = "medium"
    compress: str = "none"


class _Light(LedControl, frozen=True, kw_only=True):
    request_id: str = ""
    action: str = ""


class _Sound(AudioPlayRequest, frozen=True, kw_only=True):
    request_id: str = ""
    audio_url: str = ""
    volume: Number = 1.0
    stop_other_audio: bool = True
    track_id: int = 0


class _Video(RtmpStreamRequest, frozen=True, kw_only=True):
    rtmp_url: str = ""


class _Poll(LocationPollRequest, frozen=True, kw_only=True):
    correlation_id: str = ""
    accuracy: str = ""


class _Relay(AudioStreamStart, frozen=True, kw_only=True):
    content_type: str = "audio/mpeg"


class _FieldOfView(FieldOfViewRequest, frozen=True, kw_only=True):
    request_id: str = ""
    fov: Number = 0  # type: ignore[assignment]  # The cloud refuses a broken one instead of not reading it.
    roi_position: str = ""


class _AnyVideo(_Video, frozen=True, kw_only=True):
    """Also SRT and WHIP; both names of the address are known."""

    stream_url: str = ""


class _NewVideo(_AnyVideo, frozen=True, kw_only=True, tag="stream_request"):
    """The same under its name of 2026."""


class _NewVideoStop(Message, frozen=True, kw_only=True, tag="stream_stop"):
    package_name: str
    stream_id: str | None = None
    session_id: str | None = None
    timestamp: str | None = None


class _Display(DisplayEvent, frozen=True, kw_only=True):
    package_name: Any = None
    view: Any = None
    session_id: Any = None
    duration_ms: Any = None
    force_display: Any = None
    timestamp: Any = None


class _Content(DashboardContentUpdate, frozen=True, kw_only=True):
    package_name: Any = None
    content: Any = None
    modes: list[Any]
    session_id: Any = None
    timestamp: Timestamp | None  # type: ignore[assignment]  # The cloud reads null as a time of long ago.


NOBODY = "undefined"
"""Who wants to be seen and gives no name, as JavaScript writes it."""


def _display(wish: _Display) -> DisplayEvent:
    return DisplayEvent(
        package_name=_name(wish.package_name),
        view=wish.view if isinstance(wish.view, str) else None,
        layout=wish.layout,
        duration_ms=_duration(wish.duration_ms),
        force_display=is_something(wish.force_display),
    )


def _duration(value: Any) -> Number | None:
    if isinstance(value, int | float):
        return value if value is not False else None
    # JavaScript adds what is no number as text to the present moment, which then is no time.
    return math.nan if is_something(value) else None


def _content(update: _Content) -> DashboardContentUpdate:
    return DashboardContentUpdate(
        package_name=_name(update.package_name),
        content=update.content,
        modes=[mode for mode in update.modes if isinstance(mode, str)],
        timestamp=0 if update.timestamp is None else update.timestamp,
    )


def _name(value: Any) -> str:
    return value if isinstance(value, str) else NOBODY


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
_Wish = _Display | _Content
_REQUESTS: dict[int, Any] = {
    2: _Wish | _Photo | _Light | _Sound | _Video | _Poll,
    3: _Wish | _Photo | _Light | _Sound | _Poll | _Relay | _FieldOfView | _AnyVideo | _NewVideo | _NewVideoStop,
}

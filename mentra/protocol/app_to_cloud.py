"""Everything an app may say to the cloud over its socket.

The cloud finds the app by ``package_name``: a frame without it, or with another app's, is lost without a word.

Source: @mentra/sdk 2.1.29 dist/types/messages/app-to-cloud.d.ts; docs/protocol.md, App to cloud.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from mentra.protocol.base import Message, Number, Timestamp, Wire


class ConnectionInit(Message, frozen=True, kw_only=True, tag="tpa_connection_init"):
    """The first frame on every socket."""

    session_id: str | None = None
    """From the webhook, unchanged; left out in generation 3, where the upgrade says who the user is."""
    package_name: str
    api_key: str
    """In clear text."""
    sdk_version: str | None = None
    """From major 3 on the cloud of 2026 speaks as docs/protocol.md, Generation 3, says; left out otherwise."""
    timestamp: str | None = None

    def __repr__(self) -> str:
        return Message.__repr__(msgspec.structs.replace(self, api_key="..."))


class Reconnect(Message, frozen=True, kw_only=True, tag="reconnect"):
    """The first frame on every further socket of a 3.0 session: go on where the connection was lost."""

    session_id: str
    """As the cloud last acknowledged it."""
    sdk_version: str
    timestamp: str | None = None


class LocationStream(Wire, frozen=True, kw_only=True):
    """The one subscription that is an object."""

    stream: str
    rate: str
    """A tier of accuracy; see ``mentra.protocol.location``."""


class SubscriptionUpdate(Message, frozen=True, kw_only=True, tag="subscription_update"):
    """The complete list of what the app wants to receive; it replaces the one before."""

    package_name: str
    subscriptions: list[str | LocationStream]
    session_id: str | None = None
    timestamp: str | None = None


class DisplayEvent(Message, frozen=True, kw_only=True, tag="display_event"):
    """A wish to show something. The cloud decides when and whether; what is shown and where it does not look at."""

    package_name: str
    view: str | None = None
    layout: Any = None
    """A ``Layout`` when we write it; whatever JSON the app sent when we read it (see ``read_layout``)."""
    session_id: str | None = None
    duration_ms: Number | None = None
    force_display: bool | None = None
    timestamp: Timestamp | None = None


class OwnershipRelease(Message, frozen=True, kw_only=True, tag="ownership_release"):
    """This socket will be closed on purpose. Clouds before 2026 do not know it and ignore it."""

    package_name: str
    session_id: str
    reason: str
    """``"switching_clouds"``, ``"clean_shutdown"`` or ``"user_logout"``."""
    timestamp: str | None = None


class DashboardContentUpdate(Message, frozen=True, kw_only=True, tag="dashboard_content_update"):
    """Text for the app's line on the dashboard."""

    package_name: str
    content: Any
    """Text when we write it; others write a ``Layout`` as well, of which the cloud takes the text."""
    modes: list[str]
    session_id: str | None = None
    timestamp: Timestamp


class DashboardSection(StrEnum):
    """A corner of the dashboard."""

    TOP_LEFT = "topLeft"
    TOP_RIGHT = "topRight"
    BOTTOM_LEFT = "bottomLeft"
    BOTTOM_RIGHT = "bottomRight"


class DashboardModeChange(Message, frozen=True, kw_only=True, tag="dashboard_mode_change"):
    """Open or widen the dashboard. Obeyed when the system's dashboard says it."""

    package_name: str
    mode: str
    """``"main"`` or ``"expanded"``."""
    session_id: str | None = None
    timestamp: str | None = None


class DashboardSystemUpdate(Message, frozen=True, kw_only=True, tag="dashboard_system_update"):
    """Text for a corner of the dashboard. Obeyed when the system's dashboard says it."""

    package_name: str
    section: str
    """A ``DashboardSection``."""
    content: str
    session_id: str | None = None
    timestamp: str | None = None


class PhotoRequest(Message, frozen=True, kw_only=True, tag="photo_request"):
    """Take a photo. The bytes come by HTTP, a refusal by ``photo_response`` or by HTTP."""

    package_name: str
    request_id: str
    save_to_gallery: bool
    size: str
    """``"small"`` 640 x 480, ``"medium"`` 1280 x 720, ``"large"`` 1920 x 1080, ``"full"`` what the sensor has."""
    compress: str
    """``"none"``, ``"medium"`` or ``"heavy"``."""
    custom_webhook_url: str | None = None
    """Where the glasses upload, instead of the app's own server."""
    auth_token: str | None = None
    """Bearer token for that."""
    sound: bool | None = None
    """Shutter sound; clouds of 2026 only."""
    session_id: str | None = None
    timestamp: str | None = None

    def __repr__(self) -> str:
        token = "..." if self.auth_token else None
        return Message.__repr__(msgspec.structs.replace(self, auth_token=token))


class LedColor(StrEnum):
    """What the light of glasses can show."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"
    ORANGE = "orange"
    WHITE = "white"


class LedControl(Message, frozen=True, kw_only=True, tag="rgb_led_control"):
    """Light the coloured LED of the glasses, or put it out."""

    package_name: str
    request_id: str
    action: str
    """``"on"`` or ``"off"``; the rest belongs to ``"on"``."""
    color: str | None = None
    """A ``LedColor``."""
    on_ms: Number | None = msgspec.field(name="ontime", default=None)
    off_ms: Number | None = msgspec.field(name="offtime", default=None)
    count: int | None = None
    session_id: str | None = None
    timestamp: str | None = None


class AudioPlayRequest(Message, frozen=True, kw_only=True, tag="audio_play_request"):
    """Have the phone fetch and play a sound. Answered by ``audio_play_response`` when it is over."""

    package_name: str
    request_id: str
    audio_url: str
    """The phone must reach it."""
    volume: Number
    """0 silent to 1 full."""
    stop_other_audio: bool
    track_id: int
    """0 speaker, 1 app, 2 speech. Neither cloud passes it on."""
    session_id: str | None = None
    timestamp: str | None = None


class AudioStopRequest(Message, frozen=True, kw_only=True, tag="audio_stop_request"):
    """Stop what plays. Both clouds stop all sounds of the app, whatever the track."""

    package_name: str
    track_id: int | None = None
    session_id: str | None = None
    timestamp: str | None = None


class AudioStreamStart(Message, frozen=True, kw_only=True, tag="audio_stream_start"):
    """Open a relay for sound that the app sends in binary frames; clouds of 2026 only."""

    package_name: str
    stream_id: str
    """A UUID in lower case: the first 36 bytes of each binary frame."""
    content_type: str
    session_id: str | None = None
    timestamp: str | None = None


class AudioStreamEnd(Message, frozen=True, kw_only=True, tag="audio_stream_end"):
    """Nothing more comes on that relay."""

    package_name: str
    stream_id: str
    session_id: str | None = None
    timestamp: str | None = None


class _OptionsMeta(msgspec.StructMeta):
    """Answers a mistaken option with an error that names the right ones."""

    if not TYPE_CHECKING:  # A type checker would take this for the signature of the classes.

        def __call__(self, *arguments: Any, **options: Any) -> Any:
            for name in options:
                if name not in self.__struct_fields__:
                    hint = f"; {_OTHER_OPTIONS[name]}" if name in _OTHER_OPTIONS else ""
                    known = ", ".join(self.__struct_fields__)
                    raise TypeError(f"{self.__name__} has no option {name!r}{hint}. It takes: {known}.")
            return super().__call__(*arguments, **options)


_OTHER_OPTIONS = {
    "resolution": "write width and height",
    "framerate": "write frame_rate",
    "frameRate": "write frame_rate",
    "fps": "write frame_rate",
    "sampleRate": "write sample_rate",
    "echoCancellation": "write echo_cancellation",
    "noiseSuppression": "write noise_suppression",
}


class VideoOptions(Wire, frozen=True, kw_only=True, metaclass=_OptionsMeta):
    """How to film."""

    width: int | None = None
    """Pixels."""
    height: int | None = None
    bitrate: int | None = None
    """Bits a second."""
    frame_rate: Number | None = None


class SoundOptions(Wire, frozen=True, kw_only=True, metaclass=_OptionsMeta):
    """How to record the sound of a video."""

    bitrate: int | None = None
    """Bits a second."""
    sample_rate: int | None = None
    """Hertz."""
    echo_cancellation: bool | None = None
    noise_suppression: bool | None = None


class StreamLimits(Wire, frozen=True, kw_only=True):
    """When a video ends by itself."""

    duration_limit_s: Number | None = msgspec.field(name="durationLimit", default=None)


class RtmpStreamRequest(Message, frozen=True, kw_only=True, tag="rtmp_stream_request"):
    """Stream video to a server of the developer's choice. Answered by ``rtmp_stream_status``, more than once."""

    package_name: str
    rtmp_url: str
    video: VideoOptions | None = None
    audio: SoundOptions | None = None
    stream: StreamLimits | None = None
    session_id: str | None = None
    timestamp: str | None = None


class RtmpStreamStop(Message, frozen=True, kw_only=True, tag="rtmp_stream_stop"):
    """End that video."""

    package_name: str
    stream_id: str | None = None
    """From the last status; the cloud ignores an id that it does not know."""
    session_id: str | None = None
    timestamp: str | None = None


class RestreamDestination(Wire, frozen=True, kw_only=True):
    """Where the cloud sends a managed stream besides."""

    url: str
    """``rtmp://`` or ``rtmps://``."""
    name: str | None = None


class ManagedStreamRequest(Message, frozen=True, kw_only=True, tag="managed_stream_request"):
    """Stream video through the cloud, which gives URLs to watch it. Answered by ``managed_stream_status``."""

    package_name: str
    quality: str | None = None
    """``"720p"`` or ``"1080p"``."""
    enable_webrtc: bool | None = msgspec.field(name="enableWebRTC", default=None)
    video: VideoOptions | None = None
    audio: SoundOptions | None = None
    stream: StreamLimits | None = None
    restream_destinations: list[RestreamDestination] | None = None
    session_id: str | None = None
    timestamp: str | None = None


class ManagedStreamStop(Message, frozen=True, kw_only=True, tag="managed_stream_stop"):
    """End that video, as far as this app is concerned."""

    package_name: str
    session_id: str | None = None
    timestamp: str | None = None


class StreamStatusCheck(Message, frozen=True, kw_only=True, tag="stream_status_check"):
    """Ask whether the glasses stream video. Answered by ``stream_status_check_response``, which has no id."""

    package_name: str
    session_id: str | None = None
    timestamp: str | None = None


class FieldOfViewRequest(Message, frozen=True, kw_only=True, tag="camera_fov_set"):
    """Set how wide the camera looks; clouds of 2026 only. Anything but the values below ends the connection."""

    package_name: str
    request_id: str
    fov: int
    """Degrees: 82, 92, 102 or 118."""
    roi_position: str
    """``"center"``, ``"top"`` or ``"bottom"``."""
    session_id: str | None = None
    timestamp: str | None = None


class LocationPollRequest(Message, frozen=True, kw_only=True, tag="location_poll_request"):
    """Ask where the phone is, once. Answered by a ``location_update`` with the same id."""

    package_name: str
    correlation_id: str
    accuracy: str
    session_id: str | None = None
    timestamp: str | None = None


class WifiSetupRequest(Message, frozen=True, kw_only=True, tag="request_wifi_setup"):
    """Ask the user, on the phone, to connect the glasses to a Wi-Fi network. Never answered."""

    package_name: str
    reason: str | None = None
    session_id: str | None = None
    timestamp: str | None = None


class Ping(Message, frozen=True, kw_only=True, tag="ping"):
    """A sign of life, from 3.0 SDKs."""

    timestamp: str | None = None


AppMessage = (
    ConnectionInit
    | Reconnect
    | SubscriptionUpdate
    | DisplayEvent
    | OwnershipRelease
    | DashboardContentUpdate
    | DashboardModeChange
    | DashboardSystemUpdate
    | PhotoRequest
    | LedControl
    | AudioPlayRequest
    | AudioStopRequest
    | AudioStreamStart
    | AudioStreamEnd
    | RtmpStreamRequest
    | RtmpStreamStop
    | ManagedStreamRequest
    | ManagedStreamStop
    | StreamStatusCheck
    | FieldOfViewRequest
    | LocationPollRequest
    | WifiSetupRequest
    | Ping
)

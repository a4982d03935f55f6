"""Everything the cloud may say to an app over its socket.

Source: @mentra/sdk 2.1.29 dist/types/messages/cloud-to-app.d.ts; docs/protocol.md, Cloud to app.
"""

import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from mentra.protocol.base import Message, Number, Timestamp, Wire
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.settings import Setting


class _Ack(Message, frozen=True, kw_only=True):
    session_id: str | None = None
    settings: list[Setting] | None = None
    mentraos_settings: dict[str, Any] | None = msgspec.field(name="mentraosSettings", default=None)
    """The system's settings, on clouds of 2026."""
    augmentos_settings: dict[str, Any] | None = msgspec.field(name="augmentosSettings", default=None)
    """The system's settings, on clouds before 2026."""
    capabilities: Capabilities | msgspec.UnsetType | None = msgspec.UNSET
    """``None`` when the model of the glasses is unknown."""
    subscriptions: list[str] | None = None
    """What the app receives already, on clouds of 2026."""
    user_id: str | None = None
    """On clouds of 2026."""
    timestamp: Timestamp | None = None

    @property
    def system_settings(self) -> dict[str, Any]:
        """The system's settings under either name."""
        return self.mentraos_settings or self.augmentos_settings or {}

    @property
    def is_of_2026(self) -> bool:
        """Whether the cloud is one of 2026, as far as can be told: one of 2025 writes the other name."""
        return self.mentraos_settings is not None and self.augmentos_settings is None


class ConnectionAck(_Ack, frozen=True, kw_only=True, tag="tpa_connection_ack"):
    """The handshake succeeded."""


class ReconnectAck(_Ack, frozen=True, kw_only=True, tag="reconnect_ack"):
    """A 3.0 session goes on; the cloud has kept its subscriptions."""


class ReconnectRejected(Message, frozen=True, kw_only=True, tag="reconnect_rejected"):
    """A 3.0 session does not go on; a close with 1008 follows."""

    code: str
    """A ``RejectionCode`` of ``mentra.protocol.connection``; there may be others."""
    message: str
    timestamp: Timestamp | None = None


class ReconnectDeferred(Message, frozen=True, kw_only=True, tag="reconnect_deferred"):
    """A 3.0 session may go on later: an acknowledgement or a rejection follows on this socket."""

    code: str
    """``"BOOTING"`` or ``"AWAITING_APP_RESTORE"``."""
    message: str
    timeout_ms: Number
    timestamp: Timestamp | None = None


class ConnectionRefusal(Message, frozen=True, kw_only=True, tag="tpa_connection_error"):
    """The handshake failed, or, later, a request was refused; the socket closes with 1008 in either case."""

    code: str | None = None
    message: str
    timestamp: Timestamp | None = None


class DataStream(Message, frozen=True, kw_only=True, tag="data_stream"):
    """One event of a subscribed stream. The payload stays undecoded until somebody wants it."""

    stream_type: str
    data: msgspec.Raw
    session_id: str | None = None
    timestamp: Timestamp | None = None


class AppStopped(Message, frozen=True, kw_only=True, tag="app_stopped"):
    """The session ends; a close with 1000 follows."""

    reason: str | None = None
    message: str | None = None
    timestamp: Timestamp | None = None


class SettingsUpdate(Message, frozen=True, kw_only=True, tag="settings_update"):
    """The user changed settings of the app. Always the full list."""

    settings: list[Setting]
    package_name: str | None = None
    session_id: str | None = None
    timestamp: Timestamp | None = None


class SystemSettingsUpdate(Message, frozen=True, kw_only=True, tag="augmentos_settings_update"):
    """The user changed settings of MentraOS itself; all of them, or only the changed ones."""

    settings: dict[str, Any]
    session_id: str | None = None
    timestamp: Timestamp | None = None


class CapabilitiesUpdate(Message, frozen=True, kw_only=True, tag="capabilities_update"):
    """Other glasses were connected."""

    capabilities: Capabilities | None
    model_name: str | None
    timestamp: Timestamp | None = None


class CustomMessage(Message, frozen=True, kw_only=True, tag="custom_message"):
    """A message for apps that subscribed ``custom_message``. It is no event of a stream: it comes as it is."""

    stream: ClassVar[str] = "custom_message"

    action: str
    payload: Any
    timestamp: Timestamp | None = None


class DashboardModeChanged(Message, frozen=True, kw_only=True, tag="dashboard_mode_changed"):
    """The dashboard was opened, widened or closed."""

    mode: str
    session_id: str | None = None
    timestamp: Timestamp | None = None


class DashboardAlwaysOnChanged(Message, frozen=True, kw_only=True, tag="dashboard_always_on_changed"):
    """The dashboard stays visible, or no longer does. No cloud sends it any more."""

    enabled: bool
    timestamp: Timestamp | None = None


class DeviceState(Wire, frozen=True, kw_only=True):
    """What is known of the glasses. A field that was not sent is absent, and keeps its value."""

    connected: bool | None = None
    model_name: str | None = None
    wifi_connected: bool | None = None
    wifi_ssid: str | None = None
    wifi_local_ip: str | None = None
    battery_level: Number | None = None
    """0 to 100 percent."""
    charging: bool | None = None
    case_battery_level: Number | None = None
    """0 to 100 percent."""
    case_charging: bool | None = None
    case_open: bool | None = None
    case_removed: bool | None = None
    hotspot_enabled: bool | None = None
    hotspot_ssid: str | None = None
    hotspot_password: str | None = None
    hotspot_gateway_ip: str | None = None
    android_version: str | None = None
    fw_version: str | None = None
    build_number: str | None = None
    ota_version_url: str | None = None
    app_version: str | None = None
    bluetooth_name: str | None = None
    serial_number: str | None = None
    style: str | None = None
    color: str | None = None
    timestamp: Timestamp | None = None

    def __repr__(self) -> str:
        password = "..." if self.hotspot_password else None
        return Wire.__repr__(msgspec.structs.replace(self, hotspot_password=password))


class DeviceStateUpdate(Message, frozen=True, kw_only=True, tag="device_state_update"):
    """Something about the glasses changed; without any subscription, from clouds of 2026."""

    state: dict[str, Any]
    """Fields of ``DeviceState``, by their names on the wire; ``null`` for what is not known any more."""
    full_snapshot: bool | None = None
    timestamp: Timestamp | None = None

    def __repr__(self) -> str:
        shown = {name: "..." if name == _PASSWORD and value else value for name, value in self.state.items()}
        return Message.__repr__(msgspec.structs.replace(self, state=shown))


_PASSWORD = next(field.encode_name for field in msgspec.structs.fields(DeviceState) if field.name == "hotspot_password")


def merge_device_state(known: DeviceState, changes: Mapping[str, Any]) -> DeviceState:
    """Return what is known of the glasses after an update. What it leaves out, or cannot be read, stays as it was."""
    readable: dict[str, Any] = {}
    for field in msgspec.structs.fields(DeviceState):
        if field.encode_name in changes:
            with contextlib.suppress(msgspec.ValidationError):
                readable[field.name] = msgspec.convert(changes[field.encode_name], field.type)
    return msgspec.structs.replace(known, **readable)


class RefusedStream(Wire, frozen=True, kw_only=True):
    """A subscription for which a permission is missing."""

    stream: str
    required_permission: str
    message: str


class PermissionProblem(Message, frozen=True, kw_only=True, tag="permission_error"):
    """Some subscriptions were refused. Clouds drop them in silence; only some versions say so."""

    message: str
    details: list[RefusedStream]
    timestamp: Timestamp | None = None


class PhotoFailureDetails(Wire, frozen=True, kw_only=True):
    """Where a photo failed."""

    stage: str | None = None
    """A ``PhotoStage`` of ``mentra.protocol.photos``; there may be others."""
    retryable: bool | None = None
    suggested_action: str | None = None


class PhotoFailure(Wire, frozen=True, kw_only=True):
    """Why there is no photo."""

    code: str | None = None
    """A ``PhotoErrorCode`` of ``mentra.protocol.photos``; there may be others."""
    message: str | None = None
    details: PhotoFailureDetails | None = None


class PhotoReply(Message, frozen=True, kw_only=True, tag="photo_response"):
    """A photo failed; or the request with an URL of its own was passed on, before any photo exists."""

    request_id: str
    success: bool
    photo_url: str | None = None
    saved_to_gallery: bool | None = None
    error: PhotoFailure | None = None
    error_code: str | None = None
    """As the phone itself words a failure, without ``error``."""
    error_message: str | None = None
    timestamp: Timestamp | None = None

    @property
    def failure(self) -> PhotoFailure:
        """Why there is no photo, in either form."""
        return self.error or PhotoFailure(code=self.error_code, message=self.error_message)


class AudioPlayReply(Message, frozen=True, kw_only=True, tag="audio_play_response"):
    """A sound was played to its end, or not."""

    request_id: str
    success: bool
    error: str | None = None
    duration_ms: Number | None = msgspec.field(name="duration", default=None)
    session_id: str | None = None
    timestamp: Timestamp | None = None


class AudioStreamReady(Message, frozen=True, kw_only=True, tag="audio_stream_ready"):
    """A relay for the app's own sound is open."""

    stream_id: str
    stream_url: str
    """Where the phone is to fetch it: the ``audio_url`` of an ``AudioPlayRequest``."""
    timestamp: Timestamp | None = None


class VideoStatistics(Wire, frozen=True, kw_only=True):
    """How a video stream does."""

    bitrate: Number | None = None
    """Bits a second."""
    fps: Number | None = None
    dropped_frames: Number | None = None
    duration_s: Number | None = msgspec.field(name="duration", default=None)


class _VideoStatus(Message, frozen=True, kw_only=True):
    stream_id: str | None = None
    status: str
    """The cloud sends ``"initializing"``, ``"active"``, ``"stopping"``, ``"stopped"`` and ``"timeout"``; the SDK also
    declares ``"connecting"``, ``"reconnecting"``, ``"streaming"``, ``"error"``, ``"disconnected"``, ``"reconnected"``
    and ``"reconnect_failed"``."""
    error_details: str | None = None
    stats: VideoStatistics | None = None
    app_id: str | None = None
    session_id: str | None = None
    timestamp: Timestamp | None = None


class RtmpStreamStatus(_VideoStatus, frozen=True, kw_only=True, tag="rtmp_stream_status"):
    """Where a video stream stands. May repeat, and may come as an event of the stream of this name as well."""


class StreamStatus(_VideoStatus, frozen=True, kw_only=True, tag="stream_status"):
    """``rtmp_stream_status`` by its name of 3.0."""


class StreamOutput(Wire, frozen=True, kw_only=True):
    """One destination of a managed stream."""

    url: str
    name: str | None = None
    status: str
    """``"active"``, ``"error"`` or ``"stopped"``."""
    error: str | None = None


class ManagedStreamStatus(Message, frozen=True, kw_only=True, tag="managed_stream_status"):
    """Where a managed stream stands, with all URLs that are known."""

    _moved = MappingProxyType({"viewerUrl": "hls_url, or preview_url for a page with a player", "streamUrl": "hls_url"})

    status: str
    """``"initializing"``, ``"preparing"``, ``"active"``, ``"stopping"``, ``"stopped"`` or ``"error"``."""
    hls_url: str | None = None
    dash_url: str | None = None
    webrtc_url: str | None = None
    preview_url: str | None = None
    thumbnail_url: str | None = None
    message: str | None = None
    stream_id: str | None = None
    outputs: list[StreamOutput] | None = None
    resumed: bool | None = None
    active_viewers: Number | None = None
    session_id: str | None = None
    timestamp: Timestamp | None = None


class ExistingStream(Wire, frozen=True, kw_only=True):
    """A video that the glasses stream now."""

    _moved = MappingProxyType(
        {
            "hasActiveStream": "There is one if existing_stream() did not return None.",
            "streamInfo": "It is all here: existing.type, existing.stream_id, existing.status and so on.",
        }
    )

    type: str
    """``"managed"`` or ``"unmanaged"``."""
    stream_id: str
    status: str
    created_at: Timestamp | None = None
    hls_url: str | None = None
    dash_url: str | None = None
    webrtc_url: str | None = None
    preview_url: str | None = None
    thumbnail_url: str | None = None
    active_viewers: Number | None = None
    rtmp_url: str | None = None
    """On clouds of 2025; ``stream_url`` on those of 2026."""
    stream_url: str | None = None
    requesting_app_id: str | None = None


class StreamStatusReply(Message, frozen=True, kw_only=True, tag="stream_status_check_response"):
    """Whether the glasses stream video."""

    has_active_stream: bool
    stream_info: ExistingStream | None = None
    session_id: str | None = None
    timestamp: Timestamp | None = None


class Pong(Message, frozen=True, kw_only=True, tag="pong"):
    """The answer to ``ping``."""

    timestamp: Timestamp | None = None


CloudMessage = (
    ConnectionAck
    | ReconnectAck
    | ReconnectRejected
    | ReconnectDeferred
    | ConnectionRefusal
    | DataStream
    | AppStopped
    | SettingsUpdate
    | SystemSettingsUpdate
    | CapabilitiesUpdate
    | CustomMessage
    | DashboardModeChanged
    | DashboardAlwaysOnChanged
    | DeviceStateUpdate
    | PermissionProblem
    | PhotoReply
    | AudioPlayReply
    | AudioStreamReady
    | RtmpStreamStatus
    | StreamStatus
    | ManagedStreamStatus
    | StreamStatusReply
    | Pong
)

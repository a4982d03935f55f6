"""Everything the cloud may say to an app over its socket.

Source: @mentra/sdk 2.1.29 dist/types/messages/cloud-to-app.d.ts; docs/protocol.md, Cloud to app.
"""

from typing import Any

import msgspec

from mentra.protocol.base import Message, Timestamp
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.settings import Setting


class ConnectionAck(Message, frozen=True, kw_only=True, tag="tpa_connection_ack"):
    """The handshake succeeded."""

    session_id: str | None = None
    settings: list[Setting] | None = None
    mentraos_settings: dict[str, Any] | None = msgspec.field(name="mentraosSettings", default=None)
    """The system's settings, on clouds of 2026."""
    augmentos_settings: dict[str, Any] | None = msgspec.field(name="augmentosSettings", default=None)
    """The system's settings, on clouds before 2026."""
    capabilities: Capabilities | msgspec.UnsetType | None = msgspec.UNSET
    """``None`` when the model of the glasses is unknown."""
    timestamp: Timestamp | None = None

    @property
    def system_settings(self) -> dict[str, Any]:
        """The system's settings under either name."""
        return self.mentraos_settings or self.augmentos_settings or {}


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
    """A message for apps that subscribed ``custom_message``."""

    action: str
    payload: Any
    timestamp: Timestamp | None = None


class DashboardModeChanged(Message, frozen=True, kw_only=True, tag="dashboard_mode_changed"):
    """The dashboard was opened, widened or closed."""

    mode: str
    session_id: str | None = None
    timestamp: Timestamp | None = None


class Pong(Message, frozen=True, kw_only=True, tag="pong"):
    """The answer to ``ping``."""

    timestamp: Timestamp | None = None


CloudMessage = (
    ConnectionAck
    | ConnectionRefusal
    | DataStream
    | AppStopped
    | SettingsUpdate
    | SystemSettingsUpdate
    | CapabilitiesUpdate
    | CustomMessage
    | DashboardModeChanged
    | Pong
)

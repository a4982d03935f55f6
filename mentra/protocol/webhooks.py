"""What the cloud posts to an app's HTTP server, and what the app answers.

Nothing but ``POST /tool`` is signed, and that only with a header that anybody who knows the key can make.

Source: @mentra/sdk 2.1.29 dist/app/server/index.js; docs/protocol.md, HTTP.
"""

import hashlib
from typing import Any

import msgspec

from mentra.protocol.base import Message, Timestamp, Wire
from mentra.protocol.settings import Setting

TOOL_KEY_HEADER = "x-app-api-key"
"""Header of ``POST /tool``; its value is ``tool_key(api_key)``. Lower case, as our transports deliver it."""


def tool_key(api_key: str) -> str:
    """Return what the cloud puts into the tool header: the SHA-256 of the key, in hexadecimal."""
    return hashlib.sha256(api_key.encode()).hexdigest()


class SessionRequest(Message, frozen=True, kw_only=True, tag="session_request"):
    """A user started the app: connect to the cloud for this session."""

    session_id: str
    user_id: str
    timestamp: Timestamp | None = None
    """The same in a repetition of the same request."""
    websocket_url: str | None = None
    """Of clouds of 2026, and only for the handshake of docs/protocol.md, Generation 3."""
    mentraos_websocket_url: str | None = msgspec.field(name="mentraOSWebsocketUrl", default=None)
    augmentos_websocket_url: str | None = msgspec.field(name="augmentOSWebsocketUrl", default=None)

    @property
    def older_websocket_url(self) -> str | None:
        """Where an app connects that does not speak generation 3; ``None`` when the webhook does not say."""
        return self.mentraos_websocket_url or self.augmentos_websocket_url


USER_HEADER = "x-user-id"
SESSION_HEADER = "x-session-id"
PACKAGE_HEADER = "x-package-name"
KEY_HEADER = "x-api-key"


def login_headers(request: SessionRequest, package_name: str, api_key: str) -> dict[str, str]:
    """Return the headers of the upgrade at ``websocket_url``: there they say who the user and the app are."""
    return {
        USER_HEADER: request.user_id,
        SESSION_HEADER: request.session_id,
        PACKAGE_HEADER: package_name,
        KEY_HEADER: api_key,
    }


class StopRequest(Message, frozen=True, kw_only=True, tag="stop_request"):
    """The session ends. A new ``session_request`` for the same id may follow within milliseconds."""

    session_id: str
    user_id: str
    reason: str | None = None
    """``"user_disabled"`` in every case seen, also when the user did nothing."""
    timestamp: Timestamp | None = None


Webhook = SessionRequest | StopRequest


class WebhookReply(Wire, frozen=True, kw_only=True):
    """Our answer to a webhook. The cloud reads only the HTTP status."""

    status: str
    """``"success"`` or ``"error"``."""
    message: str | None = None


class ToolRequest(Wire, frozen=True, kw_only=True):
    """The assistant calls one of the app's tools, with or without a session of that user. The cloud checks no field."""

    tool_id: str
    tool_parameters: dict[str, Any] | None = None
    user_id: str = ""
    timestamp: Timestamp | None = None


class ToolReply(Wire, frozen=True, kw_only=True):
    """The tool's answer."""

    reply: str | None
    status: str


class ToolFailure(Wire, frozen=True, kw_only=True):
    """What the cloud tells the assistant when the app did not answer, or not with success."""

    error: bool
    message: str
    details: Any = msgspec.UNSET
    """The app's own answer, if there was one."""


class SettingsRequest(Wire, frozen=True, kw_only=True):
    """A user changed settings; sent also when the app is not running for that user."""

    user_id: str = msgspec.field(name="userIdForSettings")
    settings: list[Setting]


class SettingsReply(Wire, frozen=True, kw_only=True):
    """Our answer to a settings request. The cloud does not read it."""

    status: str
    message: str
    sessions_updated: int


class HealthReply(Wire, frozen=True, kw_only=True):
    """Our answer to a health check; the cloud counts the app as online when ``status`` is ``"healthy"``."""

    status: str
    app: str
    active_sessions: int

"""Everything an app may say to the cloud over its socket.

The cloud finds the app by ``package_name``: a frame without it, or with another app's, is lost without a word.

Source: @mentra/sdk 2.1.29 dist/types/messages/app-to-cloud.d.ts; docs/protocol.md, App to cloud.
"""

from typing import Any

import msgspec

from mentra.protocol.base import Message, Number, Wire


class ConnectionInit(Message, frozen=True, kw_only=True, tag="tpa_connection_init"):
    """The first frame on every socket."""

    session_id: str
    """From the webhook, unchanged."""
    package_name: str
    api_key: str
    """In clear text."""
    timestamp: str | None = None

    def __repr__(self) -> str:
        return Message.__repr__(msgspec.structs.replace(self, api_key="..."))


class LocationStream(Wire, frozen=True, kw_only=True):
    """The one subscription that is an object."""

    stream: str
    rate: str


class SubscriptionUpdate(Message, frozen=True, kw_only=True, tag="subscription_update"):
    """The complete list of what the app wants to receive; it replaces the one before."""

    package_name: str
    subscriptions: list[str | LocationStream]
    session_id: str | None = None
    timestamp: str | None = None


class DisplayEvent(Message, frozen=True, kw_only=True, tag="display_event"):
    """A wish to show something. The cloud decides when and whether."""

    package_name: str
    view: str
    layout: Any
    """A ``Layout`` when we write it; whatever JSON the app sent when we read it (see ``read_layout``)."""
    session_id: str | None = None
    duration_ms: Number | None = None
    force_display: bool | None = None
    timestamp: str | None = None


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
    content: str
    modes: list[str]
    session_id: str | None = None
    timestamp: str


class Ping(Message, frozen=True, kw_only=True, tag="ping"):
    """A sign of life, from 3.0 SDKs."""

    timestamp: str | None = None


AppMessage = ConnectionInit | SubscriptionUpdate | DisplayEvent | OwnershipRelease | DashboardContentUpdate | Ping

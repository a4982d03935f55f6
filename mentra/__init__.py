"""Write apps for smart glasses running MentraOS. The public names are those in ``__all__``."""

from mentra.config import Secret, ServerConfig
from mentra.errors import (
    AppNotStarted,
    ConfigError,
    ConnectionRefused,
    InvalidApiKey,
    MentraError,
    NotConnected,
    RequestTimeout,
    SessionNotFound,
    SessionStopped,
    ToolError,
    UntrustedCloud,
)
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import CustomMessage
from mentra.protocol.layouts import (
    BitmapAnimation,
    BitmapView,
    ClearView,
    DashboardCard,
    DoubleTextWall,
    Layout,
    ReferenceCard,
    TextWall,
    View,
)
from mentra.protocol.permissions import Permission
from mentra.protocol.streams import (
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    GlassesBattery,
    GlassesConnection,
    HeadPosition,
    Location,
    PhoneBattery,
    PhoneNotification,
    PhoneNotificationDismissed,
    PhotoTaken,
    StreamData,
    TouchEvent,
    Transcription,
    Translation,
    VoiceActivity,
    VpsCoordinates,
    WifiState,
)
from mentra.protocol.tools import ToolParameter, ToolSchema
from mentra.server.app import AppServer
from mentra.server.tools import ToolCall, tool
from mentra.session.events import Events, Subscription
from mentra.session.layouts import Layouts
from mentra.session.session import AppSession
from mentra.session.settings import SessionSettings
from mentra.session.stop_reason import StopReason

__all__ = [
    "AppNotStarted",
    "AppServer",
    "AppSession",
    "AudioChunk",
    "BitmapAnimation",
    "BitmapView",
    "ButtonPress",
    "CalendarEvent",
    "Capabilities",
    "ClearView",
    "ConfigError",
    "ConnectionRefused",
    "CustomMessage",
    "DashboardCard",
    "DoubleTextWall",
    "Events",
    "GlassesBattery",
    "GlassesConnection",
    "HeadPosition",
    "InvalidApiKey",
    "Layout",
    "Layouts",
    "Location",
    "MentraError",
    "NotConnected",
    "Permission",
    "PhoneBattery",
    "PhoneNotification",
    "PhoneNotificationDismissed",
    "PhotoTaken",
    "ReferenceCard",
    "RequestTimeout",
    "Secret",
    "ServerConfig",
    "SessionNotFound",
    "SessionSettings",
    "SessionStopped",
    "StopReason",
    "StreamData",
    "Subscription",
    "TextWall",
    "ToolCall",
    "ToolError",
    "ToolParameter",
    "ToolSchema",
    "TouchEvent",
    "Transcription",
    "Translation",
    "UntrustedCloud",
    "View",
    "VoiceActivity",
    "VpsCoordinates",
    "WifiState",
    "tool",
]

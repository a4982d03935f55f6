"""Write apps for smart glasses running MentraOS. The public names are those in ``__all__``."""

import sys
from typing import TYPE_CHECKING, NoReturn

from mentra.bitmaps.bitmap import Bitmap
from mentra.bitmaps.source import BitmapSource
from mentra.config import Secret, ServerConfig
from mentra.errors import (
    AppNotStarted,
    AudioError,
    AuthError,
    ConfigError,
    ConnectionRefused,
    HardwareUnavailable,
    InvalidApiKey,
    MentraError,
    NotConnected,
    PermissionDenied,
    PhotoError,
    RateLimited,
    RequestFailed,
    RequestTimeout,
    SessionNotFound,
    SessionStopped,
    StorageError,
    StorageFull,
    StreamError,
    ToolError,
    UntrustedCloud,
    WebError,
)
from mentra.moved_imports import MOVED_IMPORTS
from mentra.protocol.app_config import AppConfig
from mentra.protocol.app_to_cloud import LedColor, RestreamDestination, SoundOptions, VideoOptions
from mentra.protocol.audio import AudioTrack, VoiceSettings
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import (
    CapabilitiesUpdate,
    CustomMessage,
    DeviceState,
    ExistingStream,
    ManagedStreamStatus,
    PermissionProblem,
    RefusedStream,
    StreamOutput,
    StreamStatus,
    VideoStatistics,
)
from mentra.protocol.layouts import (
    BitmapAnimation,
    BitmapView,
    ClearView,
    DashboardCard,
    DashboardMode,
    DoubleTextWall,
    Layout,
    ReferenceCard,
    TextWall,
    View,
)
from mentra.protocol.location import Accuracy
from mentra.protocol.permissions import Permission
from mentra.protocol.photos import PhotoErrorCode, PhotoStage
from mentra.protocol.streams import (
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    GlassesBattery,
    GlassesConnection,
    HeadPosition,
    LedResponse,
    Location,
    PhoneBattery,
    PhoneNotification,
    PhoneNotificationDismissed,
    PhotoTaken,
    SpeechToken,
    StreamData,
    TouchEvent,
    Transcription,
    Translation,
    VoiceActivity,
    VpsCoordinates,
    WifiState,
)
from mentra.protocol.tools import ToolParameter, ToolResponse, ToolSchema
from mentra.server.app import AppServer
from mentra.server.tools import ToolCall, tool
from mentra.server.web.events import Channel, ServerEvent
from mentra.server.web.request import Request
from mentra.server.web.response import Response
from mentra.server.web.routing import route
from mentra.session.audio import Audio, PlaybackResult
from mentra.session.camera import Camera, StreamQuality
from mentra.session.dashboard import Dashboard, SystemDashboard
from mentra.session.declared_settings import Settings, group, note, setting
from mentra.session.device import Device, DeviceField
from mentra.session.events import Events, Subscription
from mentra.session.hardware import Feature
from mentra.session.layouts import Animation, Layouts
from mentra.session.led import Led
from mentra.session.location import SessionLocation
from mentra.session.news import Connected, Disconnected, Reconnected, Stopped
from mentra.session.photos import Photo, PhotoCompression, PhotoSize
from mentra.session.recording import Recording
from mentra.session.session import AppSession
from mentra.session.settings import SessionSettings, SettingChange, SettingSubscription
from mentra.session.stop_reason import StopReason
from mentra.session.storage import Storage
from mentra.session.timers import Timer
from mentra.session.video import ManagedStream, VideoStream
from mentra.wrong_names import unknown_import

__all__ = [
    "Accuracy",
    "Animation",
    "AppConfig",
    "AppNotStarted",
    "AppServer",
    "AppSession",
    "Audio",
    "AudioChunk",
    "AudioError",
    "AudioTrack",
    "AuthError",
    "Bitmap",
    "BitmapAnimation",
    "BitmapSource",
    "BitmapView",
    "ButtonPress",
    "CalendarEvent",
    "Camera",
    "Capabilities",
    "CapabilitiesUpdate",
    "Channel",
    "ClearView",
    "ConfigError",
    "Connected",
    "ConnectionRefused",
    "CustomMessage",
    "Dashboard",
    "DashboardCard",
    "DashboardMode",
    "Device",
    "DeviceField",
    "DeviceState",
    "Disconnected",
    "DoubleTextWall",
    "Events",
    "ExistingStream",
    "Feature",
    "GlassesBattery",
    "GlassesConnection",
    "HardwareUnavailable",
    "HeadPosition",
    "InvalidApiKey",
    "Layout",
    "Layouts",
    "Led",
    "LedColor",
    "LedResponse",
    "Location",
    "ManagedStream",
    "ManagedStreamStatus",
    "MentraError",
    "NotConnected",
    "Permission",
    "PermissionDenied",
    "PermissionProblem",
    "PhoneBattery",
    "PhoneNotification",
    "PhoneNotificationDismissed",
    "Photo",
    "PhotoCompression",
    "PhotoError",
    "PhotoErrorCode",
    "PhotoSize",
    "PhotoStage",
    "PhotoTaken",
    "PlaybackResult",
    "RateLimited",
    "Reconnected",
    "Recording",
    "ReferenceCard",
    "RefusedStream",
    "Request",
    "RequestFailed",
    "RequestTimeout",
    "Response",
    "RestreamDestination",
    "Secret",
    "ServerConfig",
    "ServerEvent",
    "SessionLocation",
    "SessionNotFound",
    "SessionSettings",
    "SessionStopped",
    "SettingChange",
    "SettingSubscription",
    "Settings",
    "SoundOptions",
    "SpeechToken",
    "StopReason",
    "Stopped",
    "Storage",
    "StorageError",
    "StorageFull",
    "StreamData",
    "StreamError",
    "StreamOutput",
    "StreamQuality",
    "StreamStatus",
    "Subscription",
    "SystemDashboard",
    "TextWall",
    "Timer",
    "ToolCall",
    "ToolError",
    "ToolParameter",
    "ToolResponse",
    "ToolSchema",
    "TouchEvent",
    "Transcription",
    "Translation",
    "UntrustedCloud",
    "VideoOptions",
    "VideoStatistics",
    "VideoStream",
    "View",
    "VoiceActivity",
    "VoiceSettings",
    "VpsCoordinates",
    "WebError",
    "WifiState",
    "group",
    "note",
    "route",
    "setting",
    "tool",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> NoReturn:
        raise unknown_import(sys.modules[__name__], name, moved=MOVED_IMPORTS)

"""What the names of ``mentra`` are called in other SDKs, and in old documentation. See ``mentra/wrong_names.py``."""

_STREAM_NAMES = (
    'A stream has a method, session.events.on_button_press(handler), or its name: session.events.on("button_press").'
)
_LAYOUTS = (
    "Each layout is a method, such as session.layouts.show_text_wall(text), and a class, such as mentra.TextWall."
)
_SIGNED_IN = "@mentra.route.get(path, auth=True), whose request.user_id is the signed-in user,"
_NO_TOKENS = "Tokens of your own are no part of the flow: a JWT library makes them."

MOVED_IMPORTS = {
    "TpaServer": "mentra.AppServer",
    "TpaSession": "mentra.AppSession",
    "MentraApp": "mentra.AppServer",
    "MentraServer": "mentra.AppServer",
    "App": "mentra.AppServer",
    "Session": "mentra.AppSession",
    "TranscriptionData": "mentra.Transcription",
    "TranslationData": "mentra.Translation",
    "PhotoData": "mentra.Photo",
    "LocationUpdate": "mentra.Location",
    "Vad": "mentra.VoiceActivity",
    "GlassesBatteryUpdate": "mentra.GlassesBattery",
    "PhoneBatteryUpdate": "mentra.PhoneBattery",
    "GlassesConnectionState": "mentra.GlassesConnection",
    "NotificationDismissed": "mentra.PhoneNotificationDismissed",
    "StreamType": _STREAM_NAMES,
    "ViewType": "mentra.View",
    "LayoutType": _LAYOUTS,
    "BitmapUtils": "mentra.Bitmap",
    "AnimationUtils": "mentra.Bitmap and session.layouts.show_animation(frames)",
    "PermissionType": "mentra.Permission",
    "EventManager": "mentra.Events",
    "LayoutManager": "mentra.Layouts",
    "SettingsManager": "mentra.SessionSettings",
    "DashboardAPI": "mentra.Dashboard",
    "AuthenticatedRequest": "mentra.Request",
    "createAuthMiddleware": _SIGNED_IN,
    "exchangeToken": _SIGNED_IN,
    "extractTempToken": _SIGNED_IN,
    "createToken": _NO_TOKENS,
    "validateToken": _NO_TOKENS,
    "generateWebviewUrl": _NO_TOKENS,
    "extractTokenFromUrl": _NO_TOKENS,
    "GIVE_APP_CONTROL_OF_TOOL_RESPONSE": "mentra.ToolResponse.TAKE_CONTROL",
    "testing": "Write: import mentra.testing.",
    "localcloud": "Write: import mentra.localcloud.",
    "simulate": "Write: from mentra.testing import simulate.",
    "SimulatedGlasses": "Write: from mentra.testing import SimulatedGlasses.",
    "LocalCloud": "Write: from mentra.localcloud import LocalCloud.",
    "VirtualGlasses": "Write: from mentra.localcloud import VirtualGlasses.",
}

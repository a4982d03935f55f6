"""What the session and its parts are called elsewhere: in other SDKs, in old documentation, by those who guess.

For each name what to write instead, or a sentence that ends with a full stop; see ``mentra/wrong_names.py``. A name is
listed in one spelling, and those that are only spelt differently not at all.
"""

_CANCEL_PHOTO = "Cancel the task that awaits session.camera.request_photo()."
_CANCEL_SOUND = "Cancel the task that awaits session.audio.play(url)."
_SYSTEM_VALUE = 'session.settings.system.get("key", default)'
_SYSTEM_CHANGE = 'session.settings.system.on_change("key", handler)'
_READ_ONLY = "Only the user changes settings, on the phone; what the app keeps is for session.storage."
_ALWAYS_CURRENT = "Use session.settings: it is always current, as the cloud tells of every change."
_SUBSCRIBES = "Use session.events.on(stream, handler): a handler subscribes, and unsubscribes when it is cancelled."
_UNSUBSCRIBE = "subscription.cancel(), of what each on_... method returns,"
_SERVER_DOES = "The server connects a session, and ends it: when the user stops the app, or at await app.stop()."
_APP_CONFIG = (
    "The class of the app declares its settings, see docs/how-to/settings.md; app.app_config() describes them."
)
_ONLY_INSIDE = "Nobody outside needs it; where the app's server listens is app.url."
_IN_TESTS = "Events are made by mentra.testing.simulate, in tests."

EVENTS = {
    "onTranscriptionForLanguage": "session.events.on_transcription(handler, language=...)",
    "onTranslationForLanguage": "session.events.on_translation(handler, source=..., target=...)",
    "onPhoneNotifications": "session.events.on_phone_notification(handler)",
    "onNotification": "session.events.on_phone_notification(handler)",
    "onGlassesBatteryUpdate": "session.events.on_glasses_battery(handler)",
    "onPhoneBatteryUpdate": "session.events.on_phone_battery(handler)",
    "onGlassesConnectionState": "session.events.on_glasses_connection(handler)",
    "onVAD": "session.events.on_voice_activity(handler)",
    "onAudio": "session.events.on_audio_chunk(handler)",
    "onLocationUpdate": "session.events.on_location(handler) or session.location.on_update(handler)",
    "onCalendarEvents": "session.events.on_calendar_event(handler)",
    "onTouch": "session.events.on_touch_event(handler)",
    "onSettingsUpdate": "session.settings.on_change(key, handler)",
    "onSettingChange": "session.settings.on_change(key, handler)",
    "onDashboardModeChange": "session.dashboard.on_mode_change(handler)",
    "onDashboardAlwaysOnChange": "No cloud sends it; session.dashboard.on_mode_change(handler) tells of the mode.",
    "onStreamStatus": "session.camera.on_stream_status(handler)",
    "onManagedStreamStatus": "session.camera.on_managed_stream_status(handler)",
    "buttonPresses": "session.events.stream(ButtonPress)",
    "headPositions": "session.events.stream(HeadPosition)",
    "touchEvents": "session.events.stream(TouchEvent)",
    "record": "session.record(path)",
    "once": "await session.events.wait_for(ButtonPress)",
    "emit": _IN_TESTS,
    "subscribe": _SUBSCRIBES,
    "addListener": "session.events.on(stream, handler)",
    "addEventListener": "session.events.on(stream, handler)",
    "off": _UNSUBSCRIBE,
    "unsubscribe": _UNSUBSCRIBE,
    "removeListener": _UNSUBSCRIBE,
    "removeAllListeners": _UNSUBSCRIBE,
    "getRegisteredStreams": "glasses.glasses.subscriptions(package_name), of mentra.testing.simulate,",
}

LAYOUTS = {
    "clearView": "session.layouts.clear()",
    "showBitmapView": "session.layouts.show_bitmap(image)",
    "showImage": "session.layouts.show_bitmap(image)",
    "showBitmapAnimation": "session.layouts.show_animation(frames, interval=1.65)",
    "showText": "session.layouts.show_text_wall(text)",
    "displayText": "session.layouts.show_text_wall(text)",
    "show": "session.layouts.show_text_wall(text)",
    "showCard": "session.layouts.show_reference_card(title, text)",
}

DASHBOARD = {
    "content": "session.dashboard itself (its write(text), mode, on_mode_change(handler))",
    "writeToMain": "session.dashboard.write(text)",
    "writeMain": "session.dashboard.write(text)",
    "writeToExpanded": 'session.dashboard.write(text, modes=("expanded",))',
    "writeExpanded": 'session.dashboard.write(text, modes=("expanded",))',
    "getCurrentMode": "session.dashboard.mode",
    "setCurrentMode": "Only the wearer changes it; session.dashboard.mode is what it is.",
    "onModeChanged": "session.dashboard.on_mode_change(handler)",
    "showText": "session.dashboard.write(text)",
    "show": "session.dashboard.write(text)",
}

SYSTEM_DASHBOARD = {
    "setTopLeft": "set_corners(top_left=text)",
    "setTopRight": "set_corners(top_right=text)",
    "setBottomLeft": "set_corners(bottom_left=text)",
    "setBottomRight": "set_corners(bottom_right=text)",
    "setViewMode": "set_mode(mode)",
}

SETTINGS = {
    "onValueChange": 'session.settings.on_change("key", handler)',
    "getAll": 'session.settings["key"], or dict(session.settings) for all of them,',
    "getSettings": 'session.settings["key"], or dict(session.settings) for all of them,',
    "getSetting": 'session.settings["key"] or session.settings.get("key", default)',
    "has": '"key" in session.settings',
    "set": _READ_ONLY,
    "setSetting": _READ_ONLY,
    "update": _READ_ONLY,
    "fetch": _ALWAYS_CURRENT,
    "refresh": _ALWAYS_CURRENT,
    "getMentraOS": _SYSTEM_VALUE,
    "getMentraosSetting": _SYSTEM_VALUE,
    "onMentraosChange": _SYSTEM_CHANGE,
    "onMentraosSettingsChange": _SYSTEM_CHANGE,
    "onMentraosSettingChange": _SYSTEM_CHANGE,
    "onSystemChange": _SYSTEM_CHANGE,
}

SYSTEM_SETTINGS = {
    "metric": "uses_metric_units",
    "metricSystemEnabled": "uses_metric_units",
    "userTimezone": "timezone",
    "set": _READ_ONLY,
}

CAMERA = {
    "takePhoto": "await session.camera.request_photo()",
    "photo": "await session.camera.request_photo()",
    "capturePhoto": "await session.camera.request_photo()",
    "stopStream": "stream.stop(), of what session.camera.start_stream returned,",
    "stopManagedStream": "managed_stream.stop(), of what session.camera.start_managed_stream returned,",
    "startDirectStream": "await session.camera.start_stream(url)",
    "isCurrentlyStreaming": "session.camera.stream is not None",
    "getCurrentStreamUrl": "session.camera.stream.url",
    "getStreamStatus": "session.camera.stream.status",
    "isManagedStreamActive": "session.camera.managed_stream is not None",
    "getManagedStreamUrls": "session.camera.managed_stream.hls_url",
    "getManagedStreamStatus": "session.camera.managed_stream.status",
    "checkExistingStream": "await session.camera.existing_stream()",
    "startLivestream": "await session.camera.start_managed_stream()",
    "stopLivestream": "managed_stream.stop(), of what session.camera.start_managed_stream returned,",
    "subscribeToStreamStatusUpdates": "session.camera.on_stream_status(handler)",
    "unsubscribeFromStreamStatusUpdates": "cancel(), of what session.camera.on_stream_status(handler) returned,",
    "hasPhotoPendingRequest": "the task that awaits session.camera.request_photo()",
    "cancelPhotoRequest": _CANCEL_PHOTO,
    "cancelAllPhotoRequests": _CANCEL_PHOTO,
    "cancelAllRequests": _CANCEL_PHOTO,
}

AUDIO = {
    "playAudio": "await session.audio.play(url)",
    "playUrl": "await session.audio.play(url)",
    "playSound": "await session.audio.play(url)",
    "stopAudio": "session.audio.stop()",
    "playTTS": "await session.audio.speak(text)",
    "tts": "await session.audio.speak(text)",
    "say": "await session.audio.speak(text)",
    "hasPendingRequest": "session.audio.playing",
    "getPendingRequestCount": "len(session.audio.playing)",
    "getPendingRequestIds": "session.audio.playing",
    "cancelAudioRequest": _CANCEL_SOUND,
    "cancelAllAudioRequests": _CANCEL_SOUND,
    "cancelAllRequests": _CANCEL_SOUND,
}

LED = {
    "turnOn": 'session.led.on("red", duration=1.0)',
    "turnOff": "session.led.off()",
    "solid": 'session.led.on("red", duration=1.0)',
    "setColor": 'session.led.on("red", duration=1.0)',
    "flash": 'session.led.blink("red")',
    "getCapabilities": "session.capabilities.light",
}

LOCATION = {
    "subscribeToStream": "session.location.on_update(handler, accuracy=...)",
    "subscribe": "session.location.on_update(handler, accuracy=...)",
    "configure": "session.location.on_update(handler, accuracy=...)",
    "unsubscribeFromStream": "subscription.cancel(), of what session.location.on_update(handler) returned,",
    "getLatestLocation": "await session.location.get_latest(accuracy=...)",
    "requestUpdate": "await session.location.get_latest(accuracy=...)",
    "getLocation": "await session.location.get_latest(accuracy=...)",
    "getCurrent": "await session.location.get_latest(accuracy=...)",
    "lat": "session.location.last.lat",
    "lng": "session.location.last.lng",
    "accuracy": "session.location.last.accuracy_m",
}

STORAGE = {
    "setMultiple": "session.storage.update({...})",
    "hasKey": "await session.storage.contains(key)",
    "has": "await session.storage.contains(key)",
    "getAllData": "await session.storage.all()",
    "getAll": "await session.storage.all()",
    "size": "len(await session.storage.all())",
    "pop": "await session.storage.delete(key)",
    "remove": "await session.storage.delete(key)",
    "deleteAll": "await session.storage.clear()",
    "save": "await session.storage.flush()",
}

DEVICE = {
    "getSnapshot": "session.device.state",
    "snapshot": "session.device.state",
    "getWifiStatus": "session.device.wifi",
    "isWifiConnected": "session.device.wifi, or session.device.state.wifi_connected,",
    "battery": "session.device.state.battery_level",
    "batteryLevel": "session.device.state.battery_level",
}

SESSION = {
    "appServer": "The app is self, in a method of your AppServer.",
    "server": "The app is self, in a method of your AppServer.",
    "app": "The app is self, in a method of your AppServer.",
    "id": "session.session_id",
    "getSessionId": "session.session_id",
    "getPackageName": "session.package_name",
    "getUserId": "session.user_id",
    "userEmail": "session.user_id",
    "email": "session.user_id",
    "connect": _SERVER_DOES,
    "disconnect": _SERVER_DOES,
    "stop": _SERVER_DOES,
    "close": _SERVER_DOES,
    "releaseOwnership": _SERVER_DOES,
    "send": "Each message has a method of its own, such as session.layouts.show_text_wall(text).",
    "sendMessage": "Each message has a method of its own, such as session.layouts.show_text_wall(text).",
    "subscribe": _SUBSCRIBES,
    "subscribeToGestures": _SUBSCRIBES,
    "setSubscriptionSettings": _SUBSCRIBES,
    "unsubscribe": _SUBSCRIBES,
    "off": _UNSUBSCRIBE,
    "on": "session.events.on(stream, handler)",
    "getConfig": _APP_CONFIG,
    "loadConfigFromJson": _APP_CONFIG,
    "getDefaultSettings": _APP_CONFIG,
    "getSettingSchema": _APP_CONFIG,
    "updateSettingsForTesting": 'await glasses.change_settings({"key": value}), of mentra.testing.simulate,',
    "getServerUrl": _ONLY_INSIDE,
    "getHttpsServerUrl": _ONLY_INSIDE,
    "getInstructions": "No cloud has any.",
    "display": "session.layouts",
    "simpleStorage": "session.storage",
    "speaker": "session.audio",
    "microphone": "session.events.on_audio_chunk(handler) or session.record(path)",
    "leds": "session.led",
    "deviceState": "session.device.state",
    "log": "session.logger.info(...)",
    "addCleanupHandler": "session.on_stop(handler)",
    "setInterval": "session.every(seconds, function)",
    "setTimeout": "session.call_later(seconds, function)",
    "clearInterval": "timer.cancel(), of what session.every returned,",
    "clearTimeout": "timer.cancel(), of what session.call_later returned,",
    "createTask": "session.start_soon(coroutine)",
    **dict.fromkeys(
        (
            "discoverAppUsers",
            "isUserActive",
            "getUserCount",
            "broadcastToAppUsers",
            "sendDirectMessage",
            "joinAppRoom",
            "leaveAppRoom",
            "onAppMessage",
            "onAppUserJoined",
            "onAppUserLeft",
            "onAppRoomUpdated",
        ),
        "Use app.sessions: no cloud passes on messages between apps and users.",
    ),
}

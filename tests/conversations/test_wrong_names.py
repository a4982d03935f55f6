"""A name from the TypeScript SDK, or a wrong guess, gets an error that names the right one."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mentra import (
    AppServer,
    AppSession,
    ButtonPress,
    ExistingStream,
    GlassesBattery,
    Location,
    ManagedStreamStatus,
    Photo,
    PlaybackResult,
    ToolCall,
    Transcription,
    VideoOptions,
    VoiceActivity,
)
from mentra.testing import simulate
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import API_KEY, ScriptedCloud, turns

SPEECH = Transcription(text="hi", is_final=True)


@pytest.mark.parametrize(
    ("look", "hint"),
    [
        (lambda s: s.display, "session.layouts"),
        (lambda s: s.onTranscription, "Use session.events.on_transcription instead."),
        (lambda s: s.sessionId, "use 'session_id'"),
        (lambda s: s.userId, "use 'user_id'"),
        (lambda s: s.getSetting, 'session.settings.get("key", default)'),
        (lambda s: s.layout, "Did you mean 'layouts'?"),
        (lambda s: s.layouts.showTextWall, "use 'show_text_wall'"),
        (lambda s: s.layouts.showReferenceCard, "use 'show_reference_card'"),
        (lambda s: s.layouts.clearView, "clear()"),
        (lambda s: s.layouts.show_text, "Use session.layouts.show_text_wall(text) instead."),
        (lambda s: s.events.onTranscription, "use 'on_transcription'"),
        (lambda s: s.events.onTranscriptionForLanguage, "on_transcription(handler, language=...)"),
        (lambda s: s.events.onButtonPress, "use 'on_button_press'"),
        (lambda s: s.events.ontranslationForLanguage, "on_translation(handler, source=..., target=...)"),
        (lambda s: s.events.onPhoneNotifications, "on_phone_notification(handler)"),
        (lambda s: s.events.onPhoneNotification, "use 'on_phone_notification'"),
        (lambda s: s.events.onGlassesBatteryUpdate, "on_glasses_battery(handler)"),
        (lambda s: s.events.onGlassesConnectionState, "on_glasses_connection(handler)"),
        (lambda s: s.events.onVAD, "on_voice_activity(handler)"),
        (lambda s: s.events.onTouch, "on_touch_event(handler)"),
        (lambda s: s.events.onSettingChange, "session.settings.on_change(key, handler)"),
        (lambda s: s.events.onDashboardModeChange, "session.dashboard.on_mode_change(handler)"),
        (lambda s: s.events.once, "wait_for(ButtonPress)"),
        (lambda s: s.events.off, "subscription.cancel()"),
        (lambda s: s.events.button_presses, "stream(ButtonPress)"),
        (lambda s: s.events.on_transcriptions, "Did you mean"),
        (lambda s: s.settings.onValueChange, 'on_change("key", handler)'),
        (lambda s: s.settings.onChange, "use 'on_change'"),
        (lambda s: s.settings.getAll, "dict(session.settings)"),
        (lambda s: s.settings.fetch, "session.settings: it is always current"),
        (lambda s: s.settings.getMentraOS, 'session.settings.system.get("key", default)'),
        (lambda s: s.settings.onMentraosChange, 'session.settings.system.on_change("key", handler)'),
        (lambda s: s.settings.system.onChange, "use 'on_change'"),
        (lambda s: s.settings.system.metric, "uses_metric_units"),
    ],
)
async def test_a_wrong_name_of_the_session_names_the_right_one(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, look: Callable[[AppSession], object], hint: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(AttributeError) as error:
            look(app.session)

        assert hint in str(error.value)


@pytest.mark.parametrize(
    ("look", "hint"),
    [
        (lambda app: app.getSessionByUserId, "session_for(user_id)"),
        (lambda app: app.userSessionsMap, "Use session_for(user_id), or sessions, by session id, instead."),
        (lambda app: app.packageName, "Use config.package_name instead."),
        (lambda app: app.logger, "Use logging.getLogger(__name__), or session.logger in a session, instead."),
        (lambda app: app.onSession, "use 'on_session'"),
        (lambda app: app.sesions, "Did you mean 'sessions'?"),
    ],
)
def test_a_wrong_name_of_the_server_names_the_right_one(look: Callable[[AppServer], object], hint: str):
    app = AppServer(package_name="com.example.app", api_key=API_KEY)

    with pytest.raises(AttributeError) as error:
        look(app)

    assert hint in str(error.value)


@pytest.mark.parametrize(("name", "hint"), [("isFinal", "use 'is_final'"), ("texts", "Did you mean 'text'?")])
def test_a_wrong_name_of_an_event_names_the_right_one(name: str, hint: str):
    with pytest.raises(AttributeError) as error:
        getattr(SPEECH, name)

    assert hint in str(error.value)


def test_a_name_like_nothing_we_have_is_told_plainly():
    with pytest.raises(AttributeError) as error:
        SPEECH.quux  # noqa: B018 - the look itself is the test.

    assert str(error.value) == "Transcription has no attribute 'quux'."


def test_asking_whether_a_name_exists_still_works():
    assert not hasattr(SPEECH, "isFinal")
    assert getattr(SPEECH, "isFinal", "no") == "no"


@pytest.mark.parametrize(
    ("wrong", "right"), [("onSession", "on_session"), ("onStop", "on_stop"), ("onToolCall", "on_tool_call")]
)
def test_a_hook_that_would_never_be_called_is_refused_when_the_class_is_made(wrong: str, right: str):
    with pytest.raises(TypeError, match=f"Written.{wrong} would never be called.*write {right}"):
        type("Written", (AppServer,), {wrong: lambda self: None})


@pytest.mark.parametrize("wrong", ["onSettingsUpdate", "on_settings_update"])
def test_a_hook_for_settings_names_the_handler_of_changes(wrong: str):
    with pytest.raises(TypeError, match=rf"Written.{wrong} would never be called\. Write in on_session: session\.sett"):
        type("Written", (AppServer,), {wrong: lambda self: None})


@pytest.mark.parametrize(
    ("stream", "warning"),
    [
        ("buton_press", "did you mean 'button_press'?"),
        ("touch_events:double_tap", "did you mean 'touch_event'?"),
        ("transcripton:en-US", "did you mean 'transcription'?"),
        ("button_press", ""),
        ("touch_event:double_tap", ""),
        ("*", ""),
        ("augmentos:metricSystemEnabled", ""),
        ("a_stream_of_the_future", ""),
    ],
)
async def test_a_stream_that_looks_misspelt_is_warned_about(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture, stream: str, warning: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        app.session.events.on(stream, print)

    assert warning in caplog.text
    assert ("There is no stream" in caplog.text) == bool(warning)


PRESS = ButtonPress(button_id="main", press_type="short")
WHERE = Location(lat=48.2, lng=16.4)
BATTERY = GlassesBattery(level=80, charging=False)
ACTIVITY = VoiceActivity(status=True)
PHOTO = Photo(data=b"\xff\xd8\xff", mime_type="image/jpeg", filename="p.jpg", request_id="1", time=datetime.now(UTC))
PLAYED = PlaybackResult(duration_s=1.0)
CALL = ToolCall(name="add", parameters={}, user_id="you@example.com")
VIDEO = ExistingStream(type="managed", stream_id="1", status="active")


@pytest.mark.parametrize(
    ("use", "kind", "hint"),
    [
        (lambda s: s.audio.playTTS("hi"), AttributeError, "speak(text)"),
        (lambda s: s.audio.play(audioUrl="http://x"), TypeError, "pass the URL first"),
        (lambda s: PRESS.button, AttributeError, "button_id"),
        (lambda s: PRESS.action, AttributeError, "press_type"),
        (lambda s: s.events.onPhoneNotification(print), AttributeError, "on_phone_notification"),
        (lambda s: s.events.on_phone_notifications(print), AttributeError, "on_phone_notification(handler)"),
        (lambda s: s.events.onGlassesBatteryUpdate(print), AttributeError, "on_glasses_battery(handler)"),
        (lambda s: BATTERY.percentage, AttributeError, "level"),
        (lambda s: s.events.onVAD(print), AttributeError, "on_voice_activity(handler)"),
        (lambda s: ACTIVITY.isVoiceDetected, AttributeError, "is_speaking"),
        (lambda s: s.layouts.clearView(), AttributeError, "clear()"),
        (lambda s: s.layouts.show_double_text_wall(topText="a", bottomText="b"), TypeError, "write 'top'"),
        (lambda s: s.layouts.show_text_wall("a", durationMs=5), TypeError, "write 'duration', in seconds"),
        (lambda s: s.led.on("red", brightness=5), TypeError, "color, duration"),
        (lambda s: s.led.blink({"color": "red"}), TypeError, "options are keywords"),
        (lambda s: s.camera.start_stream("rtmp://x", resolution="720p"), TypeError, "VideoOptions"),
        (lambda s: s.camera.start_stream(rtmpUrl="rtmp://x"), TypeError, "pass the URL first"),
        (lambda s: VideoOptions(framerate=30), TypeError, "frame_rate"),
        (lambda s: ManagedStreamStatus(status="active").viewerUrl, AttributeError, "hls_url"),
        (lambda s: PHOTO.url, AttributeError, "data"),
        (lambda s: PHOTO.buffer, AttributeError, "data"),
        (lambda s: WHERE.latitude, AttributeError, "lat"),
        (lambda s: WHERE.longitude, AttributeError, "lng"),
        (lambda s: s.location.on_update(print, accuracy="balanced"), ValueError, "realtime"),
        (lambda s: s.events.on("disconnected", print), ValueError, "on_disconnected"),
        (lambda s: s.capabilities.hasLocation, AttributeError, "session.location"),
        (lambda s: s.capabilities.hasCamera, AttributeError, "has_camera"),
        (lambda s: PLAYED.duration, AttributeError, "duration_s"),
        (lambda s: PLAYED.error, AttributeError, "the AudioError that is raised for a failure"),
        (lambda s: CALL.toolId, AttributeError, "Use name instead."),
        (lambda s: CALL.toolParameters, AttributeError, "Use parameters instead."),
        (lambda s: CALL.userId, AttributeError, "use 'user_id'"),
        (lambda s: CALL.activeSession, AttributeError, "Use session instead."),
        (lambda s: VIDEO.hasActiveStream, AttributeError, "There is one if existing_stream() did not return None."),
        (lambda s: VIDEO.streamInfo, AttributeError, "existing.stream_id, existing.status"),
        (lambda s: s.logger.child({"user": 1}), AttributeError, 'extra={"key": value}'),
        (lambda s: AppServer(mentraOSWebsocketUrl="ws://x"), TypeError, "mentraos_websocket_url"),
        (lambda s: AppServer(packageName="x"), TypeError, "package_name"),
        (lambda s: s.simpleStorage.get("k"), AttributeError, "session.storage"),
        (lambda s: s.dashboard.content.write("x"), AttributeError, "Use session.dashboard itself (its write(text)"),
    ],
)
async def test_what_old_documentation_teaches_gets_an_answer(
    use: Callable[[AppSession], Any], kind: type[Exception], hint: str
):
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        session = next(iter(glasses.app.sessions.values()))

        with pytest.raises(kind) as error:
            use(session)

    assert hint in str(error.value)


@pytest.mark.parametrize(
    ("name", "function", "right"),
    [
        ("on_tool_call", lambda self, call: None, "on_tool_call(self, tool_name, args, user_id)"),
        ("on_session", lambda self, session: None, "on_session(self, session, session_id, user_id)"),
        ("on_stop", lambda self, session, reason: None, "on_stop(self, session_id, user_id, reason)"),
    ],
)
def test_a_hook_with_the_parameters_of_another_sdk_is_refused_when_the_class_is_made(
    name: str, function: Callable[..., object], right: str
):
    with pytest.raises(TypeError) as error:
        type("Written", (AppServer,), {name: function})

    assert right in str(error.value)


@pytest.mark.parametrize(
    "name", ["discoverAppUsers", "isUserActive", "broadcastToAppUsers", "sendDirectMessage", "joinAppRoom"]
)
async def test_messages_between_apps_are_not_offered(name: str):
    """Defect 30 of the official SDK 2.1.29: they are offered, and no cloud passes them on."""
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        session = next(iter(glasses.app.sessions.values()))

        with pytest.raises(AttributeError, match="no cloud passes on messages between apps and users"):
            getattr(session, name)


NAMED_ON_THE_SESSION = {
    "on_button_press": "Use session.events.on_button_press instead.",
    "onTouchEvent": "Use session.events.on_touch_event instead.",
    "onPhoneNotifications": "Use session.events.on_phone_notification(handler) instead.",
    "show_text_wall": "Use session.layouts.show_text_wall instead.",
    "speak": "Use session.audio.speak instead.",
    "playAudio": "Use await session.audio.play(url) instead.",
    "tts": "Use await session.audio.speak(text) instead.",
    "request_photo": "Use session.camera.request_photo instead.",
    "request_wifi_setup": "Use session.device.request_wifi_setup instead.",
    "get_wifi_status": "Use session.device.wifi instead.",
    "set_interval": "Use session.every(seconds, function) instead.",
    "show": "Use session.layouts.show_text_wall(text) or session.dashboard.write(text) instead.",
    "app": "The app is self, in a method of your AppServer.",
    "has_mic": "Did you mean 'has_microphone'?",
}


@pytest.mark.parametrize(("name", "said"), NAMED_ON_THE_SESSION.items())
async def test_what_a_part_of_the_session_has_is_named_on_the_session_itself(name: str, said: str):
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        session = next(iter(glasses.app.sessions.values()))

        with pytest.raises(AttributeError) as error:
            getattr(session, name)

    assert str(error.value) == f"AppSession has no attribute {name!r}. {said}"


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (lambda s: s.settings.set, "Only the user changes settings"),
        (lambda s: s.settings.get_all, "dict(session.settings)"),
        (lambda s: s.settings.get_setting, 'session.settings["key"]'),
        (lambda s: s.disconnect, "The server connects a session, and ends it"),
        (lambda s: s.stop, "The server connects a session, and ends it"),
        (lambda s: s.get_setting, 'session.settings["key"]'),
    ],
)
async def test_names_for_which_a_wrong_guess_was_near_have_an_answer(look: Callable[[AppSession], object], said: str):
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        with pytest.raises(AttributeError) as error:
            look(next(iter(glasses.app.sessions.values())))

    assert said in str(error.value)
    assert "Did you mean" not in str(error.value)


@pytest.mark.parametrize(
    ("use", "kind", "said"),
    [
        (
            lambda s: s.layouts.show_text_wall("x", {"view": "main"}),
            TypeError,
            "takes only text by position; options are",
        ),
        (lambda s: s.audio.speak("x", {"volume": 1}), TypeError, "takes only text by position; options are keywords"),
        (lambda s: s.audio.play({"audioUrl": "https://x"}), TypeError, "takes no dict; options are keywords"),
        (lambda s: s.camera.request_photo({"size": "small"}), TypeError, "takes nothing by position; options are"),
        (lambda s: s.location.on_update({"accuracy": "high"}, print), TypeError, "takes only handler by position"),
        (lambda s: s.events.on_transcription("es-ES", print), TypeError, "takes only handler by position"),
        (lambda s: s.events.on_transcription(print, lang="es-ES"), TypeError, "write 'language'"),
        (lambda s: s.events.on_translation(print, target_language="es-ES"), TypeError, "write 'target'"),
        (lambda s: s.events.on_touch_event("double_tap", print), TypeError, "The handler comes first"),
        (lambda s: s.dashboard.write("x", targets=["main"]), TypeError, 'write modes=("main",)'),
        (lambda s: s.dashboard.write("x", modes=["foo"]), ValueError, "The modes are: main, expanded."),
        (lambda s: s.layouts.show_text_wall("x", view="Dashboard"), ValueError, "The views are: main, dashboard."),
        (lambda s: AppServer({"packageName": "x"}), TypeError, "AppServer() takes nothing by position"),  # type: ignore[call-arg, misc]  # The mistake.
    ],
)
async def test_options_of_other_sdks_are_told_to_be_keywords(
    use: Callable[[Any], object], kind: type[Exception], said: str
):
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        with pytest.raises(kind) as error:
            use(next(iter(glasses.app.sessions.values())))

    assert said in str(error.value)


def no_handler() -> None: ...


@pytest.mark.parametrize(
    ("register", "said"),
    [
        (lambda s: s.events.on_transcription(no_handler), "'transcription:en-US' gets one argument, the event"),
        (lambda s: s.events.on_touch_event(no_handler), "'touch_event' gets one argument, the event"),
        (lambda s: s.events.on_connected(no_handler), "'connected' gets one argument, the event"),
        (lambda s: s.events.on("button_press")(no_handler), "'button_press' gets one argument, the event"),
        (
            lambda s: s.settings.on_change("lines", lambda new: None),
            "gets 2 arguments, the new value and the old value",
        ),
        (lambda s: s.settings.on_change(lambda new, old: None), "gets one argument, the mapping of changes"),
        (lambda s: s.settings.system.on_change("x", no_handler), "gets 2 arguments, the new value and the old value"),
        (lambda s: s.device.on_change("charging", no_handler), "gets one argument, the event"),
        (lambda s: s.dashboard.on_mode_change(no_handler), "gets one argument, the event"),
        (lambda s: s.camera.on_stream_status(no_handler), "gets one argument, the event"),
        (lambda s: s.camera.on_managed_stream_status(no_handler), "gets one argument, the event"),
        (lambda s: s.location.on_update(no_handler), "gets one argument, the event"),
        (lambda s: s.every(5, lambda beat: None), "calls its function without arguments"),
    ],
)
async def test_a_handler_that_cannot_be_called_is_refused_when_it_is_registered(
    register: Callable[[Any], object], said: str
):
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        with pytest.raises(TypeError) as error:
            register(next(iter(glasses.app.sessions.values())))

    assert said in str(error.value)
    assert "no_handler() does not take" in str(error.value) or "<lambda>()" in str(error.value)


@pytest.mark.parametrize(
    ("use", "warnings"),
    [
        (lambda s: s.layouts.show_text_wall("x", duration=3000), ["duration=3"]),
        (lambda s: s.layouts.show_text_wall("x", duration=600), []),
        (lambda s: s.led.on(duration=1000), ["duration=1"]),
        (lambda s: s.led.blink(on=500, off=250), ["on=0.5", "off=0.25"]),
        (lambda s: s.led.blink(on=0.5), []),
    ],
)
async def test_durations_that_look_like_milliseconds_are_warned_about_once(
    caplog: pytest.LogCaptureFixture, use: Callable[[AppSession], object], warnings: list[str]
):
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        session = next(iter(glasses.app.sessions.values()))
        use(session)
        use(session)

    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [text.partition("milliseconds, write ")[2].rstrip(".") for text in said] == warnings
    assert all(f"{__file__}, line " in text for text in said)


@pytest.mark.parametrize("name", ["run", "_serving", "config", "sessions"])
def test_a_forgotten_super_call_is_named(name: str):
    class Forgetful(AppServer):
        def __init__(self) -> None:
            self.count = 0

    with pytest.raises(AttributeError, match=r"^Forgetful\.__init__ must call super\(\)\.__init__\(\) first"):
        getattr(Forgetful(), name)()


ON_THE_GLASSES = {
    "tap": 'Use touch("single_tap") instead.',
    "look": "Use look_up() or look_down() instead.",
    "setLocation": "Use move(lat, lng) instead.",
    "battery": "Use set_battery(level) instead.",
    "wear": "Use put_on(model) instead.",
    "speak": "Use say(text) instead.",
    "showing": "Use display instead.",
    "setBattery": "Python names are snake_case: use 'set_battery'.",
}


@pytest.mark.parametrize(("name", "said"), ON_THE_GLASSES.items())
async def test_a_wrong_name_of_the_glasses_names_the_right_one(name: str, said: str):
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        for owner in (glasses, glasses.glasses):
            with pytest.raises(AttributeError) as error:
                getattr(owner, name)

            assert str(error.value) == f"{type(owner).__name__} has no attribute {name!r}. {said}"


async def test_what_only_the_virtual_glasses_have_is_named_on_the_simulated_ones():
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        with pytest.raises(AttributeError, match=r"Use glasses\.glasses\.speaker instead\.$"):
            _ = glasses.speaker  # type: ignore[attr-defined]  # The point of this test.


SUBSCRIPTIONS = {
    "a Subscription": lambda s: s.events.on_button_press(print),
    "a SettingSubscription": lambda s: s.settings.on_change(print),
    "a Subscription of locations": lambda s: s.location.on_update(print),
    "a Timer": lambda s: s.every(5, print),
}
USES = {
    "call": lambda s, subscription: subscription(),
    "app.add_cleanup_handler": lambda s, subscription: s.state.app.add_cleanup_handler(subscription),
    "session.on_stop": lambda s, subscription: s.on_stop(subscription),
    "a handler of a stream": lambda s, subscription: s.events.on_button_press(subscription),
    "a handler of settings": lambda s, subscription: s.settings.on_change(subscription),
    "a timer": lambda s, subscription: s.call_later(5, subscription),
}


@pytest.mark.parametrize("make", SUBSCRIPTIONS)
@pytest.mark.parametrize("use", USES)
async def test_a_subscription_is_no_function(make: str, use: str):
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        session = next(iter(glasses.app.sessions.values()))
        session.state.app = glasses.app
        subscription = SUBSCRIPTIONS[make](session)

        with pytest.raises(TypeError) as error:
            USES[use](session, subscription)

        assert subscription.active
    what = "timer" if make == "a Timer" else "subscription"
    said = f"A {what} is no function: write {what}.cancel(). {what.capitalize()}s end with the session by themselves."
    assert str(error.value).endswith(said)


@pytest.mark.parametrize("use", ["app.add_cleanup_handler", "session.on_stop"])
async def test_what_is_no_function_is_no_clean_up(use: str):
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        session = next(iter(glasses.app.sessions.values()))
        session.state.app = glasses.app

        with pytest.raises(TypeError, match="must be a function, not None"):
            USES[use](session, None)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("streamType", "stream_type"),
        ("stream_type", "stream_type"),
        ("settings", "settings"),
        ("user_id", "user_id"),
        ("has_camera", "has_camera"),
        ("_own", "_own"),
        ("state", "count"),
    ],
)
async def test_what_an_app_keeps_in_a_session_is_in_its_state(name: str, right: str):
    async with simulate(AppServer(package_name="com.example.app", api_key=API_KEY)) as glasses:
        session = next(iter(glasses.app.sessions.values()))
        before = [getattr(session, each) for each in dir(session)]

        with pytest.raises(AttributeError) as error:
            setattr(session, name, "managed")

        assert [getattr(session, each) for each in dir(session)] == before
    assert str(error.value) == (
        f"session.{name} cannot be set. Your own attributes are those of session.state: "
        f"write session.state.{right} = ..."
    )

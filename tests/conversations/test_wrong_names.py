"""A name from the TypeScript SDK, or a wrong guess, gets an error that names the right one."""

from collections.abc import Callable

import pytest

from mentra import AppServer, AppSession, Transcription
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import API_KEY, ScriptedCloud, turns

SPEECH = Transcription(text="hi", is_final=True)


@pytest.mark.parametrize(
    ("look", "hint"),
    [
        (lambda s: s.display, "session.layouts"),
        (lambda s: s.onTranscription, "session.events.on_transcription(handler)"),
        (lambda s: s.sessionId, "use 'session_id'"),
        (lambda s: s.userId, "use 'user_id'"),
        (lambda s: s.getSetting, 'session.settings.get("key", default)'),
        (lambda s: s.layout, "Did you mean 'layouts'?"),
        (lambda s: s.layouts.showTextWall, "use 'show_text_wall'"),
        (lambda s: s.layouts.showReferenceCard, "use 'show_reference_card'"),
        (lambda s: s.layouts.clearView, "clear()"),
        (lambda s: s.layouts.show_text, "Did you mean 'show_text_wall'?"),
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
        (lambda app: app.onSession, "use 'on_session'"),
        (lambda app: app.sesions, "Did you mean 'sessions'?"),
    ],
)
def test_a_wrong_name_of_the_server_names_the_right_one(look: Callable[[AppServer], object], hint: str):
    app = AppServer(package_name="com.example.app", api_key=API_KEY)

    with pytest.raises(AttributeError) as error:
        look(app)

    assert hint in str(error.value)


@pytest.mark.parametrize(("name", "hint"), [("isFinal", "use 'is_final'"), ("tekst", "Did you mean 'text'?")])
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

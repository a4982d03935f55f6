"""What a wearer does and sees."""

import asyncio
from datetime import UTC, datetime

import pytest

from mentra.errors import NotConnected
from mentra.localcloud import LocalCloud
from mentra.localcloud.models import MODELS
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.layouts import TextWall
from mentra.protocol.webhooks import tool_key
from tests.helpers.scripted_app import API_KEY, ScriptedApp, let_it_happen, text_wall

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_ISO = "2026-01-31T12:00:00.000Z"
NOON_MS = 1769860800000
SESSION = "user1@example.com-com.example.app"
SETTINGS = (
    {"type": "toggle", "key": "flag", "label": "Flag", "defaultValue": False, "options": []},
    {"type": "group", "title": "More"},
    {"type": "text", "key": "name", "label": "Name", "defaultValue": "anon", "maxLines": 3},
)


@pytest.fixture
async def cloud(network):
    async with LocalCloud(network, now=lambda: NOON) as cloud:
        yield cloud


async def test_a_user_has_one_pair_of_glasses(cloud, glasses):
    assert cloud.connect_glasses("user1@example.com", model="Mentra Live") is glasses
    assert glasses.model == "Even Realities G1"


async def test_speech_reaches_the_subscribers_of_its_language(running, glasses):
    await running.subscribe("transcription")

    await glasses.say("hola", language="es-ES")
    await glasses.say("hello")

    assert running.socket.frames[1:] == [
        {
            "type": "data_stream",
            "sessionId": SESSION,
            "streamType": "transcription:en-US",
            "data": {
                "type": "transcription",
                "text": "hello",
                "isFinal": True,
                "startTime": NOON_MS,
                "endTime": NOON_MS + 1000,
                "transcribeLanguage": "en-US",
                "provider": "soniox",
                "metadata": {"provider": "soniox"},
            },
            "timestamp": NOON_ISO,
        }
    ]


async def test_only_interim_speech_has_a_confidence_w_lang_4(running, glasses):
    await running.subscribe("transcription:en-US")

    await glasses.say("hel", is_final=False)
    await glasses.say("hello")

    assert ["confidence" in frame["data"] for frame in running.socket.frames[1:]] == [True, False]


async def test_a_language_that_the_cloud_does_not_know_is_an_error(glasses):
    with pytest.raises(ValueError, match="'en'"):
        await glasses.say("hello", language="en")


async def test_a_button_carries_the_phones_time_in_milliseconds_w_conv_5(running, glasses):
    await running.subscribe("button_press")

    await glasses.press("left", "long")

    assert running.socket.frames[-1]["data"] == {
        "type": "button_press",
        "buttonId": "left",
        "pressType": "long",
        "timestamp": NOON_MS,
    }


@pytest.mark.parametrize(
    ("stream", "given", "sent"),
    [
        ("head_position", {"position": "up"}, {"type": "head_position", "position": "up", "timestamp": NOON_MS}),
        ("VAD", {"status": "true", "timestamp": 5}, {"type": "VAD", "status": "true", "timestamp": 5}),
        (
            "location_update",
            {"lat": 48.2, "lng": 16.37},
            {"type": "location_update", "lat": 48.2, "lng": 16.37, "timestamp": NOON_ISO},
        ),
        (
            "phone_notification",
            {"title": "Hi"},
            {"type": "phone_notification", "title": "Hi", "priority": "normal", "timestamp": NOON_MS},
        ),
        ("invented", {"type": "else"}, {"type": "else", "timestamp": NOON_MS}),
    ],
)
async def test_any_event_can_be_sent_and_is_completed(running, glasses, stream, given, sent):
    await running.subscribe("*")

    await glasses.send(stream, given)

    frame = running.socket.frames[-1]
    assert (frame["streamType"], frame["data"]) == (stream, sent)


async def test_what_the_phone_recognised_comes_under_the_bare_name_and_once_more_as_it_came_w_lang_6(running, glasses):
    await running.subscribe("transcription:en-US", "local_transcription")

    await glasses.send("transcription", {"text": "hi", "isFinal": True})

    heard = {"type": "local_transcription", "text": "hi", "isFinal": True}
    frames = running.socket.frames[1:]
    assert [(frame["streamType"], frame["data"]) for frame in frames] == [
        ("transcription", heard),
        ("local_transcription", heard),
    ]


async def test_a_tool_may_be_called_with_less_than_the_assistant_says_w_http_10(app, glasses):
    await glasses.trigger_tool(app.package_name, {"toolId": "what", "more": 1})

    assert app.requests[-1][1:] == ("/tool", {"toolId": "what", "more": 1})


async def test_a_gesture_can_be_named_in_the_stream(running, glasses):
    await running.subscribe("touch_event:double_tap")

    await glasses.send("touch_event:double_tap", {"device_model": "Mentra Live"})

    assert running.socket.frames[-1]["data"]["gesture_name"] == "double_tap"


async def test_sound_is_a_binary_frame_of_whole_samples_w_cloud_11(running, glasses):
    await running.subscribe("audio_chunk")

    await glasses.send_audio(b"\1\2\3")
    await glasses.send_audio(b"\4")

    assert running.socket.frames[1:] == [b"\1\2", b"\3\4"]


async def test_sound_cannot_be_sent_as_an_event(glasses):
    with pytest.raises(ValueError, match="send_audio"):
        await glasses.send("audio_chunk", {})


async def test_the_display_shows_what_the_app_sent(running, glasses):
    await running.show("hello")

    assert (glasses.display, glasses.layout) == ("hello", TextWall(text="hello"))
    assert [event.layout for event in glasses.shown] == [text_wall("hello")]


async def test_a_display_is_cleared_after_its_duration_w_disp_4(running, glasses):
    await running.show("hello", durationMs=1000)
    await asyncio.sleep(0.9)
    assert glasses.display == "hello"

    await asyncio.sleep(0.2)

    assert glasses.display == ""
    assert glasses.shown[-1] == DisplayEvent(
        package_name="system.augmentos.dashboard",
        view="main",
        layout=text_wall(""),
        duration_ms=0,
        timestamp=glasses.shown[-1].timestamp,
    )


async def test_a_newer_display_outlives_the_duration_of_the_older(running, glasses):
    await running.show("first", durationMs=1000)
    await running.show("second")

    await asyncio.sleep(2.0)

    assert glasses.display == "second"


async def test_a_stop_clears_what_the_app_showed_w_disp_7(running, glasses):
    await running.show("hello")
    await running.send("dashboard_content_update", content="line", modes=["main"], timestamp=NOON_ISO)

    await glasses.stop(running.package_name)

    assert (glasses.display, glasses.dashboard) == ("", "")


async def test_the_dashboard_view_is_for_who_wrote_last(running, glasses):
    await running.send("dashboard_content_update", content="line", modes=["main"], timestamp=NOON_ISO)
    assert (glasses.dashboard, glasses.display) == ("line", "")

    await running.show("card", view="dashboard")
    assert (glasses.dashboard, glasses.display) == ("card", "")


@pytest.mark.parametrize("missing", ["modes", "timestamp"])
async def test_an_incomplete_dashboard_update_is_ignored_w_app_6(running, glasses, missing):
    update = {"content": "line", "modes": ["main"], "timestamp": NOON_ISO}
    del update[missing]

    await running.send("dashboard_content_update", **update)

    assert glasses.dashboard == ""


async def test_an_unknown_layout_is_shown_as_nothing_we_can_read_w_disp_1(running, glasses):
    await running.show("", layout={"layoutType": "hologram", "depth": 3})

    assert (glasses.display, glasses.layout) == ("", None)
    assert glasses.shown[-1].layout == {"layoutType": "hologram", "depth": 3}


@pytest.mark.parametrize("missing", ["view", "layout", "sessionId"])
async def test_a_display_without_something_reaches_the_glasses_all_the_same_w_disp_1(running, glasses, missing):
    wish = {"view": "main", "layout": text_wall("hello"), "sessionId": "", "timestamp": 0}
    del wish[missing]

    await running.send("display_event", **wish)

    assert [(event.view, event.layout) for event in glasses.shown] == [(wish.get("view"), wish.get("layout"))]


async def test_a_display_in_the_name_of_the_system_is_shown_and_one_in_that_of_an_app_that_does_not_run_is_not(
    running, glasses
):
    await running.show("as another app", packageName="com.example.other")
    await running.show("as the system", packageName="system.augmentos.dashboard")

    assert [event.layout for event in glasses.shown] == [text_wall("as the system")]


async def test_waiting_for_a_display_sees_a_text_that_was_replaced_at_once(running, glasses):
    wait = asyncio.create_task(glasses.wait_for_display("two"))
    await let_it_happen()

    for text in ("one", "one two", "three"):
        running.socket.send(
            {"type": "display_event", "packageName": running.package_name, "view": "main", "layout": text_wall(text)}
        )

    assert await wait == "one two"


async def test_waiting_for_a_display_in_vain_says_what_is_shown(running, glasses):
    await running.show("goodbye")

    with pytest.raises(TimeoutError, match=r"did not show 'hello' within 2 s.*show 'goodbye'.*com\.example\.app"):
        await glasses.wait_for_display("hello", timeout=2.0)


async def test_a_viewer_is_called_until_it_is_undone_and_may_fail(running, glasses, caplog):
    seen = []

    def view(changed):
        seen.append(changed.display)
        raise RuntimeError("in the viewer")

    undo = glasses.on_display(view)
    await running.show("one")
    undo()
    await running.show("two")

    assert seen == ["one"]
    assert glasses.display == "two"
    assert "in the viewer" in caplog.text


async def test_a_tool_call_carries_the_hashed_key_w_http_10(app, glasses):
    answer = await glasses.call_tool(app.package_name, "add", {"x": 1})

    assert answer == {"status": "success", "reply": "done"}
    assert app.headers[-1]["x-app-api-key"] == tool_key(API_KEY)
    assert [body for _, _, body in app.requests] == [
        {"toolId": "add", "toolParameters": {"x": 1}, "userId": "user1@example.com", "timestamp": NOON_ISO}
    ]


async def test_each_tool_call_has_a_timestamp_of_its_own(cloud, app, glasses):
    bob = cloud.connect_glasses("bob@example.com")

    await glasses.call_tool(app.package_name, "add")
    await bob.call_tool(app.package_name, "add")
    await glasses.call_tool(app.package_name, "add")

    stamps = [body["timestamp"] for _, _, body in app.requests]
    assert stamps == [NOON_ISO, "2026-01-31T12:00:00.001Z", "2026-01-31T12:00:00.002Z"]


async def test_a_failed_tool_call_is_repeated_once_and_then_described_w_http_12(app, glasses):
    app.statuses = [500, 500]

    answer = await glasses.call_tool(app.package_name, "add")

    assert answer == {
        "error": True,
        "message": "Webhook failed: Request failed with status code 500",
        "details": {"status": "success", "reply": "done"},
    }
    assert app.requests[1][0] - app.requests[0][0] == pytest.approx(1.0)


async def test_a_tool_that_hangs_is_given_up_after_twenty_seconds_twice(app, glasses):
    app.delay_s = 100.0

    answer = await glasses.call_tool(app.package_name, "add")

    assert answer["error"] is True
    assert asyncio.get_running_loop().time() == pytest.approx(41.0)


async def test_until_the_user_saved_the_ack_has_the_schema_w_set_1(cloud, app, glasses):
    cloud.install(app.installed(settings=SETTINGS))

    await glasses.start(app.package_name)

    assert app.socket.frames[0]["settings"] == [{**entry, "options": []} for entry in SETTINGS]


async def test_a_change_of_settings_comes_by_socket_and_then_by_http_as_the_full_list_w_set_6(cloud, app, glasses):
    cloud.install(app.installed(settings=SETTINGS))
    await glasses.start(app.package_name)
    pairs = [{"key": "flag", "value": True}, {"key": "name", "value": "anon"}]

    await glasses.change_settings(app.package_name, {"flag": True})

    assert app.socket.frames[-1] == {
        "type": "settings_update",
        "packageName": app.package_name,
        "sessionId": SESSION,
        "settings": pairs,
        "timestamp": NOON_ISO,
    }
    assert app.requests[-1][1:] == ("/settings", {"userIdForSettings": "user1@example.com", "settings": pairs})


async def test_settings_of_an_app_that_does_not_run_come_by_http_and_are_in_the_next_ack_w_set_2(cloud, app, glasses):
    cloud.install(app.installed(settings=SETTINGS))

    await glasses.change_settings(app.package_name, {"name": None})
    await glasses.start(app.package_name)

    assert [path for _, path, _ in app.requests] == ["/settings", "/webhook"]
    assert app.socket.frames[0]["settings"] == [{"key": "flag", "value": False}, {"key": "name", "value": None}]


async def test_other_glasses_are_announced_w_cloud_7(running, glasses):
    await glasses.put_on("Mentra Live")
    await glasses.put_on("Mentra Mach1")

    known, unknown = running.socket.frames[1:]
    assert (known["modelName"], known["capabilities"]["hasCamera"]) == ("Mentra Live", True)
    assert unknown == {"type": "capabilities_update", "modelName": "Mentra Mach1", "capabilities": None}
    assert glasses.capabilities is None


async def test_the_ack_names_unknown_capabilities_as_null_w_hand_3(cloud, app):
    glasses = cloud.connect_glasses(model="Mentra Mach1")

    await glasses.start(app.package_name)

    assert app.socket.frames[0]["capabilities"] is None


async def test_capabilities_are_known_for_six_models():
    assert sorted(MODELS) == [
        "Even Realities G1",
        "Even Realities G2",
        "Mentra Display",
        "Mentra Live",
        "Simulated Glasses",
        "Vuzix Z100",
    ]


async def test_dropping_a_connection_that_is_not_there_is_an_error(app, glasses):
    with pytest.raises(NotConnected, match=r"com\.example\.app"):
        glasses.drop_connection(app.package_name)


async def test_a_user_who_left_may_come_back(cloud, running, glasses):
    await glasses.leave()

    again = cloud.connect_glasses("user1@example.com")
    await again.start(running.package_name)

    assert again is not glasses
    assert again.running == (running.package_name,)


async def test_users_are_told_apart(cloud, running: ScriptedApp, glasses):
    other = cloud.connect_glasses("user2@example.com")
    await other.start(running.package_name)
    await running.show("for user 2")

    assert (glasses.display, other.display) == ("", "for user 2")


async def test_the_api_key_is_not_in_the_repr(app):
    assert API_KEY not in repr(app.installed())


@pytest.mark.parametrize(
    ("subscription", "stream", "data", "hears"),
    [
        ("button_press", "button_press", None, True),
        ("button_press", "head_position", None, False),
        ("transcription", "transcription:en-US", None, True),
        ("transcription:es-ES", "transcription:en-US", None, False),
        ("touch_event:double_tap", "touch_event:double_tap", None, True),
        ("touch_event:double_tap", "touch_event:single_tap", None, False),
        ("touch_event:double_tap", "touch_event", {"gesture_name": "double_tap"}, True),
        ("touch_event", "touch_event:single_tap", None, True),
        ("*", "anything", None, True),
        ("audio_chunk", "audio_chunk", None, True),
        ("button_press", "audio_chunk", None, False),
    ],
)
async def test_who_would_hear_of_an_event_is_known_before(running, glasses, subscription, stream, data, hears):
    await running.subscribe(subscription)

    assert glasses.listeners(stream, data) == ((running.package_name,) if hears else ())


async def test_settings_are_the_defaults_until_the_user_chose(cloud, app, glasses):
    cloud.install(app.installed(settings=SETTINGS))

    before = glasses.settings("com.example.app")
    await glasses.change_settings("com.example.app", {"flag": True})

    assert before == {"flag": False, "name": "anon"}
    assert glasses.settings("com.example.app") == {"flag": True, "name": "anon"}


async def test_of_the_systems_settings_only_the_units_are_told_and_only_to_who_asked_w_cloud_6(running, glasses):
    await running.subscribe("augmentos:brightness", "button_press")
    await glasses.change_system_settings({"metricSystemEnabled": True, "brightness": 70})
    await running.subscribe("augmentos:metricSystemEnabled")
    await glasses.change_system_settings({"brightness": 80})
    await glasses.change_system_settings({"metricSystemEnabled": True})
    await glasses.change_system_settings({"metricSystemEnabled": False})

    assert [frame for frame in running.socket.frames if frame["type"] == "augmentos_settings_update"] == [
        {
            "type": "augmentos_settings_update",
            "sessionId": SESSION,
            "settings": {"metricSystemEnabled": False},
            "timestamp": NOON_ISO,
        }
    ]


async def test_an_app_that_connects_is_told_all_settings_of_the_system(running, glasses):
    await glasses.change_system_settings({"brightness": 70})

    await running.connect()
    await let_it_happen()

    assert running.socket.frames[0]["augmentosSettings"]["brightness"] == 70

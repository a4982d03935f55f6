"""What a wearer does and sees."""

import asyncio
import gc
import weakref
from datetime import UTC, datetime

import pytest

from mentra.errors import NotConnected
from mentra.localcloud import LocalCloud
from mentra.localcloud.models import MODELS
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.layouts import TextWall
from tests.helpers.scripted_app import API_KEY, ScriptedApp, let_it_happen, text_wall

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_ISO = "2026-01-31T12:00:00.000Z"
NOON_MS = 1769860800000
SESSION = "user1@example.com-com.example.app"


@pytest.fixture
async def cloud(network):
    async with LocalCloud(network, now=lambda: NOON) as cloud:
        yield cloud


async def test_a_user_has_one_pair_of_glasses(cloud, glasses):
    assert cloud.connect_glasses("user1@example.com", model="Mentra Live") is glasses
    assert glasses.model == "Even Realities G1"


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


async def test_any_event_can_be_sent_and_is_completed(running, glasses):
    await running.subscribe("*")

    await glasses.send("invented", {"really": True})

    frame = running.socket.frames[-1]
    assert (frame["streamType"], frame["data"]) == (
        "invented",
        {"type": "invented", "really": True, "timestamp": NOON_MS},
    )


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


async def test_glasses_of_a_user_who_left_are_not_kept(cloud, app):
    glasses = cloud.connect_glasses("gone@example.com")
    await glasses.start(app.package_name)
    await glasses.press()
    await glasses.leave()

    kept = weakref.ref(glasses)
    del glasses
    gc.collect()

    assert kept() is None


async def test_users_are_told_apart(cloud, running: ScriptedApp, glasses):
    other = cloud.connect_glasses("user2@example.com")
    await other.start(running.package_name)
    await running.show("for user 2")

    assert (glasses.display, other.display) == ("", "for user 2")


async def test_the_api_key_is_not_in_the_repr(app):
    assert API_KEY not in repr(app.installed())


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

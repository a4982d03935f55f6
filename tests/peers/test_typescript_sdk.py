"""The local cloud is a cloud to the official TypeScript SDK: unmodified, in node, over real sockets."""

import base64

import pytest

from mentra.localcloud import StartFailed
from mentra.localcloud.phone.camera import grey_jpeg
from mentra.protocol.app_to_cloud import DisplayEvent
from tests.helpers.waiting import until

USER = "user@example.com"
SOUND = {"type": "group", "title": "Sound"}
VOLUME = {"type": "slider", "key": "volume", "label": "Volume", "min": 0, "max": 10, "defaultValue": 3}
EVENTS = [
    ("head_position", {"position": "up"}, "head up"),
    ("touch_event:double_tap", {"device_model": "Mentra Live"}, "touch double_tap"),
    ("glasses_battery_update", {"level": 80, "charging": False}, "glasses battery 80 false"),
    ("phone_battery_update", {"level": 15, "charging": True, "timeRemaining": 30}, "phone battery 15 true"),
    ("location_update", {"lat": 52.5, "lng": 13.25, "accuracy": 8}, "location 52.5 13.25"),
    ("VAD", {"status": True}, "speaking true"),
    (
        "phone_notification",
        {"notificationId": "1", "app": "Mail", "title": "Hi", "content": "there", "priority": "normal"},
        "notification Mail Hi",
    ),
    ("custom_sensor", {"value": 42}, "custom 42"),
]

pytestmark = [pytest.mark.node, pytest.mark.sockets, pytest.mark.processes, pytest.mark.timeout(300)]


async def start(cloud, peer):
    """Install the app, start it for a user, and wait for its greeting."""
    cloud.install(peer.app(settings=(SOUND, VOLUME)))
    glasses = cloud.connect_glasses(USER)
    await glasses.start(peer.package_name)
    # The SDK does not read defaultValue (W-SET-4).
    await glasses.wait_for_display(f"ready {USER} volume unset", timeout=10)
    return glasses


async def watch(cloud, peer, user_id):
    """Start the watcher for a user, and wait until all its handlers are there."""
    cloud.install(peer.app())
    glasses = cloud.connect_glasses(user_id)
    await glasses.start(peer.package_name)
    await glasses.wait_for_display(f"{user_id}: watching", timeout=10)
    return glasses


async def test_it_hears_speech_and_answers_on_the_display(cloud, echo):
    glasses = await start(cloud, echo)

    await glasses.say("hello", is_final=False)
    await glasses.say("hello world")

    assert await glasses.wait_for_display("heard hello", timeout=10) == "heard hello world"


async def test_it_gets_button_presses(cloud, echo):
    glasses = await start(cloud, echo)

    await glasses.press("main", "long")

    await glasses.wait_for_display("button main long", timeout=10)


async def test_its_subscriptions_are_those_of_its_handlers(cloud, echo):
    glasses = await start(cloud, echo)

    assert glasses.subscriptions(echo.package_name) == ("transcription:en-US", "button_press")


async def test_its_tools_answer_with_and_without_a_session(cloud, echo):
    cloud.install(echo.app())
    glasses = cloud.connect_glasses(USER)

    offline = await glasses.call_tool(echo.package_name, "add", {"item": "milk", "count": 2})
    await glasses.start(echo.package_name)
    online = await glasses.call_tool(echo.package_name, "add")

    assert offline == {"status": "success", "reply": f'add({{"item":"milk","count":2}}) for {USER}, offline'}
    assert online == {"status": "success", "reply": f"add({{}}) for {USER}, online"}


async def test_a_failing_tool_is_reported_with_its_words(cloud, echo):
    cloud.install(echo.app())
    glasses = cloud.connect_glasses(USER)

    answer = await glasses.call_tool(echo.package_name, "fail")

    assert answer == {
        "error": True,
        "message": "Webhook failed: Request failed with status code 500",
        "details": {"status": "error", "message": "the tool broke"},
    }


async def test_it_learns_of_a_changed_setting_once(cloud, echo):
    glasses = await start(cloud, echo)

    await glasses.change_settings(echo.package_name, {"volume": 7})
    await glasses.wait_for_display("volume undefined -> 7", timeout=10)
    await glasses.change_settings(echo.package_name, {"volume": 8})
    await glasses.wait_for_display("volume 7 -> 8", timeout=10)

    news = [event.layout["text"] for event in glasses.shown if event.layout["text"].startswith("volume")]
    assert news == ["volume undefined -> 7", "volume 7 -> 8"]


async def test_it_learns_of_other_glasses(cloud, echo):
    glasses = await start(cloud, echo)

    await glasses.put_on("Mentra Live")

    await glasses.wait_for_display("glasses Mentra Live", timeout=10)


async def test_it_is_told_of_a_stop_and_starts_again_with_its_saved_settings(cloud, echo):
    glasses = await start(cloud, echo)
    await glasses.change_settings(echo.package_name, {"volume": 7})

    await glasses.stop(echo.package_name)
    await echo.wait_for_line(f"peer: stopped {USER}-{echo.package_name} user_disabled")
    await glasses.start(echo.package_name)

    await glasses.wait_for_display(f"ready {USER} volume 7", timeout=10)


async def test_a_wrong_key_fails_the_start(cloud, echo):
    cloud.install(echo.app(api_key="another key"))
    glasses = cloud.connect_glasses(USER)

    with pytest.raises(StartFailed) as failure:
        await glasses.start(echo.package_name)

    assert failure.value.stage == "AUTHENTICATION"


async def test_it_comes_back_after_a_dropped_connection(cloud, echo):
    glasses = await start(cloud, echo)

    glasses.drop_connection(echo.package_name)
    await echo.wait_for_line("peer: connected again")
    await glasses.say("still there?")

    await glasses.wait_for_display("heard still there?", timeout=10)
    assert not [line for line in echo.lines if line.startswith("peer: stopped")]


async def test_a_refused_app_is_started_again_by_the_cloud(cloud, echo):
    """W-CONN-8: the SDK does not come back by itself after 1008."""
    glasses = await start(cloud, echo)

    await glasses.call_tool(echo.package_name, "misbehave")
    await echo.wait_for_line("peer: disconnected 1008")
    await echo.wait_for_line(f"peer: stopped {USER}-{echo.package_name} user_disabled")
    await until(lambda: echo.package_name in glasses.running and glasses.subscriptions(echo.package_name), within=10)
    await glasses.say("once more")

    await glasses.wait_for_display("heard once more", timeout=10)


async def test_it_stops_twice_when_its_user_leaves(cloud, echo):
    """W-CONN-18."""
    glasses = await start(cloud, echo)

    await glasses.leave()
    await echo.wait_for_line(f"peer: stopped {USER}-{echo.package_name} User session ended")

    stops = [line.partition(echo.package_name)[2] for line in echo.lines if line.startswith("peer: stopped")]
    assert stops == [" Clean disconnect: User session ended", " User session ended"]


async def test_every_stream_arrives_in_a_shape_that_it_reads(cloud, watcher):
    glasses = await watch(cloud, watcher, USER)

    for stream, data, shown in EVENTS:
        await glasses.send(stream, data)
        await glasses.wait_for_display(f"{USER}: {shown}", timeout=10)
    await glasses.say("hola", language="es-ES")
    await glasses.wait_for_display(f"{USER}: heard hola", timeout=10)
    await glasses.send_audio(bytes(321))
    await glasses.wait_for_display(f"{USER}: audio 320", timeout=10)


async def test_it_stores_data_for_its_user(cloud, watcher):
    glasses = await watch(cloud, watcher, USER)

    await glasses.stop(watcher.package_name)
    await glasses.start(watcher.package_name)

    await glasses.wait_for_display(f"{USER}: watching, start 2", timeout=10)


async def test_two_users_are_kept_apart(cloud, watcher):
    ann = await watch(cloud, watcher, "ann@example.com")
    bob = await watch(cloud, watcher, "bob@example.com")

    await ann.send("head_position", {"position": "up"})
    await bob.send("head_position", {"position": "down"})

    await ann.wait_for_display("ann@example.com: head up", timeout=10)
    await bob.wait_for_display("bob@example.com: head down", timeout=10)


async def test_an_app_without_a_permission_gets_the_rest(cloud, watcher):
    """W-APP-3."""
    cloud.install(watcher.app(permissions=("LOCATION",)))
    glasses = cloud.connect_glasses(USER)
    await glasses.start(watcher.package_name)
    await glasses.wait_for_display("watching", timeout=10)

    await glasses.say("hola", language="es-ES")
    await glasses.send("location_update", {"lat": 1, "lng": 2})

    await glasses.wait_for_display("location 1 2", timeout=10)
    assert not [event for event in glasses.shown if "hola" in event.layout["text"]]


async def test_of_two_background_apps_the_first_keeps_the_display_w_disp_5(cloud, echo, watcher):
    cloud.install(echo.app(app_type="background"))
    cloud.install(watcher.app(app_type="background"))
    glasses = cloud.connect_glasses(USER)
    await glasses.start(echo.package_name)
    await glasses.wait_for_display("ready", timeout=10)
    await glasses.start(watcher.package_name)
    await until(lambda: "head_position" in glasses.subscriptions(watcher.package_name), within=10)

    await glasses.send("head_position", {"position": "up"})
    await until(lambda: f"{USER}: head up" in shown_by(glasses, watcher), within=10)
    await glasses.press("main", "short")

    assert await glasses.wait_for_display("button main short", timeout=10) == "button main short"
    assert set(glasses.running) == {echo.package_name, watcher.package_name}


def shown_by(glasses, peer):
    """Return the texts that an app asked to be shown."""
    return [frame.layout["text"] for frame in glasses.frames(peer.package_name) if isinstance(frame, DisplayEvent)]


async def film(cloud, camera):
    """Start the app with the camera, on glasses that have one."""
    cloud.install(camera.app())
    glasses = cloud.connect_glasses(USER, model="Mentra Live")
    await glasses.start(camera.package_name)
    await glasses.wait_for_display(f"ready {USER}", timeout=10)
    return glasses


async def test_it_gets_the_photo_that_the_glasses_took_w_photo_3(cloud, camera):
    glasses = await film(cloud, camera)
    photo = grey_jpeg(640, 480)

    await glasses.press("photo")

    shown = await glasses.wait_for_display("photo ", timeout=10)
    assert shown == f"photo done: image/jpeg photo_req {len(photo)} {base64.b64encode(photo).decode()}"
    assert [taken.status for taken in glasses.camera.taken] == [200]


async def test_a_photo_that_fails_is_reported_to_it_w_photo_3(cloud, camera):
    glasses = await film(cloud, camera)
    glasses.camera.fail("CAMERA_BUSY", "busy", by="upload")

    await glasses.press("photo")

    shown = await glasses.wait_for_display("photo ", timeout=10)
    assert shown == "photo failed: Photo capture failed: busy (code: CAMERA_BUSY)"


async def test_it_streams_video_w_video_2(cloud, camera):
    glasses = await film(cloud, camera)

    await glasses.press("stream")
    await camera.wait_for_line("peer: stream active")
    await glasses.press("check")
    await glasses.wait_for_display('check done: "rtmp://video.example.com/live"', timeout=10)
    await glasses.press("stop")
    await camera.wait_for_line("peer: stream stopped")
    await glasses.press("managed")

    await glasses.wait_for_display("managed done: https://video.example.com/", timeout=10)

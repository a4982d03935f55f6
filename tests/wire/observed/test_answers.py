"""Requests of apps that are answered, as it was seen (docs/protocol.md, Photos, Sound, Lights, Location)."""

import pytest

from tests.wire.observed.world import MOVED, PHOTO, SESSION_ID, TIME, World


async def test_a_photo_that_the_phone_reports_as_failed_w_photo_6(running: World):
    await running.glasses.put_on("Mentra Live")
    running.glasses.camera.fail("CAMERA_BUSY", "busy")

    await running.app.send("photo_request", **{key: value for key, value in PHOTO.items() if key != "type"})

    assert running.said[1:] == [
        {
            "type": "photo_response",
            "requestId": "p1",
            "success": False,
            "error": {"code": "CAMERA_BUSY", "message": "busy"},
        }
    ]


async def test_a_photo_for_another_address_is_a_success_at_once_w_photo_8(running: World):
    await running.glasses.put_on("Mentra Live")
    fields = {key: value for key, value in PHOTO.items() if key != "type"}

    await running.app.send("photo_request", **fields, customWebhookUrl="http://nobody:1/photo", authToken="t")

    assert running.said[1:] == [
        {
            "type": "photo_response",
            "requestId": "p1",
            "success": True,
            "photoUrl": "<host>/photo",
            "savedToGallery": False,
            "timestamp": TIME,
        }
    ]


async def test_a_sound_is_answered_w_sound_3(running: World):
    sound = {"requestId": "a1", "audioUrl": "http://example.com/a.mp3", "volume": 1.0, "stopOtherAudio": True}

    await running.app.send("audio_play_request", **sound)

    assert running.said == [
        {
            "type": "audio_play_response",
            "sessionId": SESSION_ID,
            "requestId": "a1",
            "success": True,
            "duration": "<ms>",
            "timestamp": TIME,
        }
    ]


@pytest.mark.parametrize(("subscribed", "answers"), [((), 0), (("rgb_led_control_response",), 1)])
async def test_a_light_is_answered_to_who_subscribed_w_led_3(running: World, subscribed, answers):
    await running.glasses.put_on("Mentra Live")
    await running.app.subscribe(*subscribed)

    await running.app.send("rgb_led_control", requestId="l1", action="on", color="red", ontime=1, offtime=0, count=1)

    heard = [frame for frame in running.said if frame["type"] == "data_stream"]
    assert [frame["streamType"] for frame in heard] == ["rgb_led_control_response"] * answers


async def test_a_poll_is_answered_without_a_subscription_w_loc_3(running: World):
    await running.glasses.move(1.5, 2.5)

    await running.app.send("location_poll_request", correlationId="c1", accuracy="high")

    answer = {
        "type": "data_stream",
        "streamType": "location_update",
        "sessionId": SESSION_ID,
        "data": {**MOVED, "correlationId": "c1"},
        "timestamp": TIME,
    }
    assert running.said == [answer]


async def test_there_is_no_video_w_video_8(running: World):
    await running.app.send("stream_status_check")

    assert [frame["hasActiveStream"] for frame in running.said] == [False]


async def test_wifi_setup_is_not_answered_w_state_3(running: World):
    await running.app.send("request_wifi_setup", reason="please")

    assert (running.said, len(running.glasses.wifi_setups)) == ([], 1)

"""What the cloud does not pass on, and how it says so (docs/protocol.md, Refusals)."""

from typing import Any

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.protocol.cloud_to_app import DeviceState
from tests.helpers.scripted_app import ScriptedApp, let_it_happen


@pytest.fixture
def glasses(cloud: LocalCloud) -> VirtualGlasses:
    return cloud.connect_glasses("user1@example.com", model="Mentra Live")


def of_type(app: ScriptedApp, kind: str) -> list[Any]:
    return [frame for frame in app.socket.frames if frame["type"] == kind]


@pytest.mark.parametrize(
    ("kind", "asked"),
    [("photo_request", "photo"), ("rtmp_stream_request", "stream"), ("managed_stream_request", "stream")],
)
async def test_glasses_that_are_away_are_not_asked_w_photo_7(
    running: ScriptedApp, glasses: VirtualGlasses, kind: str, asked: str
):
    await glasses.report(DeviceState(connected=False))
    await running.send(kind, requestId="r1", saveToGallery=False, size="small", compress="none", rtmpUrl="rtmp://a/b")

    (error,) = of_type(running, "tpa_connection_error")
    assert error["code"] == "INTERNAL_ERROR"
    assert error["message"] == f"Cannot process {asked} request - smart glasses are not connected"


@pytest.mark.parametrize("kind", ["rtmp_stream_request", "managed_stream_request"])
async def test_video_needs_a_network_w_video_6(running: ScriptedApp, glasses: VirtualGlasses, kind: str):
    await glasses.report(DeviceState(wifi_connected=False))
    await running.send(kind, rtmpUrl="rtmp://a/b")

    (error,) = of_type(running, "tpa_connection_error")
    assert error["code"] == "WIFI_NOT_CONNECTED"
    assert error["message"] == ("Cannot process request - smart glasses must be connected to WiFi for this operation")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("photo_request", "Cannot process photo request - phone WebSocket is not open (state: 3)"),
        ("rtmp_stream_request", "Cannot process stream request - phone WebSocket is not open (state: 3)"),
        ("managed_stream_request", "Cannot process stream request - phone WebSocket is not open (state: 3)"),
        ("audio_play_request", "Glasses not connected"),
        ("audio_stop_request", "Glasses not connected"),
        ("rgb_led_control", "Glasses not connected"),
    ],
)
async def test_a_phone_that_is_away_is_not_asked_w_ref_7(
    running: ScriptedApp, glasses: VirtualGlasses, kind: str, message: str
):
    await glasses.go_offline()
    await running.send(kind, requestId="r1", action="off", rtmpUrl="rtmp://a/b", audioUrl="https://a/b")

    (error,) = of_type(running, "tpa_connection_error")
    assert (error["code"], error["message"]) == ("INTERNAL_ERROR", message)
    assert running.socket.closed is not None
    assert (running.socket.closed.code, running.socket.closed.reason) == (1008, message)


@pytest.mark.parametrize(
    "kind", ["request_wifi_setup", "location_poll_request", "stream_status_check", "app_broadcast_message"]
)
async def test_what_needs_no_phone_is_not_refused_without_one(running: ScriptedApp, glasses: VirtualGlasses, kind: str):
    await glasses.go_offline()
    await running.send(kind, correlationId="c1", accuracy="high")

    assert running.socket.closed is None
    assert glasses.wifi_setups == ()


async def test_what_is_missing_first_is_said_first_w_ref_7(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.change_permissions("com.example.app", [])
    await glasses.report(DeviceState(connected=False, wifi_connected=False))
    await running.send("rtmp_stream_request", rtmpUrl="no address")

    assert of_type(running, "tpa_connection_error")[0]["code"] == "PERMISSION_DENIED"


async def test_glasses_without_wi_fi_need_no_network_w_video_6(running: ScriptedApp, glasses: VirtualGlasses):
    await glasses.put_on("Even Realities G1")
    await glasses.report(DeviceState(wifi_connected=False))
    await running.send("rtmp_stream_request", rtmpUrl="rtmp://a/b")

    assert of_type(running, "tpa_connection_error") == []
    assert [frame["status"] for frame in of_type(running, "rtmp_stream_status")] == ["initializing"]


async def test_simulated_glasses_are_always_connected_w_photo_7(running: ScriptedApp, glasses: VirtualGlasses):
    await glasses.put_on("Simulated Glasses")
    await glasses.report(DeviceState(connected=False))
    await running.send("photo_request", requestId="r1")

    assert of_type(running, "tpa_connection_error") == []


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [
        ("photo_request", "to take photos"),
        ("rtmp_stream_request", "to start video streams"),
        ("managed_stream_request", "for managed streams"),
        ("camera_fov_set", "to set FOV"),
    ],
)
async def test_the_cloud_of_2026_refuses_in_fewer_words_w_photo_7(
    running_3: ScriptedApp, cloud_3: LocalCloud, kind: str, purpose: str
):
    cloud_3.connect_glasses().change_permissions("com.example.app", [])
    await running_3.send(kind, requestId="r1", rtmpUrl="rtmp://a/b")

    (error,) = of_type(running_3, "tpa_connection_error")
    assert (error["code"], error["message"]) == ("PERMISSION_DENIED", f"Camera permission required {purpose}")


async def test_a_refusal_goes_to_the_socket_that_asked(running: ScriptedApp, glasses: VirtualGlasses):
    old = running.socket
    new = await running.connect()
    glasses.change_permissions("com.example.app", [])
    old.send({"type": "photo_request", "packageName": "com.example.app", "requestId": "r1"})
    old.send({"type": "stream_status_check", "packageName": "com.example.app"})
    await let_it_happen()

    assert old.closed is not None
    assert old.closed.code == 1008
    assert new.closed is None


async def test_an_answer_goes_to_the_socket_that_asked(running: ScriptedApp):
    old = running.socket
    new = await running.connect()
    old.send({"type": "stream_status_check", "packageName": "com.example.app"})
    await let_it_happen()

    assert old.frames[-1] == {"type": "stream_status_check_response", "hasActiveStream": False}
    assert [frame["type"] for frame in new.frames] == ["tpa_connection_ack"]

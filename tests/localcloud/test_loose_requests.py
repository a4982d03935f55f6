"""What lacks a field that the official SDK always sends is read as the cloud does (docs/protocol.md, App to cloud)."""

import asyncio
from typing import Any

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.localcloud.loose_requests import read_request
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import (
    AudioPlayRequest,
    AudioStreamStart,
    DashboardContentUpdate,
    DisplayEvent,
    LedControl,
    LocationPollRequest,
    PhotoRequest,
    RtmpStreamRequest,
    RtmpStreamStop,
)
from mentra.transport.base import Network
from tests.helpers.scripted_app import ScriptedApp
from tests.helpers.waiting import until


@pytest.mark.parametrize(
    ("frame", "meant"),
    [
        (
            {"type": "photo_request", "requestId": "r"},
            PhotoRequest(package_name="p", request_id="r", save_to_gallery=False, size="medium", compress="none"),
        ),
        ({"type": "rgb_led_control"}, LedControl(package_name="p", request_id="", action="")),
        (
            {"type": "audio_play_request", "audioUrl": "u", "volume": 0.5},
            AudioPlayRequest(
                package_name="p", request_id="", audio_url="u", volume=0.5, stop_other_audio=True, track_id=0
            ),
        ),
        ({"type": "rtmp_stream_request"}, RtmpStreamRequest(package_name="p", rtmp_url="")),
        ({"type": "location_poll_request"}, LocationPollRequest(package_name="p", correlation_id="", accuracy="")),
        (
            {"type": "display_event", "durationMs": True, "timestamp": {}, "view": 5, "layout": 5},
            DisplayEvent(package_name="p", layout=5, duration_ms=True, force_display=False),
        ),
        (
            {"type": "display_event", "packageName": None, "view": "main", "durationMs": "", "forceDisplay": "yes"},
            DisplayEvent(package_name="undefined", view="main", force_display=True),
        ),
        (
            {"type": "dashboard_content_update", "packageName": 5, "modes": ["main", 5], "timestamp": None},
            DashboardContentUpdate(package_name="undefined", content=None, modes=["main"], timestamp=0),
        ),
        ({"type": "dashboard_content_update", "content": "text", "modes": "main", "timestamp": 0}, None),
        ({"type": "dashboard_content_update", "content": "text", "modes": ["main"]}, None),
        ({"type": "stream_request", "streamUrl": "u"}, None),
        ({"type": "photo_request", "size": 5}, None),
        ({"type": "no such request"}, None),
    ],
)
def test_what_is_missing_has_a_value(frame: dict[str, Any], meant: Any):
    assert read_request(codec.encode({"packageName": "p", **frame}), generation=2) == meant


@pytest.mark.parametrize(
    ("frame", "meant"),
    [
        (
            {"type": "audio_stream_start", "streamId": "s"},
            AudioStreamStart(package_name="p", stream_id="s", content_type="audio/mpeg"),
        ),
        ({"type": "stream_request", "streamUrl": "u"}, RtmpStreamRequest(package_name="p", rtmp_url="u")),
        ({"type": "rtmp_stream_request", "streamUrl": "u"}, RtmpStreamRequest(package_name="p", rtmp_url="u")),
        ({"type": "stream_request", "rtmpUrl": "u"}, RtmpStreamRequest(package_name="p", rtmp_url="u")),
        ({"type": "stream_stop", "streamId": "s"}, RtmpStreamStop(package_name="p", stream_id="s")),
    ],
)
def test_the_cloud_of_2026_knows_more_names(frame: dict[str, Any], meant: Any):
    assert read_request(codec.encode({"packageName": "p", **frame}), generation=3) == meant


def test_a_duration_that_is_no_number_ends_at_no_moment():
    wish = read_request(b'{"type":"display_event","packageName":"p","durationMs":"1000"}', generation=2)

    assert isinstance(wish, DisplayEvent)
    assert str(wish.duration_ms) == "nan"


@pytest.mark.parametrize("text", [b"", b"5", b"null", b"[]", b"{}", b'{"type":"photo_request"}'])
def test_what_is_no_request_of_an_app_is_none(text: bytes):
    assert read_request(text, generation=2) is None
    assert read_request(text, generation=3) is None


async def test_a_photo_with_nothing_but_an_id_is_taken(network: Network, cloud: LocalCloud, app: ScriptedApp):
    glasses = cloud.connect_glasses("user1@example.com", model="Mentra Live")
    await glasses.start(app.package_name)
    await app.send("photo_request", requestId="r1")
    await until(lambda: glasses.camera.taken)

    assert (glasses.camera.taken[0].size, glasses.camera.taken[0].compress) == ("medium", "none")


async def test_a_video_without_an_address_is_refused_w_video_6(running: ScriptedApp):
    await running.send("rtmp_stream_request")

    assert running.socket.frames[-1]["message"] == "Invalid RTMP URL"


async def test_a_loose_request_in_the_name_of_another_app_is_lost(running: ScriptedApp, glasses: VirtualGlasses):
    running.package_name = "com.example.other"
    await running.send("photo_request", requestId="r1")
    await running.send("rtmp_stream_request")

    assert running.socket.closed is None
    assert list(glasses.camera.taken) == []


async def test_a_display_with_a_duration_of_text_is_shown_and_cleared_w_app_5(
    running: ScriptedApp, glasses: VirtualGlasses
):
    await running.show("hello", durationMs="1000")
    assert glasses.display == "hello"

    await asyncio.sleep(0.01)
    assert glasses.display == ""

"""The virtual video does what glasses and cloud do (docs/protocol.md, Video)."""

from typing import Any

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.protocol.cloud_to_app import VideoStatistics
from tests.helpers.scripted_app import ScriptedApp

URL = "rtmp://video.example.com/live"
ADVICE = "Please add the CAMERA permission in the developer console."


@pytest.fixture
def glasses(cloud: LocalCloud) -> VirtualGlasses:
    return cloud.connect_glasses("user1@example.com", model="Mentra Live")


def statuses(app: ScriptedApp, kind: str = "rtmp_stream_status") -> list[str]:
    return [frame["status"] for frame in app.socket.frames if frame["type"] == kind]


def last(app: ScriptedApp) -> dict[str, Any]:
    frame: dict[str, Any] = app.socket.frames[-1]
    return frame


async def test_a_video_begins_as_it_was_recorded_w_video_2(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("rtmp_stream_request", rtmpUrl=URL)

    assert statuses(running) == ["initializing", "initializing", "active"]
    status = last(running)
    assert status == {
        "type": "rtmp_stream_status",
        "sessionId": "user1@example.com-com.example.app",
        "streamId": status["streamId"],
        "status": "active",
        "appId": "com.example.app",
        "timestamp": status["timestamp"],
    }
    assert status["streamId"][0] == "s"
    assert len(status["streamId"]) == 11


async def test_a_second_video_ends_the_first_w_video_4(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    first = last(running)["streamId"]
    await running.send("rtmp_stream_request", rtmpUrl=f"{URL}/2")

    ended = [frame["streamId"] for frame in running.socket.frames if frame.get("status") == "stopped"]
    assert ended == [first]
    assert statuses(running)[3:] == ["stopped", "initializing", "initializing", "active"]
    assert glasses.video.current is not None
    assert glasses.video.current.url == f"{URL}/2"


async def test_an_unknown_video_is_not_stopped_w_video_2(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    await running.send("rtmp_stream_stop", streamId="s-unknown")
    assert glasses.video.current is not None

    await running.send("rtmp_stream_stop", streamId=glasses.video.current.stream_id)
    assert statuses(running)[-1] == "stopped"
    assert glasses.video.current is None


async def test_subscribers_hear_it_twice_w_video_5(running: ScriptedApp):
    await running.subscribe("rtmp_stream_status")
    await running.send("rtmp_stream_request", rtmpUrl=URL)

    frames = [frame for frame in running.socket.frames if "status" in frame or "streamType" in frame]
    kinds = [(frame["type"], frame.get("data", frame)["status"]) for frame in frames]
    assert kinds == [
        (kind, status)
        for status in ("initializing", "initializing", "active")
        for kind in ("rtmp_stream_status", "data_stream")
    ]


@pytest.mark.parametrize(
    ("reported", "told"),
    [
        ("connecting", "initializing"),
        ("reconnecting", "initializing"),
        ("reconnected", "active"),
        ("stopping", "stopping"),
        ("error", "stopped"),
        ("disconnected", "stopped"),
        ("timeout", "timeout"),
        ("whatever", "stopped"),
    ],
)
async def test_the_cloud_has_fewer_words_than_the_glasses_w_video_3(
    running: ScriptedApp, glasses: VirtualGlasses, reported: str, told: str
):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    glasses.video.report(reported, error_details="why", stats=VideoStatistics(fps=30))
    await running.send("ping")

    frame = next(frame for frame in reversed(running.socket.frames) if "status" in frame)
    assert (frame["status"], frame["errorDetails"], frame["stats"]) == (told, "why", {"fps": 30})
    assert (glasses.video.current is None) == (told in ("stopped", "timeout"))


async def test_slow_glasses_report_when_they_are_told(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.video.reports = False
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    before = statuses(running)
    glasses.video.report("streaming")
    await running.send("ping")

    assert (before, statuses(running)) == (["initializing"], ["initializing", "active"])


@pytest.mark.parametrize("model", ["Even Realities G1", "Vuzix Z100"])
async def test_glasses_without_a_camera_never_begin_w_video_2(
    running: ScriptedApp, glasses: VirtualGlasses, model: str
):
    await glasses.change_model(model)
    await running.send("rtmp_stream_request", rtmpUrl=URL)

    assert statuses(running) == ["initializing"]


@pytest.mark.parametrize("url", ["https://video.example.com", "video", ""])
async def test_another_address_is_refused_w_video_6(running: ScriptedApp, glasses: VirtualGlasses, url: str):
    await running.send("rtmp_stream_request", rtmpUrl=url)

    assert (last(running)["code"], last(running)["message"]) == ("INTERNAL_ERROR", "Invalid RTMP URL")
    assert running.socket.closed is not None
    assert running.socket.closed.code == 1008


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [("rtmp_stream_request", "start video streams"), ("managed_stream_request", "start managed streams")],
)
async def test_the_permission_is_asked_for_w_video_6(
    running: ScriptedApp, glasses: VirtualGlasses, kind: str, purpose: str
):
    glasses.change_permissions("com.example.app", [])
    await running.send(kind, rtmpUrl=URL)

    message = f"Camera permission required to {purpose}. {ADVICE}"
    assert (last(running)["code"], last(running)["message"]) == ("PERMISSION_DENIED", message)


async def test_a_managed_video_begins_and_ends_as_described_w_video_7(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("managed_stream_request", quality="720p")
    await running.send("managed_stream_stop")

    frames = [frame for frame in running.socket.frames if frame["type"] == "managed_stream_status"]
    urls = {"hlsUrl", "dashUrl"}
    assert [(frame["status"], frame.get("message"), set(frame)) for frame in frames] == [
        ("initializing", "Waiting for stream to start...", {"type", "status", "streamId", "message", *urls}),
        (
            "active",
            "Stream is now live",
            {"type", "status", "streamId", "message", "previewUrl", "thumbnailUrl", *urls},
        ),
        ("stopped", None, {"type", "status", "streamId", *urls}),
    ]


async def test_the_two_kinds_exclude_each_other_w_video_6(running: ScriptedApp):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    await running.send("managed_stream_request")

    assert last(running)["message"] == "Cannot start managed stream - unmanaged stream already active"


async def test_a_check_tells_what_there_is_w_video_8(running: ScriptedApp):
    await running.send("stream_status_check")
    nothing = last(running)
    await running.send("managed_stream_request", enableWebRTC=True)
    await running.send("stream_status_check")
    info = last(running)["streamInfo"]

    assert nothing == {"type": "stream_status_check_response", "hasActiveStream": False}
    assert set(last(running)) == {"type", "hasActiveStream", "streamInfo"}
    assert set(info) == {
        "type",
        "streamId",
        "status",
        "createdAt",
        "hlsUrl",
        "dashUrl",
        "webrtcUrl",
        "previewUrl",
        "thumbnailUrl",
        "activeViewers",
    }
    assert (info["type"], info["status"], info["activeViewers"]) == ("managed", "active", 1)


async def test_a_stopped_app_streams_no_more(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    await glasses.stop("com.example.app")

    assert glasses.video.current is None

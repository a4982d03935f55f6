"""The virtual video does what glasses and cloud do (docs/protocol.md, Video)."""

import asyncio
from typing import Any

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.protocol.cloud_to_app import VideoStatistics
from mentra.transport.base import Network
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
    await glasses.put_on(model)
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


def managed(app: ScriptedApp) -> list[tuple[str, str | None]]:
    """The status and the message of what the app heard of a managed video."""
    frames = [frame for frame in app.socket.frames if frame["type"] == "managed_stream_status"]
    return [(frame["status"], frame.get("message")) for frame in frames]


async def test_a_managed_video_begins_and_ends_as_the_cloud_has_it_w_video_7(running: ScriptedApp):
    await running.send("managed_stream_request", quality="720p")
    await asyncio.sleep(10)
    await running.send("managed_stream_stop")

    frames = [frame for frame in running.socket.frames if frame["type"] == "managed_stream_status"]
    urls = {"hlsUrl", "dashUrl"}
    assert [(frame["status"], frame.get("message"), set(frame)) for frame in frames] == [
        ("initializing", "Waiting for stream to start...", {"type", "status", "streamId", "message", *urls}),
        ("initializing", None, {"type", "status", "streamId", *urls}),
        ("active", None, {"type", "status", "streamId", *urls}),
        (
            "active",
            "Stream is now live",
            {"type", "status", "streamId", "message", "previewUrl", "thumbnailUrl", *urls},
        ),
        ("stopped", None, {"type", "status", "streamId", *urls}),
    ]
    assert {frame["streamId"][0] for frame in frames} == {"m"}


async def test_whether_a_managed_video_is_live_is_looked_up_for_a_minute(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.video.reports = False
    await running.send("managed_stream_request")
    await asyncio.sleep(5)
    glasses.video.report("streaming")
    await asyncio.sleep(0.9)
    before = managed(running)
    await asyncio.sleep(0.2)

    assert before[1:] == [("active", None)]
    assert managed(running)[2:] == [("active", "Stream is now live")]

    await running.send("managed_stream_stop")
    await running.send("managed_stream_request")
    await asyncio.sleep(61)
    glasses.video.report("streaming")
    await asyncio.sleep(61)
    assert managed(running)[-1] == ("active", None)


@pytest.mark.parametrize(
    ("reported", "told"),
    [
        ("connecting", ("initializing", None)),
        ("reconnecting", ("active", None)),
        ("timeout", ("active", None)),
        ("stopping", ("stopping", None)),
        ("stopped", ("stopped", None)),
        ("error", ("error", "Stream error reported by glasses")),
    ],
)
async def test_of_a_managed_video_the_cloud_has_other_words(
    running: ScriptedApp, glasses: VirtualGlasses, reported: str, told: tuple[str, str | None]
):
    glasses.video.reports = False
    await running.send("managed_stream_request")
    glasses.video.report(reported)
    await running.send("ping")

    assert managed(running)[1:] == [told]
    assert (glasses.video.current is None) == (reported in ("stopped", "error"))


async def test_the_error_of_a_managed_video_has_the_words_of_the_glasses(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("managed_stream_request")
    glasses.video.report("error", error_details="too hot")
    await running.send("ping")

    assert managed(running)[-1] == ("error", "too hot")


async def test_who_joins_is_told_at_once_and_what_is_the_same_is_not_repeated(
    network: Network, cloud: LocalCloud, running: ScriptedApp, glasses: VirtualGlasses
):
    glasses.video.reports = False
    await running.send("managed_stream_request")
    async with ScriptedApp(network, "com.example.other") as other:
        cloud.install(other.installed(app_type="background"))
        await glasses.start("com.example.other")
        for _ in range(3):
            await other.send("managed_stream_request")
        await other.send("managed_stream_stop")
        await other.send("managed_stream_stop")

        assert managed(other) == [("active", None), ("stopped", None)]
        assert managed(running) == [("initializing", "Waiting for stream to start...")]
        assert glasses.video.current is not None


async def test_who_never_watched_is_told_that_it_stopped(
    network: Network, cloud: LocalCloud, running: ScriptedApp, glasses: VirtualGlasses
):
    await running.send("managed_stream_stop")
    nothing = managed(running)
    await running.send("managed_stream_request")
    async with ScriptedApp(network, "com.example.other") as other:
        cloud.install(other.installed(app_type="background"))
        await glasses.start("com.example.other")
        await other.send("managed_stream_stop")

        assert nothing == []
        assert managed(other) == [("stopped", None)]
        assert glasses.video.current is not None


async def test_other_destinations_are_told_without_names_and_stay_stopped(running: ScriptedApp):
    await running.send(
        "managed_stream_request", enableWebRTC=True, restreamDestinations=[{"url": "rtmp://a/b", "name": "a"}]
    )

    frame = last(running)
    assert (frame["status"], frame["outputs"]) == ("active", [{"url": "rtmp://a/b", "status": "stopped"}])
    assert frame["webrtcUrl"].endswith("/webRTC/play")


async def test_a_managed_video_is_refused_beside_another_one_w_video_6(running: ScriptedApp):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    await running.send("managed_stream_request")

    assert last(running)["message"] == "Cannot start managed stream - unmanaged stream already active"


async def test_another_video_ends_a_managed_one_w_video_6(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("managed_stream_request")
    await running.send("rtmp_stream_request", rtmpUrl=URL)

    assert managed(running)[-1] == ("stopped", None)
    assert statuses(running) == ["initializing", "initializing", "active"]
    assert glasses.video.current is not None
    assert not glasses.video.current.is_managed


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


async def test_a_check_calls_every_video_active_w_video_8(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.video.reports = False
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    await running.send("stream_status_check")

    info = last(running)["streamInfo"]
    assert info == {
        "type": "unmanaged",
        "streamId": info["streamId"],
        "status": "active",
        "createdAt": info["createdAt"],
        "rtmpUrl": URL,
        "requestingAppId": "com.example.app",
    }


async def test_an_app_that_is_stopped_keeps_its_video(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    await glasses.stop("com.example.app")
    assert glasses.video.current is not None

    await glasses.start("com.example.app")
    await running.send("rtmp_stream_stop", streamId=glasses.video.current.stream_id)
    assert statuses(running) == ["stopped"]
    assert glasses.video.current is None


async def test_a_session_that_ends_ends_the_video_without_a_word(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    await glasses.go_offline()
    await asyncio.sleep(61)

    assert glasses.video.current is None
    assert statuses(running)[-1] == "active"


async def test_the_cloud_stops_a_video_itself_w_video_2(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.video.reports = False
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    await running.send("rtmp_stream_stop")

    assert statuses(running) == ["initializing", "stopped"]


async def test_nobody_stops_the_video_of_another_app(
    network: Network, cloud: LocalCloud, running: ScriptedApp, glasses: VirtualGlasses
):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    assert glasses.video.current is not None
    stream_id = glasses.video.current.stream_id
    async with ScriptedApp(network, "com.example.other") as other:
        cloud.install(other.installed(app_type="background"))
        await glasses.start("com.example.other")
        await other.send("rtmp_stream_stop")
        assert other.socket.closed is None

        await other.send("rtmp_stream_stop", streamId=stream_id)
        message = f"App com.example.other cannot stop stream {stream_id} owned by com.example.app"
        assert (last(other)["code"], last(other)["message"]) == ("INTERNAL_ERROR", message)
        assert glasses.video.current is not None


@pytest.mark.parametrize("kind", ["rtmp_stream_request", "stream_request"])
async def test_the_cloud_of_2026_takes_any_address_under_either_name_w_video_10(network: Network, kind: str):
    async with LocalCloud(network, generation=3) as cloud, ScriptedApp(network) as app:
        cloud.install(app.installed())
        glasses = cloud.connect_glasses("user1@example.com", model="Mentra Live")
        await glasses.start("com.example.app")
        await app.send(kind, streamUrl="srt://video.example.com")
        await app.send("stream_status_check")
        info = last(app)["streamInfo"]
        await app.send("stream_stop", streamId=info["streamId"])
        ended = glasses.video.current is None
        await app.send(kind)

        assert info["streamUrl"] == "srt://video.example.com"
        assert ended
        assert last(app)["message"] == "Invalid stream URL: streamUrl is required"

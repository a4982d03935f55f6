"""Glasses that stopped to stream without a word are found out (docs/protocol.md, Video)."""

import asyncio

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.protocol.cloud_to_app import DeviceState
from tests.helpers.scripted_app import ScriptedApp

URL = "rtmp://video.example.com/live"


@pytest.fixture
def glasses(cloud: LocalCloud) -> VirtualGlasses:
    return cloud.connect_glasses("user1@example.com", model="Mentra Live")


def statuses(app: ScriptedApp, kind: str) -> list[str]:
    return [frame["status"] for frame in app.socket.frames if frame["type"] == kind]


@pytest.mark.parametrize("silent", ["the glasses do not answer", "the glasses are off"])
async def test_silent_glasses_lose_the_video_after_three_questions_w_video_11(
    running: ScriptedApp, glasses: VirtualGlasses, silent: str
):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    if silent == "the glasses are off":
        await glasses.report(DeviceState(connected=False))
    else:
        glasses.video.answers = False
    await asyncio.sleep(54)
    before = statuses(running, "rtmp_stream_status")
    await asyncio.sleep(2)

    assert before[-1] == "active"
    assert statuses(running, "rtmp_stream_status")[-1] == "timeout"
    assert glasses.video.current is None


async def test_a_sign_of_life_is_enough_w_video_11(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    glasses.video.answers = False
    for _ in range(5):
        await asyncio.sleep(30)
        glasses.video.report("streaming")

    assert glasses.video.current is not None


async def test_a_video_that_does_not_begin_is_waited_for_w_video_11(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.video.reports = glasses.video.answers = False
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    await asyncio.sleep(600)

    assert statuses(running, "rtmp_stream_status") == ["initializing"]


async def test_a_managed_video_that_does_not_begin_is_not_w_video_11(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.video.reports = glasses.video.answers = False
    await running.send("managed_stream_request")
    await asyncio.sleep(56)

    assert [frame.get("message") for frame in running.socket.frames[-1:]] == ["Stream timed out waiting for keep-alive"]
    assert statuses(running, "managed_stream_status") == ["initializing", "error"]
    assert glasses.video.current is None


async def test_a_phone_that_is_away_is_not_asked_w_video_11(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.video.answers = False
    await running.send("rtmp_stream_request", rtmpUrl=URL)
    await glasses.go_offline()
    await asyncio.sleep(59)
    await glasses.go_online()
    glasses.video.report("streaming")
    await asyncio.sleep(1)

    assert glasses.video.current is not None

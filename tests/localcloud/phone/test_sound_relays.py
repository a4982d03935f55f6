"""Sound that apps send while they make it, on clouds of 2026 (docs/protocol.md, Sound)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.localcloud.phone.sound_relays import SoundRelays
from mentra.transport.base import HttpReply, Network
from tests.helpers.scripted_app import ScriptedApp, let_it_happen
from tests.helpers.waiting import until

STREAM_ID = "123e4567-e89b-12d3-a456-426614174000"
USER = "user1@example.com"


@pytest.fixture
async def cloud(network: Network) -> AsyncIterator[LocalCloud]:
    async with LocalCloud(network, generation=3) as cloud:
        yield cloud


def of_type(app: ScriptedApp, kind: str) -> list[Any]:
    return [frame for frame in app.socket.frames if frame["type"] == kind]


async def opened(app: ScriptedApp) -> str:
    """Open a relay; return its address."""
    await app.send("audio_stream_start", streamId=STREAM_ID, contentType="audio/mpeg")
    url: str = of_type(app, "audio_stream_ready")[0]["streamUrl"]
    return url


async def sound(app: ScriptedApp, data: bytes, stream_id: str = STREAM_ID) -> None:
    app.socket.send_binary(stream_id.encode() + data)
    await let_it_happen()


async def play(app: ScriptedApp, url: str) -> None:
    await app.send("audio_play_request", requestId="r1", audioUrl=url, volume=1, stopOtherAudio=True, trackId=2)


async def fetched(network: Network, url: str) -> HttpReply:
    return await network.stream("GET", url, timeout=5)


async def test_a_relay_is_ready_at_once_w_sound_8(cloud: LocalCloud, running: ScriptedApp):
    url = await opened(running)

    assert url == f"{cloud.url}/api/audio/stream/user1%40example.com/{STREAM_ID}"
    (ready,) = of_type(running, "audio_stream_ready")
    assert ready == {
        "type": "audio_stream_ready",
        "streamId": STREAM_ID,
        "streamUrl": url,
        "timestamp": ready["timestamp"],
    }


async def test_the_phone_plays_what_comes_until_the_app_ends_it_w_sound_8(
    running: ScriptedApp, glasses: VirtualGlasses
):
    url = await opened(running)
    await sound(running, b"early ")
    await play(running, url)
    await sound(running, b"sound")
    await asyncio.sleep(3)
    during = glasses.speaker.playing
    await running.send("audio_stream_end", streamId=STREAM_ID)
    await let_it_happen()

    assert during is not None
    assert glasses.speaker.streamed == b"early sound"
    assert glasses.speaker.playing is None
    assert [(frame["success"], frame["duration"]) for frame in of_type(running, "audio_play_response")] == [
        (True, 3000)
    ]


async def test_a_second_relay_of_one_id_is_an_error_that_keeps_the_connection_w_sound_8(running: ScriptedApp):
    await opened(running)
    await running.send("audio_stream_start", streamId=STREAM_ID, contentType="audio/mpeg")

    (error,) = of_type(running, "tpa_connection_error")
    assert (error["code"], error["message"]) == ("STREAM_CREATE_FAILED", "Failed to create audio stream relay")
    assert running.socket.closed is None


async def test_sound_for_nobody_is_lost_and_2025_takes_none_w_sound_8(network: Network, running: ScriptedApp):
    await sound(running, b"sound")
    assert running.socket.closed is None

    async with LocalCloud(network) as cloud, ScriptedApp(network) as app:
        cloud.install(app.installed())
        await cloud.connect_glasses().start(app.package_name)
        await app.send("audio_stream_start", streamId=STREAM_ID, contentType="audio/mpeg")
        assert of_type(app, "audio_stream_ready") == []

        await sound(app, b"sound")
        assert app.socket.closed is not None
        assert app.socket.closed.code == 1011


async def test_anybody_can_fetch_a_relay_while_it_is_written(network: Network, running: ScriptedApp):
    url = await opened(running)
    reply = await fetched(network, url)
    whole = asyncio.create_task(reply.whole())
    await sound(running, b"one ")
    await sound(running, b"two")
    await running.send("audio_stream_end", streamId=STREAM_ID)
    reply = await whole

    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "audio/mpeg", b"one two")
    assert (await fetched(network, url)).status == 404


async def test_a_new_reader_ends_the_one_before(network: Network, running: ScriptedApp):
    url = await opened(running)
    first = asyncio.create_task((await fetched(network, url)).whole())
    await sound(running, b"one")
    second = asyncio.create_task((await fetched(network, url)).whole())
    await until(first.done)
    await sound(running, b"two")
    await running.send("audio_stream_end", streamId=STREAM_ID)

    assert [(await task).body for task in (first, second)] == [b"one", b"two"]


@pytest.mark.parametrize(("is_fetched", "after_s"), [(False, 15), (True, 60)])
async def test_a_relay_that_nobody_uses_is_gone_w_sound_8(is_fetched: bool, after_s: float):
    relays = SoundRelays()
    relays.open(USER, STREAM_ID, "audio/mpeg")
    relay = relays.find(USER, STREAM_ID)
    assert relay is not None
    if is_fetched:
        relay.claim()
    await asyncio.sleep(after_s - 0.1)
    assert relays.find(USER, STREAM_ID) is relay

    await asyncio.sleep(0.2)
    assert relays.find(USER, STREAM_ID) is None


async def test_of_what_nobody_reads_the_newest_two_mebibytes_are_kept():
    relays = SoundRelays()
    relays.open(USER, STREAM_ID, "audio/mpeg")
    relay = relays.find(USER, STREAM_ID)
    assert relay is not None
    for number in range(5):
        relay.write(bytes([number]) * 2**19)
    relay.end()

    assert [chunk[0] async for chunk in relay.claim()] == [1, 2, 3, 4]


async def test_a_session_that_ends_ends_its_relays(network: Network, running: ScriptedApp, glasses: VirtualGlasses):
    url = await opened(running)
    await glasses.go_offline()
    await asyncio.sleep(61)

    assert (await fetched(network, url)).status == 404


async def test_the_end_of_a_relay_leaves_the_next_one_of_the_same_id_alone():
    relays = SoundRelays()
    relays.open(USER, STREAM_ID, "audio/mpeg")
    before = relays.find(USER, STREAM_ID)
    assert before is not None
    reading = asyncio.ensure_future(anext(before.claim(), None))
    await let_it_happen()

    before.break_off()
    relays.open(USER, STREAM_ID, "audio/wav")
    await reading

    after = relays.find(USER, STREAM_ID)
    assert after is not None
    after.break_off()

"""A handshake that fails: at once, with the cloud's own words, and never as a session."""

import asyncio

import pytest

from mentra.localcloud import StartFailed
from mentra.transport.base import Closed, Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import USER_ID, ScriptedCloud, body_of, refusal, turns
from tests.helpers.waiting import clock, until


async def test_a_wrong_key_is_told_within_100_ms_w_dev_5(world: World, caplog: pytest.LogCaptureFixture):
    app = await world.serve(Diary(), api_key="another key")
    glasses = world.cloud.connect_glasses(USER_ID)
    began = clock()

    with pytest.raises(StartFailed) as failure:
        await glasses.start(app.config.package_name)
    await until(lambda: "Invalid API key" in caplog.text)

    assert failure.value.stage == "AUTHENTICATION"
    assert clock() - began < 0.1
    assert app.calls == []


async def test_a_wrong_key_is_answered_with_500_and_the_clouds_words(network: Network, cloud: ScriptedCloud):
    cloud.answer = refusal("INVALID_API_KEY", "Invalid API key")

    async with serving(Diary(), network) as app:
        reply = await cloud.start(app)

        assert (reply.status, body_of(reply)) == (
            500,
            {"status": "error", "message": "The cloud refused the connection: Invalid API key."},
        )
        assert app.calls == []
        assert dict(app.sessions) == {}
        await until(lambda: cloud.socket.closed)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusal("SESSION_NOT_FOUND", "Session not found"), "refused the connection: Session not found"),
        (refusal("APP_NOT_STARTED", "App not started"), "refused the connection: App not started"),
        (refusal("BRAND_NEW_CODE", "Because"), "refused the connection: Because"),
        (refusal("BRAND_NEW_CODE", ""), "refused the connection: BRAND_NEW_CODE"),
        (Closed(1008, "Invalid session ID format"), "refused the connection: Invalid session ID format"),
        (Closed(1008, ""), "refused the connection: no reason given"),
        (Closed(1011, "Internal server error"), "closed the connection during the handshake (1011 Internal"),
        (Closed(1000, "App stopped"), "closed the connection during the handshake (1000 App stopped)"),
    ],
)
async def test_every_refusal_says_what_the_cloud_said_w_ref(
    network: Network, cloud: ScriptedCloud, answer: object, words: str
):
    cloud.answer = answer

    async with serving(Diary(), network) as app:
        reply = await cloud.start(app)

        assert reply.status == 500
        assert words in body_of(reply)["message"]
        assert app.calls == []


async def test_no_ack_within_five_seconds_is_a_failure_and_the_socket_is_closed_w_time_7(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    memory_cloud.answer = "silence"

    async with serving(Diary(), memory) as app:
        reply = await memory_cloud.start(app)
        await turns()

        assert reply.status == 500
        assert body_of(reply)["message"] == "The cloud did not acknowledge the connection within 5 s."
        assert clock() == pytest.approx(5.0)
        assert memory_cloud.socket.closed == Closed(1000)


async def test_an_ack_that_comes_too_late_changes_nothing(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    memory_cloud.answer = "silence"

    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        memory_cloud.socket.send({"type": "tpa_connection_ack"})
        await turns()

        assert app.calls == []


async def test_a_cloud_that_cannot_be_reached_is_a_failure(network: Network, cloud: ScriptedCloud):
    cloud.reachable = False

    async with serving(Diary(), network) as app:
        reply = await cloud.start(app)

        assert reply.status == 500
        assert "could not be reached" in body_of(reply)["message"]


async def test_frames_before_the_ack_are_ignored(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    memory_cloud.answer = {"type": "brand_new_greeting"}

    async with serving(Diary(), memory) as app:
        start = asyncio.create_task(memory_cloud.start(app))
        socket = await memory_cloud.live_socket(1)
        socket.send_raw(b"no JSON")
        socket.send_binary(b"\0\0")
        socket.send_event("button_press", {"buttonId": "main", "pressType": "short"})
        socket.send({"type": "tpa_connection_ack"})

        assert (await start).status == 200

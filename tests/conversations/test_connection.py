"""A connection that breaks: it comes back with everything, or the session ends once."""

import asyncio

import pytest

from mentra import AppSession
from mentra.transport.base import Closed, Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import ACK, PACKAGE_NAME, USER_ID, ScriptedCloud, refusal, turns
from tests.helpers.waiting import clock, until

STARTED = f"session {USER_ID}"


async def listens(session: AppSession) -> None:
    session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))
    session.events.on("button_press", lambda press: session.layouts.show_text_wall(press.button_id))


async def test_a_dropped_connection_comes_back_with_the_same_session_and_handlers(world: World):
    app = await world.serve(Diary(listens))
    glasses = await world.wear(app)
    await until(lambda: len(glasses.subscriptions(PACKAGE_NAME)) == 2)

    glasses.drop_connection(PACKAGE_NAME)
    await until(lambda: not app.session.connected)
    await until(lambda: app.session.connected)
    await glasses.press("back")

    assert await glasses.wait_for_display("back") == "back"
    assert app.calls == [STARTED]


async def test_a_dropped_connection_comes_back_after_one_second_with_the_full_list_w_conn_10(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(listens), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await memory_cloud.live_socket(2)
        await turns()

        assert memory_cloud.attempts == [0.0, pytest.approx(1.0, abs=0.01)]
        assert memory_cloud.socket.subscriptions == [["transcription:en-US", "button_press"]]
        assert memory_cloud.sockets[1].frames[0]["sessionId"] == memory_cloud.sockets[0].frames[0]["sessionId"]


@pytest.mark.parametrize("closed", [Closed(1011, "Internal server error"), Closed(1012), Closed(4000, "x")])
async def test_other_close_codes_are_worth_coming_back_w_conn_10(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, closed: Closed
):
    async with serving(Diary(listens), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.close(closed.code, closed.reason)
        await memory_cloud.live_socket(2)
        await turns()

        assert app.calls == [STARTED]
        assert app.session.connected


async def test_three_failed_attempts_end_the_session_after_seven_seconds_w_time_8(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.reachable = False
        memory_cloud.socket.abort()
        reason = await asyncio.wait_for(app.session.wait_stopped(), 20)

        assert reason == "connection_lost"
        assert clock() == pytest.approx(7.0)
        assert memory_cloud.attempts == pytest.approx([0.0, 1.0, 3.0, 7.0])
        assert app.calls == [STARTED, f"stop {USER_ID} connection_lost"]


async def test_after_a_comeback_there_are_three_new_attempts_w_conn_11(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        for number in (2, 3, 4, 5):
            memory_cloud.socket.abort()
            await memory_cloud.live_socket(number)
            await turns()

        assert app.session.connected
        assert memory_cloud.attempts == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0], abs=0.02)


async def test_a_cloud_that_never_acknowledges_the_comeback_is_left_each_time_before_the_next_socket(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.answer = "silence"
        memory_cloud.socket.abort()
        await asyncio.wait_for(app.session.wait_stopped(), 60)

        # 1 s, 5 s without an answer, 2 s, 5 s, 4 s, 5 s.
        assert clock() == pytest.approx(22.0)
        assert memory_cloud.story == [f"socket {number} {what}" for number in range(4) for what in ("opened", "closed")]


async def test_a_refused_comeback_ends_the_session(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.answer = refusal("APP_NOT_STARTED", "App not started for this session")
        memory_cloud.socket.abort()
        await asyncio.wait_for(app.session.wait_stopped(), 20)

        assert app.calls == [STARTED, f"stop {USER_ID} connection_refused"]
        assert clock() == pytest.approx(1.0)


async def test_a_stop_while_the_connection_is_lost_ends_the_comeback(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await turns()
        await memory_cloud.stop(app)
        await asyncio.sleep(30)

        assert app.calls == [STARTED, f"stop {USER_ID} user_disabled"]
        assert len(memory_cloud.attempts) == 1


async def test_a_stop_in_the_middle_of_a_comeback_leaves_no_socket(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.answer = "silence"
        memory_cloud.socket.abort()
        await memory_cloud.live_socket(2)
        await memory_cloud.stop(app)
        await asyncio.sleep(30)

        assert app.calls == [STARTED, f"stop {USER_ID} user_disabled"]
        assert memory_cloud.sockets[1].closed == Closed(1000)
        assert len(memory_cloud.sockets) == 2


async def test_settings_and_capabilities_of_the_second_ack_are_taken_over(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    changes: list[tuple[object, object]] = []

    async def notes(session: AppSession) -> None:
        session.settings.on_change("lines", lambda new, old: changes.append((new, old)))

    memory_cloud.answer = {**ACK, "settings": [{"key": "lines", "value": 3}]}
    async with serving(Diary(notes), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.answer = {**ACK, "settings": [{"key": "lines", "value": 5}]}
        memory_cloud.socket.abort()
        await memory_cloud.live_socket(2)
        await turns()

        assert app.session.settings["lines"] == 5
        assert changes == [(5, 3)]


async def test_an_ack_without_settings_keeps_those_there_are(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    memory_cloud.answer = {**ACK, "settings": [{"key": "lines", "value": 3}]}
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.answer = {"type": "tpa_connection_ack"}
        memory_cloud.socket.abort()
        await memory_cloud.live_socket(2)
        await turns()

        assert dict(app.session.settings) == {"lines": 3}


async def test_an_event_right_behind_the_ack_reaches_the_handlers_w_conn_2(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(listens), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await until(lambda: len(memory_cloud.sockets) == 2)
        memory_cloud.socket.send(ACK)
        memory_cloud.socket.send_event("button_press", {"buttonId": "early", "pressType": "short"})
        await turns()

        assert "early" in memory_cloud.socket.shown


async def test_what_the_cloud_says_on_a_closed_socket_is_not_heard(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(listens), network) as app:
        await cloud.start(app)
        await until(lambda: cloud.socket.subscriptions)
        first = cloud.socket
        await cloud.start(app, timestamp="t2")
        await until(lambda: len(cloud.sockets) == 2 and cloud.socket.subscriptions)
        first.send_event("button_press", {"buttonId": "ghost", "pressType": "short"})
        cloud.socket.send_event("button_press", {"buttonId": "real", "pressType": "short"})
        await until(lambda: cloud.socket.shown)

        assert cloud.socket.shown == ["real"]


async def test_a_refused_request_does_not_cost_the_session_w_dev_4(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    """Defect 4 of the official SDK 2.1.29: after one refused photo its session is there and dead."""

    async def captions(session: AppSession) -> None:
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))

    async with serving(Diary(captions), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send(refusal("PERMISSION_DENIED", "Camera permission required to take photos."))
        memory_cloud.socket.close(1008, "Camera permission required to take photos.")
        socket = await memory_cloud.live_socket(2)
        await turns()
        socket.send_event("transcription:en-US", {"text": "still here", "isFinal": True})
        await turns()

        assert memory_cloud.attempts == pytest.approx([0.0, 1.0], abs=0.02)
        assert socket.subscriptions == [["transcription:en-US"]]
        assert socket.shown == ["still here"]
        assert app.calls == [STARTED]

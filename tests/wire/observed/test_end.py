"""How apps and sessions end, as it was seen (docs/protocol.md, Life of a connection)."""

import asyncio

import pytest

from mentra.localcloud.hardware import HardwareRequirement
from mentra.transport.base import Closed
from tests.helpers.scripted_app import ScriptedApp, let_it_happen
from tests.wire.observed.world import (
    NOT_FOUND,
    PACKAGE_NAME,
    SESSION_ID,
    STOPPED,
    TIME,
    USER_ID,
    World,
    init,
    said,
)
from tests.wire.recording import comparable


async def test_a_stop_is_a_webhook_then_a_frame_then_a_close_w_conn_6(running: World):
    await running.glasses.stop(PACKAGE_NAME)
    await let_it_happen()

    assert comparable(running.app.requests[-1][2]) == {
        "type": "stop_request",
        "sessionId": SESSION_ID,
        "userId": USER_ID,
        "reason": "user_disabled",
        "timestamp": TIME,
    }
    assert (running.said, running.app.socket.closed) == (STOPPED, Closed(1000, "App stopped"))


@pytest.mark.parametrize(("status", "delay_s"), [(500, 0.0), (200, 3.0)], ids=["a 500", "an answer after 3 s"])
async def test_a_stop_is_not_repeated_and_waits_for_its_answer_w_http_7(running: World, status, delay_s):
    running.app.statuses, running.app.delay_s = [status], delay_s

    await running.glasses.stop(PACKAGE_NAME)
    await asyncio.sleep(2)

    assert running.webhooks == [(0.0, "session_request"), (0.0, "stop_request")]
    assert (running.said, running.app.socket.closed) == (STOPPED, Closed(1000, "App stopped"))


async def test_a_stop_of_an_app_that_does_not_run_is_nothing_w_conn_6(world: World):
    await world.glasses.stop(PACKAGE_NAME)

    assert world.app.requests == []


async def test_a_second_standard_app_ends_the_first_one_first_w_conn_16(running: World):
    async with ScriptedApp(running.network, "com.example.second") as second:
        running.cloud.install(second.installed())

        await running.glasses.start("com.example.second")
        await let_it_happen()

        assert running.app.socket.closed == Closed(1000, "App stopped")
        assert (running.webhooks[-1][1], second.webhooks) == ("stop_request", ["session_request"])


async def test_other_glasses_are_told_before_an_app_is_stopped_that_lacks_something_w_conn_17(world: World):
    camera = HardwareRequirement(type="CAMERA", level="REQUIRED")
    world.cloud.install(world.app.installed(hardware_requirements=(camera,)))
    await world.glasses.put_on("Mentra Live")
    await world.start()

    await world.glasses.put_on("Even Realities G1")
    await let_it_happen()

    update, stopped = world.said
    assert (update["type"], set(update), update["modelName"]) == (
        "capabilities_update",
        {"type", "capabilities", "modelName"},
        "Even Realities G1",
    )
    assert [stopped] == STOPPED
    assert world.webhooks[-1][1] == "stop_request"


async def test_a_phone_that_is_away_for_a_minute_ends_the_session_without_a_webhook_w_conn_7(running: World):
    await running.glasses.go_offline()
    await asyncio.sleep(59)
    assert running.app.socket.closed is None

    await asyncio.sleep(2)

    assert (running.said, running.app.socket.closed) == (STOPPED, Closed(1000, "User session ended"))
    assert running.webhooks == [(0.0, "session_request")]
    late = await running.open(init())
    assert (said(late), late.closed) == NOT_FOUND

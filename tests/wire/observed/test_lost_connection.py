"""What becomes of a lost connection, as it was seen (docs/protocol.md, Life of a connection)."""

import asyncio

import pytest

from tests.helpers.scripted_app import let_it_happen
from tests.wire.observed.world import (
    PACKAGE_NAME,
    World,
    init,
    said,
)

GRACE = [("W-CONN-2", 0.5), ("W-CONN-2", 2.0), ("W-CONN-2", 4.5)]


@pytest.mark.parametrize(("row", "after_s"), GRACE)
@pytest.mark.parametrize("code", [1000, 1001, 1006])
async def test_who_comes_back_in_time_keeps_its_subscriptions_and_nothing_else(running: World, row, after_s, code):
    await running.app.subscribe("button_press")
    if code == 1006:
        running.glasses.drop_connection(PACKAGE_NAME)
    else:
        running.app.socket.close(code)
    await asyncio.sleep(after_s)
    await running.glasses.press("in the gap")

    await running.app.connect()
    await let_it_happen()
    await running.glasses.press("after it")

    assert running.app.socket.types == ["tpa_connection_ack", "data_stream"]
    assert running.app.socket.frames[-1]["data"]["buttonId"] == "after it"


async def test_who_does_not_come_back_is_stopped_and_started_w_conn_5(running: World):
    await running.app.subscribe("button_press")
    running.app.socket.close()

    await asyncio.sleep(6)

    first, *webhooks = running.webhooks
    assert (first[1], webhooks) == ("session_request", [(5.0, "stop_request"), (5.02, "session_request")])
    assert running.app.socket.types == ["tpa_connection_ack"]
    assert running.glasses.subscriptions(PACKAGE_NAME) == ()


async def test_a_restart_that_fails_is_the_last_one_w_conn_5(running: World):
    running.app.connects = False
    running.app.socket.close()
    await asyncio.sleep(4)
    running.app.statuses = [200, 503, 503]

    await asyncio.sleep(60)

    assert [when for when, _ in running.webhooks] == [0.0, 5.0, 5.02, 6.02]
    assert running.glasses.running == ()


@pytest.mark.parametrize(("after_s", "kept"), [(7.9, True), (8.1, False)])
async def test_an_empty_list_is_ignored_for_eight_seconds_w_conn_4(running: World, after_s, kept):
    await running.app.subscribe("button_press")
    await asyncio.sleep(after_s)

    await running.app.subscribe()

    assert bool(running.glasses.subscriptions(PACKAGE_NAME)) is kept


async def test_when_the_older_of_two_sockets_closes_the_newer_one_is_forgotten_w_conn_12(running: World):
    await running.app.subscribe("button_press")
    first = running.app.socket
    second = await running.open(init())
    await running.glasses.press("both open")
    assert (said(first), len(said(second))) == ([], 1)

    first.close()
    await let_it_happen()
    await running.glasses.press("one closed")
    running.app.connects = False
    await asyncio.sleep(20)

    assert [kind for _, kind in running.webhooks] == ["session_request", "stop_request", "session_request"]
    assert (len(said(second)), second.closed) == (1, None)


async def test_the_timer_of_a_lost_connection_survives_a_stop_w_conn_14(running: World):
    running.app.socket.close()
    await asyncio.sleep(1)
    await running.glasses.stop(PACKAGE_NAME)

    await asyncio.sleep(10)

    assert running.webhooks[1:] == [(1.0, "stop_request"), (5.0, "stop_request"), (5.02, "session_request")]
    assert running.glasses.running == (PACKAGE_NAME,)

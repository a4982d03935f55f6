"""What the cloud answers to who connects, as it was seen (docs/protocol.md, Handshake, Refusals)."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from mentra.transport.base import Closed
from tests.helpers.scripted_app import API_KEY, ScriptedSocket, let_it_happen
from tests.wire.observed.world import (
    CRASHED,
    NOT_FOUND,
    PACKAGE_NAME,
    SESSION_ID,
    USER_ID,
    World,
    init,
    refusal,
    said,
)


@dataclass(frozen=True)
class First:
    """The first frame on a socket while the app is being started, and the answer."""

    row: str
    what: str
    frame: Any
    said: list[Any]
    closed: Closed | None
    started: bool = True


BAD_KEY = [refusal("INVALID_API_KEY", "Invalid API key")], Closed(1008, "Invalid API key")
NOT_STARTED = (
    [refusal("APP_NOT_STARTED", "App not started for this session")],
    Closed(1008, "App not started for this session"),
)
FIRST_FRAMES = [
    First("W-REF-1", "a wrong key", init(apiKey="wrong"), *BAD_KEY),
    First("W-REF-1", "an empty key", init(apiKey=""), *BAD_KEY),
    First("W-REF-1", "an unknown package", init(packageName="com.example.other"), *BAD_KEY),
    First("W-REF-2", "an app that is not started", init(), *NOT_STARTED, started=False),
    First("W-REF-3", "a user without a session", init(sessionId=f"other@example.com-{PACKAGE_NAME}"), *NOT_FOUND),
    First("W-HAND-12", "a user with a hyphen", init(sessionId=f"a-b@example.com-{PACKAGE_NAME}"), *NOT_FOUND),
    First("W-REF-3", "another frame", {"type": "subscription_update", "subscriptions": []}, *NOT_FOUND),
    First("W-REF-4", "no hyphen", init(sessionId="user1"), [], Closed(1008, "Invalid session ID format")),
    First("W-REF-5", "no session id", init(sessionId=...), [], CRASHED),
    First("W-REF-5", "no JSON", b"hello", [], CRASHED),
    First("W-HAND-8", "nothing for seven seconds", None, [], None),
]


@pytest.mark.parametrize("first", FIRST_FRAMES, ids=lambda first: f"{first.row} {first.what}")
async def test_the_first_frame_is_answered_as_it_was_seen(world: World, first: First):
    world.app.connects = False
    starting = asyncio.create_task(world.start())
    if first.started:
        await let_it_happen()
    else:
        starting.cancel()

    socket = await world.open(first.frame)
    if first.frame is None:
        await asyncio.sleep(7)

    assert (said(socket), socket.closed) == (first.said, first.closed)
    starting.cancel()


async def test_a_wrong_tail_of_the_session_id_is_accepted_and_repeated_w_hand_12(world: World):
    world.app.connects = False
    starting = asyncio.create_task(world.start())
    await let_it_happen()

    socket = await world.open(init(sessionId=f"{USER_ID}-what.ever"))

    await starting
    assert [frame["sessionId"] for frame in socket.frames] == [f"{USER_ID}-what.ever"]
    assert socket.closed is None


async def test_a_second_init_is_acknowledged_again_w_hand_8(running: World):
    running.app.socket.send(init())
    await let_it_happen()

    assert running.app.socket.types == ["tpa_connection_ack"] * 2
    assert running.app.socket.closed is None


UPGRADES = [
    ("W-HAND-11", "/app-ws", {"authorization": f"Bearer {PACKAGE_NAME}:{API_KEY}"}, "401.*MISSING_HEADERS"),
    (
        "W-HAND-11",
        "/app-ws",
        {"authorization": f"Bearer {PACKAGE_NAME}:{API_KEY}", "x-user-id": USER_ID, "x-session-id": SESSION_ID},
        "401.*JWT_INVALID",
    ),
    ("W-HAND-10", "/app-ws/", {}, "None"),
    ("W-HAND-10", "/tpa-ws", {}, "None"),
    ("W-HAND-10", "/", {}, "None"),
]


@pytest.mark.parametrize(("row", "path", "headers", "answer"), UPGRADES, ids=[f"{u[0]} {u[1]}" for u in UPGRADES])
async def test_an_upgrade_is_refused_as_it_was_seen(world: World, row, path, headers, answer):
    url = world.cloud.websocket_url.replace("/app-ws", path)

    with pytest.raises(ConnectionRefusedError, match=f"refused the WebSocket: .*{answer}"):
        await ScriptedSocket().open(world.network, url, headers)


async def test_a_query_in_the_url_is_fine_w_hand_9(running: World):
    socket = await ScriptedSocket().open(running.network, f"{running.cloud.websocket_url}?x=1")
    socket.send(init())
    await let_it_happen()

    assert socket.types == ["tpa_connection_ack"]

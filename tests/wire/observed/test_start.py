"""How an app is started, as it was seen (docs/protocol.md, HTTP, Handshake)."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from mentra.localcloud.hardware import HardwareRequirement
from tests.helpers.scripted_app import API_KEY
from tests.wire.observed.world import (
    PACKAGE_NAME,
    SESSION_ID,
    TIME,
    USER_ID,
    World,
)
from tests.wire.recording import comparable


async def test_the_start_webhook_is_this_body_with_these_headers_w_http_1(world: World):
    await world.start()

    ((_, path, body),), (headers,) = world.app.requests, world.app.headers
    assert (path, list(body), comparable(body)) == (
        "/webhook",
        ["type", "sessionId", "userId", "timestamp", "augmentOSWebsocketUrl"],
        {
            "type": "session_request",
            "sessionId": SESSION_ID,
            "userId": USER_ID,
            "timestamp": TIME,
            "augmentOSWebsocketUrl": "<host>/app-ws",
        },
    )
    assert headers == {
        "content-type": "application/json",
        "accept": "application/json, text/plain, */*",
        "user-agent": "axios/1.13.2",
        "accept-encoding": "gzip, compress, deflate, br",
    }


@dataclass(frozen=True)
class Start:
    """How an app behaves when it is started, and what comes of it."""

    row: str
    what: str
    webhooks: list[float]
    """When they come, in seconds since the start; for 20 s."""
    statuses: list[int] = field(default_factory=list)
    delay_s: float = 0.0
    """Until it answers."""
    connects_after_s: float | None = 0.0
    """``None``: never."""
    key: str = API_KEY
    fails_at: str | None = None
    resolved_after_s: float = 0.0


STARTS = [
    Start("W-HTTP-3", "it answers and connects at once", webhooks=[0]),
    Start("W-HTTP-5", "it connects at once and answers 3 s later", webhooks=[0], delay_s=3),
    Start("W-HTTP-5", "it answers at once and connects 3 s later", [0], connects_after_s=3, resolved_after_s=3),
    Start("W-HTTP-3", "a 500 and a good second attempt", [0, 1], statuses=[500], resolved_after_s=1),
    *(
        Start(
            "W-HTTP-3", f"two answers {status}", [0, 1], statuses=[status] * 2, fails_at="WEBHOOK", resolved_after_s=1
        )
        for status in (404, 500, 503)
    ),
    Start("W-HTTP-4", "it connects at once and hangs over 10 s", [0, 11], delay_s=15),
    Start("W-HAND-5", "it never connects", [0], connects_after_s=None, fails_at="TIMEOUT", resolved_after_s=5),
    Start("W-HAND-5", "it connects too late", [0], connects_after_s=5.1, fails_at="TIMEOUT", resolved_after_s=5),
    Start("W-REF-9", "it connects with a wrong key", [0], key="wrong", fails_at="AUTHENTICATION"),
]


@pytest.mark.parametrize("start", STARTS, ids=lambda start: f"{start.row} {start.what}")
async def test_a_start_goes_as_it_was_seen(world: World, start: Start):
    app, loop = world.app, asyncio.get_running_loop()
    app.statuses, app.delay_s, app.connects, app.api_key = list(start.statuses), start.delay_s, False, start.key
    tasks: list[asyncio.Task[Any]] = []

    async def connect() -> None:
        while len(app.requests) <= len(start.statuses):  # The first of them that it answers with 200.
            await asyncio.sleep(0.001)
        await asyncio.sleep(start.connects_after_s or 0)
        await app.connect()

    began = loop.time()
    if start.connects_after_s is not None:
        tasks.append(asyncio.create_task(connect()))
    stage = await world.start()
    resolved_after_s = loop.time() - began
    app.delay_s = 0
    await asyncio.sleep(20 - resolved_after_s)

    assert (stage, round(resolved_after_s, 1)) == (start.fails_at, start.resolved_after_s)
    assert [round(when - began, 1) for when, _ in world.webhooks] == start.webhooks
    assert (PACKAGE_NAME in world.glasses.running) == (start.fails_at is None)
    assert len({json.dumps(body) for _, _, body in app.requests}) == 1, "a repetition has the same body"
    for task in tasks:
        task.cancel()


async def test_three_starts_at_once_are_one_and_a_start_while_running_is_none_w_http_6(world: World):
    await asyncio.gather(world.start(), world.start(), world.start())
    await world.start()

    assert world.webhooks == [(0.0, "session_request")]


async def test_without_the_hardware_there_is_no_webhook_w_cap_4(world: World):
    camera = HardwareRequirement(type="CAMERA", level="REQUIRED")
    world.cloud.install(world.app.installed(hardware_requirements=(camera,)))

    stage = await world.start()

    assert (stage, world.app.requests) == ("HARDWARE_CHECK", [])

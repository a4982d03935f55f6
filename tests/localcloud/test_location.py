"""Polls and moves, as the cloud answers them (docs/protocol.md, Location)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.protocol.streams import Location
from mentra.transport.base import Network
from tests.helpers.scripted_app import ScriptedApp, let_it_happen

BEGIN = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
async def cloud(network: Network) -> AsyncIterator[LocalCloud]:
    """A cloud whose time is that of the loop."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with LocalCloud(network, now=lambda: BEGIN + timedelta(seconds=loop.time() - began)) as cloud:
        yield cloud


async def poll(app: ScriptedApp, accuracy: str, correlation_id: str = "c1") -> None:
    await app.send("location_poll_request", accuracy=accuracy, correlationId=correlation_id)


def fixes(app: ScriptedApp) -> list[dict[str, Any]]:
    return [frame["data"] for frame in app.socket.frames if frame.get("streamType") == "location_update"]


async def test_a_poll_is_answered_in_full_w_loc_3(running: ScriptedApp, glasses: VirtualGlasses):
    await glasses.move(48.2, 16.37, accuracy_m=5)
    await asyncio.sleep(1)
    await poll(running, "high")

    assert running.socket.frames[-1] == {
        "type": "data_stream",
        "streamType": "location_update",
        "sessionId": "user1@example.com-com.example.app",
        "timestamp": "2026-01-31T12:00:01.000Z",
        "data": {
            "type": "location_update",
            "lat": 48.2,
            "lng": 16.37,
            "accuracy": 5,
            "correlationId": "c1",
            "timestamp": "2026-01-31T12:00:01.000Z",
        },
    }


@pytest.mark.parametrize(
    ("accuracy", "max_age_s"),
    [
        ("realtime", 1),
        ("high", 10),
        ("standard", 30),
        ("tenMeters", 30),
        ("hundredMeters", 60),
        ("kilometer", 300),
        ("threeKilometers", 900),
        ("reduced", 900),
        ("no such tier", 900),
    ],
)
async def test_the_phone_is_asked_when_the_cloud_knows_too_old_a_place_w_loc_2(
    running: ScriptedApp, glasses: VirtualGlasses, accuracy: str, max_age_s: float
):
    await glasses.move(1, 2)
    await asyncio.sleep(max_age_s - 0.5)
    await poll(running, accuracy, "young")
    asked_for_a_young_one = list(glasses.location.asked)
    await asyncio.sleep(1)
    await poll(running, accuracy, "old")

    assert asked_for_a_young_one == []
    assert glasses.location.asked == [accuracy]
    assert [fix["correlationId"] for fix in fixes(running)] == ["young", "old"]


async def test_a_phone_without_a_place_answers_with_its_first_move(running: ScriptedApp, glasses: VirtualGlasses):
    await poll(running, "standard")
    before = fixes(running)
    await glasses.move(1, 2)
    await glasses.move(3, 4)

    assert before == []
    assert [(fix["lat"], fix["correlationId"]) for fix in fixes(running)] == [(1, "c1")]


async def test_an_event_by_its_name_is_a_move_as_well(running: ScriptedApp, glasses: VirtualGlasses):
    await glasses.send("location_update", {"lat": 1, "lng": 2, "accuracy": 9})
    await glasses.send("location_update", {"lat": "nonsense"})
    await glasses.send("location_update", {"lat": 5, "lng": 6, "correlationId": "of somebody"})
    await poll(running, "realtime")

    assert [(fix["lat"], fix["lng"], fix["accuracy"]) for fix in fixes(running)] == [(1, 2, 9)]
    assert glasses.location.last == Location(lat=1, lng=2, accuracy_m=9, timestamp="2026-01-31T12:00:00.000Z")


async def test_only_the_asking_app_gets_the_answer_w_loc_3(
    network: Network, cloud: LocalCloud, running: ScriptedApp, glasses: VirtualGlasses
):
    async with ScriptedApp(network, "com.example.other") as other:
        cloud.install(other.installed(app_type="background"))
        await glasses.start("com.example.other")
        await other.subscribe("location_update")
        await poll(running, "standard")
        glasses.location.moved(Location(lat=1, lng=2))
        await let_it_happen()

        assert len(fixes(running)) == 1
        assert fixes(other) == []

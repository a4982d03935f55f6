"""Polls and moves, as the cloud answers them (docs/protocol.md, Location)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.localcloud.history import MOST
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
    assert list(glasses.location.asked) == [accuracy]
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


async def test_an_answer_for_one_app_is_not_kept_w_loc_3(running: ScriptedApp, glasses: VirtualGlasses):
    await glasses.move(1, 2)
    await asyncio.sleep(60)
    await poll(running, "high", "first")
    await poll(running, "high", "second")

    assert list(glasses.location.asked) == ["high", "high"]
    assert [fix["correlationId"] for fix in fixes(running)] == ["first", "second"]


async def test_while_the_phone_is_away_only_the_cloud_can_answer(running: ScriptedApp, glasses: VirtualGlasses):
    await glasses.move(1, 2)
    await glasses.go_offline()
    await poll(running, "standard", "known")
    await asyncio.sleep(40)
    await poll(running, "standard", "too old")
    await glasses.go_online()
    await glasses.move(3, 4)

    assert [fix["correlationId"] for fix in fixes(running)] == ["known"]
    assert list(glasses.location.asked) == []


def stream(rate: str) -> dict[str, str]:
    return {"stream": "location_stream", "rate": rate}


async def test_the_cloud_of_2025_asks_for_the_weakest_tier_and_tells_nothing_w_loc_1(
    running: ScriptedApp, glasses: VirtualGlasses
):
    await glasses.move(1, 2)
    await running.subscribe(stream("high"), "location_update")

    assert (glasses.location.tier, fixes(running)) == ("reduced", [])


async def test_the_cloud_of_2026_asks_for_the_strongest_tier_w_loc_1(network: Network):
    async with (
        LocalCloud(network, generation=3) as cloud,
        ScriptedApp(network) as one,
        ScriptedApp(network, "com.example.other") as other,
    ):
        glasses = cloud.connect_glasses("user1@example.com")
        for app in (one, other):
            cloud.install(app.installed(app_type="background"))
            await glasses.start(app.package_name)
        tiers = [glasses.location.tier]
        for app, streams in [
            (one, ["location_update"]),
            (one, [stream("tenMeters")]),
            (other, [stream("no such tier"), stream("high")]),
            (other, [stream("no such tier")]),
            (one, ["location_update"]),
        ]:
            await app.subscribe(*streams)
            tiers.append(glasses.location.tier)
        await one.subscribe(stream("realtime"))
        await glasses.stop(one.package_name)
        tiers.append(glasses.location.tier)

        assert tiers == ["reduced", "reduced", "tenMeters", "high", "tenMeters", "reduced", "reduced"]


async def test_the_cloud_of_2026_tells_a_new_stream_where_the_phone_is_w_loc_4(network: Network):
    async with LocalCloud(network, generation=3) as cloud, ScriptedApp(network) as app:
        cloud.install(app.installed())
        glasses = cloud.connect_glasses("user1@example.com")
        await glasses.start(app.package_name)
        await glasses.move(1, 2, accuracy_m=5)
        await app.subscribe("location_update")
        await app.subscribe("location_stream")
        nothing = fixes(app)
        for rate in ("reduced", "high", "high"):
            await app.subscribe(stream(rate))
        once = [dict(fix, timestamp="") for fix in fixes(app)]
        await glasses.stop(app.package_name)
        await glasses.start(app.package_name)
        await app.subscribe(stream("high"))

        assert nothing == []
        assert once == [{"type": "location_update", "lat": 1, "lng": 2, "accuracy": 5, "timestamp": ""}]
        assert len(fixes(app)) == 1


async def test_of_very_many_polls_that_wait_for_the_first_move_the_newest_are_answered(
    running: ScriptedApp, glasses: VirtualGlasses
):
    for number in range(MOST + 3):
        running.socket.send(
            {
                "type": "location_poll_request",
                "packageName": running.package_name,
                "accuracy": "high",
                "correlationId": str(number),
            }
        )
    await let_it_happen()

    await glasses.move(48.2, 16.37)

    assert [fix["correlationId"] for fix in fixes(running)] == [str(number) for number in range(3, MOST + 3)]

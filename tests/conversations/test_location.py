"""Where the phone is: updates of a chosen accuracy, and single questions."""

import asyncio
from typing import Any

import pytest

from mentra import Accuracy, AppSession, Location, NotConnected, RequestFailed, RequestTimeout, SessionStopped
from mentra.localcloud import VirtualGlasses
from mentra.protocol.app_to_cloud import LocationStream, SubscriptionUpdate
from mentra.transport.memory import MemoryNetwork
from tests.conversations.test_golden_frames import alike, captured_frames
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import ScriptedCloud, refusal, turns
from tests.helpers.waiting import clock, until

VIENNA = {"lat": 48.2, "lng": 16.37}


def ignore(event: object) -> None:
    """Listens without interest."""


def places(fixes: list[Location]) -> list[tuple[float, float, float | None]]:
    return [(fix.lat, fix.lng, fix.accuracy_m) for fix in fixes]


def lists_of(glasses: VirtualGlasses, session: AppSession) -> list[list[str | LocationStream]]:
    """The lists of subscriptions that an app sent, as the cloud read them."""
    frames = glasses.frames(session.package_name)
    return [frame.subscriptions for frame in frames if isinstance(frame, SubscriptionUpdate)]


def stream(rate: str) -> dict[str, str]:
    return {"stream": "location_stream", "rate": rate}


async def test_a_move_reaches_those_who_listen_w_loc_1(world: World):
    fixes: list[Location] = []
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    await until(lambda: app.current)
    app.session.location.on_update(fixes.append)
    await until(lambda: glasses.subscriptions(app.config.package_name))

    await glasses.move(48.2, 16.37, accuracy_m=5)
    await glasses.move(48.3, 16.37)
    await until(lambda: len(fixes) == 2)

    assert places(fixes) == [(48.2, 16.37, 5), (48.3, 16.37, None)]
    assert app.session.location.last == fixes[-1]


async def test_the_accuracy_reaches_the_cloud_w_loc_1(world: World):
    """Defect 8 of the official SDK 2.1.29: it never sends the rate."""
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    await until(lambda: app.current)

    app.session.location.on_update(ignore, accuracy="high")
    await until(lambda: glasses.subscriptions(app.config.package_name))

    assert lists_of(glasses, app.session) == [
        ["location_update", LocationStream(stream="location_stream", rate="high")]
    ]
    assert glasses.subscriptions(app.config.package_name) == ("location_update", "location_stream")


async def test_the_strongest_accuracy_of_all_listeners_is_asked_for(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async def script(session: AppSession) -> None:
        session.location.on_update(ignore)
        await asyncio.sleep(1)
        strong = session.location.on_update(ignore, accuracy=Accuracy.REALTIME)
        weak = session.location.on_update(ignore, accuracy="reduced")
        await asyncio.sleep(1)
        strong.cancel()
        strong.cancel()
        await asyncio.sleep(1)
        weak.cancel()

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await asyncio.sleep(5)

        assert memory_cloud.socket.subscriptions == [
            ["location_update", stream("standard")],
            ["location_update", stream("realtime")],
            ["location_update", stream("standard")],
        ]


async def test_the_last_listener_takes_the_accuracy_along(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async def script(session: AppSession) -> None:
        session.events.on("button_press", ignore)
        with session.location.on_update(ignore, accuracy="high"):
            await asyncio.sleep(1)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await asyncio.sleep(5)

        assert memory_cloud.socket.subscriptions == [
            ["button_press", "location_update", stream("high")],
            ["button_press"],
        ]


async def test_a_decorated_handler_hears_with_and_without_options(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[str] = []

    async def script(session: AppSession) -> None:
        @session.location.on_update
        def plain(fix: Location) -> None:
            heard.append(f"plain {fix.lat}")

        @session.location.on_update(accuracy="tenMeters")
        async def exact(fix: Location) -> None:
            heard.append(f"exact {fix.lat}")

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send_event("location_update", VIENNA)
        await turns()

        assert heard == ["plain 48.2", "exact 48.2"]


async def test_a_loop_subscribes_at_its_first_step_and_unsubscribes_when_left(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    fixes: list[Location] = []

    async def script(session: AppSession) -> None:
        updates = session.location.updates(accuracy="kilometer")
        async for fix in updates:
            fixes.append(fix)
            if len(fixes) == 2:
                break
        await updates.aclose()

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        for lat in (1, 2, 3):
            memory_cloud.socket.send_event("location_update", {"lat": lat, "lng": 0})
            await turns()

        assert [fix.lat for fix in fixes] == [1, 2]
        assert memory_cloud.socket.subscriptions[0] == ["location_update", stream("kilometer")]
        assert memory_cloud.socket.subscriptions[-1] == []


async def test_a_loop_ends_with_the_session(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        updates = app.session.location.updates()
        loop = asyncio.create_task(anext(updates))  # type: ignore[arg-type]  # A generator's step is a coroutine.
        await turns()
        await memory_cloud.stop(app)

        with pytest.raises(StopAsyncIteration):
            await loop


@pytest.mark.parametrize("method", ["on_update", "updates", "get_latest"])
async def test_an_accuracy_of_the_tutorials_is_told_the_tiers(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, method: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        call: Any = getattr(app.session.location, method)

        with pytest.raises(ValueError, match=r"no accuracy 'balanced'\. The tiers: reduced"):
            await call(accuracy="balanced")
        assert memory_cloud.socket.of_type("location_poll_request") == []


async def test_a_poll_is_answered_without_a_subscription_w_loc_3(world: World):
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    await until(lambda: app.current)
    await glasses.move(48.2, 16.37, accuracy_m=5)

    fix = await app.session.location.get_latest(accuracy="high")

    assert places([fix]) == [(48.2, 16.37, 5)]
    assert app.session.location.last == fix
    assert glasses.subscriptions(app.config.package_name) == ()
    assert lists_of(glasses, app.session) == []


async def test_a_phone_that_does_not_know_yet_answers_when_it_does(world: World):
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    await until(lambda: app.current)
    poll = asyncio.create_task(app.session.location.get_latest())
    await until(lambda: glasses.location.asked)

    await glasses.move(1, 2)

    assert places([await poll]) == [(1, 2, None)]


async def test_the_poll_is_that_of_the_official_sdk(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    (theirs,) = captured_frames("location_poll_request")
    (their_answer,) = (
        frame
        for frame in captured_frames("data_stream", of="cloud>app")
        if frame["streamType"] == "location_update" and "correlationId" in frame["data"]
    )
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        poll = asyncio.create_task(app.session.location.get_latest(accuracy="high"))
        await turns()
        (ours,) = memory_cloud.socket.of_type("location_poll_request")
        memory_cloud.socket.send(
            {**their_answer, "data": {**their_answer["data"], "correlationId": ours["correlationId"]}}
        )

        assert alike(
            {**ours, "packageName": theirs["packageName"], "sessionId": theirs["sessionId"]},
            theirs,
            but_for=("timestamp", "correlationId"),
        )
        assert places([await poll]) == [(48.2, 16.37, 5)]
        assert memory_cloud.socket.subscriptions == []


async def test_each_poll_gets_its_own_answer(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        polls = [asyncio.create_task(app.session.location.get_latest()) for _ in range(50)]
        await turns()
        memory_cloud.socket.send_event("location_update", {"lat": -1, "lng": 0})
        memory_cloud.socket.send_event("location_update", {"lat": -1, "lng": 0, "correlationId": "another"})
        for number, frame in reversed(list(enumerate(memory_cloud.socket.of_type("location_poll_request")))):
            memory_cloud.socket.send_event(
                "location_update", {"lat": number, "lng": 0, "correlationId": frame["correlationId"]}
            )

        assert [(await poll).lat for poll in polls] == list(range(50))


async def test_those_who_listen_hear_the_answer_to_a_poll_as_well(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[Location] = []

    async def script(session: AppSession) -> None:
        session.location.on_update(heard.append)
        heard.append(await session.location.get_latest())

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        (frame,) = memory_cloud.socket.of_type("location_poll_request")
        memory_cloud.socket.send_event("location_update", {**VIENNA, "correlationId": frame["correlationId"]})
        await turns()

        assert [fix.lat for fix in heard] == [48.2, 48.2]


async def test_what_is_no_location_is_nothing(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[Location] = []

    async def script(session: AppSession) -> None:
        session.location.on_update(heard.append)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        for nonsense in ({}, {"lat": 1}, {"lat": "1", "lng": 2}, None, 7, [1, 2]):
            memory_cloud.socket.send_event("location_update", nonsense)
        memory_cloud.socket.send_event("location_update", {**VIENNA, "accuracy": None, "correlationId": None})
        await turns()

        assert places(heard) == [(48.2, 16.37, None)]


async def test_a_poll_that_nobody_answers_says_what_may_be_missing(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    """Defect 7 of the official SDK 2.1.29: it rejects with a string."""
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        began = clock()

        with pytest.raises(RequestTimeout, match=r"within 15 s\. Does the app have the permission LOCATION"):
            await app.session.location.get_latest()

        assert clock() - began == pytest.approx(15)


async def test_a_refused_poll_fails_at_once(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        poll = asyncio.create_task(app.session.location.get_latest())
        await turns()
        memory_cloud.socket.send(refusal("INTERNAL_ERROR", "Failed to handle location poll"))

        with pytest.raises(RequestFailed, match="Failed to handle location poll"):
            await poll


async def test_the_end_of_the_session_ends_a_poll(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        session = app.session
        poll = asyncio.create_task(session.location.get_latest(timeout=None))
        await turns()
        await memory_cloud.stop(app)

        with pytest.raises(SessionStopped):
            await poll
        with pytest.raises(SessionStopped):
            await session.location.get_latest()


async def test_while_the_connection_is_lost_nobody_is_asked(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        app.session.location.on_update(ignore, accuracy="high")
        await turns()
        memory_cloud.socket.abort()
        await turns()

        with pytest.raises(NotConnected):
            await app.session.location.get_latest(timeout=0.5)
        await memory_cloud.live_socket(2)
        await until(lambda: app.session.connected)
        await turns()
        assert memory_cloud.socket.subscriptions == [["location_update", stream("high")]]


async def test_without_the_permission_no_updates_come(world: World):
    heard: list[Location] = []
    app = await world.serve(Diary(), permissions=["MICROPHONE"])
    glasses = await world.wear(app)
    await until(lambda: app.current)
    app.session.events.on("location_update", heard.append)
    app.session.events.on("button_press", heard.append)
    await until(lambda: glasses.subscriptions(app.config.package_name))

    await glasses.move(1, 2)

    assert heard == []
    assert glasses.subscriptions(app.config.package_name) == ("button_press",)


async def test_an_event_handler_fills_the_last_location_as_well(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        app.session.events.on("location_update", ignore)
        before = app.session.location.last
        memory_cloud.socket.send_event("location_update", VIENNA)
        await turns()

        assert before is None
        assert app.session.location.last == Location(lat=48.2, lng=16.37)
        assert memory_cloud.socket.subscriptions == [["location_update"]]


async def test_names_of_other_sdks_lead_to_ours(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(AttributeError, match=r"Use await session\.location\.get_latest\(accuracy=...\) instead"):
            _ = app.session.location.getLatestLocation  # type: ignore[attr-defined]  # The point of this test.
        with pytest.raises(AttributeError, match="Use lat instead"):
            _ = Location(lat=1, lng=2).latitude  # type: ignore[attr-defined]  # The point of this test.

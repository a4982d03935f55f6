"""Faults and races, one by one, with several users and apps: what it costs, and that all agree afterwards."""

import asyncio

import pytest

from mentra import AppSession, RequestTimeout
from mentra.localcloud import StartFailed, VirtualGlasses
from mentra.protocol.connection import session_id_of
from mentra.transport.memory import MemoryNetwork
from tests.conversations.agreement import assert_agreement, assert_nothing_left, unstopped
from tests.conversations.world import Diary, World
from tests.helpers.scripted_cloud import PACKAGE_NAME
from tests.helpers.waiting import clock, until

OTHER = "com.example.other"
TWENTY = [f"user{number}@example.com" for number in range(20)]
ANN, BOB = "ann@example.com", "bob@example.com"
SOUND = "https://example.com/a.mp3"


@pytest.fixture
async def still(memory: MemoryNetwork):
    """A world for stories of minutes."""
    async with World(memory) as world:
        yield world
    assert_nothing_left()


async def captions(session: AppSession) -> None:
    session.events.on_transcription(lambda speech: session.layouts.show_text_wall(f"{session.user_id}: {speech.text}"))


async def counts(session: AppSession) -> None:
    """Show what is said, and count the sessions of each user in what is stored."""
    await captions(session)
    await session.storage.set("sessions", str(int(await session.storage.get("sessions", "0")) + 1))


async def everybody(world: World, *apps: Diary, users: list[str] = TWENTY) -> list[VirtualGlasses]:
    """Put glasses on users, start apps for all of them at once, and wait until each has subscribed."""
    wearers = [world.cloud.connect_glasses(user_id, model="Mentra Live") for user_id in users]
    names = [app.config.package_name for app in apps]
    await asyncio.gather(*(glasses.start(name) for glasses in wearers for name in names))
    await until(lambda: all(glasses.subscriptions(name) for glasses in wearers for name in names))
    return wearers


async def is_heard(*wearers: VirtualGlasses) -> None:
    """Say something to each, and see each answered with their own words."""
    await asyncio.gather(*(glasses.say(f"hello from {glasses.user_id}") for glasses in wearers))
    for glasses in wearers:
        await glasses.wait_for_display(f"{glasses.user_id}: hello from {glasses.user_id}")


async def test_a_restarted_cloud_finds_the_sessions_of_twenty_users_again(world: World):
    app = await world.serve(Diary(counts))
    wearers = await everybody(world, app)

    await world.cloud.restart()
    await until(lambda: len(app.calls) == 60 and len(app.sessions) == 20)
    await until(lambda: all(glasses.subscriptions(PACKAGE_NAME) for glasses in wearers))

    await is_heard(*wearers)
    assert_agreement(world.cloud, TWENTY, app)
    await until(lambda: [glasses.stored(PACKAGE_NAME) for glasses in wearers] == [{"sessions": "2"}] * 20)


async def test_a_cloud_that_is_away_for_long_costs_each_session_once(still: World):
    app = await still.serve(Diary(counts))
    wearers = await everybody(still, app)

    await still.cloud.restart(down_s=60)
    await asyncio.sleep(70)  # As long as what is not stored may wait for the next attempt.

    lost = [call for call in app.calls if call.endswith("connection_lost")]
    assert sorted(lost) == sorted(f"stop {user_id} connection_lost" for user_id in TWENTY)
    await is_heard(*wearers)
    assert_agreement(still.cloud, TWENTY, app)
    assert [glasses.stored(PACKAGE_NAME) for glasses in wearers] == [{"sessions": "2"}] * 20


async def test_twenty_flapping_connections_keep_their_sessions(still: World):
    app = await still.serve(Diary(captions))
    wearers = await everybody(still, app)

    for pause_s in (1.01, 1.5, 1.1, 3.0, 1.01):  # Each time they are just back.
        for glasses in wearers:
            glasses.drop_connection(PACKAGE_NAME)
        await asyncio.sleep(pause_s)
    await asyncio.sleep(10)

    await is_heard(*wearers)
    assert sorted(app.calls) == sorted(f"session {user_id}" for user_id in TWENTY)
    assert_agreement(still.cloud, TWENTY, app)


async def test_stops_and_starts_in_quick_succession_end_in_agreement(world: World):
    app = await world.serve(Diary(captions))
    (ann,) = await everybody(world, app, users=[ANN])

    for _ in range(3):
        await asyncio.gather(ann.stop(PACKAGE_NAME), ann.start(PACKAGE_NAME), return_exceptions=True)
        await ann.stop(PACKAGE_NAME)
        await asyncio.gather(ann.start(PACKAGE_NAME), ann.start(PACKAGE_NAME))
    await ann.stop(PACKAGE_NAME)
    await until(lambda: not app.sessions and not unstopped(app))

    assert_agreement(world.cloud, [ANN], app)


async def test_two_apps_in_one_process_share_a_user_and_no_faults(world: World):
    one = await world.serve(Diary(captions))
    other = await world.serve(Diary(captions, package_name=OTHER), app_type="background")
    (ann,) = await everybody(world, one, other, users=[ANN])

    ann.drop_connection(OTHER)
    await until(lambda: not other.session.connected)
    await is_heard(ann)
    await until(lambda: other.session.connected)
    await ann.stop(PACKAGE_NAME)
    await until(lambda: len(one.calls) == 2)

    assert (one.calls[1], other.calls) == (f"stop {ANN} user_disabled", [f"session {ANN}"])
    assert_agreement(world.cloud, [ANN], one, other)


async def test_a_slow_on_session_delays_neither_other_users_nor_its_own_stop(still: World):
    async def slow_for_ann(session: AppSession) -> None:
        await captions(session)
        if session.user_id == ANN:
            await asyncio.sleep(60)

    app = await still.serve(Diary(slow_for_ann))
    ann, bob = await everybody(still, app, users=[ANN, BOB])

    await is_heard(ann, bob)
    await ann.stop(PACKAGE_NAME)
    await asyncio.sleep(0.1)

    assert app.calls == [f"session {ANN}", f"session {BOB}", f"stop {ANN} user_disabled"]
    assert clock() < 1
    assert_agreement(still.cloud, [ANN, BOB], app)


async def test_an_on_stop_that_hangs_costs_the_next_session_ten_seconds_and_others_nothing(still: World):
    class Hangs(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await super().on_stop(session_id, user_id, reason)
            if user_id == ANN and len(self.calls) < 5:
                await asyncio.sleep(3600)

    app = await still.serve(Hangs(captions))
    ann, bob = await everybody(still, app, users=[ANN, BOB])
    await ann.stop(PACKAGE_NAME)
    stopped_at = clock()

    await ann.start(PACKAGE_NAME)
    await is_heard(bob)
    await until(lambda: len(app.calls) == 4, within=30)

    assert clock() - stopped_at == pytest.approx(10, abs=0.2)
    await until(lambda: ann.subscriptions(PACKAGE_NAME))
    await is_heard(ann)
    assert_agreement(still.cloud, [ANN, BOB], app)


async def test_a_crash_in_a_handler_costs_nobody_anything(world: World):
    async def crashes(session: AppSession) -> None:
        await captions(session)

        @session.events.on_button_press
        async def _(press: object) -> None:
            raise RuntimeError("as told")

        session.events.on_head_position(lambda head: 1 / 0)

    app = await world.serve(Diary(crashes))
    ann, bob = await everybody(world, app, users=[ANN, BOB])

    for glasses in (ann, bob, ann):
        await glasses.press()
        await glasses.look_up()

    await is_heard(ann, bob)
    assert app.calls == [f"session {ANN}", f"session {BOB}"]
    assert_agreement(world.cloud, [ANN, BOB], app)


async def test_a_server_that_ends_and_comes_back_has_its_sessions_again(still: World):
    old = await still.serve(Diary(counts))
    port = int(old.url.rpartition(":")[2])
    wearers = await everybody(still, old)

    await old.stop()
    assert unstopped(old) == {}
    await asyncio.sleep(2)
    new = Diary(counts)
    await new.start(network=still.network, host="127.0.0.1", port=port, hosted=True)
    await asyncio.sleep(10)

    await is_heard(*wearers)
    assert_agreement(still.cloud, TWENTY, new)
    assert [glasses.stored(PACKAGE_NAME) for glasses in wearers] == [{"sessions": "2"}] * 20
    await new.stop()


async def test_a_server_that_stays_away_is_given_up_without_a_word_to_other_apps(still: World):
    gone = await still.serve(Diary(captions))
    other = await still.serve(Diary(captions, package_name=OTHER), app_type="background")
    wearers = await everybody(still, gone, other)

    await gone.stop()
    await asyncio.sleep(60)

    assert {glasses.running for glasses in wearers} == {(OTHER,)}
    with pytest.raises(StartFailed) as failure:
        await wearers[0].start(PACKAGE_NAME)
    assert failure.value.stage == "WEBHOOK"
    assert len(other.calls) == 20
    assert_agreement(still.cloud, TWENTY, gone, other)


@pytest.mark.parametrize("timestamps", [("t1", "t1"), ("t1", "t2"), ("t1", "t2", "t1", "t3")])
async def test_start_webhooks_out_of_nowhere_leave_one_session_that_works(world: World, timestamps: tuple[str, ...]):
    app = await world.serve(Diary(captions))
    (ann,) = await everybody(world, app, users=[ANN])

    def body(timestamp: str) -> bytes:
        session_id = session_id_of(ANN, PACKAGE_NAME)
        return (
            f'{{"type":"session_request","sessionId":"{session_id}","userId":"{ANN}","timestamp":"{timestamp}",'
            f'"augmentOSWebsocketUrl":"{world.cloud.websocket_url}"}}'
        ).encode()

    await asyncio.gather(
        *(
            world.network.request("POST", f"{app.url}/webhook", body=body(timestamp), timeout=10)
            for timestamp in timestamps
        )
    )
    await until(lambda: sum(unstopped(app).values()) == 1 and len(app.sessions) == 1)
    await until(lambda: app.session.connected and ann.subscriptions(PACKAGE_NAME), within=15)

    await is_heard(ann)
    assert_agreement(world.cloud, [ANN], app)


async def test_captions_over_a_bad_network_come_late_in_order_and_in_part(still: World):
    app = await still.serve(Diary(captions))
    ann, bob = await everybody(still, app, users=[ANN, BOB])
    ann.set_network(latency_s=0.5, jitter_s=1.0, loss=0.2, seed=7)

    for number in range(50):
        await asyncio.gather(ann.say(f"sentence {number:02}"), bob.say(f"sentence {number:02}"))
    await asyncio.sleep(10)

    def seen(glasses: VirtualGlasses) -> list[str]:
        return [event.layout["text"] for event in glasses.shown]

    assert seen(bob) == [f"{BOB}: sentence {number:02}" for number in range(50)]
    assert seen(ann) == sorted(seen(ann))
    assert 20 < len(seen(ann)) < 45
    ann.set_network()
    await is_heard(ann, bob)
    assert_agreement(still.cloud, [ANN, BOB], app)


@pytest.mark.parametrize("away_s", [5.0, 70.0])
async def test_what_is_asked_for_while_the_phone_is_away_fails_in_time_and_works_again_later(
    still: World, away_s: float
):
    outcomes: list[object] = []

    async def asks(session: AppSession) -> None:
        @session.events.on_button_press
        async def _(press: object) -> None:
            for ask in (
                lambda: session.camera.request_photo(timeout=2),
                lambda: session.audio.play(SOUND, timeout=2),
                lambda: session.location.get_latest(timeout=2),
            ):
                try:
                    outcomes.append(type(await ask()).__name__)
                except RequestTimeout as error:
                    outcomes.append(type(error).__name__)

    class Tools(Diary):
        async def on_tool_call(self, tool_name: str, args: dict[str, object], user_id: str) -> str:
            return "online" if self.session_for(user_id) else "offline"

    app = await still.serve(Tools(asks))
    (ann,) = await everybody(still, app, users=[ANN])
    await ann.move(52.5, 13.25)

    pressed = asyncio.create_task(ann.press())
    await asyncio.sleep(0)
    await ann.go_offline()
    await pressed
    await asyncio.sleep(away_s)
    answer = await ann.call_tool(PACKAGE_NAME, "where")
    await ann.go_online()
    await asyncio.sleep(10)
    await ann.press()
    await asyncio.sleep(10)

    assert answer["reply"] == ("online" if away_s < 60 else "offline")
    assert outcomes[-3:] == ["Photo", "PlaybackResult", "Location"]
    assert_agreement(still.cloud, [ANN], app)

"""How a session begins: by webhook, once, whatever the cloud repeats."""

import asyncio

import pytest

from mentra import AppSession
from mentra.transport.base import Closed, Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import API_KEY, PACKAGE_NAME, USER_ID, ScriptedCloud, body_of, refusal, turns
from tests.helpers.waiting import clock, until


async def test_a_start_webhook_is_answered_once_the_cloud_acknowledged(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        reply = await cloud.start(app)
        await until(lambda: app.calls)

        assert (reply.status, body_of(reply)) == (200, {"status": "success"})
        assert app.calls == [f"session {USER_ID}"]
        assert [frame["type"] for frame in cloud.socket.frames] == ["tpa_connection_init"]


async def test_two_users_have_sessions_of_their_own(world: World):
    async def echo(session: AppSession) -> None:
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))

    app = await world.serve(Diary(echo))
    first = await world.wear(app, "user1@example.com")
    second = await world.wear(app, "user2@example.com")
    await until(lambda: first.subscriptions(PACKAGE_NAME) and second.subscriptions(PACKAGE_NAME))

    await first.say("one")
    await second.say("two")
    await first.wait_for_display("one")
    await second.wait_for_display("two")
    await first.stop(PACKAGE_NAME)
    await second.say("still here")

    assert await second.wait_for_display("still here") == "still here"
    assert list(app.sessions) == [f"user2@example.com-{PACKAGE_NAME}"]
    assert [session.user_id for session in app.current] == ["user1@example.com", "user2@example.com"]


async def test_a_repeated_webhook_keeps_the_session_w_dev_2(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        await cloud.start(app)
        reply = await cloud.start(app)
        await turns()

        assert reply.status == 200
        assert app.calls == [f"session {USER_ID}"]
        assert len(cloud.sockets) == 1


async def test_the_same_webhook_many_times_at_once_starts_one_session_w_dev_2(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        replies = await asyncio.gather(*(cloud.start(app) for _ in range(5)))
        await until(lambda: app.calls)

        assert [reply.status for reply in replies] == [200] * 5
        assert app.calls == [f"session {USER_ID}"]
        assert len(cloud.sockets) == 1


async def test_a_webhook_that_is_repeated_after_a_failure_is_a_new_attempt(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        cloud.answer = refusal("APP_NOT_STARTED", "App not started for this session")
        assert (await cloud.start(app)).status == 500

        cloud.answer = {"type": "tpa_connection_ack"}
        assert (await cloud.start(app)).status == 200
        await until(lambda: app.calls)

        assert app.calls == [f"session {USER_ID}"]


async def test_another_timestamp_replaces_the_session_and_closes_its_socket_first_w_dev_2(
    network: Network, cloud: ScriptedCloud
):
    async with serving(Diary(), network) as app:
        await cloud.start(app, timestamp="t1")
        await until(lambda: app.calls)
        reply = await cloud.start(app, timestamp="t2")
        await until(lambda: len(app.calls) == 3)

        assert reply.status == 200
        assert app.calls == [f"session {USER_ID}", f"stop {USER_ID} replaced", f"session {USER_ID}"]
        assert cloud.story == ["socket 0 opened", "socket 0 closed", "socket 1 opened"]
        assert cloud.sockets[0].closed == Closed(1000)
        assert [frame["reason"] for frame in cloud.sockets[0].of_type("ownership_release")] == ["switching_clouds"]
        assert app.current[0].stop_reason == "replaced"
        assert app.session.connected


async def test_two_different_webhooks_at_once_leave_one_session(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        await asyncio.gather(cloud.start(app, timestamp="t1"), cloud.start(app, timestamp="t2"))
        await until(lambda: app.calls and app.session.connected)
        await turns()

        assert app.calls[-1] == f"session {USER_ID}"
        assert [socket.closed for socket in cloud.sockets[:-1]] == [Closed(1000)] * (len(cloud.sockets) - 1)
        assert cloud.socket.closed is None
        assert len(app.sessions) == 1


async def test_a_stop_and_a_start_within_20_ms_make_two_sessions(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        await cloud.start(app, timestamp="t1")
        await until(lambda: app.calls)
        await cloud.stop(app)
        reply = await cloud.start(app, timestamp="t2")
        await until(lambda: len(app.calls) == 3)

        assert reply.status == 200
        assert app.calls == [f"session {USER_ID}", f"stop {USER_ID} user_disabled", f"session {USER_ID}"]
        assert cloud.story == ["socket 0 opened", "socket 0 closed", "socket 1 opened"]


async def test_on_session_waits_for_on_stop_of_the_session_before(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    tidied = asyncio.Event()

    class Tidy(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await tidied.wait()
            await super().on_stop(session_id, user_id, reason)

    async with serving(Tidy(), memory) as app:
        await memory_cloud.start(app, timestamp="t1")
        await turns()
        await memory_cloud.stop(app)
        reply = await memory_cloud.start(app, timestamp="t2")
        await turns()

        assert reply.status == 200
        assert app.calls == [f"session {USER_ID}"]

        tidied.set()
        await turns()

        assert app.calls == [f"session {USER_ID}", f"stop {USER_ID} user_disabled", f"session {USER_ID}"]


async def test_on_session_waits_for_on_stop_also_when_a_session_in_between_never_began(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    tidied = asyncio.Event()

    class Tidy(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await tidied.wait()
            await super().on_stop(session_id, user_id, reason)

    async with serving(Tidy(), memory) as app:
        await memory_cloud.start(app, timestamp="t1")
        await turns()
        await memory_cloud.stop(app)
        await memory_cloud.start(app, timestamp="t2")
        await memory_cloud.stop(app)
        await memory_cloud.start(app, timestamp="t3")
        await turns(100)

        assert app.calls == [f"session {USER_ID}"]

        tidied.set()
        await turns()

        assert app.calls == [f"session {USER_ID}", f"stop {USER_ID} user_disabled", f"session {USER_ID}"]


async def test_an_on_stop_that_never_ends_holds_the_next_session_up_for_10_s_only(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    class Stuck(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await asyncio.Event().wait()

    async with serving(Stuck(), memory) as app:
        await memory_cloud.start(app, timestamp="t1")
        await turns()
        await memory_cloud.stop(app)
        began = clock()
        await memory_cloud.start(app, timestamp="t2")
        await until(lambda: len(app.calls) == 2, within=20)

        assert clock() - began == pytest.approx(10.0, abs=0.01)


async def test_a_slow_on_session_does_not_delay_the_answer_w_dev_1(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async def slow(session: AppSession) -> None:
        await asyncio.sleep(15)
        session.layouts.show_text_wall("at last")

    async with serving(Diary(slow), memory) as app:
        reply = await memory_cloud.start(app)

        assert (reply.status, clock()) == (200, 0.0)

        await asyncio.sleep(15.1)

        assert memory_cloud.socket.shown == ["at last"]


async def test_a_stop_cancels_an_on_session_that_still_runs(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async def forever(session: AppSession) -> None:
        await asyncio.Event().wait()

    async with serving(Diary(forever), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await memory_cloud.stop(app)
        await turns()

        assert app.calls == [f"session {USER_ID}", f"stop {USER_ID} user_disabled"]


async def test_a_stop_while_the_app_connects_ends_the_start(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    memory_cloud.answer = "silence"

    async with serving(Diary(), memory) as app:
        start = asyncio.create_task(memory_cloud.start(app))
        await memory_cloud.live_socket(1)
        await memory_cloud.stop(app)
        await start
        await turns()

        assert app.calls == []
        assert memory_cloud.socket.closed == Closed(1000)
        assert clock() < 1


async def test_a_start_that_a_stop_overtook_does_not_disturb_the_next_one(world: World):
    """The cloud repeats a webhook that failed; by then the user may have started the app again."""
    glasses = world.cloud.connect_glasses(USER_ID)
    app = await world.serve(Diary())
    starts = [asyncio.create_task(glasses.start(PACKAGE_NAME))]
    await asyncio.sleep(0)
    await glasses.stop(PACKAGE_NAME)
    await asyncio.gather(*starts, return_exceptions=True)

    await glasses.start(PACKAGE_NAME)
    await until(lambda: app.calls and app.calls[-1].startswith("session"))
    calls = list(app.calls)
    await asyncio.sleep(1.2)

    assert app.calls == calls
    assert glasses.running == (PACKAGE_NAME,)


@pytest.mark.parametrize("field", ["mentraOSWebsocketUrl", "augmentOSWebsocketUrl", "websocketUrl"])
async def test_the_cloud_is_found_under_each_of_its_names_w_http_2(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, field: str
):
    urls = {"augmentOSWebsocketUrl": None, field: memory_cloud.websocket_url}

    async with serving(Diary(), memory) as app:
        reply = await memory_cloud.start(app, **urls)

        assert reply.status == 200
        assert memory_cloud.socket.frames[0]["apiKey"] == API_KEY


async def test_the_newest_name_of_the_url_goes_first_w_http_2(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    elsewhere = "ws://127.0.0.1:9/app-ws"
    here = memory_cloud.websocket_url

    async with serving(Diary(), memory) as app:
        newest = await memory_cloud.start(
            app, websocketUrl=here, mentraOSWebsocketUrl=elsewhere, augmentOSWebsocketUrl=elsewhere
        )
        newer = await memory_cloud.start(
            app, timestamp="t2", mentraOSWebsocketUrl=here, augmentOSWebsocketUrl=elsewhere
        )

        assert (newest.status, newer.status) == (200, 200)


async def test_two_apps_in_one_process_do_not_hear_each_other(world: World):
    async def heard(session: AppSession) -> None:
        session.events.on_transcription(
            lambda speech: session.layouts.show_text_wall(f"{session.package_name}: {speech.text}")
        )

    one = await world.serve(Diary(heard, package_name="com.example.one"))
    two = await world.serve(Diary(heard, package_name="com.example.two"))
    first = await world.wear(one, "user1@example.com")
    second = await world.wear(two, "user2@example.com")
    await until(lambda: first.subscriptions("com.example.one") and second.subscriptions("com.example.two"))

    await first.say("hello")
    await second.say("hello")

    assert await first.wait_for_display("hello") == "com.example.one: hello"
    assert await second.wait_for_display("hello") == "com.example.two: hello"
    assert one.url != two.url
    assert (len(one.sessions), len(two.sessions)) == (1, 1)

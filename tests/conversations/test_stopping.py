"""How a session ends: exactly once, with the right word, whatever way."""

import asyncio
import logging

import pytest

from mentra import AppSession, StopReason
from mentra.transport.base import Closed, Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import PACKAGE_NAME, USER_ID, ScriptedCloud, body_of, turns
from tests.helpers.waiting import clock, until

STARTED = f"session {USER_ID}"


async def test_a_stop_by_the_user_ends_the_session_once(world: World):
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    await until(lambda: app.calls)

    await glasses.stop(PACKAGE_NAME)
    await until(lambda: len(app.calls) == 2)
    await turns()

    assert app.calls == [STARTED, f"stop {USER_ID} user_disabled"]
    assert app.session.stop_reason == "user_disabled"
    assert not app.session.connected
    assert dict(app.sessions) == {}


async def test_a_stop_webhook_is_answered_before_on_stop_is_done(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    class Slow(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await asyncio.sleep(3)
            await super().on_stop(session_id, user_id, reason)

    async with serving(Slow(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        reply = await memory_cloud.stop(app)

        assert (reply.status, body_of(reply), clock()) == (200, {"status": "success"}, 0.0)

        await app.session.wait_stopped()

        assert clock() == pytest.approx(3.0)


async def test_an_ended_session_is_not_among_the_sessions_while_on_stop_runs(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    seen: list[object] = []

    class Looks(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            seen.extend([dict(self.sessions), self.session_for(user_id)])

    async with serving(Looks(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await memory_cloud.stop(app)
        await turns()

        assert seen == [{}, None]


async def test_a_stop_of_an_unknown_session_is_none_of_our_business(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        reply = await cloud.stop(app)

        assert (reply.status, body_of(reply)) == (200, {"status": "success"})
        assert app.calls == []


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (1000, "App stopped", StopReason.APP_STOPPED),
        (1000, "User session ended", StopReason.USER_SESSION_ENDED),
        (1011, "User session ended", StopReason.USER_SESSION_ENDED),
        (1000, "", StopReason.CONNECTION_CLOSED),
        (1001, "going away", StopReason.CONNECTION_CLOSED),
        (1008, "Permission denied", StopReason.CONNECTION_REFUSED),
    ],
)
async def test_a_close_that_ends_the_session_says_why_w_conn_10(
    network: Network, cloud: ScriptedCloud, code: int, reason: str, expected: StopReason
):
    async with serving(Diary(), network) as app:
        await cloud.start(app)
        await until(lambda: app.calls)
        cloud.socket.close(code, reason)
        await until(lambda: len(app.calls) == 2)
        await turns()

        assert app.calls == [STARTED, f"stop {USER_ID} {expected}"]
        assert len(cloud.sockets) == 1


async def test_a_user_who_leaves_ends_the_session_without_a_webhook_w_conn_7(world: World):
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    await until(lambda: app.calls)

    await glasses.leave()
    await until(lambda: len(app.calls) == 2)
    await turns()

    assert app.calls == [STARTED, f"stop {USER_ID} user_session_ended"]


@pytest.mark.parametrize("webhook_first", [True, False])
async def test_webhook_and_close_at_once_stop_the_session_once_w_dev_3(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, webhook_first: bool
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        if webhook_first:
            stop = asyncio.create_task(memory_cloud.stop(app))
            await asyncio.sleep(0)
            memory_cloud.socket.close(1000, "App stopped")
        else:
            memory_cloud.socket.close(1000, "App stopped")
            stop = asyncio.create_task(memory_cloud.stop(app))
        await stop
        await turns(100)

        assert len(app.calls) == 2
        assert app.calls[1] in (f"stop {USER_ID} user_disabled", f"stop {USER_ID} app_stopped")


async def test_many_stops_at_once_stop_the_session_once(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        await cloud.start(app)
        await until(lambda: app.calls)
        await asyncio.gather(*(cloud.stop(app) for _ in range(5)))
        await until(lambda: len(app.calls) == 2)
        await turns()

        assert app.calls == [STARTED, f"stop {USER_ID} user_disabled"]


async def test_stopping_the_server_ends_all_sessions_and_frees_the_port(network: Network, cloud: ScriptedCloud):
    app = Diary()
    await app.start(network=network, host="127.0.0.1", port=0, hosted=True)
    port = int(app.url.rpartition(":")[2])
    await cloud.start(app, user_id="user1@example.com")
    await cloud.start(app, user_id="user2@example.com")
    await until(lambda: len(app.calls) == 2)

    await app.stop()

    assert sorted(app.calls[2:]) == ["stop user1@example.com server_stopped", "stop user2@example.com server_stopped"]
    await until(lambda: all(socket.closed for socket in cloud.sockets))
    assert [socket.closed for socket in cloud.sockets] == [Closed(1000)] * 2

    async with serving(app, network, port=port):
        assert app.url == f"http://127.0.0.1:{port}"
        assert (await cloud.start(app)).status == 200


async def test_a_server_can_be_stopped_from_inside_a_session(network: Network, cloud: ScriptedCloud):
    async def give_up(session: AppSession) -> None:
        await app.stop()

    app = Diary(give_up)
    await app.start(network=network, host="127.0.0.1", port=0, hosted=True)
    port = int(app.url.rpartition(":")[2])
    await cloud.start(app)
    await until(lambda: len(app.calls) == 2)
    await until(lambda: cloud.socket.closed)

    assert app.calls == [STARTED, f"stop {USER_ID} server_stopped"]

    async def port_is_free() -> bool:
        try:
            listener = await network.listen("127.0.0.1", port, None)  # type: ignore[arg-type]  # never called
        except OSError:
            return False
        await listener.close()
        return True

    async with asyncio.timeout(5):
        while not await port_is_free():
            await asyncio.sleep(0.01)


async def test_stopping_a_server_does_not_wait_longer_than_told(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    class Stuck(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.calls.append("on_stop cancelled")
                raise

    async with serving(Stuck(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await app.stop(timeout=2)

        assert clock() == pytest.approx(2.0)
        assert app.calls[-1] == "on_stop cancelled"


async def test_a_stop_that_takes_a_while_says_what_it_waits_for(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    class Stuck(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await asyncio.Event().wait()

    caplog.set_level(logging.INFO)
    async with serving(Stuck(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        caplog.clear()
        await app.stop()

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "Sessions whose on_stop still runs: 1. They have 10 s in all."),
        ("WARNING", "Sessions whose on_stop took longer than 10 s: 1. It is cancelled."),
    ]


async def test_a_server_that_stops_waits_for_every_on_stop_also_for_that_of_a_session_before(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    class Slow(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await asyncio.sleep(3)
            await super().on_stop(session_id, user_id, reason)

    async with serving(Slow(), memory) as app:
        await memory_cloud.start(app, timestamp="t1")
        await turns()
        await memory_cloud.stop(app)
        await memory_cloud.start(app, timestamp="t2")
        await turns()
        await app.stop()

        assert app.calls == [STARTED, f"stop {USER_ID} user_disabled"]


async def test_a_webhook_during_the_stop_of_the_server_is_refused_which_is_no_error(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    class Slow(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await asyncio.sleep(3)

    async with serving(Slow(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        url = app.url
        stopping = asyncio.create_task(app.stop())
        await asyncio.sleep(1)
        late = await memory.request(
            "POST",
            f"{url}/webhook",
            body=b'{"type": "session_request", "sessionId": "a-com.example.app", "userId": "a", "timestamp": "t5",'
            b' "augmentOSWebsocketUrl": "%s"}' % memory_cloud.websocket_url.encode(),
            timeout=5,
        )
        await stopping

        assert late.status == 500
        assert body_of(late)["message"] == "This server is stopping."
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_stopping_twice_or_never_started_does_nothing(memory: MemoryNetwork):
    app = Diary()

    await app.stop()
    await app.start(network=memory)
    await app.stop()
    await app.stop()

    assert app.calls == []


async def test_a_second_stop_waits_for_the_first(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    class Slow(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await asyncio.sleep(3)
            await super().on_stop(session_id, user_id, reason)

    async with serving(Slow(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        first = asyncio.create_task(app.stop())
        await asyncio.sleep(1)
        await app.stop(reason="error", timeout=0)

        assert (first.done(), clock()) == (True, pytest.approx(3.0))
        assert app.calls == [STARTED, f"stop {USER_ID} server_stopped"]


async def test_a_stop_during_the_start_leaves_nothing_behind(network: Network):
    app = Diary()
    start = asyncio.create_task(app.start(network=network, host="127.0.0.1", port=0, hosted=True))
    await asyncio.sleep(0)
    await app.stop()
    await start

    async with serving(app, network):
        assert app.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("again", [False, True])
async def test_a_server_can_be_stopped_in_on_stop(memory: MemoryNetwork, memory_cloud: ScriptedCloud, again: bool):
    class StopsWithItsUser(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await self.stop()
            await super().on_stop(session_id, user_id, reason)

    async with serving(StopsWithItsUser(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await (app.stop() if again else memory_cloud.stop(app))
        await app.session.wait_stopped()
        await app.stop()

        assert clock() == pytest.approx(0.0)
        assert app.calls == [STARTED, f"stop {USER_ID} {'server_stopped' if again else 'user_disabled'}"]


async def test_the_end_of_a_session_can_be_waited_for(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        waiting = asyncio.create_task(app.session.wait_stopped())
        await turns()
        assert not waiting.done()

        await memory_cloud.stop(app, reason="system_stop")

        assert await asyncio.wait_for(waiting, 5) == "system_stop"
        assert app.calls[-1] == f"stop {USER_ID} system_stop"

"""Sessions own their work: it begins in them, and ends with them."""

import asyncio
import contextlib
import gc
import weakref
from collections.abc import AsyncIterator

import pytest

from mentra import AppSession, SessionStopped, StopReason
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import PACKAGE_NAME, USER_ID, ScriptedCloud, turns
from tests.helpers.waiting import clock, until


class Story(Diary):
    """Notes the order of everything that ends."""

    def __init__(self) -> None:
        super().__init__()
        self.story: list[str] = []

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        await super().on_session(session, session_id, user_id)
        session.on_stop(lambda reason: self.story.append(f"clean-up {reason}"))
        await session.enter(self.connection())
        session.start_soon(self.work())

        @session.every(30)
        def tick() -> None:
            self.story.append("tick")

        session.call_later(45, lambda: self.story.append("later"))
        session.state.greeting = "hello"

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        self.story.append(f"on_stop {self.session.state.greeting} {reason}")

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        self.story.append("connection opened")
        yield
        self.story.append("connection closed")

    async def work(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.story.append("work cancelled")


ORDER = [
    "connection opened",
    "work cancelled",
    "on_stop hello user_disabled",
    "connection closed",
    "clean-up user_disabled",
]


async def test_all_work_ends_with_the_session_in_the_documented_order(world: World):
    app = await world.serve(Story())
    glasses = await world.wear(app)
    await turns()

    await glasses.stop(PACKAGE_NAME)
    await asyncio.wait_for(app.session.wait_stopped(), 5)

    assert app.story == ORDER


async def test_timers_run_as_long_as_the_session_also_while_the_connection_is_lost(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Story(), memory) as app:
        await memory_cloud.start(app)
        await asyncio.sleep(29)
        memory_cloud.socket.abort()
        await asyncio.sleep(32)
        await memory_cloud.stop(app)
        await asyncio.sleep(100)

        assert app.story == [ORDER[0], "tick", "later", "tick", *ORDER[1:]]


async def test_the_app_is_not_asked_to_call_its_base_class(network: Network, cloud: ScriptedCloud):
    """Defect 1 of the official SDK 2.1.29: who overrides ``onStop`` without its base leaks the session."""
    async with serving(Story(), network) as app:
        await cloud.start(app)
        await until(lambda: app.story)
        await cloud.stop(app)
        await asyncio.wait_for(app.session.wait_stopped(), 5)
        await until(lambda: cloud.socket.closed)

        assert dict(app.sessions) == {}
        assert app.session_for(USER_ID) is None


@pytest.mark.parametrize("webhook_first", [True, False])
async def test_clean_up_runs_once_however_often_the_end_is_told(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, webhook_first: bool
):
    """Defect 2 of the official SDK 2.1.29: webhook and closed socket run ``onStop`` twice."""
    async with serving(Story(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        stop = asyncio.create_task(memory_cloud.stop(app))
        if webhook_first:
            await turns()
        memory_cloud.socket.close(1000, "User session ended")
        await stop
        await turns(100)

        assert len(app.story) == len(ORDER)
        assert app.story[2].startswith("on_stop hello ")


async def test_the_webhook_is_answered_however_long_a_session_prepares(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    """Defect 3 of the official SDK 2.1.29: the webhook waits for ``onSession``, and the cloud repeats it."""

    async def prepare(session: AppSession) -> None:
        await asyncio.sleep(15)

    async with serving(Diary(prepare), memory) as app:
        reply = await memory_cloud.start(app)

        assert (reply.status, clock()) == (200, pytest.approx(0.0))


async def test_showing_something_at_the_end_does_nothing(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    """Defect 18 of the official SDK 2.1.29: a send in ``onStop`` throws, and takes the server down."""

    class Waves(Diary):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            await super().on_session(session, session_id, user_id)
            session.on_stop(lambda reason: session.layouts.show_text_wall(f"bye {reason}"))

        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            self.session.layouts.show_text_wall("bye")
            await super().on_stop(session_id, user_id, reason)

    async with serving(Waves(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await memory_cloud.stop(app)
        await turns()

        assert app.calls[-1] == f"stop {USER_ID} user_disabled"
        assert memory_cloud.socket.shown == []


async def test_a_stop_during_a_reconnect_cleans_up(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    """Defect 19 of the official SDK 2.1.29: a stop during a reconnect crashes the process."""
    async with serving(Story(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.reachable = False
        memory_cloud.socket.abort()
        await asyncio.sleep(0.5)
        await memory_cloud.stop(app)
        await asyncio.sleep(60)

        assert app.story == ORDER
        assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_what_a_task_or_a_timer_raises_is_told_to_the_session(world: World):
    told: list[str] = []

    async def fails(text: str) -> None:
        raise RuntimeError(text)

    async def script(session: AppSession) -> None:
        session.events.on_error(lambda error: told.append(str(error)))
        session.start_soon(fails("task"))
        session.call_later(0, lambda: fails("timer"))

    app = await world.serve(Diary(script))
    await world.wear(app)
    await until(lambda: len(told) == 2)

    assert sorted(told) == ["task", "timer"]


async def test_who_waits_for_an_answer_hears_that_the_session_ended(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    """Defect 31 of the official SDK 2.1.29: a stop rejects a request with "Camera module cleanup", to nobody."""
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        waiting = asyncio.create_task(app.session.location.get_latest(timeout=60))
        await turns()
        await memory_cloud.stop(app)

        with pytest.raises(SessionStopped, match="user_disabled"):
            await waiting


async def test_a_task_that_ignores_its_cancellation_is_left_behind_and_the_rest_is_cleaned_up(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    go = asyncio.Event()

    async def stubborn() -> None:
        while not go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await go.wait()

    story: list[str] = []

    async def script(session: AppSession) -> None:
        session.on_stop(story.append)
        session.start_soon(stubborn(), name="stubborn")

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await memory_cloud.stop(app)
        await app.session.wait_stopped()
        go.set()

        assert (story, clock()) == (["user_disabled"], pytest.approx(5.0))
        assert "[user1@example.com] stubborn did not stop within 5 s of being cancelled." in caplog.messages


async def test_a_new_session_waits_for_the_clean_up_of_the_one_before(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    story: list[str] = []

    async def script(session: AppSession) -> None:
        async def tidy_up(reason: str) -> None:
            await asyncio.sleep(2)
            story.append(f"cleaned up {reason}")

        story.append("session")
        session.on_stop(tidy_up)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app, timestamp="t1")
        await turns()
        await memory_cloud.start(app, timestamp="t2")
        await asyncio.sleep(5)

        assert story == ["session", f"cleaned up {StopReason.REPLACED}", "session"]


async def test_clean_up_runs_also_if_on_stop_fails_or_hangs(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    story: list[str] = []

    class Bad(Diary):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.on_stop(lambda reason: story.append(user_id))

        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            if user_id == USER_ID:
                raise RuntimeError("inside")
            await asyncio.Event().wait()

    async with serving(Bad(), memory) as app:
        await memory_cloud.start(app)
        await memory_cloud.start(app, user_id="user2@example.com")
        await turns()
        await app.stop(timeout=2)

        assert story == [USER_ID, "user2@example.com"]


async def test_two_servers_of_one_process_start_and_stop_by_themselves(network: Network, cloud: ScriptedCloud):
    """Defect 27 of the official SDK 2.1.29: ``start`` never rejects, and ``stop`` ends the process."""
    async with serving(Story(), network) as first:
        second = Story()
        with pytest.raises(OSError, match="use"):
            await second.start(network=network, host="127.0.0.1", port=int(first.url.rpartition(":")[2]), hosted=True)
        async with serving(second, network):
            await cloud.start(second)
            await until(lambda: second.story)
        await cloud.start(first)
        await until(lambda: first.story)

        assert second.story[-1] == "clean-up server_stopped"
        assert len(first.sessions) == 1


async def test_the_hooks_of_the_server_enclose_all_sessions(network: Network, cloud: ScriptedCloud):
    class Whole(Story):
        async def on_startup(self) -> None:
            self.story.append("startup")
            self.add_cleanup_handler(lambda: self.story.append("handler"))

        async def on_shutdown(self) -> None:
            self.story.append("shutdown")
            await self.stop()

    async with serving(Whole(), network) as app:
        await cloud.start(app)
        await until(lambda: len(app.story) > 1)

    assert app.story == [
        "startup",
        *(line.replace("user_disabled", "server_stopped") for line in ORDER),
        "shutdown",
        "handler",
    ]


async def test_a_start_that_fails_leaves_nothing_behind(network: Network):
    class Fails(Story):
        async def on_startup(self) -> None:
            self.add_cleanup_handler(lambda: self.story.append("handler"))
            raise RuntimeError("no database")

        async def on_shutdown(self) -> None:
            self.story.append("shutdown")

    app = Fails()
    with pytest.raises(RuntimeError, match="no database"):
        await app.start(network=network, host="127.0.0.1", port=0, hosted=True)
    await app.stop()

    assert app.story == ["handler"]


async def test_a_server_that_cannot_listen_shuts_down_what_it_had_started(network: Network):
    class Opens(Story):
        async def on_startup(self) -> None:
            self.story.append("startup")

        async def on_shutdown(self) -> None:
            self.story.append("shutdown")

    async with serving(Diary(), network) as other:
        app = Opens()
        with pytest.raises(OSError, match="use"):
            await app.start(network=network, host="127.0.0.1", port=int(other.url.rpartition(":")[2]), hosted=True)

    assert app.story == ["startup", "shutdown"]


@pytest.mark.parametrize("where", ["on_session", "handler", "on_stop"])
async def test_a_clean_up_handler_of_the_server_within_a_session_is_warned_of(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture, where: str
):
    class Misuses(Diary):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            if where == "on_session":
                self.add_cleanup_handler(lambda: self.calls.append("handler"))

            @session.events.on("button_press")
            async def pressed(_: object) -> None:
                self.add_cleanup_handler(lambda: self.calls.append("handler"))

        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            if where == "on_stop":
                self.add_cleanup_handler(lambda: self.calls.append("handler"))

    async with serving(Misuses(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        if where == "handler":
            memory_cloud.socket.send_event("button_press", {"buttonId": "main", "pressType": "short"})
        await turns()
        await memory_cloud.stop(app)
        await turns()

        assert [message for message in caplog.messages if "session.on_stop(lambda reason: ...)" in message] != []
        assert app.calls == []

    assert app.calls == ["handler"]


async def test_nothing_keeps_a_session_after_its_end(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    ended: list[weakref.ref[AppSession]] = []

    async def script(session: AppSession) -> None:
        ended.append(weakref.ref(session))
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))
        session.settings.on_change(lambda changes: session.logger.debug("%s", changes))
        session.location.on_update(lambda fix: session.logger.debug("%s", fix), accuracy="high")
        session.every(1, lambda: session.led.on())
        session.on_stop(lambda reason: session.logger.debug(reason))
        with contextlib.suppress(SessionStopped):
            await asyncio.gather(
                session.camera.request_photo(timeout=None), session.audio.play_bytes(b"x", "audio/mpeg")
            )

    app = Diary(script, public_url="https://app.example.com")
    async with serving(app, memory):
        for number in range(5):
            user = f"user{number}@example.com"
            await memory_cloud.start(app, user_id=user, timestamp=f"t{number}")
            await turns()
            await memory_cloud.stop(app, user_id=user)
        await asyncio.sleep(60)
        app.current.clear()
        gc.collect()

        assert [session() for session in ended] == [None] * 5

"""Starts and ends of sessions, over a connection that always comes up and never speaks."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mentra.errors import SessionStopped
from mentra.protocol.cloud_to_app import ConnectionAck
from mentra.protocol.codec import encode
from mentra.protocol.webhooks import SessionRequest
from mentra.server.sessions import ON_STOP_WITHIN_S, Sessions
from mentra.session.cloud_api import CloudApi
from mentra.session.core import SessionCore
from mentra.session.link import Link
from mentra.session.session import AppSession
from mentra.transport.base import Connection, Receiver
from mentra.transport.memory import MemoryConnection, MemoryNetwork
from tests.helpers.waiting import clock


class Cloud(Receiver):
    """Acknowledges whatever it hears."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def text_received(self, text: str | bytes) -> None:
        self._connection.send_text(encode(ConnectionAck()))


async def connect(receiver: Receiver) -> Connection:
    ours, theirs = MemoryConnection.pair()
    ours.deliver_to(receiver)
    theirs.deliver_to(Cloud(theirs))
    return ours


def make(request: SessionRequest, on_over: Callable[[SessionCore, str], None]) -> SessionCore:
    return SessionCore(
        session_id=request.session_id,
        user_id=request.user_id,
        package_name="com.example.app",
        api_key=lambda: "key",
        api=CloudApi(MemoryNetwork(), "ws://127.0.0.1/app-ws", package_name="com.example.app", api_key=lambda: "key"),
        connect=connect,
        on_over=on_over,
        now=lambda: datetime(2026, 1, 31, tzinfo=UTC),
        started_by=request.timestamp,
    )


class Hooks:
    """Notes when it is called; an end takes as long as it is told."""

    def __init__(self, on_stop_s: float = 0.0) -> None:
        self.calls: list[tuple[float, str]] = []
        self.on_stop_s = on_stop_s

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        self.calls.append((clock(), "session"))

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        await asyncio.sleep(self.on_stop_s)
        self.calls.append((clock(), f"stop {reason}"))


def request(timestamp: str = "t1", user_id: str = "you@example.com") -> SessionRequest:
    return SessionRequest(session_id=f"{user_id}-com.example.app", user_id=user_id, timestamp=timestamp)


async def some_turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_new_start_waits_for_the_end_before_it_but_not_for_ever():
    hooks = Hooks(on_stop_s=60)
    sessions = Sessions(hooks, make)
    for timestamp in ("t1", "t2"):
        await sessions.start(request(timestamp))
        await some_turns()
    await asyncio.sleep(ON_STOP_WITHIN_S + 1)

    assert hooks.calls == [(0.0, "session"), (pytest.approx(ON_STOP_WITHIN_S), "session")]

    await sessions.close("server_stopped", timeout=0)


async def test_a_session_that_ended_before_it_began_calls_no_hook():
    hooks = Hooks(on_stop_s=3)
    sessions = Sessions(hooks, make)
    for timestamp in ("t1", "t2"):
        await sessions.start(request(timestamp))
        await some_turns()
    sessions.end(request().session_id, "user_disabled")
    await sessions.close("server_stopped", timeout=10)

    assert hooks.calls == [(0.0, "session"), (pytest.approx(3.0), "stop replaced")]


async def test_a_start_waits_for_a_socket_that_starts_before_it_left_half_closed():
    story: list[str] = []

    class Slow(Connection):
        def send_text(self, text: bytes) -> None:
            story.append("greeting")

        def close(self, code: int = 1000, reason: str = "") -> None:
            story.append("close")

        async def wait_closed(self) -> None:
            await asyncio.sleep(1)
            story.append("closed")

    async def connect_slowly(receiver: Receiver) -> Connection:
        return Slow()

    def make_slow(request: SessionRequest, on_over: Callable[[SessionCore, str], None]) -> SessionCore:
        session = make(request, on_over)
        session.link = Link(connect_slowly, session, session.logger, take=session.router.take)
        return session

    sessions = Sessions(Hooks(), make_slow)
    starts = [asyncio.create_task(sessions.start(request("t1")))]
    await some_turns()
    sessions.end(request().session_id, "user_disabled")
    for timestamp in ("t2", "t3"):
        await asyncio.sleep(0.1)
        starts.append(asyncio.create_task(sessions.start(request(timestamp))))
    await asyncio.sleep(2)

    assert story == ["greeting", "close", "closed", "greeting"]

    await sessions.close("server_stopped", timeout=5)
    await asyncio.wait(starts)
    assert isinstance(starts[2].exception(), SessionStopped)


async def test_an_end_right_behind_a_second_start_ends_the_first_one_as_well():
    hooks = Hooks()
    sessions = Sessions(hooks, make)
    starts = [asyncio.create_task(sessions.start(request(timestamp))) for timestamp in ("t1", "t2")]
    await asyncio.sleep(0)  # Both have begun, and the work of neither has.
    sessions.end(request().session_id, "user_disabled")
    await asyncio.wait(starts)
    await some_turns()

    assert (dict(sessions.by_id), hooks.calls) == ({}, [])

    await sessions.close("server_stopped", timeout=1)


async def test_the_end_of_the_server_waits_for_both_of_two_starts():
    closed: list[str] = []

    class Slow(Connection):
        def send_text(self, text: bytes) -> None:
            pass

        async def wait_closed(self) -> None:
            await asyncio.sleep(1)
            closed.append("closed")

    async def connect_slowly(receiver: Receiver) -> Connection:
        return Slow()

    def make_slow(request: SessionRequest, on_over: Callable[[SessionCore, str], None]) -> SessionCore:
        session = make(request, on_over)
        session.link = Link(connect_slowly, session, session.logger, take=session.router.take)
        return session

    sessions = Sessions(Hooks(), make_slow)
    starts = [asyncio.create_task(sessions.start(request("t1")))]
    await some_turns()
    starts.append(asyncio.create_task(sessions.start(request("t2"))))
    await asyncio.sleep(0)
    await sessions.close("server_stopped", timeout=5)

    assert closed == ["closed"]
    await asyncio.wait(starts)
    assert [type(start.exception()) for start in starts] == [SessionStopped, SessionStopped]


async def test_live_sessions_are_found_by_id_and_by_user():
    sessions = Sessions(Hooks(), make)
    by_id = sessions.by_id
    await sessions.start(request(user_id="You@example.com"))

    (found,) = sessions.of_user("you@EXAMPLE.com")
    assert by_id == {"You@example.com-com.example.app": found}

    await sessions.close("server_stopped", timeout=1)

    assert (by_id, sessions.of_user("you@example.com")) == ({}, [])


async def test_it_is_known_which_task_is_an_end():
    inside: list[bool] = []

    class Asks(Hooks):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            inside.append(sessions.ends_in(asyncio.current_task()))

    sessions = Sessions(Asks(), make)
    await sessions.start(request())
    await some_turns()
    await sessions.close("server_stopped", timeout=1)

    assert (inside, sessions.ends_in(asyncio.current_task())) == ([True], False)


async def test_after_the_end_nothing_is_started():
    sessions = Sessions(Hooks(), make)
    await sessions.close("server_stopped", timeout=1)

    with pytest.raises(SessionStopped, match="stopping"):
        await sessions.start(request())

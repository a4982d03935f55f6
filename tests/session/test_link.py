"""One connection of one session, driven by lists: the corners that no story reaches."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from mentra.errors import AppNotStarted, ConnectionRefused, InvalidApiKey, NotConnected, RequestTimeout, SessionNotFound
from mentra.protocol.app_to_cloud import AppMessage, ConnectionInit, Ping
from mentra.protocol.cloud_to_app import CloudMessage, ConnectionAck
from mentra.protocol.connection import State
from mentra.session.link import Link
from mentra.transport.base import Closed, Connection, Receiver
from tests.helpers.scripted_cloud import turns
from tests.helpers.waiting import clock

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))
ACK = '{"type": "tpa_connection_ack"}'


class Wire(Connection):
    """A connection whose other end is the test."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.said: list[Any] = []

    def send_text(self, text: bytes) -> None:
        self.said.append(text)

    def send_binary(self, data: bytes) -> None:
        self.said.append(data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.said.append(Closed(code, reason))

    def abort(self) -> None:
        self.said.append(Closed(1006))

    async def wait_closed(self) -> None:
        self.receiver.connection_lost(Closed(1000))


class Owner:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def greeting(self) -> AppMessage:
        return ConnectionInit(session_id="s", package_name="p", api_key="k")

    def link_acknowledged(self, ack: ConnectionAck) -> None:
        self.told.append(ack)

    def message_received(self, message: CloudMessage) -> None:
        self.told.append(message)

    def audio_received(self, data: bytes) -> None:
        self.told.append(data)

    def link_over(self, reason: str) -> None:
        self.told.append(reason)


def answering(*answers: Callable[[Wire], None]) -> tuple[Link, Owner, list[Wire]]:
    """Return a link whose sockets get these answers to their greeting, one after the other."""
    owner, wires, left = Owner(), [], list(answers)

    async def connect(receiver: Receiver) -> Connection:
        wire = Wire(receiver)
        wires.append(wire)
        answer = left.pop(0)
        asyncio.get_running_loop().call_soon(answer, wire)
        return wire

    return Link(connect, owner, LOGGER), owner, wires


def says(*texts: str) -> Callable[[Wire], None]:
    return lambda wire: [wire.receiver.text_received(text) for text in texts] and None


def ends(code: int, reason: str = "") -> Callable[[Wire], None]:
    return lambda wire: wire.receiver.connection_lost(Closed(code, reason))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("INVALID_API_KEY", InvalidApiKey),
        ("SESSION_NOT_FOUND", SessionNotFound),
        ("APP_NOT_STARTED", AppNotStarted),
        ("BRAND_NEW", ConnectionRefused),
    ],
)
async def test_each_refusal_has_its_type_and_its_code(code: str, kind: type[ConnectionRefused]):
    link, owner, _ = answering(says(f'{{"type": "tpa_connection_error", "code": "{code}", "message": "because"}}'))

    with pytest.raises(ConnectionRefused, match="because") as error:
        await link.open()

    assert (type(error.value), error.value.code) == (kind, code)
    assert (link.state, owner.told) == (State.ENDED, [])


async def test_silence_is_a_request_timeout_after_five_seconds():
    link, _, wires = answering(lambda wire: None)

    with pytest.raises(RequestTimeout):
        await link.open()

    assert clock() == pytest.approx(5.0)
    assert wires[0].said[-1] == Closed(1000)


async def test_a_socket_that_closes_during_the_greeting_is_not_connected():
    link, _, _ = answering(ends(1011, "oops"))

    with pytest.raises(NotConnected, match="1011 oops"):
        await link.open()


async def test_ack_event_and_close_in_one_breath_are_all_understood():
    event = '{"type": "data_stream", "streamType": "x", "data": 1}'

    def all_at_once(wire: Wire) -> None:
        says(ACK, event)(wire)
        ends(1000, "App stopped")(wire)

    link, owner, _ = answering(all_at_once)
    await link.open()

    assert [type(told).__name__ for told in owner.told] == ["ConnectionAck", "DataStream", "StopReason"]
    assert link.state is State.ENDED


async def test_a_second_ack_changes_nothing():
    link, owner, wires = answering(says(ACK))
    await link.open()
    says(ACK)(wires[0])

    assert link.state is State.LIVE
    assert len(owner.told) == 2


async def test_what_a_dead_socket_says_is_not_heard():
    link, owner, wires = answering(says(ACK), says(ACK))
    await link.open()
    ends(1006)(wires[0])
    await turns()
    says(ACK, '{"type": "app_stopped"}')(wires[0])
    wires[0].receiver.binary_received(b"\0\0")
    ends(1000, "App stopped")(wires[0])

    assert (link.state, len(owner.told)) == (State.WAITING, 1)
    await link.close()


async def test_an_ack_before_the_greeting_is_no_ack():
    owner = Owner()

    async def connect(receiver: Receiver) -> Connection:
        receiver.text_received(ACK)
        await asyncio.sleep(1)
        asyncio.get_running_loop().call_soon(receiver.text_received, ACK)
        return Wire(receiver)

    link = Link(connect, owner, LOGGER)
    await link.open()

    assert (link.state, len(owner.told)) == (State.LIVE, 1)


async def test_sending_says_whether_it_was_sent():
    link, _, wires = answering(says(ACK))
    before = link.send(Ping())
    await link.open()
    live = link.send(Ping())
    await link.close()
    after = link.send(Ping())

    assert (before, live, after) == (False, True, False)
    assert wires[0].said[1:] == [b'{"type":"ping"}', Closed(1000)]


async def test_closing_twice_is_quiet():
    link, owner, _ = answering(says(ACK))
    await link.open()
    await link.close()
    await link.close()

    assert (link.state, len(owner.told)) == (State.ENDED, 1)


@pytest.mark.parametrize("code", [1000, 1006, 1011])
async def test_after_app_stopped_no_way_of_closing_is_worth_coming_back(code: int):
    link, owner, wires = answering(says(ACK, '{"type": "app_stopped"}'))
    await link.open()
    ends(code)(wires[0])
    await asyncio.sleep(10)

    assert (link.state, owner.told[-1], len(wires)) == (State.ENDED, "app_stopped", 1)


async def test_a_second_cancellation_does_not_leave_a_socket_half_closed():
    class Slow(Wire):
        async def wait_closed(self) -> None:
            await asyncio.sleep(1)
            self.said.append("closed")

    wires: list[Slow] = []

    async def connect(receiver: Receiver) -> Connection:
        wires.append(Slow(receiver))
        return wires[0]

    opening = asyncio.create_task(Link(connect, Owner(), LOGGER).open())
    for _ in range(3):
        await asyncio.sleep(0.1)
        opening.cancel()
    await asyncio.wait([opening])

    assert (wires[0].said[1:], opening.cancelled()) == ([Closed(1000), "closed"], True)


async def test_a_closing_handshake_that_nobody_answers_ends_in_an_abort():
    class Deaf(Wire):
        async def wait_closed(self) -> None:
            await asyncio.Event().wait()

    wire: list[Deaf] = []

    async def connect(receiver: Receiver) -> Connection:
        wire.append(Deaf(receiver))
        asyncio.get_running_loop().call_soon(receiver.text_received, ACK)
        return wire[0]

    link = Link(connect, Owner(), LOGGER)
    await link.open()
    await link.close()

    assert wire[0].said[-2:] == [Closed(1000), Closed(1006)]
    assert clock() == pytest.approx(2.0)

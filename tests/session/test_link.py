"""One connection of one session, driven by lists: the corners that no story reaches."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from mentra.errors import AppNotStarted, ConnectionRefused, InvalidApiKey, NotConnected, RequestTimeout, SessionNotFound
from mentra.protocol.app_to_cloud import AppMessage, ConnectionInit, Ping
from mentra.protocol.cloud_to_app import CloudMessage, ConnectionRefusal, DataStream
from mentra.protocol.connection import State
from mentra.session.link import Ack, Link
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
        self.losses: list[Closed] = []

    def greeting(self) -> AppMessage:
        return ConnectionInit(session_id="s", package_name="p", api_key="k")

    def resume_rejected(self) -> None:
        self.told.append("not resumed")

    def link_acknowledged(self, ack: Ack) -> None:
        self.told.append(ack)

    def link_lost(self, closed: Closed) -> None:
        self.losses.append(closed)

    def request_refused(self, refusal: ConnectionRefusal) -> None:
        self.told.append(refusal)

    def event_received(self, event: DataStream, frame: bytes | str) -> None:
        self.told.append(event)

    def message_received(self, message: CloudMessage) -> None:
        self.told.append(message)

    def audio_received(self, data: bytes) -> None:
        self.told.append(data)

    def link_over(self, reason: str) -> None:
        self.told.append(reason)


def untaken(_: bytes) -> bool:
    return False


def answering(*answers: Callable[[Wire], None], ping_every_s: float | None = None) -> tuple[Link, Owner, list[Wire]]:
    """Return a link whose sockets get these answers to their greeting, one after the other."""
    owner, wires, left = Owner(), [], list(answers)

    async def connect(receiver: Receiver) -> Connection:
        wire = Wire(receiver)
        wires.append(wire)
        answer = left.pop(0)
        asyncio.get_running_loop().call_soon(answer, wire)
        return wire

    return Link(connect, owner, LOGGER, take=untaken, ping_every_s=ping_every_s), owner, wires


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


async def test_a_link_that_is_given_up_as_it_is_acknowledged_and_lost_does_not_come_back():
    def acknowledged_lost_and_given_up(wire: Wire) -> None:
        says(ACK)(wire)
        ends(1006)(wire)
        opening.cancel()

    link, _, wires = answering(acknowledged_lost_and_given_up)
    opening = asyncio.create_task(link.open())
    await asyncio.wait([opening])
    await asyncio.sleep(10)

    assert (opening.cancelled(), link.state, len(wires)) == (True, State.ENDED, 1)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


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

    link = Link(connect, owner, LOGGER, take=untaken)
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

    opening = asyncio.create_task(Link(connect, Owner(), LOGGER, take=untaken).open())
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

    link = Link(connect, Owner(), LOGGER, take=untaken)
    await link.open()
    await link.close()

    assert wire[0].said[-2:] == [Closed(1000), Closed(1006)]
    assert clock() == pytest.approx(2.0)


REFUSED = '{"type": "tpa_connection_error", "code": "PERMISSION_DENIED", "message": "Camera permission required"}'


def refused(wire: Wire) -> None:
    """Refuse a request as the cloud does: an error frame, then the close."""
    says(REFUSED)(wire)
    ends(1008, "Camera permission required")(wire)


async def test_a_refused_request_costs_the_socket_and_not_the_session_w_dev_4():
    link, owner, wires = answering(says(ACK), says(ACK))
    await link.open()

    refused(wires[0])
    await asyncio.sleep(1.1)

    assert link.state is State.LIVE
    assert [type(told).__name__ for told in owner.told] == ["ConnectionAck", "ConnectionRefusal", "ConnectionAck"]
    assert owner.losses == [Closed(1008, "Camera permission required")]


async def test_whoever_goes_on_asking_for_what_is_refused_loses_the_session():
    link, owner, wires = answering(*[says(ACK)] * 6)
    await link.open()

    for number in range(6):
        refused(wires[number])
        await asyncio.sleep(1.1)

    assert link.state is State.ENDED
    assert owner.told[-1] == "connection_refused"


async def test_a_refused_request_now_and_then_is_forgiven_for_ever():
    link, _, wires = answering(*[says(ACK)] * 13)
    await link.open()

    for number in range(12):
        refused(wires[number])
        await asyncio.sleep(15)

    assert link.state is State.LIVE


async def test_a_live_app_that_the_cloud_does_not_want_any_more_is_over():
    link, owner, wires = answering(says(ACK))
    await link.open()

    says('{"type": "tpa_connection_error", "code": "APP_DEPRECATED", "message": "App deprecated"}')(wires[0])
    ends(1008, "App deprecated")(wires[0])

    assert (link.state, owner.told[-1]) == (State.ENDED, "connection_refused")


async def test_a_refusal_that_leaves_the_socket_open_changes_nothing():
    link, owner, wires = answering(says(ACK))
    await link.open()

    says('{"type": "tpa_connection_error", "code": "STREAM_CREATE_FAILED", "message": "no relay"}')(wires[0])

    assert (link.state, owner.losses) == (State.LIVE, [])


# Generation 3.

RESUMED = '{"type": "reconnect_ack", "sessionId": "s"}'
REJECTED = '{"type": "reconnect_rejected", "code": "%s", "message": "because"}'
DEFERRED = '{"type": "reconnect_deferred", "code": "BOOTING", "message": "wait", "timeoutMs": 30000}'


async def test_a_sign_of_life_goes_out_every_15_s_while_the_connection_is_up_w_gen_3():
    link, _, wires = answering(says(ACK), says(ACK), ping_every_s=15.0)
    await link.open()
    await asyncio.sleep(31)
    ends(1006)(wires[0])
    await asyncio.sleep(17)
    await link.close()
    await asyncio.sleep(60)

    pings = [[said for said in wire.said if said == b'{"type":"ping"}'] for wire in wires]
    assert [len(sent) for sent in pings] == [2, 1]


async def test_a_resumed_session_is_live_again_w_gen_5():
    link, owner, wires = answering(says(ACK), says(RESUMED))
    await link.open()
    ends(1006)(wires[0])
    await asyncio.sleep(1.1)

    assert link.state is State.LIVE
    assert [type(told).__name__ for told in owner.told] == ["ConnectionAck", "ReconnectAck"]


@pytest.mark.parametrize("code", ["SESSION_NOT_FOUND", "SESSION_EXPIRED", "SESSION_STOPPED"])
async def test_a_session_that_is_not_resumed_is_greeted_anew_at_once_w_gen_6(code: str):
    def rejects(wire: Wire) -> None:
        says(REJECTED % code)(wire)
        ends(1008, "because")(wire)

    link, owner, wires = answering(says(ACK), rejects, says(ACK))
    await link.open()
    ends(1006)(wires[0])
    await asyncio.sleep(1.1)

    assert link.state is State.LIVE
    assert [told if isinstance(told, str) else type(told).__name__ for told in owner.told] == [
        "ConnectionAck",
        "not resumed",
        "ConnectionAck",
    ]


@pytest.mark.parametrize("code", ["NOT_RUNNING", "BOOT_TIMEOUT"])
async def test_a_cloud_that_does_not_run_the_app_any_more_ends_the_session_w_gen_6(code: str):
    link, owner, wires = answering(says(ACK), says(REJECTED % code))
    await link.open()
    ends(1006)(wires[0])
    await asyncio.sleep(1.1)

    assert (link.state, owner.told[-1]) == (State.ENDED, "connection_refused")


async def test_a_deferred_answer_is_waited_for_w_gen_5():
    def later(wire: Wire) -> None:
        says(DEFERRED)(wire)
        asyncio.get_running_loop().call_later(25, says(RESUMED), wire)

    link, _, wires = answering(says(ACK), later)
    await link.open()
    ends(1006)(wires[0])
    await asyncio.sleep(27)

    assert link.state is State.LIVE


async def test_a_deferred_answer_that_never_comes_is_a_failed_attempt():
    link, _, wires = answering(says(ACK), says(DEFERRED), says(RESUMED))
    await link.open()
    ends(1006)(wires[0])
    await asyncio.sleep(1 + 30 + 2 + 0.1)

    assert link.state is State.LIVE
    assert len(wires) == 3


async def test_nothing_is_sent_on_a_socket_that_the_cloud_is_about_to_close():
    link, _, wires = answering(says(ACK), says(ACK))
    await link.open()

    says(REFUSED)(wires[0])
    sent = link.send(Ping())
    ends(1008, "Camera permission required")(wires[0])
    await asyncio.sleep(1.1)

    assert (sent, link.send(Ping())) == (False, True)


async def test_a_cloud_that_refuses_and_does_not_close_is_left():
    link, owner, wires = answering(says(ACK), says(ACK))
    await link.open()

    says(REFUSED)(wires[0])
    await asyncio.sleep(2.1)
    aborted = Closed(1006) in wires[0].said
    ends(1006)(wires[0])
    await asyncio.sleep(1.1)

    assert (aborted, link.is_up, owner.losses) == (True, True, [Closed(1006)])

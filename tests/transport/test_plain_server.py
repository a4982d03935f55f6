"""Connections with plain requests, on a transport that goes nowhere and a clock that jumps."""

import asyncio
from typing import Any, cast

import pytest

from mentra.transport.base import HttpReply, HttpRequest
from mentra.transport.plain_http import MAX_BODY_BYTES, MAX_HEAD_BYTES
from mentra.transport.plain_server import WHOLE_WITHIN_S, PlainConnection, PlainServer
from tests.transport.test_contract import Chunks

IDLE_TIMEOUT_S = 120.0
LIMIT_BYTES = 40_000


class Wire(asyncio.Transport):
    """Keeps what is written, and calls back as the transports of event loops do."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.reading = True
        self.reads = True
        """Whether the other end takes what is written, so that a close comes about."""
        self.closed = False
        self.aborted = False
        self.protocol: asyncio.BaseProtocol

    def write(self, data: Any) -> None:
        assert not self.closed
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            if self.reads:
                self._lose()

    def abort(self) -> None:
        if not self.closed or not self.reads:
            self._lose()
        self.closed = self.aborted = True

    def _lose(self) -> None:
        asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Line:
    """A server with one connection. It answers with the path and the body, once it may."""

    def __init__(self) -> None:
        self.seen: list[HttpRequest] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.reply: HttpReply | None = None
        """What is answered instead."""
        self.given_up: list[PlainConnection] = []
        self.taken: list[tuple[bytes, HttpReply | None, bool]] = []
        self.cancelled = 0
        self.server = PlainServer(
            self._answer, self.given_up.append, max_body_bytes=LIMIT_BYTES, idle_timeout=IDLE_TIMEOUT_S
        )
        self.wire = Wire()
        self.connection = self.server()
        self.wire.protocol = self.connection
        self.connection.connection_made(self.wire)

    async def _answer(self, request: HttpRequest) -> HttpReply:
        self.seen.append(request)
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.reply or HttpReply(200, f"{request.path} ".encode() + request.body, {"date": "now"})

    def take(self, transport: asyncio.Transport, data: bytes, reply: HttpReply | None, *, may_write: bool) -> None:
        """Be the full server."""
        assert transport is self.wire
        self.taken.append((data, reply, may_write))

    async def hear(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.connection.data_received(piece)
            await settle()

    @property
    def answers(self) -> list[bytes]:
        """The bodies that were sent."""
        return [part.partition(b"\r\n\r\n")[2] for part in self.wire.written.split(b"HTTP/1.1 200 OK\r\n")[1:]]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def post(path: str, body: bytes = b"", *, head: bytes = b"") -> bytes:
    return b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%s\r\n" % (path.encode(), len(body), head) + body


async def test_a_request_is_answered():
    line = Line()
    await line.hear(post("/webhook?a", b"body"))

    assert line.seen == [HttpRequest("POST", "/webhook?a", {"host": "a", "content-length": "4"}, b"body")]
    assert line.wire.written == (
        b"HTTP/1.1 200 OK\r\ndate: now\r\nContent-Length: 15\r\nContent-Type: application/octet-stream\r\n\r\n"
        b"/webhook?a body"
    )


async def test_requests_may_be_split_anywhere():
    whole = post("/one", b"first\r\n\r\nbody") + b"GET /two HTTP/1.1\r\nHost: a\r\n\r\n"
    answers = []
    for cut in range(1, len(whole)):
        line = Line()
        await line.hear(whole[:cut], whole[cut:])
        answers.append(line.answers)

    assert answers == [[b"/one first\r\n\r\nbody", b"/two "]] * (len(whole) - 1)


async def test_requests_may_come_byte_by_byte():
    line = Line()
    await line.hear(*(bytes([byte]) for byte in post("/one", b"1") + post("/two", b"2")))

    assert line.answers == [b"/one 1", b"/two 2"]


async def test_pipelined_requests_are_answered_one_after_the_other():
    line = Line()
    line.may_answer.clear()
    await line.hear(b"".join(post(f"/{number}") for number in range(20)))
    begun = len(line.seen)
    line.may_answer.set()
    for _ in range(20):
        await settle()

    assert begun == 1
    assert line.answers == [f"/{number} ".encode() for number in range(20)]


async def test_who_sends_more_than_one_request_takes_has_to_wait():
    line = Line()
    line.may_answer.clear()
    await line.hear(post("/one"), b"x" * (MAX_HEAD_BYTES + MAX_BODY_BYTES))
    paused = not line.wire.reading
    line.may_answer.set()
    await settle()

    assert (paused, line.wire.reading) == (True, True)


async def test_who_does_not_read_gets_no_more_answers():
    line = Line()
    line.connection.pause_writing()
    await line.hear(post("/one"))
    await asyncio.sleep(10 * IDLE_TIMEOUT_S)
    begun, aborted = list(line.seen), line.wire.aborted
    line.connection.resume_writing()
    await settle()

    assert (begun, aborted) == ([], False)
    assert line.answers == [b"/one "]


async def test_a_connection_without_a_request_is_dropped():
    line = Line()
    await asyncio.sleep(IDLE_TIMEOUT_S - 1)
    early = line.wire.aborted
    await line.hear(post("/one"))
    await asyncio.sleep(IDLE_TIMEOUT_S - 1)
    kept = not line.wire.aborted
    await asyncio.sleep(2)

    assert (early, kept, line.wire.aborted) == (False, True, True)
    assert line.server.connections == set()


async def test_an_answer_may_take_its_time():
    line = Line()
    line.may_answer.clear()
    await line.hear(post("/one"))
    await asyncio.sleep(10 * IDLE_TIMEOUT_S)
    line.may_answer.set()
    await settle()

    assert line.answers == [b"/one "]


@pytest.mark.parametrize("part", [b"POST / HTT", post("/", b"body")[:-1]])
async def test_a_request_that_is_not_whole_soon_is_given_up_with_all_that_came(part: bytes):
    line = Line()
    await line.hear(post("/one"), part[:5])
    await asyncio.sleep(WHOLE_WITHIN_S / 2)
    await line.hear(part[5:])
    early = list(line.given_up)
    await asyncio.sleep(WHOLE_WITHIN_S / 2 + 0.01)
    await line.hear(b"more")
    await line.connection.move(line)

    assert (early, line.given_up) == ([], [line.connection])
    assert line.taken == [(part + b"more", None, True)]
    assert line.server.connections == set()


async def test_what_is_not_plain_is_given_up_behind_what_is():
    line = Line()
    line.may_answer.clear()
    rest = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + post("/two")
    await line.hear(post("/one") + rest)
    early = list(line.given_up)
    line.may_answer.set()
    await settle()
    await line.connection.move(line)

    assert (early, line.answers, line.taken) == ([], [b"/one "], [(rest, None, True)])


@pytest.mark.parametrize(
    "request_",
    [
        post("/", bytes(LIMIT_BYTES + 1)),
        b"POST / HTTP/1.1\r\nX: " + b"a" * MAX_HEAD_BYTES,
        b"POST / HTTP/1.1\r\nX: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n",
        b"nonsense",
    ],
)
async def test_what_is_too_large_or_nonsense_is_given_up_at_once(request_: bytes):
    line = Line()
    await line.hear(request_)
    await line.connection.move(line)

    assert (line.seen, line.taken) == ([], [(request_, None, True)])


async def test_an_answer_that_is_not_plain_is_given_up_with_its_request():
    line = Line()
    line.reply = HttpReply(200, chunks=Chunks(b"one"))
    await line.hear(post("/one", b"body") + post("/two"))
    line.connection.pause_writing()
    await line.connection.move(line)

    assert line.taken == [(post("/one", b"body") + post("/two"), line.reply, False)]
    assert [request.path for request in line.seen] == ["/one"]


@pytest.mark.parametrize(
    "reply",
    [HttpReply(200, headers={"x-a": cast(str, 1)}), HttpReply(200, cast(bytes, "text")), cast(HttpReply, object())],
)
async def test_an_answer_that_cannot_be_sent_is_a_500_and_told_of(reply: HttpReply, caplog: pytest.LogCaptureFixture):
    line = Line()
    line.reply = reply
    await line.hear(post("/one?token"))
    line.reply = None
    await line.hear(post("/two"))

    assert line.wire.written.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert line.answers == [b"/two "]
    assert [record.getMessage() for record in caplog.records] == ["The answer to POST /one cannot be sent."]


async def test_chunks_that_nobody_waits_for_are_closed():
    before, after = Line(), Line()
    chunks = [Chunks(b"one"), Chunks(b"one")]
    for line, made in zip((before, after), chunks, strict=True):
        line.reply = HttpReply(200, chunks=made)
    before.may_answer.clear()
    await before.hear(post("/one"))
    before.wire.abort()
    before.may_answer.set()
    await settle()
    await after.hear(post("/one"))
    after.wire.abort()
    await after.connection.move(after)

    assert [made.closed for made in chunks] == [1, 1]
    assert (before.taken, after.taken) == ([], [])


async def test_who_leaves_does_not_disturb_who_answers():
    line = Line()
    line.may_answer.clear()
    await line.hear(post("/one"))
    line.wire.abort()
    await settle()
    still_there = len(line.server.answering)
    line.may_answer.set()
    await settle()

    assert (still_there, line.cancelled, line.server.answering) == (1, 0, set())


async def test_a_connection_is_closed_behind_the_answer_when_the_caller_wants_it():
    line = Line()
    await line.hear(post("/one", head=b"Connection: close\r\n") + post("/two"))

    assert (line.answers, line.wire.closed) == ([b"/one "], True)
    assert b"\r\nConnection: close\r\n" in line.wire.written


async def test_at_the_end_what_is_being_answered_is_answered_and_nothing_else():
    line, idle = Line(), Line()
    line.may_answer.clear()
    await line.hear(post("/one") + post("/two"))
    for server in (line.server, idle.server):
        server.end()
    closing = asyncio.create_task(line.server.close(2.0))
    await asyncio.sleep(1)
    line.may_answer.set()
    await closing

    assert (line.answers, line.wire.closed, idle.wire.closed) == ([b"/one "], True, True)
    assert b"\r\nConnection: close\r\n" in line.wire.written


async def test_at_the_end_who_does_not_answer_is_cancelled():
    line = Line()
    line.may_answer.clear()
    await line.hear(post("/one"))
    line.server.end()
    await line.server.close(2.0)

    assert (line.cancelled, line.wire.aborted, line.wire.written) == (1, True, b"")


async def test_at_the_end_who_does_not_read_the_answer_is_dropped():
    line = Line()
    line.wire.reads = False
    await line.hear(post("/one"))
    line.server.end()
    closing = asyncio.create_task(line.server.close(2.0))
    await asyncio.sleep(1.9)
    early = line.wire.aborted
    await closing
    await settle()

    assert (early, line.wire.aborted, line.server.connections) == (False, True, set())


async def test_at_the_end_a_request_that_is_not_whole_is_dropped():
    line = Line()
    await line.hear(post("/one", b"body")[:-1])
    line.server.end()

    assert (line.wire.closed, line.given_up, line.seen) == (True, [], [])

"""The rules of mentra/transport/base.py, proved by the same tests on each network that there is.

A bridge has no addresses, so what is about these takes the ``addressed`` networks only.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mentra.transport.base import (
    MAX_BODY_BYTES,
    MAX_WAITING_BYTES,
    Accept,
    Closed,
    Connection,
    HandleSocket,
    HttpError,
    HttpReply,
    HttpRequest,
    Network,
    Receiver,
)
from mentra.transport.memory import MemoryNetwork
from mentra_cli.dev.bridge import Bridge
from tests.helpers.waiting import until

ADDRESSED = ["memory", pytest.param("sockets", marks=pytest.mark.sockets)]


@pytest.fixture(params=[*ADDRESSED, "bridge"])
async def network(request: pytest.FixtureRequest) -> AsyncIterator[Network]:
    if request.param == "bridge":
        async with bridge() as both:
            yield both
        return
    async with network_of(request.param) as made:
        yield made


@pytest.fixture(params=ADDRESSED)
async def addressed(request: pytest.FixtureRequest) -> AsyncIterator[Network]:
    async with network_of(request.param) as made:
        yield made


class BothEnds(Network):
    """The two ends of a bridge as one network: one end listens, the other calls."""

    def __init__(self, called: Bridge, calling: Bridge) -> None:
        self.listen = called.listen  # type: ignore[method-assign]
        self.connect = calling.connect  # type: ignore[method-assign]
        self.request = calling.request  # type: ignore[method-assign]
        self.stream = calling.stream  # type: ignore[method-assign]
        self.close = calling.close  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def bridge() -> AsyncIterator[Network]:
    one, other = socket.socketpair()
    called, calling = await Bridge.open(one, first=True), await Bridge.open(other, first=False)
    yield BothEnds(called, calling)
    await called.close()
    await calling.close()
    await asyncio.sleep(0)  # Transports close their sockets one turn later.


@contextlib.asynccontextmanager
async def network_of(kind: str) -> AsyncIterator[Network]:
    if kind == "memory":
        yield MemoryNetwork()
        return
    # Imported here: it takes 200 ms, and most runs skip it. aiohttp, too: a thread would have no time to import it.
    import mentra.transport.full_server
    import mentra.transport.http_client  # noqa: F401 - see above
    from mentra.transport.sockets import SocketNetwork

    network = SocketNetwork()
    yield network
    await network.close()


class Ear(Receiver):
    """Notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        """Text as ``str``, binary frames as ``bytes``, the end as ``Closed``."""
        self.connection: Connection

    def text_received(self, text: str | bytes) -> None:
        self.heard.append(text if isinstance(text, str) else text.decode())

    def binary_received(self, data: bytes) -> None:
        self.heard.append(data)

    def connection_lost(self, closed: Closed) -> None:
        self.heard.append(closed)

    @property
    def closed(self) -> Closed | None:
        ends = [frame for frame in self.heard if isinstance(frame, Closed)]
        assert len(ends) <= 1, f"connection_lost was called {len(ends)} times"
        return ends[0] if ends else None


class Broken(Ear):
    """Fails at whatever it hears."""

    def text_received(self, text: str | bytes) -> None:
        super().text_received(text)
        raise RuntimeError("in the receiver")

    def binary_received(self, data: bytes) -> None:
        super().binary_received(data)
        raise RuntimeError("in the receiver")

    def connection_lost(self, closed: Closed) -> None:
        super().connection_lost(closed)
        raise RuntimeError("at the end")


class Fatal(BaseException):
    """What no ``except Exception`` catches."""


async def no_http(request: HttpRequest) -> HttpReply:
    return HttpReply(404)


@contextlib.asynccontextmanager
async def connected(network: Network, ears: type[Ear] = Ear) -> AsyncIterator[tuple[Ear, Ear]]:
    """Yield the two ends of a connection: who opened it, who accepted it."""
    ours, theirs = ears(), ears()

    def accept(connection: Connection) -> Receiver:
        theirs.connection = connection
        return theirs

    listener = await network.listen("127.0.0.1", 0, no_http, lambda request: accept)
    ours.connection = await network.connect(socket_url(listener.url), ours, timeout=5)
    await until(lambda: hasattr(theirs, "connection"))
    try:
        yield ours, theirs
    finally:
        ours.connection.abort()
        await listener.close()


def socket_url(url: str, path: str = "/app-ws") -> str:
    return "ws" + url.removeprefix("http") + path


async def test_frames_arrive_in_order_both_ways(network: Network):
    async with connected(network) as ends:
        for speaker, listener in (ends, ends[::-1]):
            speaker.connection.send_text("Zoë 🕶".encode())
            speaker.connection.send_binary(b"\x00\xff")
            speaker.connection.send_text(b"")
            speaker.connection.send_binary(b"")
            for number in range(100):
                speaker.connection.send_text(str(number).encode())
            await until(lambda listener=listener: len(listener.heard) == 104)

            assert listener.heard == ["Zoë 🕶", b"\x00\xff", "", b"", *map(str, range(100))]


async def test_what_is_sent_is_taken_as_it_was_at_that_moment(network: Network):
    async with connected(network) as (ours, theirs):
        data = bytearray(b"before")
        ours.connection.send_binary(bytes(data))
        data[:] = b"after!"
        await until(lambda: theirs.heard)

        assert theirs.heard == [b"before"]


@pytest.mark.parametrize("opener", [0, 1])
@pytest.mark.parametrize(
    "closed", [Closed(1000), Closed(1000, "App stopped"), Closed(1008, "Zoë"), Closed(1011), Closed(4321, "x")]
)
async def test_both_ends_see_a_close_once_behind_the_frames_before_it(network: Network, opener: int, closed: Closed):
    async with connected(network) as ends:
        speaker, listener = ends[opener], ends[1 - opener]
        speaker.connection.send_text(b"last words")
        speaker.connection.close(closed.code, closed.reason)
        await until(lambda: listener.closed and speaker.closed)

        assert listener.heard == ["last words", closed]
        assert speaker.heard == [closed]


@pytest.mark.parametrize("opener", [0, 1])
async def test_an_abort_is_1006_on_both_ends(network: Network, opener: int):
    async with connected(network) as ends:
        ends[opener].connection.abort()
        await until(lambda: ends[0].closed and ends[1].closed)

        assert [end.heard for end in ends] == [[Closed(1006)], [Closed(1006)]]


@pytest.mark.parametrize("opener", [0, 1])
async def test_a_closed_connection_takes_everything_and_does_nothing(network: Network, opener: int):
    async with connected(network) as ends:
        speaker, listener = ends[opener], ends[1 - opener]
        speaker.connection.close(1000, "bye")
        for end in (speaker, listener):
            end.connection.send_text(b"too late")
        await until(lambda: listener.closed and speaker.closed)
        for end in (speaker, listener):
            end.connection.send_text(b"much too late")
            end.connection.send_binary(b"much too late")
            end.connection.close(1011, "again")
            end.connection.abort()
        await asyncio.sleep(0.05)

        assert [frame for frame in listener.heard if isinstance(frame, Closed)] == [Closed(1000, "bye")]
        assert "too late" not in listener.heard
        assert speaker.closed == Closed(1000, "bye")


async def test_both_ends_may_close_at_once(network: Network):
    async with connected(network) as ends:
        for end in ends:
            end.connection.close(1000, "at once")
        await until(lambda: ends[0].closed and ends[1].closed)

        assert {end.closed.code for end in ends if end.closed} == {1000}


@pytest.mark.parametrize("opener", [0, 1])
async def test_a_reason_that_is_too_long_for_a_close_frame_is_shortened(network: Network, opener: int):
    async with connected(network) as ends:
        speaker, listener = ends[opener], ends[1 - opener]
        speaker.connection.close(1008, "é" * 200)
        await until(lambda: listener.closed)

        assert listener.closed == Closed(1008, "é" * 61)


@pytest.mark.parametrize("code", [1005, 1006, 1015])
@pytest.mark.parametrize("opener", [0, 1])
async def test_a_code_that_cannot_be_sent_closes_all_the_same(network: Network, opener: int, code: int):
    async with connected(network) as ends:
        speaker, listener = ends[opener], ends[1 - opener]
        speaker.connection.close(code, "relayed")
        await until(lambda: listener.closed)

        assert isinstance(listener.closed, Closed)


async def test_the_end_can_be_waited_for(network: Network):
    async with connected(network) as ends:
        waiting = [asyncio.create_task(end.connection.wait_closed()) for end in ends]
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in waiting)

        ends[0].connection.close()
        await asyncio.wait_for(asyncio.gather(*waiting), 5)

        assert [end.closed for end in ends] == [Closed(1000), Closed(1000)]
        await asyncio.wait_for(ends[0].connection.wait_closed(), 5)


@pytest.mark.parametrize("opener", [0, 1])
@pytest.mark.parametrize("binary", [False, True])
async def test_a_receiver_that_fails_loses_its_connection_and_nothing_else(
    network: Network, caplog: pytest.LogCaptureFixture, opener: int, binary: bool
):
    async with connected(network, Broken) as ends:
        speaker, listener = ends[opener], ends[1 - opener]
        send = speaker.connection.send_binary if binary else speaker.connection.send_text
        send(b"one")
        send(b"two")
        await until(lambda: listener.closed and speaker.closed)
        await asyncio.wait_for(listener.connection.wait_closed(), 5)

        assert listener.heard == [b"one" if binary else "one", Closed(1006)]
        assert speaker.heard == [Closed(1006)]
        raised = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
        assert sorted(raised) == ["at the end", "at the end", "in the receiver"]


@pytest.mark.parametrize("opener", [0, 1])
@pytest.mark.parametrize("raised", [asyncio.CancelledError, Fatal])
async def test_whatever_a_receiver_raises_its_connection_is_closed_on_both_ends(
    network: Network, caplog: pytest.LogCaptureFixture, raised: type[BaseException], opener: int
):
    class Raises(Ear):
        def text_received(self, text: str | bytes) -> None:
            super().text_received(text)
            raise raised

    async with connected(network, Raises) as ends:
        speaker, listener = ends[opener], ends[1 - opener]
        speaker.connection.send_text(b"one")
        await until(lambda: listener.closed and speaker.closed)

        assert (listener.heard, speaker.heard) == (["one", Closed(1006)], [Closed(1006)])
        assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [raised]


@pytest.mark.parametrize("opener", [0, 1])
async def test_more_than_may_wait_to_be_sent_breaks_the_connection(network: Network, opener: int):
    async with connected(network) as ends:
        speaker, listener = ends[opener], ends[1 - opener]
        frame = bytes(MAX_WAITING_BYTES // 8)
        for _ in range(20):  # The system takes some MiB before anything has to wait.
            speaker.connection.send_binary(frame)
        await until(lambda: listener.closed and speaker.closed)

        assert speaker.heard == [Closed(1006)]
        assert listener.closed == Closed(1006)
        assert len(listener.heard) <= 20


@pytest.mark.parametrize("opener", [0, 1])
async def test_what_has_been_sent_waits_no_longer(network: Network, opener: int):
    async with connected(network) as ends:
        speaker, listener = ends[opener], ends[1 - opener]
        frame = bytes(MAX_WAITING_BYTES // 8)
        for number in range(1, 13):
            speaker.connection.send_binary(frame)
            await until(lambda number=number: len(listener.heard) == number)

        assert (speaker.closed, listener.closed) == (None, None)


async def test_closing_a_network_breaks_the_connections_it_opened(network: Network):
    async with connected(network) as (ours, theirs):
        await network.close()

        assert ours.heard == [Closed(1006)]
        await until(lambda: theirs.closed)
        assert theirs.heard == [Closed(1006)]


async def test_closing_a_network_waits_for_what_is_being_said(network: Network):
    async with connected(network) as (ours, theirs):
        ours.connection.send_text(b"good")
        ours.connection.close(1000, "bye")
        await network.close()

        assert ours.heard == [Closed(1000, "bye")]
        await until(lambda: theirs.closed)
        assert theirs.heard == ["good", Closed(1000, "bye")]


async def test_closing_a_listener_waits_for_what_is_being_said(network: Network):
    ours, theirs = Ear(), Ear()

    def accept(connection: Connection) -> Receiver:
        theirs.connection = connection
        return theirs

    listener = await network.listen("127.0.0.1", 0, no_http, lambda request: accept)
    await network.connect(socket_url(listener.url), ours, timeout=5)
    await until(lambda: hasattr(theirs, "connection"))
    theirs.connection.send_text(b"good")
    theirs.connection.close(1000, "bye")
    await listener.close()
    await until(lambda: ours.closed)

    assert theirs.heard == [Closed(1000, "bye")]
    assert ours.heard == ["good", Closed(1000, "bye")]


async def test_closing_a_listener_ends_its_requests(network: Network):
    ended = asyncio.Event()

    async def endless(request: HttpRequest) -> HttpReply:
        try:
            return await asyncio.Future()
        finally:
            ended.set()

    listener = await network.listen("127.0.0.1", 0, endless)
    asking = asyncio.create_task(network.request("GET", listener.url, timeout=20))
    await asyncio.sleep(0.05)
    await listener.close()

    assert ended.is_set()
    with pytest.raises(HttpError, match=r"127\.0\.0\.1"):
        await asyncio.wait_for(asking, 5)


async def test_closing_a_listener_breaks_its_connections(network: Network):
    ours, theirs = Ear(), Ear()

    listener = await network.listen("127.0.0.1", 0, no_http, lambda request: lambda connection: theirs)
    await network.connect(socket_url(listener.url), ours, timeout=5)
    await listener.close()
    await until(lambda: ours.closed and theirs.closed)

    assert (ours.heard, theirs.heard) == ([Closed(1006)], [Closed(1006)])
    with pytest.raises(OSError, match=r".+"):
        await network.connect(socket_url(listener.url), Ear(), timeout=5)


async def test_the_acceptor_sees_path_query_and_headers_and_may_speak_first(network: Network):
    seen: list[HttpRequest] = []

    def decide(request: HttpRequest) -> Accept:
        seen.append(request)

        def accept(connection: Connection) -> Receiver:
            asyncio.get_running_loop().call_soon(connection.send_text, b"welcome")
            return Ear()

        return accept

    listener = await network.listen("127.0.0.1", 0, no_http, decide)
    ours = Ear()
    connection = await network.connect(
        socket_url(listener.url, "/app-ws?region=eu"), ours, headers={"X-Session-Id": "s1"}, timeout=5
    )
    await until(lambda: ours.heard)
    connection.abort()
    await listener.close()

    (request,) = seen
    assert (request.method, request.path, request.path_only) == ("GET", "/app-ws?region=eu", "/app-ws")
    assert request.headers["x-session-id"] == "s1"


@pytest.mark.parametrize(
    "decide",
    [
        pytest.param(lambda request: HttpReply(401, b'{"code": "JWT_INVALID"}'), id="refused"),
        pytest.param(lambda request: None, id="dropped"),
        pytest.param(None, id="no sockets here"),
    ],
)
async def test_an_upgrade_that_is_not_accepted_is_an_oserror(network: Network, decide: HandleSocket | None):
    listener = await network.listen("127.0.0.1", 0, no_http, decide)
    ear = Ear()

    with pytest.raises(OSError, match=r".+"):
        await network.connect(socket_url(listener.url), ear, timeout=5)
    await listener.close()

    assert ear.heard == []


async def test_a_redirected_upgrade_is_refused_and_its_target_sees_nothing(addressed: Network):
    seen: list[HttpRequest] = []

    def target(request: HttpRequest) -> Accept:
        seen.append(request)
        return lambda connection: Ear()

    elsewhere = await addressed.listen("127.0.0.1", 0, no_http, target)
    trusted = await addressed.listen(
        "127.0.0.1", 0, no_http, lambda request: HttpReply(302, headers={"location": socket_url(elsewhere.url)})
    )
    with pytest.raises(OSError, match=r"302"):
        await addressed.connect(socket_url(trusted.url), Ear(), headers={"x-key": "secret"}, timeout=5)
    for listener in (elsewhere, trusted):
        await listener.close()

    assert seen == []


@pytest.mark.parametrize("url", ["ws://[::1/app-ws", "ws://:80/app-ws", f"ws://{'a' * 64}.invalid/"])
async def test_an_impossible_address_is_an_oserror_and_an_http_error(addressed: Network, url: str):
    with pytest.raises(OSError, match=r".+"):
        await addressed.connect(url, Ear(), timeout=5)
    with pytest.raises(HttpError, match=r".+"):
        await addressed.request("GET", "http" + url.removeprefix("ws"), timeout=5)


async def test_connecting_to_nobody_is_an_oserror(network: Network):
    listener = await network.listen("127.0.0.1", 0, no_http)
    await listener.close()

    with pytest.raises(OSError, match=r".+"):
        await network.connect(socket_url(listener.url), Ear(), timeout=5)


async def test_a_request_arrives_whole_and_so_does_the_answer(network: Network):
    seen: list[HttpRequest] = []

    async def answer(request: HttpRequest) -> HttpReply:
        seen.append(request)
        return HttpReply(201, b"answer \xff", {"content-type": "text/plain", "x-kind": "test"})

    listener = await network.listen("127.0.0.1", 0, answer)
    reply = await network.request(
        "PUT", listener.url + "/a/b?c=d%20e", headers={"X-App-API-Key": "k"}, body=b"body \xff", timeout=5
    )
    await listener.close()

    (request,) = seen
    assert (request.method, request.path, request.body) == ("PUT", "/a/b?c=d%20e", b"body \xff")
    assert request.headers["x-app-api-key"] == "k"
    assert (reply.status, reply.body, reply.headers["x-kind"]) == (201, b"answer \xff", "test")


@pytest.mark.parametrize(("size_bytes", "status"), [(MAX_BODY_BYTES - 1, 200), (MAX_BODY_BYTES + 1, 413)])
async def test_a_body_is_taken_up_to_a_limit(network: Network, size_bytes: int, status: int):
    async def answer(request: HttpRequest) -> HttpReply:
        return HttpReply(200)

    listener = await network.listen("127.0.0.1", 0, answer)
    reply = await network.request("POST", listener.url, body=bytes(size_bytes), timeout=5)
    await listener.close()

    assert reply.status == status


async def test_a_listener_may_take_larger_bodies(network: Network):
    async def answer(request: HttpRequest) -> HttpReply:
        return HttpReply(200, str(len(request.body)).encode())

    listener = await network.listen("127.0.0.1", 0, answer, max_body_bytes=4 * MAX_BODY_BYTES)
    reply = await network.request("POST", listener.url, body=bytes(2 * MAX_BODY_BYTES), timeout=5)
    await listener.close()

    assert reply == HttpReply(200, str(2 * MAX_BODY_BYTES).encode(), reply.headers)


async def test_a_listener_may_limit_each_request_by_its_head(network: Network):
    async def answer(request: HttpRequest) -> HttpReply:
        return HttpReply(200, str(len(request.body)).encode())

    def limit(request: HttpRequest) -> int:
        return 20 if (request.method, request.path_only) == ("POST", "/large") else 10

    listener = await network.listen("127.0.0.1", 0, answer, max_body_bytes=limit)
    replies = [
        (await network.request("POST", listener.url + path, body=bytes(size_bytes), timeout=5)).status
        for path, size_bytes in [("/large?x", 20), ("/large", 21), ("/", 10), ("/", 11)]
    ]
    await listener.close()

    assert replies == [200, 413, 200, 413]


class Chunks(AsyncIterator[bytes]):
    """A body that is made as it is asked for. Notes how much was, and whether it was closed."""

    def __init__(self, *chunks: bytes, endless: bool = False, error: Exception | None = None) -> None:
        self.made: list[bytes] = []
        self.closed = 0
        self.cancelled = False
        self._chunks = list(chunks)
        self._endless = endless
        self._error = error

    async def __anext__(self) -> bytes:
        if self._chunks:
            self.made.append(self._chunks.pop(0))
            return self.made[-1]
        if self._error is not None:
            raise self._error
        if self._endless:
            try:
                await asyncio.Future()
            except asyncio.CancelledError:
                self.cancelled = True
                raise
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed += 1


@contextlib.asynccontextmanager
async def streaming(network: Network, chunks: Chunks, **head: Any) -> AsyncIterator[str]:
    async def answer(request: HttpRequest) -> HttpReply:
        return HttpReply(200, chunks=chunks, **{"headers": {"content-type": "text/plain"}, **head})

    listener = await network.listen("127.0.0.1", 0, answer)
    yield listener.url
    await listener.close()


async def chunk_of(reply: HttpReply) -> bytes:
    assert reply.chunks is not None, "it is streamed"
    return await asyncio.wait_for(anext(reply.chunks), 5)


async def test_a_streamed_reply_arrives_chunk_by_chunk(network: Network):
    chunks = Chunks(b"one", endless=True)
    async with streaming(network, chunks) as url:
        reply = await network.stream("GET", url, timeout=5)
        first = await chunk_of(reply)
        waiting = asyncio.ensure_future(chunk_of(reply))
        await asyncio.sleep(0.02)
        has_more = waiting.done()
        waiting.cancel()
        await reply.close()

    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"", "text/plain")
    assert (first, has_more) == (b"one", False)


async def test_a_streamed_reply_can_be_had_in_one_piece(network: Network):
    chunks = Chunks(b"one ", b"", b"two ", b"three \xff")
    async with streaming(network, chunks) as url:
        reply = await network.request("GET", url, timeout=5)
        await until(lambda: chunks.closed)

    assert (reply.status, reply.body, reply.chunks) == (200, b"one two three \xff", None)


async def test_what_is_streamed_may_have_its_length_in_the_head(network: Network):
    async with streaming(network, Chunks(bytes(80_000), bytes(80_000)), headers={"content-length": "160000"}) as url:
        reply = await network.stream("GET", url, timeout=5)
        whole = await reply.whole()

    assert (reply.headers["content-length"], len(whole.body)) == ("160000", 160_000)


async def test_a_reply_in_one_piece_can_be_streamed(network: Network):
    async def answer(request: HttpRequest) -> HttpReply:
        return HttpReply(200, b"body")

    listener = await network.listen("127.0.0.1", 0, answer)
    reply = await network.stream("GET", listener.url, timeout=5)
    whole = await reply.whole()
    await reply.close()
    await listener.close()

    assert (whole.status, whole.body) == (200, b"body")


async def test_who_reads_slowly_is_not_sent_more_than_fits(network: Network):
    chunks = Chunks(*[bytes(64 * 1024)] * 1000)
    async with streaming(network, chunks) as url:
        reply = await network.stream("GET", url, timeout=5)
        await chunk_of(reply)
        await asyncio.sleep(0.1)
        made = len(chunks.made)
        whole = await reply.whole()

    # The sockets of a system hold several megabytes at each end.
    assert made < 500
    assert len(chunks.made) == 1000
    assert whole.chunks is None


async def test_who_stops_reading_ends_what_makes_the_chunks(network: Network):
    chunks = Chunks(b"one", endless=True)
    async with streaming(network, chunks) as url:
        reply = await network.stream("GET", url, timeout=5)
        await chunk_of(reply)
        await reply.close()
        await until(lambda: chunks.closed)

    assert chunks.cancelled


async def test_who_never_begins_to_read_ends_what_makes_the_chunks(network: Network):
    chunks = Chunks(endless=True)
    async with streaming(network, chunks) as url:
        reply = await network.stream("GET", url, timeout=5)
        await reply.close()
        await until(lambda: chunks.closed)

    assert reply.status == 200


async def test_who_gives_up_waiting_for_the_rest_ends_what_makes_the_chunks(network: Network):
    chunks = Chunks(b"one", endless=True)
    async with streaming(network, chunks) as url:
        with pytest.raises(HttpError, match=r"within 0\.05 s"):
            await network.request("GET", url, timeout=0.05)
        await until(lambda: chunks.closed)

    assert chunks.cancelled


async def test_who_gave_up_waiting_for_the_head_ends_what_makes_the_chunks(network: Network):
    chunks = Chunks(b"one", endless=True)
    began, go = asyncio.Event(), asyncio.Event()

    async def answer(request: HttpRequest) -> HttpReply:
        began.set()
        await go.wait()
        return HttpReply(200, chunks=chunks)

    listener = await network.listen("127.0.0.1", 0, answer)
    asking = asyncio.create_task(network.stream("GET", listener.url, timeout=5))
    await began.wait()
    asking.cancel()
    await asyncio.wait([asking])
    go.set()
    await until(lambda: chunks.closed)
    await listener.close()

    assert asking.cancelled()


async def test_chunks_that_fail_break_the_reply(network: Network, caplog: pytest.LogCaptureFixture):
    chunks = Chunks(b"one", error=RuntimeError("in the chunks"))
    async with streaming(network, chunks) as url:
        with pytest.raises(HttpError, match=r".+"):
            await network.request("GET", url, timeout=5)
        await until(lambda: chunks.closed)

    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["in the chunks"]


async def test_chunks_that_break_where_they_come_from_break_the_reply_without_a_traceback(
    network: Network, caplog: pytest.LogCaptureFixture
):
    async with streaming(network, Chunks(b"one", error=HttpError("upstream"))) as url:
        with pytest.raises(HttpError, match=r".+"):
            await network.request("GET", url, timeout=5)

    assert [record for record in caplog.records if record.exc_info] == []


async def test_closing_a_listener_ends_what_is_streamed(network: Network):
    chunks = Chunks(b"one", endless=True)
    async with streaming(network, chunks) as url:
        reply = await network.stream("GET", url, timeout=5)
        await chunk_of(reply)

    assert (chunks.cancelled, chunks.closed > 0) == (True, True)
    with pytest.raises(HttpError, match=r".+"):
        await chunk_of(reply)
    await reply.close()


async def test_closing_a_network_ends_what_is_read_there(network: Network):
    chunks = Chunks(b"one", endless=True)
    async with streaming(network, chunks) as url:
        reply = await network.stream("GET", url, timeout=5)
        await chunk_of(reply)
        await reply.close()
        await network.close()
        await until(lambda: chunks.closed)

    assert chunks.cancelled


async def test_a_head_request_gets_no_body(network: Network):
    chunks = Chunks(b"one", endless=True)
    async with streaming(network, chunks) as url:
        reply = await network.request("HEAD", url, timeout=5)
        await until(lambda: chunks.closed)

    assert (reply.status, reply.body, chunks.made) == (200, b"", [])


async def test_several_cookies_arrive_apart(network: Network):
    async def answer(request: HttpRequest) -> HttpReply:
        return HttpReply(200, cookies=("a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"))

    listener = await network.listen("127.0.0.1", 0, answer)
    reply = await network.request("GET", listener.url, timeout=5)
    await listener.close()

    assert reply.cookies == ("a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2")
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("status", [200, 204, 302, 400, 404, 500, 503])
async def test_any_status_is_an_answer(network: Network, status: int):
    async def answer(request: HttpRequest) -> HttpReply:
        return HttpReply(status, headers={"location": "http://127.0.0.1:9/"})

    listener = await network.listen("127.0.0.1", 0, answer)
    reply = await network.request("POST", listener.url, timeout=5)
    await listener.close()

    assert reply.status == status


async def test_a_handler_that_fails_is_a_500(network: Network):
    async def fails(request: HttpRequest) -> HttpReply:
        raise RuntimeError("in the handler")

    listener = await network.listen("127.0.0.1", 0, fails)
    reply = await network.request("GET", listener.url, timeout=5)
    await listener.close()

    assert reply.status == 500
    assert b"in the handler" not in reply.body


async def test_asking_nobody_is_an_http_error(network: Network):
    listener = await network.listen("127.0.0.1", 0, no_http)
    await listener.close()

    with pytest.raises(HttpError, match=r"127\.0\.0\.1"):
        await network.request("GET", listener.url, timeout=5)


async def test_an_answer_that_takes_too_long_is_an_http_error_and_the_server_finishes(network: Network):
    finished = asyncio.Event()

    async def slow(request: HttpRequest) -> HttpReply:
        await asyncio.sleep(0.2)
        finished.set()
        return HttpReply(200)

    listener = await network.listen("127.0.0.1", 0, slow)
    with pytest.raises(HttpError, match=r"within 0\.05 s"):
        await network.request("GET", listener.url, timeout=0.05)
    await asyncio.wait_for(finished.wait(), 5)
    await listener.close()


async def test_many_requests_at_once_are_answered_each_with_its_own(network: Network):
    async def echo(request: HttpRequest) -> HttpReply:
        await asyncio.sleep(0.01)
        return HttpReply(200, request.body)

    listener = await network.listen("127.0.0.1", 0, echo)
    bodies = [str(number).encode() for number in range(50)]
    replies = await asyncio.gather(*(network.request("POST", listener.url, body=body, timeout=5) for body in bodies))
    await listener.close()

    assert [reply.body for reply in replies] == bodies


async def test_a_taken_port_is_an_oserror_and_a_freed_one_can_be_had_again(addressed: Network):
    first = await addressed.listen("127.0.0.1", 0, no_http)
    port = int(first.url.rpartition(":")[2])

    with pytest.raises(OSError, match=r"in use"):
        await addressed.listen("127.0.0.1", port, no_http)
    await first.close()
    second = await addressed.listen("127.0.0.1", port, no_http)
    await second.close()

    assert second.url == first.url

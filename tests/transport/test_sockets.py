"""What only sockets can do: peers that stall, vanish or speak nonsense."""

import asyncio
import contextlib
import gzip
import logging
from collections.abc import AsyncIterator

import pytest

from mentra.transport.base import Closed, HttpError, HttpReply, HttpRequest, Listener
from mentra.transport.client_socket import ClientSocket
from mentra.transport.sockets import SocketNetwork
from tests.helpers.waiting import until
from tests.transport.test_contract import Ear, connected, no_http

pytestmark = pytest.mark.sockets

UPGRADE = (
    b"GET /app-ws HTTP/1.1\r\nHost: app\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture
async def network() -> AsyncIterator[SocketNetwork]:
    async with SocketNetwork(close_timeout=0.1, body_timeout=0.1, idle_timeout=0.2, write_timeout=0.2) as network:
        yield network


async def open_raw(listener: Listener, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = listener.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    writer.write(data)
    return reader, writer


async def listen_with(network: SocketNetwork, ear: Ear) -> Listener:
    def accept(connection):
        ear.connection = connection
        return ear

    return await network.listen("127.0.0.1", 0, no_http, lambda request: accept)


async def test_a_close_behind_frames_that_nobody_reads_becomes_an_abort(network: SocketNetwork):
    ear = Ear()
    listener = await listen_with(network, ear)
    _, writer = await open_raw(listener, UPGRADE)
    await until(lambda: hasattr(ear, "connection"))
    for _ in range(12):
        ear.connection.send_binary(bytes(1_000_000))
    ear.connection.close(1000, "bye")
    await until(lambda: ear.closed)
    writer.transport.abort()
    await listener.close()

    assert ear.heard == [Closed(1006)]


async def test_an_end_without_a_close_frame_is_1006(network: SocketNetwork):
    ear = Ear()
    listener = await listen_with(network, ear)
    reader, writer = await open_raw(listener, UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await until(lambda: ear.closed)
    await listener.close()

    assert ear.heard == [Closed(1006)]


async def test_a_body_that_does_not_come_is_a_408(network: SocketNetwork):
    listener = await network.listen("127.0.0.1", 0, no_http)
    reader, writer = await open_raw(listener, b"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 9\r\n\r\nslow")
    status = await asyncio.wait_for(reader.readline(), 5)
    writer.transport.abort()
    await listener.close()

    assert status.startswith(b"HTTP/1.1 408 ")


async def test_who_leaves_within_a_body_is_not_worth_an_error_in_the_log(
    network: SocketNetwork, caplog: pytest.LogCaptureFixture
):
    listener = await network.listen("127.0.0.1", 0, no_http)
    _, writer = await open_raw(listener, b"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 9\r\n\r\nhalf")
    await asyncio.sleep(0.02)
    writer.transport.abort()
    await asyncio.sleep(0.02)
    await listener.close()

    assert caplog.records == []


async def test_a_body_that_cannot_be_unpacked_is_a_400(network: SocketNetwork, caplog: pytest.LogCaptureFixture):
    listener = await network.listen("127.0.0.1", 0, no_http)
    reply = await network.request(
        "POST", listener.url, headers={"content-encoding": "gzip"}, body=b"no gzip", timeout=5
    )
    await listener.close()

    assert (reply.status, caplog.records) == (400, [])


async def test_a_receiver_that_cancels_its_reader_closes_the_socket(network: SocketNetwork):
    class Cancels(Ear):
        def text_received(self, text: str | bytes) -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

    # Only the end that was called has a task that reads.
    async with connected(network, Cancels) as (speaker, listener):
        speaker.connection.send_text(b"one")
        await until(lambda: listener.closed and speaker.closed)

        assert (listener.heard, speaker.heard) == ([Closed(1006)], [Closed(1006)])


async def test_cookies_are_not_kept(network: SocketNetwork):
    seen: list[str | None] = []

    async def answer(request: HttpRequest) -> HttpReply:
        seen.append(request.headers.get("cookie"))
        return HttpReply(200, headers={"set-cookie": "user=1"})

    listener = await network.listen("127.0.0.1", 0, answer)
    for _ in range(2):
        await network.request("GET", listener.url.replace("127.0.0.1", "localhost"), timeout=5)
    await listener.close()

    assert seen == [None, None]


@pytest.mark.parametrize(("host", "base"), [("::1", "http://[::1]:"), ("::", "http://[::1]:")])
async def test_a_listener_may_speak_ipv6(network: SocketNetwork, host: str, base: str):
    ours, theirs = Ear(), Ear()
    try:
        listener = await network.listen(host, 0, no_http, lambda request: lambda connection: theirs)
    except OSError:
        pytest.skip("This machine has no IPv6.")
    connection = await network.connect("ws" + listener.url.removeprefix("http"), ours, timeout=5)
    reply = await network.request("GET", listener.url, timeout=5)
    connection.close()
    await until(lambda: ours.closed and theirs.closed)
    await listener.close()

    assert listener.url.startswith(base)
    assert reply.status == HttpReply(404).status
    assert (ours.heard, theirs.heard) == ([Closed(1000)], [Closed(1000)])


async def test_a_client_that_asks_first_is_told_to_send_its_body(network: SocketNetwork):
    async def answer(request: HttpRequest) -> HttpReply:
        return HttpReply(200, request.body)

    listener = await network.listen("127.0.0.1", 0, answer)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.url.rpartition(":")[2]))
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    interim = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.write(b"hello")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    body = await asyncio.wait_for(reader.readexactly(5), 5)
    writer.close()
    await listener.close()

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b"hello"


async def told(network: SocketNetwork, target: bytes, *, head: bytes = b"") -> HttpRequest:
    """Return what a handler sees of a request line and of headers."""
    seen: list[HttpRequest] = []

    async def note(request: HttpRequest) -> HttpReply:
        seen.append(request)
        return HttpReply(200)

    listener = await network.listen("127.0.0.1", 0, note)
    reader, writer = await open_raw(
        listener, b"GET " + target + b" HTTP/1.1\r\nHost: app\r\nConnection: close\r\n" + head + b"\r\n"
    )
    await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await listener.close()
    return seen[0]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a%40b/%7Euser/%2e%2e?q=%41&r=a+b", "/a%40b/%7Euser/%2e%2e?q=%41&r=a+b"),
        (b"//evil.example/x", "//evil.example/x"),
        (b"/a/../b?", "/a/../b?"),
        (b"http://evil.example/a?b", "/a?b"),
        (b"http://evil.example", "/"),
    ],
)
async def test_a_request_is_seen_as_it_was_sent(network: SocketNetwork, target: bytes, path: str):
    request = await told(network, target)

    assert request.path == path


@pytest.mark.parametrize("path", ["/user%40example.com/a%2Fb?c=%41", "/a@b", "//x/y", "/a/../b?x=%zz", "/%7E/~"])
async def test_a_request_is_sent_as_it_was_given(network: SocketNetwork, path: str):
    seen: list[str] = []

    async def note(request: HttpRequest) -> HttpReply:
        seen.append(request.path)
        return HttpReply(200)

    listener = await network.listen("127.0.0.1", 0, note)
    await network.request("GET", listener.url + path, timeout=5)
    await listener.close()

    assert seen == [path]


@pytest.mark.parametrize("path", ["/a b", "/a\r\nx-evil: 1", "/a\tb", "/caf\u00e9", "/\x00"])
async def test_what_cannot_stand_in_a_request_line_is_quoted_or_refused(network: SocketNetwork, path: str):
    seen: list[HttpRequest] = []

    async def note(request: HttpRequest) -> HttpReply:
        seen.append(request)
        return HttpReply(200)

    listener = await network.listen("127.0.0.1", 0, note)
    try:
        await network.request("GET", listener.url + path, timeout=5)
    except HttpError:
        seen = []
    await listener.close()

    assert all(request.path.isascii() and request.path.isprintable() and " " not in request.path for request in seen)
    assert [name for request in seen for name in request.headers if name == "x-evil"] == []


async def test_headers_of_one_name_are_one(network: SocketNetwork):
    request = await told(
        network, b"/", head=b"X-Forwarded-For: 1\r\nx-forwarded-for: 2\r\nCookie: a=1\r\nCookie: b=2\r\n"
    )

    assert {name: request.headers[name] for name in ("x-forwarded-for", "cookie")} == {
        "x-forwarded-for": "1, 2",
        "cookie": "a=1; b=2",
    }


async def test_a_packed_body_is_seen_unpacked_and_said_to_be_so(network: SocketNetwork):
    seen: list[HttpRequest] = []

    async def note(request: HttpRequest) -> HttpReply:
        seen.append(request)
        return HttpReply(200)

    listener = await network.listen("127.0.0.1", 0, note)
    await network.request(
        "POST", listener.url, headers={"content-encoding": "gzip"}, body=gzip.compress(b"hello"), timeout=5
    )
    await listener.close()

    assert [(request.body, request.headers.get("content-encoding")) for request in seen] == [(b"hello", None)]


async def test_a_packed_answer_says_that_it_is(network: SocketNetwork):
    packed = gzip.compress(b"hello", mtime=0)

    async def answer(request: HttpRequest) -> HttpReply:
        headers = {"content-encoding": "gzip", "content-type": "text/plain"}
        if request.path == "/whole":
            return HttpReply(200, packed, headers)

        async def chunks() -> AsyncIterator[bytes]:
            yield packed

        return HttpReply(200, headers=headers, chunks=chunks())

    listener = await network.listen("127.0.0.1", 0, answer)
    replies = [await network.request("GET", listener.url + path, timeout=5) for path in ("/whole", "/streamed")]
    reader, writer = await open_raw(listener, b"GET /whole HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n")
    raw = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await listener.close()

    assert [(reply.body, reply.headers.get("content-encoding")) for reply in replies] == [(b"hello", None)] * 2
    assert b"\r\ncontent-encoding: gzip\r\n" in raw
    assert raw.endswith(b"\r\n\r\n" + packed)


async def test_nonsense_is_a_400_and_stands_in_no_log(network: SocketNetwork, caplog: pytest.LogCaptureFixture):
    listener = await network.listen("127.0.0.1", 0, no_http)
    reader, writer = await open_raw(listener, b"GET /caf\xc3\xa9?aos_temp_token=secret HTTP/1.1\r\nHost: app\r\n\r\n")
    status = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await listener.close()

    assert status.split()[1] == b"400"
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []


async def test_a_handler_that_fails_is_told_of_in_our_log_without_the_query(
    network: SocketNetwork, caplog: pytest.LogCaptureFixture
):
    async def fails(request: HttpRequest) -> HttpReply:
        raise RuntimeError("broken")

    listener = await network.listen("127.0.0.1", 0, fails)
    reply = await network.request("GET", listener.url + "/page?aos_temp_token=secret", timeout=5)
    await listener.close()

    assert (reply.status, reply.body) == (500, b"")
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("mentra.transport.listener", "Answering GET /page failed.")
    ]


async def test_a_slow_upload_has_the_time_that_it_needs(network: SocketNetwork):
    sizes: list[int] = []

    async def note(request: HttpRequest) -> HttpReply:
        sizes.append(len(request.body))
        return HttpReply(200)

    listener = await network.listen("127.0.0.1", 0, note)
    reader, writer = await open_raw(listener, b"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 8000\r\n\r\n")
    for _ in range(8):
        writer.write(bytes(1000))
        await asyncio.sleep(0.04)
    status = await asyncio.wait_for(reader.readline(), 5)
    writer.transport.abort()
    await listener.close()

    assert (status.split()[1], sizes) == (b"200", [8000])


async def test_a_body_that_trickles_is_a_408(network: SocketNetwork):
    listener = await network.listen("127.0.0.1", 0, no_http)
    reader, writer = await open_raw(listener, b"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 8000\r\n\r\n")
    answered = asyncio.create_task(reader.readline())
    for _ in range(50):
        writer.write(b"x")
        await asyncio.wait([answered], timeout=0.02)
    status = await asyncio.wait_for(answered, 5)
    writer.transport.abort()
    await listener.close()

    assert status.split()[1] == b"408"


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: app\r\n\r\n"])
async def test_a_head_that_does_not_end_is_not_waited_for(network: SocketNetwork, before: bytes):
    listener = await network.listen("127.0.0.1", 0, no_http)
    reader, writer = await open_raw(listener, before + b"GET / HTTP/1.1\r\nHost: app\r\nX-A")
    read = asyncio.create_task(reader.read())
    for _ in range(50):
        if not read.done():
            writer.write(b"a")
            await asyncio.wait([read], timeout=0.02)
    ended = read.done()
    writer.transport.abort()
    await listener.close()
    await asyncio.wait([read])

    assert ended


async def test_who_stops_reading_a_stream_loses_it(network: SocketNetwork):
    closed = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(100_000)
        finally:
            closed.set()

    async def answer(request: HttpRequest) -> HttpReply:
        return HttpReply(200, chunks=chunks())

    listener = await network.listen("127.0.0.1", 0, answer)
    _, writer = await open_raw(listener, b"GET / HTTP/1.1\r\nHost: app\r\n\r\n")
    await asyncio.wait_for(closed.wait(), 5)
    writer.transport.abort()
    await listener.close()


async def test_chunks_that_ignore_their_end_do_not_keep_a_listener_from_closing(
    network: SocketNetwork, caplog: pytest.LogCaptureFixture
):
    release = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await asyncio.sleep(60)
        finally:
            while not release.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await release.wait()

    async def answer(request: HttpRequest) -> HttpReply:
        return HttpReply(200, chunks=chunks())

    listener = await network.listen("127.0.0.1", 0, answer)
    reply = await network.stream("GET", listener.url, timeout=5)
    assert reply.chunks is not None
    first = await anext(reply.chunks)
    await asyncio.wait_for(listener.close(), 5)
    await until(lambda: caplog.records)
    release.set()
    await reply.close()

    assert first == b"one"
    assert [record.getMessage() for record in caplog.records] == [
        "What makes the answer to GET / does not end, although nobody reads it any more; it is left behind."
    ]


async def test_whoever_connects_in_the_moment_of_closing_is_not_left_hanging():
    async with SocketNetwork() as network:
        for turns in range(16):
            listener = await network.listen("127.0.0.1", 0, no_http)
            port = int(listener.url.rpartition(":")[2])
            callers = [asyncio.create_task(asyncio.open_connection("127.0.0.1", port)) for _ in range(3)]
            for _ in range(turns % 8):
                await asyncio.sleep(0)
            await listener.close()

            connected = [
                one for one in await asyncio.gather(*callers, return_exceptions=True) if isinstance(one, tuple)
            ]
            for reader, writer in connected:
                async with asyncio.timeout(5):
                    with contextlib.suppress(ConnectionError):
                        assert await reader.read() == b""
                writer.close()


async def test_all_sockets_of_a_network_share_what_goes_out_together(network: SocketNetwork):
    ears = Ear(), Ear()
    listener = await listen_with(network, Ear())
    url = "ws" + listener.url.removeprefix("http") + "/app-ws"
    first, second = [await network.connect(url, ear, timeout=5) for ear in ears]
    await listener.close()

    assert isinstance(first, ClientSocket)
    assert isinstance(second, ClientSocket)
    assert first._outbox is second._outbox

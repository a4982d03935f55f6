"""What only sockets can do: peers that stall, vanish or speak nonsense."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mentra.transport.base import Closed, HttpReply, HttpRequest, Listener
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
    async with SocketNetwork(close_timeout=0.1, body_timeout=0.1) as network:
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


@pytest.mark.parametrize("opener", [0, 1])
async def test_a_receiver_that_cancels_its_reader_closes_the_socket(network: SocketNetwork, opener: int):
    class Cancels(Ear):
        def text_received(self, text: str | bytes) -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

    async with connected(network, Cancels) as ends:
        speaker, listener = ends[opener], ends[1 - opener]
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

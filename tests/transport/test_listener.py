"""The two servers behind one port: which of them answers must not be noticed."""

import asyncio
import contextlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from mentra.transport.base import HttpReply, HttpRequest, Listener
from mentra.transport.full_server import FullServer
from mentra.transport.plain_http import MAX_BODY_BYTES
from mentra.transport.server_times import ServerTimes
from mentra.transport.sockets import SocketNetwork
from tests.helpers.waiting import until
from tests.transport.test_contract import Chunks, Ear
from tests.transport.test_plain_http import NOT_PLAIN
from tests.transport.test_sockets import UPGRADE, open_raw

pytestmark = pytest.mark.sockets

POST = b"POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
TIMES = {"body_timeout": 0.2, "idle_timeout": 0.3, "write_timeout": 0.5, "close_timeout": 0.2}
CALLERS = 300

LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
BODIES = {
    "chunks": b"4\r\nbody\r\n0\r\n\r\n",
    "chunks of odd case": b"0\r\n\r\n",
    "a question before the body": b"hello",
    "a packed body": b"no gz",
    "a large body": bytes(MAX_BODY_BYTES + 1),
}
"""Of the heads that are not plain, for those that are answered only then."""

STREAMS = {
    "a request as the body of another": (
        b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(POST) + POST,
        [b"200 POST /a", b"200 GET /last"],
    ),
    "a length that is too short": (POST.replace(b"4", b"2") + POST, [b"200 POST /webhook", b"400"]),
    "a body without a length": (POST.replace(b"Content-Length: 4\r\n", b""), [b"200 POST /webhook", b"400"]),
    "a request behind a chunked one": (
        b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n" + POST,
        [b"200 POST /a", b"200 POST /webhook", b"200 GET /last"],
    ),
    "a length and chunks behind a plain one": (
        POST
        + b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        + POST,
        [b"200 POST /webhook", b"400"],
    ),
    "nonsense behind a plain one": (POST + b"nonsense\r\n\r\n", [b"200 POST /webhook", b"400"]),
    "bare line feeds behind a plain one": (POST + b"GET / HTTP/1.1\nHost: a\n\n", [b"200 POST /webhook", b"400"]),
    "an empty line between": (POST + b"\r\n" + POST, [b"200 POST /webhook", b"200 POST /webhook", b"200 GET /last"]),
    "a GET with a body": (
        b"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" + POST,
        [b"200 GET /a", b"200 POST /webhook", b"200 GET /last"],
    ),
    "what comes behind the last request": (
        POST.replace(b"Host", b"Connection: close\r\nHost") + POST,
        [b"200 POST /webhook"],
    ),
}
"""What may be understood in two ways, and what has to be answered to it."""


@pytest.fixture
async def network() -> AsyncIterator[SocketNetwork]:
    async with SocketNetwork(**TIMES) as network:
        yield network


async def echo(request: HttpRequest) -> HttpReply:
    await asyncio.sleep(0)
    if request.path == "/streamed":
        return HttpReply(200, chunks=Chunks(b"one ", b"two"))
    text = f"{request.method} {request.path} {sorted(request.headers.items())} "
    return HttpReply(200, text.encode() + request.body, {"content-type": "text/plain", "date": "now"})


class Straight(asyncio.Protocol):
    """Leaves a connection to aiohttp before anything has come."""

    def __init__(self, server: FullServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server.take(transport, b"", None, may_write=True)  # type: ignore[arg-type]


async def heard(port: int, data: bytes, *, each: int = 0) -> bytes:
    """Return what comes when this is sent, whole or in pieces of so many bytes, until nothing more does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        for at in range(0, len(data), each or len(data)):
            writer.write(data[at : at + (each or len(data))])
            await asyncio.sleep(0)
        answer = b""
        async with asyncio.timeout(5):
            while piece := await reader.read(65_536):
                answer += piece
    writer.close()
    return answer


async def by_aiohttp(data: bytes) -> bytes:
    """Return what aiohttp alone answers."""
    server = FullServer(echo, None, max_body_bytes=1_000_000, times=ServerTimes(**TIMES))
    listening = await asyncio.get_running_loop().create_server(lambda: Straight(server), "127.0.0.1", 0)
    answer = await heard(listening.sockets[0].getsockname()[1], data)
    listening.close()
    server.end()
    await server.close()
    return comparable(answer)


def comparable(answer: bytes) -> bytes:
    """Return an answer without the name of who made it, and without the time."""
    return re.sub(rb"Server: [^\r]*\r\n|(?<=Date: )[^\r]*", b"", answer)


def port_of(listener: Listener) -> int:
    return int(listener.url.rpartition(":")[2])


@pytest.mark.parametrize("kind", NOT_PLAIN)
async def test_what_is_odd_is_answered_as_aiohttp_does(network: SocketNetwork, kind: str):
    data = NOT_PLAIN[kind] + BODIES.get(kind, b"") + LAST
    listener = await network.listen("127.0.0.1", 0, echo)
    answer, alone = await asyncio.gather(heard(port_of(listener), data), by_aiohttp(data))
    await listener.close()

    assert comparable(answer) == alone


@pytest.mark.parametrize(("data", "answers"), STREAMS.values(), ids=STREAMS)
async def test_it_is_never_in_doubt_where_a_request_ends(network: SocketNetwork, data: bytes, answers: list[bytes]):
    listener = await network.listen("127.0.0.1", 0, echo)
    heard_ = await heard(port_of(listener), data + LAST)
    await listener.close()

    found = re.findall(rb"HTTP/1.. (\d+) [^\0]*?\r\n\r\n((?:POST|GET) /\w+)?", heard_)
    assert [b" ".join(filter(None, one)) for one in found] == answers


async def test_a_plain_answer_is_that_of_aiohttp(network: SocketNetwork):
    listener = await network.listen("127.0.0.1", 0, echo)
    answer, alone = await asyncio.gather(heard(port_of(listener), POST + LAST), by_aiohttp(POST + LAST))
    await listener.close()

    assert b"Server" not in answer
    assert comparable(answer) == alone


@pytest.mark.parametrize("each", [1, 7, 50])
async def test_requests_of_all_kinds_are_answered_in_order_on_one_connection(network: SocketNetwork, each: int):
    listener = await network.listen("127.0.0.1", 0, echo)
    kinds = [
        POST,
        b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n",
        POST,
        b"GET /streamed HTTP/1.1\r\nHost: a\r\n\r\n",
        POST,
        b"HEAD /page HTTP/1.1\r\nHost: a\r\n\r\n",
        POST.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nConnection: close\r\n"),
    ]
    answer = await heard(port_of(listener), b"".join(kinds), each=each)
    await listener.close()

    assert re.findall(rb"POST /webhook|GET /page|one |two", answer) == [
        b"POST /webhook",
        b"GET /page",
        b"POST /webhook",
        b"one ",
        b"two",
        b"POST /webhook",
        b"POST /webhook",
    ]
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == len(kinds)


async def test_a_connection_may_become_a_websocket(network: SocketNetwork):
    ear = Ear()

    def accept(connection):
        ear.connection = connection
        return ear

    listener = await network.listen("127.0.0.1", 0, echo, lambda request: accept)
    reader, writer = await open_raw(listener, POST + UPGRADE)
    answers = await asyncio.wait_for(reader.readuntil(b"101 Switching Protocols\r\n"), 5)
    await until(lambda: hasattr(ear, "connection"))
    writer.transport.abort()
    await listener.close()

    assert answers.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_chunked_reply_whose_reader_is_gone_is_closed(network: SocketNetwork):
    chunks = Chunks(b"one", endless=True)
    may_answer = asyncio.Event()

    async def answer(request: HttpRequest) -> HttpReply:
        await may_answer.wait()
        return HttpReply(200, chunks=chunks)

    listener = await network.listen("127.0.0.1", 0, answer)
    _, writer = await open_raw(listener, POST)
    await asyncio.sleep(0.02)
    may_answer.set()
    writer.transport.abort()
    await until(lambda: chunks.closed)
    await listener.close()

    assert chunks.closed >= 1


async def test_a_burst_on_new_connections_is_answered(network: SocketNetwork):
    listener = await network.listen("127.0.0.1", 0, echo)
    data = POST.replace(b"Host", b"Connection: close\r\nHost")
    answers = await asyncio.gather(*(heard(port_of(listener), data) for _ in range(CALLERS)))
    await listener.close()

    assert [answer[:15] for answer in answers] == [b"HTTP/1.1 200 OK"] * CALLERS


async def test_what_is_being_answered_is_answered_when_the_listener_closes(network: SocketNetwork):
    begun = asyncio.Event()

    async def slow(request: HttpRequest) -> HttpReply:
        begun.set()
        await asyncio.sleep(0.05)
        return HttpReply(200, b"done")

    listener = await network.listen("127.0.0.1", 0, slow)
    asking = asyncio.create_task(heard(port_of(listener), POST))
    await begun.wait()
    await listener.close()

    assert (await asking).endswith(b"\r\nConnection: close\r\n\r\ndone")


@pytest.mark.processes
def test_listening_and_a_webhook_need_no_aiohttp():
    script = """
import asyncio, sys
from mentra.transport.base import HttpReply
from mentra.transport.plain_http import MAX_BODY_BYTES
from mentra.transport.sockets import SocketNetwork

async def main():
    async def answer(request):
        return HttpReply(200)
    async with SocketNetwork() as network:
        listener = await network.listen("127.0.0.1", 0, answer)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.url.rpartition(":")[2]))
        writer.write(b"POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 0\\r\\n\\r\\n")
        print((await reader.readline()).decode().strip(), "aiohttp" in sys.modules)
        writer.write(b"\\r\\nHEAD / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
        await reader.readuntil(b"HTTP/1.1 200 OK")
        print("aiohttp" in sys.modules)
        writer.close()
        await listener.close()

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.splitlines() == ["HTTP/1.1 200 OK False", "True"]

"""The opening handshake: heads in pieces, refusals, TLS, proxies."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidMessage, InvalidStatus, WebSocketException
from websockets.frames import Opcode
from websockets.server import ServerProtocol

from benchmarks.certificates import make_certificates
from mentra.transport import sockets
from mentra.transport.base import Closed
from mentra.transport.opening import Opening
from mentra.transport.sockets import SocketNetwork
from tests.helpers.waiting import until
from tests.transport.test_contract import Ear
from tests.transport.wire import URL, Wire, frame

HELLO = frame(Opcode.TEXT, b"hello")


class Call:
    """A handshake on a wire, up to its answer."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.opening = Opening(ClientProtocol(URL))
        self.opening.connection_made(self.wire)
        self.wire.set_protocol(self.opening)
        self.task = asyncio.create_task(self.opening.handshake({"Authorization": "Bearer key"}, "ours"))

    async def answer(self, *, status: int = 101, body: str = "") -> bytes:
        """Return what a server says to the request."""
        await asyncio.sleep(0)
        server = ServerProtocol()
        server.receive_data(b"".join(self.wire.written))
        (request,) = server.events_received()
        response = server.accept(request) if status == 101 else server.reject(status, body)  # type: ignore[arg-type]
        server.send_response(response)
        return b"".join(server.data_to_send())


async def test_a_request_has_the_headers_that_were_asked_for():
    call = Call()
    await asyncio.sleep(0)
    call.task.cancel()
    head = b"".join(call.wire.written).decode()

    assert head.startswith("GET /app-ws HTTP/1.1\r\nHost: cloud.example\r\n")
    assert "\r\nAuthorization: Bearer key\r\n" in head
    assert "\r\nUser-Agent: ours\r\n" in head
    assert "Sec-WebSocket-Extensions" not in head


async def test_it_does_not_matter_where_an_answer_and_what_follows_are_cut():
    size = len(await Call().answer()) + len(HELLO)
    for cut in range(size + 1):
        call = Call()
        data = await call.answer() + HELLO
        for piece in (data[:cut], data[cut:]):
            call.opening.data_received(piece)
        await call.task

        assert (cut, call.opening.rest) == (cut, HELLO)


async def test_an_answer_may_come_byte_by_byte():
    call = Call()
    for byte in await call.answer() + HELLO:
        call.opening.data_received(bytes([byte]))
    await call.task

    assert call.opening.rest == HELLO


@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_refusal_has_its_status_and_its_body(pieces: int):
    call = Call()
    data = await call.answer(status=403, body="no\r\n\r\nreally")
    cut = len(data) - 4 if pieces == 2 else len(data)
    for piece in (data[:cut], data[cut:]):
        call.opening.data_received(piece)
    with pytest.raises(InvalidStatus) as refused:
        await call.task

    assert refused.value.response.status_code == 403
    assert refused.value.response.body == b"no\r\n\r\nreally"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 101 Switch"])
async def test_an_answer_that_breaks_off_is_an_error(said: bytes):
    call = Call()
    await call.answer()
    call.opening.data_received(said)
    call.wire.abort()
    with pytest.raises(InvalidMessage):
        await call.task


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
        b"x" * 100_000,
    ],
)
async def test_an_answer_that_is_none_is_an_error(said: bytes):
    call = Call()
    await call.answer()
    call.opening.data_received(said)
    with pytest.raises(WebSocketException):
        await call.task


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@contextlib.asynccontextmanager
async def proxy(port: int, asked: list[bytes]) -> AsyncIterator[str]:
    """Serve CONNECT, and lead every tunnel to a port of this machine."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        await reader.readuntil(b"\r\n\r\n")
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pump(reader, back), pump(there, writer))

    server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A context for a server on 127.0.0.1 that our network trusts."""
    files = make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
    sockets._tls.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.private_key)
    yield context
    sockets._tls.cache_clear()


async def talk(network: SocketNetwork, url: str) -> list[object]:
    """Return what is heard of an echo: small frames, a large one, and the close."""
    ear = Ear()
    connection = await network.connect(url, ear, headers={"x-key": "1"}, timeout=5)
    for number in range(100):
        connection.send_text(str(number).encode())
    connection.send_binary(bytes(1_000_000))
    await until(lambda: len(ear.heard) == 101)
    connection.close(1000, "bye")
    await asyncio.wait_for(connection.wait_closed(), 5)
    return ear.heard


TALK = [*map(str, range(100)), bytes(1_000_000), Closed(1000, "bye")]


@pytest.mark.sockets
async def test_frames_and_a_close_pass_through_tls(tls: ssl.SSLContext):
    async with SocketNetwork() as network, serve(echo, "127.0.0.1", 0, ssl=tls) as server:
        heard = await talk(network, f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/app-ws")

    assert heard == TALK


@pytest.mark.sockets
async def test_an_abort_over_tls_ends_the_connection_once(tls: ssl.SSLContext):
    ear = Ear()
    async with SocketNetwork() as network, serve(echo, "127.0.0.1", 0, ssl=tls) as server:
        connection = await network.connect(
            f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/app-ws", ear, timeout=5
        )
        connection.abort()
        await asyncio.wait_for(connection.wait_closed(), 5)
        connection.send_text(b"too late")
        await asyncio.sleep(0.02)

    assert ear.heard == [Closed(1006)]


@pytest.mark.sockets
async def test_a_server_that_nobody_vouches_for_is_an_oserror(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    async with SocketNetwork() as network, serve(echo, "127.0.0.1", 0, ssl=tls) as server:
        with pytest.raises(OSError, match="certificate"):
            await network.connect(f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/", Ear(), timeout=5)


@pytest.mark.sockets
async def test_frames_and_a_close_pass_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    asked: list[bytes] = []
    async with (
        SocketNetwork() as network,
        serve(echo, "127.0.0.1", 0) as server,
        proxy(server.sockets[0].getsockname()[1], asked) as address,
    ):
        monkeypatch.setenv("http_proxy", address)
        heard = await talk(network, "ws://cloud.example/app-ws")

    assert (asked, heard) == ([b"CONNECT cloud.example:80 HTTP/1.1\r\n"], TALK)

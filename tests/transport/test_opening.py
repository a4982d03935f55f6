"""The opening handshake: heads in pieces, refusals, TLS, proxies."""

import asyncio
import contextlib
import gc
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.client import ClientProtocol
from websockets.exceptions import (
    InvalidHeader,
    InvalidMessage,
    InvalidStatus,
    InvalidUpgrade,
    NegotiationError,
    WebSocketException,
)
from websockets.frames import Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from benchmarks.certificates import make_certificates
from mentra.transport import sockets
from mentra.transport.base import Closed
from mentra.transport.opening import DirectOpening, Limits, Opening, read_address
from mentra.transport.sockets import SocketNetwork
from tests.helpers.waiting import until
from tests.transport.test_contract import Ear
from tests.transport.wire import URL, Wire, frame

HELLO = frame(Opcode.TEXT, b"hello")


ADDRESS = "ws://cloud.example/app-ws"
LIMITS = Limits(max_size=1000, logger=logging.getLogger("test"))


class Call:
    """A handshake on a wire, up to its answer, as a caller does it, or the library through a proxy."""

    def __init__(self, caller: str, headers: Mapping[str, str] | None = None) -> None:
        headers = headers or {"Authorization": "Bearer key", "User-Agent": "ours"}
        self.wire = Wire()
        opening = Opening(ClientProtocol(URL))
        asking = opening.handshake({"Authorization": "Bearer key"}, "ours")
        if caller == "direct":
            asking.close()
            opening = DirectOpening(read_address(ADDRESS, LIMITS), headers)
            asking = opening.answer()
        self.opening = opening
        self.opening.connection_made(self.wire)
        self.wire.set_protocol(self.opening)
        self.task = asyncio.create_task(asking)

    async def answer(self, *, status: int = 101, body: str = "") -> bytes:
        """Return what a server says to the request."""
        await asyncio.sleep(0)
        server = ServerProtocol()
        server.receive_data(b"".join(self.wire.written))
        (request,) = server.events_received()
        response = server.accept(request) if status == 101 else server.reject(status, body)  # type: ignore[arg-type]
        server.send_response(response)
        return b"".join(server.data_to_send())


@pytest.fixture(params=["direct", "library"])
def caller(request: pytest.FixtureRequest) -> str:
    return request.param


async def test_a_request_has_the_headers_that_were_asked_for(caller: str):
    call = Call(caller)
    await asyncio.sleep(0)
    call.task.cancel()
    head = b"".join(call.wire.written).decode()

    assert head.startswith("GET /app-ws HTTP/1.1\r\nHost: cloud.example\r\n")
    assert "\r\nAuthorization: Bearer key\r\n" in head
    assert "\r\nUser-Agent: ours\r\n" in head
    assert "Sec-WebSocket-Extensions" not in head


async def test_it_does_not_matter_where_an_answer_and_what_follows_are_cut(caller: str):
    size = len(await Call(caller).answer()) + len(HELLO)
    for cut in range(size + 1):
        call = Call(caller)
        data = await call.answer() + HELLO
        for piece in (data[:cut], data[cut:]):
            call.opening.data_received(piece)
        await call.task

        assert (cut, call.opening.rest) == (cut, HELLO)


async def test_an_answer_may_come_byte_by_byte(caller: str):
    call = Call(caller)
    for byte in await call.answer() + HELLO:
        call.opening.data_received(bytes([byte]))
    await call.task

    assert call.opening.rest == HELLO


@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_refusal_has_its_status_and_its_body(caller: str, pieces: int):
    call = Call(caller)
    data = await call.answer(status=403, body="no\r\n\r\nreally")
    cut = len(data) - 4 if pieces == 2 else len(data)
    for piece in (data[:cut], data[cut:]):
        call.opening.data_received(piece)
    with pytest.raises(InvalidStatus) as refused:
        await call.task

    assert refused.value.response.status_code == 403
    assert refused.value.response.body == b"no\r\n\r\nreally"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 101 Switch"])
async def test_an_answer_that_breaks_off_is_an_error(caller: str, said: bytes):
    call = Call(caller)
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
async def test_an_answer_that_is_none_is_an_error(caller: str, said: bytes):
    call = Call(caller)
    await call.answer()
    call.opening.data_received(said)
    with pytest.raises(WebSocketException):
        await call.task


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"", b""),
        (b"Connection: Upgrade", b"connection:  UPGRADE"),
        (b"Connection: Upgrade", b"Connection: keep-alive, Upgrade"),
        (b"Upgrade: websocket\r\n", b"Server: x\r\nupgrade: WebSocket\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"),
        (b"Sec-WebSocket-Accept: ", b"SEC-WEBSOCKET-ACCEPT:"),
    ],
)
async def test_a_yes_may_be_said_in_many_ways(caller: str, was: bytes, becomes: bytes):
    call = Call(caller)
    call.opening.data_received((await call.answer()).replace(was, becomes, 1) + HELLO)
    await call.task

    assert (call.opening.rest, call.opening.protocol.state) == (HELLO, State.OPEN)


@pytest.mark.parametrize(
    ("was", "becomes", "error"),
    [
        (b"101", b"200", InvalidStatus),
        (b"HTTP/1.1", b"HTTP/1.0", InvalidMessage),
        (b"Upgrade: websocket\r\n", b"", InvalidUpgrade),
        (b"Upgrade: websocket", b"Upgrade: websocket\r\nUpgrade: h2c", InvalidUpgrade),
        (b"Connection: Upgrade", b"Connection: close", InvalidUpgrade),
        (b"Upgrade: websocket", b" folded: line\r\nUpgrade: websocket", InvalidMessage),
        (b"Upgrade: websocket", b"X: \x00\r\nUpgrade: websocket", InvalidMessage),
        (b"Upgrade: websocket", b"Upgrade: websocket\r\nSec-WebSocket-Extensions: x", NegotiationError),
        (b"Upgrade: websocket", b"Upgrade: websocket\r\nSec-WebSocket-Protocol: x", NegotiationError),
        (b"Accept: ", b"Accept: x", InvalidHeader),
        (b"Upgrade: websocket", b"Sec-WebSocket-Accept: x\r\nUpgrade: websocket", InvalidHeader),
        (b"Sec-WebSocket-Accept", b"Sec-WebSocket-Except", InvalidHeader),
    ],
)
async def test_what_is_no_yes_is_an_error(caller: str, was: bytes, becomes: bytes, error: type[Exception]):
    call = Call(caller)
    call.opening.data_received((await call.answer()).replace(was, becomes, 1))
    call.opening.eof_received()
    with pytest.raises(error):
        await call.task


async def test_a_yes_to_another_question_is_an_error(caller: str):
    call, other = Call(caller), Call(caller)
    yes = await other.answer()
    other.opening.data_received(yes)
    await other.task
    call.opening.data_received(yes)
    with pytest.raises(InvalidHeader):
        await call.task


async def test_what_proves_a_yes_counts_in_its_own_header_only(caller: str):
    call, misled = Call(caller), Call(caller)
    for each, rest in ((call, b"Sec-WebSocket-Accept: %s\r\n"), (misled, b"Sec-WebSocket-Accept: \r\n")):
        head, _, proof = (await each.answer()).removesuffix(b"\r\n\r\n").partition(b"Sec-WebSocket-Accept: ")
        proof = proof[:28]
        each.opening.data_received(head + b"X-Proof: " + proof + b"\r\n" + rest.replace(b"%s", proof) + b"\r\n")
    await call.task
    with pytest.raises(InvalidHeader):
        await misled.task


async def test_the_library_is_not_needed_for_a_plain_yes():
    call = Call("direct")
    call.opening.data_received(await call.answer())
    await call.task
    make = call.opening.make_protocol

    assert make() is not make()
    assert make().state is State.OPEN


async def test_a_yes_to_who_has_just_given_up_is_no_error():
    call = Call("direct")
    yes = await call.answer()
    call.task.cancel()
    call.opening.data_received(yes)
    with pytest.raises(asyncio.CancelledError):
        await call.task


async def test_a_failure_of_which_nobody_waits_to_learn_is_no_error():
    errors: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    opening = DirectOpening(read_address(ADDRESS, LIMITS), {})
    opening.fail(ConnectionResetError())
    del opening
    gc.collect()

    assert errors == []


async def test_what_comes_and_breaks_behind_the_head_is_kept():
    call = Call("direct")
    call.opening.data_received(await call.answer())
    call.opening.data_received(HELLO)
    call.opening.connection_lost(None)
    await call.task

    assert (call.opening.rest, call.opening.lost) == (HELLO, True)


@pytest.mark.parametrize("header", [("x-key", "a\r\nx-evil: 1"), ("x-key", "caf\u0107"), ("x key", "1"), ("", "1")])
async def test_a_header_that_cannot_be_sent_is_an_error_that_does_not_tell_its_value(header: tuple[str, str]):
    with pytest.raises(ValueError, match="the header") as error:
        Call("direct", dict([header]))

    assert header[1] not in str(error.value) or len(header[1]) == 1


@pytest.mark.parametrize(
    ("url", "line", "header"),
    [
        ("ws://cloud.example", "GET / HTTP/1.1", "Host: cloud.example"),
        ("wss://cloud.example:443/a%20b?c=d", "GET /a%20b?c=d HTTP/1.1", "Host: cloud.example"),
        ("ws://[::1]:8080/caf\u00e9", "GET /caf%C3%A9 HTTP/1.1", "Host: [::1]:8080"),
        ("ws://me:secret@cloud.example/", "GET / HTTP/1.1", "Authorization: Basic bWU6c2VjcmV0"),
    ],
)
async def test_a_request_says_what_its_url_does(url: str, line: str, header: str):
    request = read_address(url, LIMITS).request("key", {}).decode()

    assert request.startswith(f"{line}\r\n")
    assert f"\r\n{header}\r\n" in request
    assert "\r\nUser-Agent: Python/" in request
    assert request.endswith("\r\n\r\n")


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(pump(reader, back), pump(there, writer))


@contextlib.asynccontextmanager
async def listening(
    serve_one: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """Serve on a port of this machine."""
    server = await asyncio.start_server(serve_one, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@contextlib.asynccontextmanager
async def proxy(port: int, asked: list[bytes], tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve CONNECT, and lead every tunnel to a port of this machine."""

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await lead(reader, writer, port)

    async with listening(tunnel, tls) as own_port:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{own_port}"


@contextlib.asynccontextmanager
async def socks_proxy(port: int, asked: list[bytes]) -> AsyncIterator[str]:
    """Serve SOCKS 5 (RFC 1928) without a password, and lead every connection to a port of this machine."""

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\5\0")
        name_bytes = (await reader.readexactly(5))[4]
        asked.append(await reader.readexactly(name_bytes + 2))
        writer.write(b"\5\0\0\1" + bytes(6))
        await lead(reader, writer, port)

    async with listening(tunnel) as own_port:
        yield f"socks5h://127.0.0.1:{own_port}"


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A context for a server on 127.0.0.1 or cloud.example that our network trusts."""
    files = make_certificates(tmp_path, names=["cloud.example"])
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
    sockets._tls.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.private_key)
    yield context
    sockets._tls.cache_clear()


def port_of(server: Server) -> int:
    return next(iter(server.sockets)).getsockname()[1]


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
        heard = await talk(network, f"wss://127.0.0.1:{port_of(server)}/app-ws")

    assert heard == TALK


@pytest.mark.sockets
async def test_an_abort_over_tls_ends_the_connection_once(tls: ssl.SSLContext):
    ear = Ear()
    async with SocketNetwork() as network, serve(echo, "127.0.0.1", 0, ssl=tls) as server:
        connection = await network.connect(f"wss://127.0.0.1:{port_of(server)}/app-ws", ear, timeout=5)
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
            await network.connect(f"wss://127.0.0.1:{port_of(server)}/", Ear(), timeout=5)


@pytest.mark.sockets
async def test_frames_and_a_close_pass_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    asked: list[bytes] = []
    async with (
        SocketNetwork() as network,
        serve(echo, "127.0.0.1", 0) as server,
        proxy(port_of(server), asked) as address,
    ):
        monkeypatch.setenv("http_proxy", address)
        heard = await talk(network, "ws://cloud.example/app-ws")

    assert (asked, heard) == ([b"CONNECT cloud.example:80 HTTP/1.1\r\n"], TALK)


@pytest.mark.sockets
@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_frames_pass_through_a_proxy_that_is_asked_over_tls(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, scheme: str
):
    asked: list[bytes] = []
    async with (
        SocketNetwork() as network,
        serve(echo, "127.0.0.1", 0, ssl=tls if scheme == "wss" else None) as server,
        proxy(port_of(server), asked, tls) as address,
    ):
        monkeypatch.setenv("https_proxy", address)
        heard = await talk(network, f"{scheme}://cloud.example:81/app-ws")

    assert (asked, heard) == ([b"CONNECT cloud.example:81 HTTP/1.1\r\n"], TALK)


@pytest.mark.sockets
@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_frames_pass_through_a_socks_proxy(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, scheme: str):
    asked: list[bytes] = []
    async with (
        SocketNetwork() as network,
        serve(echo, "127.0.0.1", 0, ssl=tls if scheme == "wss" else None) as server,
        socks_proxy(port_of(server), asked) as address,
    ):
        monkeypatch.setenv("https_proxy", address)
        heard = await talk(network, f"{scheme}://cloud.example:81/app-ws")

    assert (asked, heard) == ([b"cloud.example\0\x51"], TALK)


@pytest.mark.sockets
async def test_a_connection_over_tls_resumes_the_one_before(tls: ssl.SSLContext):
    resumed: list[bool] = []

    async def note(connection: ServerConnection) -> None:
        resumed.append(connection.transport.get_extra_info("ssl_object").session_reused)
        await echo(connection)

    async with SocketNetwork() as network, serve(note, "127.0.0.1", 0, ssl=tls) as server:
        heard = [await talk(network, f"wss://127.0.0.1:{port_of(server)}/app-ws") for _ in range(3)]

    assert (resumed, heard) == ([False, True, True], [TALK] * 3)


@pytest.mark.sockets
async def test_who_reads_nothing_over_tls_loses_the_connection(tls: ssl.SSLContext):
    release = asyncio.Event()

    async def deaf(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await release.wait()

    ear = Ear()
    async with SocketNetwork() as network, serve(deaf, "127.0.0.1", 0, ssl=tls, close_timeout=0.1) as server:
        connection = await network.connect(f"wss://127.0.0.1:{port_of(server)}/", ear, timeout=5)
        for _ in range(30):
            connection.send_binary(bytes(1_000_000))
        await asyncio.wait_for(connection.wait_closed(), 5)
        release.set()

    assert ear.heard == [Closed(1006)]


@pytest.mark.sockets
@pytest.mark.parametrize("status", [401, 403, 502])
async def test_a_refusal_tells_its_status(tls: ssl.SSLContext, status: int):
    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(status, "no\r\n\r\nreally")  # type: ignore[arg-type]  # It wants an enumeration.

    async with SocketNetwork() as network:
        for scheme, context in (("ws", None), ("wss", tls)):
            async with serve(echo, "127.0.0.1", 0, ssl=context, process_request=refuse) as server:
                url = f"{scheme}://127.0.0.1:{port_of(server)}/"
                with pytest.raises(OSError, match=f"could not be opened: .* HTTP {status}$"):
                    await network.connect(url, Ear(), timeout=5)


@pytest.mark.sockets
@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_a_server_that_does_not_answer_is_waited_for_no_longer_than_said(tls: ssl.SSLContext, scheme: str):
    ended = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read(-1)
        writer.close()
        ended.set()

    async with SocketNetwork() as network, listening(silent) as port:
        with pytest.raises(TimeoutError, match="timed out during opening handshake"):
            await network.connect(f"{scheme}://127.0.0.1:{port}/", Ear(), timeout=0.05)
        await asyncio.wait_for(ended.wait(), 5)


@pytest.mark.sockets
@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("says", [b"", b"SSH-2.0-OpenSSH_9\r\n\r\n"])
async def test_a_server_that_speaks_something_else_is_an_oserror(tls: ssl.SSLContext, scheme: str, says: bytes):
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(says)
        writer.close()

    async with SocketNetwork() as network, listening(other) as port:
        with pytest.raises(OSError):  # noqa: PT011 - Each has its own words.
            await network.connect(f"{scheme}://127.0.0.1:{port}/", Ear(), timeout=5)

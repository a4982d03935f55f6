"""The real network: WebSocket client by websockets, everything else by aiohttp.

One port serves HTTP and WebSocket, which the websockets library does not do; hence two libraries.
"""

import asyncio
import contextlib
import functools
import io
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websocket_connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from mentra.transport.base import (
    MAX_BODY_BYTES,
    MAX_WAITING_BYTES,
    Closed,
    Connection,
    HandleHttp,
    HandleSocket,
    HttpError,
    HttpReply,
    HttpRequest,
    Listener,
    Network,
    Receiver,
    close_frame,
    is_cancelled,
    is_loopback,
)

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""The cloud's own limit (MentraOS (Jun-2026) cloud/packages/cloud/src/index.ts)."""
PING_INTERVAL_S = 10.0
"""How often a listener pings; the cloud does, and ignores a missing answer."""
_NOT_FORWARDED = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding"})

_logger = logging.getLogger(__name__)
# At DEBUG the library logs every frame, and the first one of each connection carries the API key.
_frame_logger = logging.getLogger("mentra.transport.frames")
_frame_logger.setLevel(logging.INFO)


class SocketNetwork(Network):
    """Bytes over TCP, with TLS for ``wss`` and ``https``, through the proxy of the environment.

    Args:
        close_timeout: Seconds until a close that the other end does not take becomes an abort.
        body_timeout: Seconds in which the body of a request to a listener has to arrive.
    """

    def __init__(self, *, close_timeout: float = 2.0, body_timeout: float = 30.0) -> None:
        self._close_timeout = close_timeout
        self._body_timeout = body_timeout
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._connections: dict[_ClientConnection, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(
        self, url: str, receiver: Receiver, *, headers: Mapping[str, str] | None = None, timeout: float
    ) -> Connection:
        """Open a WebSocket."""
        try:
            parts = urlsplit(url)
            socket_ = await _Connect(
                url,
                additional_headers=headers,
                ssl=_tls() if parts.scheme == "wss" else None,
                proxy=None if is_loopback(parts.hostname) else True,
                # The cloud declines compression anyway (docs/protocol.md, Handshake).
                compression=None,
                max_size=MAX_FRAME_BYTES,
                open_timeout=timeout,
                close_timeout=self._close_timeout,
                logger=_frame_logger,
            )
        # A ValueError is an impossible address, an ImportError a SOCKS proxy without the package for it.
        except (WebSocketException, ValueError, ImportError) as error:
            raise ConnectionError(f"{url} could not be opened: {error}") from error
        connection = _ClientConnection(socket_, self._close_timeout)
        running = self._connections[connection] = asyncio.create_task(connection.run(receiver))
        running.add_done_callback(lambda _: self._connections.pop(connection))
        return connection

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        """Send an HTTP request."""
        try:
            async with self._session(url).request(
                method,
                url,
                # aiohttp warns of large bodies that are not files.
                data=io.BytesIO(body) if len(body) > MAX_BODY_BYTES else body or None,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as answer:
                return HttpReply(answer.status, await answer.read(), _kept(answer.headers))
        except TimeoutError as error:
            raise HttpError(f"{url} did not answer within {timeout:g} s.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise HttpError(f"{url} could not be reached: {error}.") from error

    async def listen(
        self,
        host: str,
        port: int,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None = None,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> Listener:
        """Serve HTTP and WebSocket on one port."""
        listener = _SocketListener(
            handle_http,
            handle_socket,
            max_body_bytes=max_body_bytes,
            body_timeout=self._body_timeout,
            close_timeout=self._close_timeout,
        )
        await listener.open(host, port)
        return listener

    async def close(self) -> None:
        """Drop the connections, those in the pool too."""
        for connection in self._connections:
            connection.leave()
        if self._connections:
            await asyncio.wait(self._connections.values())
        while self._sessions:
            await self._sessions.popitem()[1].close()

    def _session(self, url: str) -> aiohttp.ClientSession:
        # aiohttp would send a request to this machine through the proxy, too.
        through_proxy = not is_loopback(urlsplit(url).hostname)
        if through_proxy not in self._sessions:
            # Many users' requests go through one session: none may see another's cookies.
            cookies = aiohttp.DummyCookieJar()
            self._sessions[through_proxy] = aiohttp.ClientSession(trust_env=through_proxy, cookie_jar=cookies)
        return self._sessions[through_proxy]


@functools.cache
def _tls() -> ssl.SSLContext:
    # Building a context takes about 20 ms; one serves all connections (docs/architecture.md, Transport).
    return ssl.create_default_context()


class _Connect(websocket_connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc  # Followed, it would take the headers, and so the API key, to any host.


class _SocketConnection(Connection):
    """What does not depend on the library: sending in order and within bounds, and exactly one end."""

    def __init__(self, transport: asyncio.BaseTransport | None, close_timeout: float) -> None:
        self._transport = transport
        self._close_timeout = close_timeout
        self._outbox: asyncio.Queue[tuple[int, Callable[[], Awaitable[object]]]] = asyncio.Queue()
        self._waiting_bytes = 0
        self._our_close: Closed | None = None
        self._aborted = False
        self._lost = asyncio.Event()
        self._writer: asyncio.Task[None]

    async def run(self, receiver: Receiver) -> None:
        """Carry frames both ways until the connection is closed, and tell the receiver of it."""
        self._writer = asyncio.create_task(self._write())
        closed: Closed | None = None
        try:
            closed = await self._read(receiver)
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, SystemExit)) or is_cancelled():
                raise
            _logger.exception("A receiver failed; its connection is dropped.")
        finally:
            if closed is None:
                self.abort()
            self._writer.cancel()
            # By the loop, which logs what is raised; and before those who wait are woken.
            asyncio.get_running_loop().call_soon(receiver.connection_lost, closed or Closed(1006))
            self._lost.set()
            await asyncio.wait([self._writer])

    def send_text(self, text: bytes) -> None:
        self._put(len(text), functools.partial(self._send_text, text))

    def send_binary(self, data: bytes) -> None:
        self._put(len(data), functools.partial(self._send_binary, data))

    def close(self, code: int = 1000, reason: str = "") -> None:
        frame = close_frame(Closed(code, reason))
        if frame is None:
            self.abort()
        elif self._our_close is None and not self._lost.is_set():
            self._put(0, functools.partial(self._send_close, frame))
            self._our_close = frame
            asyncio.get_running_loop().call_later(self._close_timeout, self.abort)

    def abort(self) -> None:
        if isinstance(self._transport, asyncio.WriteTransport) and not self._lost.is_set():
            self._aborted = True
            self._transport.abort()

    def leave(self) -> None:
        """Abort, unless the connection is closing anyway."""
        if self._our_close is None:
            self.abort()

    async def wait_closed(self) -> None:
        await self._lost.wait()

    def _put(self, size_bytes: int, send: Callable[[], Awaitable[object]]) -> None:
        if self._our_close or self._aborted or self._lost.is_set():
            return
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.abort()
            return
        self._waiting_bytes += size_bytes
        self._outbox.put_nowait((size_bytes, send))

    async def _write(self) -> None:
        # Closed meanwhile: who reads reports it.
        with contextlib.suppress(ConnectionClosed, ConnectionError, RuntimeError):
            while self._our_close is None or not self._outbox.empty():
                size_bytes, send = await self._outbox.get()
                await send()
                self._waiting_bytes -= size_bytes

    async def _read(self, receiver: Receiver) -> Closed:
        raise NotImplementedError

    def _send_text(self, text: bytes) -> Awaitable[object]:
        raise NotImplementedError

    def _send_binary(self, data: bytes) -> Awaitable[object]:
        raise NotImplementedError

    def _send_close(self, frame: Closed) -> Awaitable[object]:
        raise NotImplementedError


class _ClientConnection(_SocketConnection):
    def __init__(self, socket_: ClientConnection, close_timeout: float) -> None:
        super().__init__(socket_.transport, close_timeout)
        self._socket = socket_

    async def _read(self, receiver: Receiver) -> Closed:
        try:
            while True:
                frame = await self._socket.recv()
                if isinstance(frame, str):
                    receiver.text_received(frame)
                else:
                    receiver.binary_received(frame)
        except ConnectionClosed as end:
            # Who closed first says how: some servers answer any code with 1000.
            said = end.sent if end.rcvd and not end.rcvd_then_sent else end.rcvd
            return Closed(int(said.code), said.reason) if said else Closed(1006)

    def _send_text(self, text: bytes) -> Awaitable[object]:
        return self._socket.send(text, text=True)

    def _send_binary(self, data: bytes) -> Awaitable[object]:
        return self._socket.send(data)

    def _send_close(self, frame: Closed) -> Awaitable[object]:
        return self._socket.close(frame.code, frame.reason)


class _SocketListener(Listener):
    def __init__(
        self,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None,
        *,
        max_body_bytes: int,
        body_timeout: float,
        close_timeout: float,
    ) -> None:
        self._handle_http = handle_http
        self._handle_socket = handle_socket
        self._body_timeout = body_timeout
        self._close_timeout = close_timeout
        self._connections: set[_ServerConnection] = set()
        self._url = ""
        server = web.Application(client_max_size=max_body_bytes)
        server.router.add_route("*", "/{path:.*}", self._handle)
        # The handler of a request that nobody waits for any more still finishes: a webhook is not half done.
        self._runner = web.AppRunner(
            server, access_log=None, handler_cancellation=False, shutdown_timeout=self._close_timeout
        )

    @property
    def url(self) -> str:
        return self._url

    async def open(self, host: str, port: int) -> None:
        await self._runner.setup()
        try:
            site = web.SockSite(self._runner, _bind(host, port))
            await site.start()
        except BaseException:
            await self._runner.cleanup()
            raise
        bound_host, bound_port = self._runner.addresses[0][:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(bound_host), str(bound_host))  # noqa: S104 - compared, not bound
        self._url = f"http://[{shown}]:{bound_port}" if ":" in shown else f"http://{shown}:{bound_port}"

    async def close(self) -> None:
        for connection in list(self._connections):
            connection.leave()
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        upgrade = headers.get("upgrade", "").lower() == "websocket"
        if not upgrade:
            return await self._answer(request, headers)
        seen = HttpRequest(request.method, request.path_qs, headers)
        answer = self._handle_socket(seen) if self._handle_socket else HttpReply(404)
        if answer is None:
            return self._drop(request)
        if isinstance(answer, HttpReply):
            return _response(answer)
        return await self._serve(request, answer)

    async def _answer(self, request: web.Request, headers: Mapping[str, str]) -> web.Response:
        try:
            async with asyncio.timeout(self._body_timeout):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        except ConnectionError:
            return web.Response(status=400)  # Nobody waits for it; aiohttp would log a traceback.
        except web.RequestPayloadError:
            # It is not packed as its header says. Without an end aiohttp would read on, and log a traceback.
            request.content.feed_eof()
            refusal = web.Response(status=400)
            refusal.force_close()
            return refusal
        return _response(await self._handle_http(HttpRequest(request.method, request.path_qs, headers, body)))

    def _drop(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=400)  # Never sent: the transport is gone.

    async def _serve(self, request: web.Request, accept: Callable[[Connection], Receiver]) -> web.WebSocketResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        socket_ = web.WebSocketResponse(
            compress=False,
            max_msg_size=MAX_FRAME_BYTES,
            protocols=[name.strip() for name in offered.split(",") if name.strip()],
            timeout=self._close_timeout,
        )
        await socket_.prepare(request)
        connection = _ServerConnection(socket_, request.transport, self._close_timeout)
        self._connections.add(connection)
        try:
            await connection.run(accept(connection))
        finally:
            self._connections.discard(connection)
        return socket_


class _ServerConnection(_SocketConnection):
    def __init__(
        self, socket_: web.WebSocketResponse, transport: asyncio.BaseTransport | None, close_timeout: float
    ) -> None:
        super().__init__(transport, close_timeout)
        self._socket = socket_

    async def run(self, receiver: Receiver) -> None:
        pings = asyncio.create_task(self._ping())
        try:
            await super().run(receiver)
        finally:
            pings.cancel()
            await asyncio.wait([pings])

    async def _read(self, receiver: Receiver) -> Closed:
        while True:
            frame = await self._socket.receive()
            if frame.type is aiohttp.WSMsgType.TEXT:
                receiver.text_received(frame.data)
            elif frame.type is aiohttp.WSMsgType.BINARY:
                receiver.binary_received(frame.data)
            elif frame.type is aiohttp.WSMsgType.CLOSE:
                return Closed(frame.data or 1005, frame.extra or "")
            else:
                # aiohttp reports 1000 for every close of our own, and for an end without a close frame. It stops
                # reading when the close frame goes out, not when it is answered.
                if self._our_close:
                    await asyncio.wait([self._writer], timeout=self._close_timeout)
                return Closed(1006) if self._aborted or self._our_close is None else self._our_close

    async def _ping(self) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                await asyncio.sleep(PING_INTERVAL_S)
                await self._socket.ping()

    def _send_text(self, text: bytes) -> Awaitable[object]:
        return self._socket.send_frame(text, aiohttp.WSMsgType.TEXT)

    def _send_binary(self, data: bytes) -> Awaitable[object]:
        return self._socket.send_frame(data, aiohttp.WSMsgType.BINARY)

    def _send_close(self, frame: Closed) -> Awaitable[object]:
        return self._socket.close(code=frame.code, message=frame.reason.encode())


def _bind(host: str, port: int) -> socket.socket:
    """Bind in one step of our own, so that a taken port is an OSError with its number and nothing else."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Lets a restarted server have its port back while old connections still fade out.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(1024)
    except BaseException:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def _response(reply: HttpReply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers=_kept(reply.headers))


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower() not in _NOT_FORWARDED}

"""One port that serves HTTP and WebSocket, by aiohttp."""

import asyncio
import socket
from collections.abc import Callable, Mapping

from aiohttp import web

from mentra.transport.base import (
    Connection,
    HandleHttp,
    HandleSocket,
    HttpReply,
    HttpRequest,
    Listener,
    Receiver,
)
from mentra.transport.websocket import MAX_FRAME_BYTES, ServerSocket

_NOT_FORWARDED = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding"})


class SocketListener(Listener):
    """A server on one port."""

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
        self._connections: set[ServerSocket] = set()
        self._url = ""
        server = web.Application(client_max_size=max_body_bytes)
        server.router.add_route("*", "/{path:.*}", self._handle)
        # The handler of a request that nobody waits for any more still finishes: a webhook is not half done.
        self._runner = web.AppRunner(
            server, access_log=None, handler_cancellation=False, shutdown_timeout=self._close_timeout
        )

    @property
    def url(self) -> str:
        """Where it is reached."""
        return self._url

    async def open(self, host: str, port: int) -> None:
        """Begin to listen. Raises OSError when the port is taken."""
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
        """Stop listening, and drop what is open."""
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
        connection = ServerSocket(socket_, request.transport, self._close_timeout)
        self._connections.add(connection)
        try:
            await connection.run(accept(connection))
        finally:
            self._connections.discard(connection)
        return socket_


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers as a message that is passed on keeps them: without those that its own sending decides."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in _NOT_FORWARDED}


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
    return web.Response(status=reply.status, body=reply.body, headers=kept_headers(reply.headers))

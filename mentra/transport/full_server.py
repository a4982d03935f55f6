"""Whatever a connection may bring, HTTP of every kind and WebSockets, by aiohttp.

It gets its connections from the listener, when something has come that is not plain. Importing this imports aiohttp.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from mentra.transport.base import (
    MAX_FRAME_BYTES,
    BodyLimit,
    Connection,
    HandleHttp,
    HandleSocket,
    HttpError,
    HttpReply,
    HttpRequest,
    Receiver,
    body_limit,
)
from mentra.transport.headers import joined, kept_headers, streamed_headers
from mentra.transport.server_socket import ServerSocket
from mentra.transport.server_times import ServerTimes
from mentra.transport.streaming import pump

MIN_BODY_BYTES_PER_S = 4096
"""So fast a body has to come on the whole, if it is not there within the timeout: phones upload slowly."""

_ENCODING = "content-encoding"

_logger = logging.getLogger(__name__)


def _is_no_nonsense(record: logging.LogRecord) -> bool:
    """Return whether a record tells of more than of a request that cannot be read: its text may have a token in it."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_server_logger = logging.getLogger("mentra.transport.server")
_server_logger.addFilter(_is_no_nonsense)


class FullServer:
    """Serves the connections that it is given.

    Args:
        handle_http: Answers a request. Does not raise.
    """

    def __init__(
        self,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None,
        *,
        max_body_bytes: BodyLimit,
        times: ServerTimes,
    ) -> None:
        self._handle_http = handle_http
        self._handle_socket = handle_socket
        self._max_body_bytes = max_body_bytes
        self._times = times
        self._connections: set[ServerSocket] = set()
        self._pumps: set[asyncio.Task[bool]] = set()
        self._ready: dict[web.RequestHandler, HttpReply] = {}
        """For connections that came with an answer to their first request: that answer."""
        self._unsent: set[asyncio.Task[None]] = set()
        self._is_ending = False
        # The handler of a request that nobody waits for any more still finishes: a webhook is not half done.
        self._server = _Server(
            self._handle,
            self._lost,
            head_timeout=times.idle_timeout,
            keepalive_timeout=times.idle_timeout,
            access_log=None,
            handler_cancellation=False,
            logger=_server_logger,
        )

    def take(self, transport: asyncio.Transport, data: bytes, reply: HttpReply | None, *, may_write: bool) -> None:
        """Take over a connection.

        Args:
            data: What has come on it, from the first byte of a request on.
            reply: The answer to that request, if there is one already.
            may_write: Whether the transport has asked for a pause.
        """
        handler = self._server()
        if reply is not None:
            self._ready[handler] = reply
        transport.set_protocol(handler)
        handler.connection_made(transport)
        if not may_write:
            handler.pause_writing()
        handler.data_received(data)
        if self._is_ending:
            handler.close()

    def leave_sockets(self) -> None:
        """Drop the open WebSockets, but those that are closing anyway."""
        for connection in list(self._connections):
            connection.leave()

    def end(self) -> None:
        """Begin no more requests, and close each connection when its last one is answered."""
        self._is_ending = True
        self._server.pre_shutdown()

    async def close(self) -> None:
        """Wait for what is under way, and drop the rest."""
        await asyncio.gather(self._server.shutdown(self._times.close_timeout), self._end_streams())
        if self._unsent:
            await asyncio.wait(self._unsent, timeout=self._times.close_timeout)

    def _lost(self, handler: web.RequestHandler) -> None:
        """Close an answer that will not be sent."""
        if reply := self._ready.pop(handler, None):
            closing = asyncio.create_task(reply.close())
            self._unsent.add(closing)
            closing.add_done_callback(self._unsent.discard)

    async def _end_streams(self) -> None:
        if self._pumps:
            await asyncio.wait(self._pumps, timeout=self._times.close_timeout)
        for pumping in self._pumps:
            pumping.cancel()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._server.has_head(request)
        headers = _seen_headers(request)
        upgrade = headers.get("upgrade", "").lower() == "websocket"
        if not upgrade:
            return await self._answer(request, headers)
        seen = HttpRequest(request.method, _target(request), headers)
        answer = self._handle_socket(seen) if self._handle_socket else HttpReply(404)
        if answer is None:
            return self._drop(request)
        if isinstance(answer, HttpReply):
            return _response(answer)
        return await self._serve(request, answer)

    async def _answer(self, request: web.BaseRequest, headers: dict[str, str]) -> web.StreamResponse:
        limit = body_limit(self._max_body_bytes, HttpRequest(request.method, _target(request), headers))
        try:
            body = await _body(request, limit, timeout=self._times.body_timeout)
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
        if body is None:
            return web.Response(status=413)
        headers.pop(_ENCODING, None)  # aiohttp has unpacked it.
        seen = HttpRequest(request.method, _target(request), headers, body)
        reply = self._ready.pop(request.protocol, None) or await self._handle_http(seen)
        if reply.chunks is None:
            return _response(reply)
        if request.method == "HEAD":
            await reply.close()
            return _response(reply)
        return await self._stream(request, reply, reply.chunks)

    async def _stream(
        self, request: web.BaseRequest, reply: HttpReply, chunks: AsyncIterator[bytes]
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=reply.status, headers=streamed_headers(reply.headers))
        _set_cookies(response, reply)
        pumping = asyncio.create_task(self._pump(request, response, chunks))
        self._pumps.add(pumping)
        pumping.add_done_callback(self._pumps.discard)
        self._server.when_lost(request, pumping.cancel)
        try:
            await asyncio.wait([pumping])
        finally:
            self._server.forget(request)
            pumping.cancel()
            await asyncio.wait([pumping], timeout=self._times.close_timeout)
            if pumping.done():
                await reply.close()  # If it was cancelled before it began.
            else:
                _logger.warning(
                    "What makes the answer to %s %s does not end, although nobody reads it any more; it is left "
                    "behind.",
                    request.method,
                    _target(request).partition("?")[0],
                )
        complete = pumping.done() and not pumping.cancelled() and pumping.result()
        if not complete and request.transport is not None:
            request.transport.abort()  # The end of the chunks would be taken for the end of the body.
        return response

    async def _pump(self, request: web.BaseRequest, response: web.StreamResponse, chunks: AsyncIterator[bytes]) -> bool:
        async def write(chunk: bytes) -> None:
            try:
                async with asyncio.timeout(self._times.write_timeout):
                    await response.write(chunk)
            except (ConnectionError, TimeoutError) as error:
                raise HttpError(f"Nobody reads it any more: {error}") from None

        try:
            await response.prepare(request)
        except ConnectionError:
            return False
        return await pump(chunks, write)

    def _drop(self, request: web.BaseRequest) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=400)  # Never sent: the transport is gone.

    async def _serve(self, request: web.BaseRequest, accept: Callable[[Connection], Receiver]) -> web.WebSocketResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        socket_ = web.WebSocketResponse(
            compress=False,
            max_msg_size=MAX_FRAME_BYTES,
            protocols=[name.strip() for name in offered.split(",") if name.strip()],
            timeout=self._times.close_timeout,
        )
        await socket_.prepare(request)
        connection = ServerSocket(socket_, request.transport, self._times.close_timeout)
        self._connections.add(connection)
        try:
            await connection.run(accept(connection))
        finally:
            self._connections.discard(connection)
        return socket_


class _Server(web.Server):
    """Tells of connections that are gone. aiohttp tells by a cancellation only, which a webhook must not meet.

    It also drops those on which no whole head arrives in time; between requests aiohttp sees to that.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Any],
        lost: Callable[[web.RequestHandler], object],
        *,
        head_timeout: float,
        **options: Any,
    ) -> None:
        super().__init__(handler, **options)
        self._lost = lost
        self._callbacks: dict[object, Callable[[], object]] = {}
        self._head_timeout = head_timeout
        self._headless: dict[object, asyncio.TimerHandle] = {}

    def has_head(self, request: web.BaseRequest) -> None:
        """Learn that the head of a request is there."""
        if timer := self._headless.pop(request.protocol, None):
            timer.cancel()

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Learn from aiohttp that somebody has connected."""
        super().connection_made(handler, transport)
        self._headless[handler] = asyncio.get_running_loop().call_later(self._head_timeout, transport.abort)

    def when_lost(self, request: web.BaseRequest, callback: Callable[[], object]) -> None:
        """Call back once the connection of a request is gone."""
        if request.transport is None:
            callback()
        else:
            self._callbacks[request.protocol] = callback

    def forget(self, request: web.BaseRequest) -> None:
        """Call back no more."""
        self._callbacks.pop(request.protocol, None)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Learn from aiohttp that a connection is gone."""
        super().connection_lost(handler, exc)
        if timer := self._headless.pop(handler, None):
            timer.cancel()
        if callback := self._callbacks.pop(handler, None):
            callback()
        self._lost(handler)


def _target(request: web.BaseRequest) -> str:
    """Return the path and the query as they were sent: aiohttp's own are normalised."""
    if request.raw_path.startswith("/"):
        return request.raw_path
    path = request.path_qs  # Of a whole URL, as proxies send it.
    return path if path.startswith("/") else f"/{path}"


def _seen_headers(request: web.BaseRequest) -> dict[str, str]:
    """Return the headers by names in lower case; what comes in several is joined."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        headers[lower] = joined(lower, headers[lower], value) if lower in headers else value
    return headers


async def _body(request: web.BaseRequest, limit: int, *, timeout: float) -> bytes | None:
    """Return the body, or ``None`` if it is too large.

    Raises:
        TimeoutError: It comes too slowly.
    """
    if (request.content_length or 0) > limit:
        return None
    if request.headers.get("expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # As aiohttp's applications do: the answer has not begun.
    body = bytearray()
    until = asyncio.get_running_loop().time() + timeout
    async with asyncio.timeout_at(until) as waiting:
        while chunk := await request.content.readany():
            body += chunk
            if len(body) > limit:
                return None
            waiting.reschedule(until + len(body) / MIN_BODY_BYTES_PER_S)
    return bytes(body)


def _set_cookies(response: web.StreamResponse, reply: HttpReply) -> None:
    for cookie in reply.cookies:
        response.headers.add("set-cookie", cookie)


def _response(reply: HttpReply) -> web.Response:
    response = web.Response(status=reply.status, body=reply.body, headers=kept_headers(reply.headers))
    _set_cookies(response, reply)
    return response

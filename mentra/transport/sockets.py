"""The real network: who calls, by aiohttp and protocols of our own. Who is called is in ``listener.py``.

One port serves HTTP and WebSocket, which the websockets library does not do; hence two libraries.
"""

import asyncio
import functools
import logging
import socket
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from websockets.exceptions import WebSocketException

from mentra.transport.base import (
    MAX_BODY_BYTES,
    MAX_FRAME_BYTES,
    BodyLimit,
    Connection,
    HandleHttp,
    HandleSocket,
    HttpError,
    HttpReply,
    Listener,
    Network,
    Receiver,
)
from mentra.transport.client_socket import ClientSocket
from mentra.transport.late_import import HTTP_CLIENT, late_import
from mentra.transport.listener import SocketListener
from mentra.transport.opening import Limits, open_websocket
from mentra.transport.outbox import Outbox
from mentra.transport.server_times import ServerTimes
from mentra.transport.tls import Tls

if TYPE_CHECKING:
    from mentra.transport.http_client import HttpClient

_SMALL_BYTES = 64 * 1024
"""An answer that says that it is no longer than this is read at once."""

# At DEBUG the library logs every frame, and the first one of each connection carries the API key.
_frame_logger = logging.getLogger("mentra.transport.frames")
_frame_logger.setLevel(logging.INFO)
_LIMITS = Limits(max_size=MAX_FRAME_BYTES, logger=_frame_logger)


class SocketNetwork(Network):
    """Bytes over TCP, with TLS for ``wss`` and ``https``, through the proxy of the environment.

    Args:
        close_timeout: Seconds until a close that the other end does not take becomes an abort.
        body_timeout: Seconds in which the body of a request to a listener has to arrive; longer, as long as it comes
            with ``MIN_BODY_BYTES_PER_S`` on the whole.
        idle_timeout: Seconds until a listener drops a connection without a request. Longer than what proxies and
            tunnels keep connections for, which might send on one that is just being closed.
        write_timeout: Seconds until a listener drops who takes nothing more of a streamed reply.
        bound: What ``listen`` shall listen on, whatever its host and port: a socket that listens already, such as one
            that is shared with other processes. Its listener closes it.
    """

    def __init__(
        self,
        *,
        close_timeout: float = 2.0,
        body_timeout: float = 30.0,
        idle_timeout: float = 120.0,
        write_timeout: float = 60.0,
        bound: socket.socket | None = None,
    ) -> None:
        self._close_timeout = close_timeout
        self._server_times = ServerTimes(
            body_timeout=body_timeout,
            idle_timeout=idle_timeout,
            write_timeout=write_timeout,
            close_timeout=close_timeout,
        )
        self._bound = bound
        self._client: HttpClient | None = None
        self._connections: set[ClientSocket] = set()
        self._outbox: Outbox | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(
        self, url: str, receiver: Receiver, *, headers: Mapping[str, str] | None = None, timeout: float
    ) -> Connection:
        """Open a WebSocket."""
        try:
            opened = await open_websocket(url, headers=headers, tls=_tls, limits=_LIMITS, timeout=timeout)
        # A ValueError is an impossible address, an ImportError a SOCKS proxy without the package for it.
        except (WebSocketException, ValueError, ImportError) as error:
            raise ConnectionError(f"{url} could not be opened: {error}") from error
        if self._outbox is None:
            self._outbox = Outbox(asyncio.get_running_loop())
        return ClientSocket(
            opened, receiver, close_timeout=self._close_timeout, siblings=self._connections, outbox=self._outbox
        )

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
            async with asyncio.timeout(timeout):
                reply = await (await self._http()).send(method, url, headers, body)
                return await reply.whole()
        except TimeoutError as error:
            raise HttpError(f"{url} did not answer within {timeout:g} s.") from error

    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        """Send an HTTP request, and return when the head of the answer is there."""
        try:
            async with asyncio.timeout(timeout):
                reply = await (await self._http()).send(method, url, headers, body)
                length = reply.headers.get("content-length", "")
                return await reply.whole() if length.isdecimal() and int(length) <= _SMALL_BYTES else reply
        except TimeoutError as error:
            raise HttpError(f"{url} did not answer within {timeout:g} s.") from error

    async def listen(
        self,
        host: str,
        port: int,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None = None,
        *,
        max_body_bytes: BodyLimit = MAX_BODY_BYTES,
    ) -> Listener:
        """Serve HTTP and WebSocket on one port."""
        listener = SocketListener(
            handle_http,
            handle_socket,
            max_body_bytes=max_body_bytes,
            times=self._server_times,
        )
        await listener.open(host, port, bound=self._bound)
        return listener

    async def close(self) -> None:
        """Drop the connections, those in the pool too."""
        for connection in self._connections:
            connection.leave()
        if self._connections:
            await asyncio.wait([connection.lost for connection in self._connections])
        self._outbox = None
        if self._client is not None:
            await self._client.close()

    async def _http(self) -> "HttpClient":
        if self._client is None:
            await late_import(HTTP_CLIENT)
            # It imports aiohttp: 150 ms of a start.
            from mentra.transport.http_client import HttpClient

            self._client = self._client or HttpClient()
        return self._client


@functools.cache
def _tls() -> Tls:
    # Building a context takes about 20 ms; one serves all connections (docs/architecture.md, Transport).
    return Tls(ssl.create_default_context())

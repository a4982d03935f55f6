"""The real network: a WebSocket client that falls back on websockets, everything else by aiohttp.

One port serves HTTP and WebSocket, which the websockets library does not do; hence two libraries.
"""

import asyncio
import functools
import io
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from websockets.exceptions import WebSocketException
from yarl import URL

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
    is_loopback,
)
from mentra.transport.client_socket import ClientSocket
from mentra.transport.listener import SocketListener, streamed_headers
from mentra.transport.opening import Limits, open_websocket
from mentra.transport.tls import Tls

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
    """

    def __init__(
        self,
        *,
        close_timeout: float = 2.0,
        body_timeout: float = 30.0,
        idle_timeout: float = 120.0,
        write_timeout: float = 60.0,
    ) -> None:
        self._close_timeout = close_timeout
        self._body_timeout = body_timeout
        self._idle_timeout = idle_timeout
        self._write_timeout = write_timeout
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._connections: set[ClientSocket] = set()

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
        connection = ClientSocket(opened, receiver, close_timeout=self._close_timeout)
        self._connections.add(connection)
        connection.lost.add_done_callback(lambda _: self._connections.discard(connection))
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
            async with asyncio.timeout(timeout):
                return await (await self._send(method, url, headers, body)).whole()
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
                reply = await self._send(method, url, headers, body)
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
            body_timeout=self._body_timeout,
            idle_timeout=self._idle_timeout,
            write_timeout=self._write_timeout,
            close_timeout=self._close_timeout,
        )
        await listener.open(host, port)
        return listener

    async def close(self) -> None:
        """Drop the connections, those in the pool too."""
        for connection in self._connections:
            connection.leave()
        if self._connections:
            await asyncio.wait([connection.lost for connection in self._connections])
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def _send(self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes) -> HttpReply:
        try:
            answer = await self._session(url).request(
                method,
                _exact(url),
                # aiohttp warns of large bodies that are not files.
                data=io.BytesIO(body) if len(body) > MAX_BODY_BYTES else body or None,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None),  # Callers have their own.
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise HttpError(f"{url} could not be reached: {error}.") from error
        headers = streamed_headers(answer.headers)
        if headers.pop("content-encoding", None):
            headers.pop("content-length", None)  # Of the packed body; aiohttp unpacks it.
        return HttpReply(
            answer.status,
            headers=headers,
            cookies=tuple(answer.headers.getall("set-cookie", ())),
            chunks=_Body(answer, url),
        )

    def _session(self, url: str) -> aiohttp.ClientSession:
        # aiohttp would send a request to this machine through the proxy, too.
        through_proxy = not is_loopback(urlsplit(url).hostname)
        if through_proxy not in self._sessions:
            # Many users' requests go through one session: none may see another's cookies.
            cookies = aiohttp.DummyCookieJar()
            self._sessions[through_proxy] = aiohttp.ClientSession(trust_env=through_proxy, cookie_jar=cookies)
        return self._sessions[through_proxy]


def _exact(url: str) -> URL | str:
    """Return a URL so that aiohttp sends it as it is: it would write ``%40`` as ``@``, and resolve ``..``."""
    # What may not stand in a request line it has to quote.
    sendable = url.isascii() and url.isprintable() and " " not in url
    return URL(url, encoded=True) if sendable else url


@functools.cache
def _tls() -> Tls:
    # Building a context takes about 20 ms; one serves all connections (docs/architecture.md, Transport).
    return Tls(ssl.create_default_context())


class _Body(AsyncIterator[bytes]):
    """The body of an answer, as it comes."""

    def __init__(self, answer: aiohttp.ClientResponse, url: str) -> None:
        self._answer = answer
        self._url = url

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._answer.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise HttpError(f"{self._url} broke off: {error}.") from error
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        # Nothing more is read: a connection with a rest on it cannot be used again, and aiohttp closes it.
        self._answer.close()

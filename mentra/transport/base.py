"""The interface between those who have something to say and those who carry it.

Frames are pushed: whoever opens or accepts a connection hands over a ``Receiver`` and gets a ``Connection`` to
send on. Both ends use the same two interfaces, and so do the network and the in-memory version.

The rules:

* ``connection_lost`` is called exactly once per connection, after the last frame, whichever end closed it.
* ``send_text``, ``send_binary`` and ``close`` never block and never raise; on a closed connection they do nothing.
* Frames arrive in the order in which they were sent, and a close after the frames sent before it.
* What is queued is bounded: who sends more while ``MAX_WAITING_BYTES`` wait to be sent loses the connection, and a
  close that the other end does not take within seconds becomes an abort.
* Receivers are called on the event loop's thread and must not block. One that raises loses its connection: the
  traceback is logged, and ``connection_lost`` follows.
* A redirect is a refusal: it is never followed, as the headers hold secrets.
* A reply may be streamed. Its chunks are asked for one after the other, and only as fast as the other end reads. Who
  wants no more of them closes the reply; then, and when the connection breaks, the iterator behind it is closed.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

MAX_REASON_BYTES = 123
"""How long the reason in a close frame may be, in UTF-8."""
MAX_FRAME_BYTES = 16 * 1024 * 1024
"""The cloud's own limit (MentraOS (Jun-2026) cloud/packages/cloud/src/index.ts)."""
MAX_WAITING_BYTES = 16 * 1024 * 1024
"""How much may wait to be sent on one connection, without the last frame."""
MAX_BODY_BYTES = 1_000_000
"""How large the body of a request to a listener may be, unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended."""

    code: int
    """The WebSocket close code; 1006 when there was no close frame."""
    reason: str = ""


class Receiver(Protocol):
    """What a connection delivers to."""

    __slots__ = ()

    def text_received(self, text: str | bytes) -> None:
        """Take one text frame, as ``str`` or as UTF-8."""

    def binary_received(self, data: bytes) -> None:
        """Take one binary frame."""

    def connection_lost(self, closed: Closed) -> None:
        """Learn that the connection is closed. Nothing comes after this."""


class Connection(Protocol):
    """One end of an open WebSocket, real or not."""

    __slots__ = ()

    def send_text(self, text: bytes) -> None:
        """Queue one text frame, given as UTF-8."""

    def send_binary(self, data: bytes) -> None:
        """Queue one binary frame."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Queue a close frame behind everything sent so far.

        Whatever the code and the reason, the connection is closed; see ``close_frame`` for what cannot be said.
        """

    def abort(self) -> None:
        """Drop the connection without a close frame, as a broken network does; the other end sees 1006."""

    async def wait_closed(self) -> None:
        """Wait until the connection is closed."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as a server sees it."""

    method: str
    path: str
    """With the query, if there is one: ``/health?full=1``."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names in lower case."""
    body: bytes = b""

    @property
    def path_only(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer to a request."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    """Names in lower case."""
    cookies: tuple[str, ...] = ()
    """The values of the headers ``set-cookie``, the only ones that cannot be joined to one."""
    chunks: AsyncIterator[bytes] | None = None
    """In place of a body: its pieces, as they come, perhaps without end."""

    async def whole(self) -> "HttpReply":
        """Return this with all that is streamed in one piece.

        Raises:
            HttpError: The connection broke before the end.
        """
        if self.chunks is None:
            return self
        try:
            body = b"".join([chunk async for chunk in self.chunks])
        finally:
            await self.close()
        return dataclasses.replace(self, body=body, chunks=None)

    async def close(self) -> None:
        """Want no more chunks. Does nothing to a reply that has none."""
        if self.chunks is not None:
            await close_iterator(self.chunks)


class HttpError(Exception):
    """A request got no answer: nobody listens there, the time is over, or the connection broke."""


Accept = Callable[[Connection], Receiver]
"""Takes an accepted connection and returns who listens to it."""

HandleHttp = Callable[[HttpRequest], Awaitable[HttpReply]]

BodyLimit = int | Callable[[HttpRequest], int]
"""How many bytes the body of a request may have: one limit for all, or one for each request, told by its head."""

HandleSocket = Callable[[HttpRequest], Accept | HttpReply | None]
"""Decides on a WebSocket upgrade: accept it, refuse it with an answer, or (``None``) drop it without one."""


class Listener(Protocol):
    """A server that is up."""

    @property
    def url(self) -> str:
        """Where it is reached: ``http://127.0.0.1:3000``."""
        ...

    async def close(self) -> None:
        """Stop listening and free the port.

        Requests and closing connections are given a moment to finish; all others are dropped.
        """


class Network(Protocol):
    """A way for bytes to travel."""

    async def connect(
        self, url: str, receiver: Receiver, *, headers: Mapping[str, str] | None = None, timeout: float
    ) -> Connection:
        """Open a WebSocket.

        Args:
            timeout: Seconds for the whole opening handshake.

        Raises:
            OSError: It could not be opened; nothing is left over. ``TimeoutError`` is one of these.
        """
        ...

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        """Send an HTTP request; any status is an answer.

        Raises:
            HttpError: There was no answer, or not all of it in time.
        """
        ...

    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        """Send an HTTP request, and return as soon as the head of the answer is there.

        The body is in ``chunks``, unless it is there already; an ``HttpError`` among them is a connection that broke.
        Close the reply when done with it.

        Args:
            timeout: Seconds until the head.

        Raises:
            HttpError: There was no answer.
        """
        ...

    async def listen(
        self,
        host: str,
        port: int,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None = None,
        *,
        max_body_bytes: BodyLimit = MAX_BODY_BYTES,
    ) -> Listener:
        """Serve HTTP and WebSocket on one port; 0 picks a free one.

        Args:
            max_body_bytes: A request with more is answered with 413. One that comes too slowly, with 408.

        Raises:
            OSError: The port is taken, or may not be used.
        """
        ...

    async def close(self) -> None:
        """Drop the connections that were opened here, once those that are closing had a moment to finish.

        Listeners stay: they are closed by those who opened them.
        """


def close_frame(closed: Closed) -> Closed | None:
    """Return what a close frame can carry of this, or ``None`` when it can only be an abort.

    The reason is cut after 123 bytes. 1005, a close without a code, is said as 1000. 1006 and 1015 mean that there
    was no frame, so there is none to be sent either.

    Source: RFC 6455, sections 5.5 and 7.4.
    """
    code = 1000 if closed.code == 1005 else closed.code
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        return None
    return Closed(code, closed.reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))


def body_limit(limit: BodyLimit, request: HttpRequest) -> int:
    """Return how many bytes the body of this request may have."""
    return limit(request) if callable(limit) else limit


async def close_iterator(iterator: AsyncIterator[object]) -> None:
    """Close an iterator that nobody reads any more, if it is of a kind that can be closed, as generators are."""
    aclose = getattr(iterator, "aclose", None)
    if aclose is not None:
        await aclose()


def is_cancelled() -> bool:
    """Return whether the running task is being cancelled, and not only meets the cancellation of another one."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def is_loopback(host: str | None) -> bool:
    """Return whether a host name stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False  # A name: also "127.example.com", which belongs to whoever owns the domain.


def http_base(websocket_url: str) -> str:
    """Return the HTTP address of the server behind a WebSocket URL: scheme kept in kind, path dropped."""
    parts = urlsplit(websocket_url)
    scheme = "https" if parts.scheme in ("wss", "https") else "http"
    return f"{scheme}://{parts.netloc}"


def request_target(url: str) -> str:
    """Return what a request line says of a URL: the path and the query."""
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def lower_names(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return headers as a server sees them, with names in lower case."""
    return {name.lower(): value for name, value in (headers or {}).items()}

"""A network within one process, for tests: no sockets, no ports, no threads.

Everything is delivered by ``loop.call_soon``, so two ends never call into each other, and a test on a virtual
clock sees a whole conversation happen in no time.
"""

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from mentra.transport.base import (
    MAX_BODY_BYTES,
    MAX_WAITING_BYTES,
    Accept,
    BodyLimit,
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
    body_limit,
    close_frame,
    lower_names,
    request_target,
)
from mentra.transport.streaming import Flow, Window, pump

_CLOSE_TIMEOUT_S = 2.0

_logger = logging.getLogger(__name__)


class MemoryNetwork(Network):
    """Listeners and connections that exist in this object only."""

    def __init__(self) -> None:
        self._listeners: dict[str, _MemoryListener] = {}
        self._next_port = 1

    async def connect(
        self, url: str, receiver: Receiver, *, headers: Mapping[str, str] | None = None, timeout: float
    ) -> Connection:
        """Open a connection to a listener of this network."""
        listener = self._listener(url)
        if listener is None or listener.handle_socket is None:
            raise ConnectionRefusedError(f"Nobody listens at {url}.")
        answer = listener.handle_socket(HttpRequest("GET", request_target(url), lower_names(headers)))
        if not callable(answer):
            raise ConnectionRefusedError(f"{url} refused the WebSocket: {answer}.")
        return listener.open(answer, receiver)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        """Call a listener of this network."""
        try:
            async with asyncio.timeout(timeout):
                reply = await self.stream(method, url, headers=headers, body=body, timeout=timeout)
                return await reply.whole()
        except TimeoutError:
            raise HttpError(f"{url} did not answer within {timeout:g} s.") from None

    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        """Call a listener of this network."""
        listener = self._listener(url)
        if listener is None:
            raise HttpError(f"Nobody listens at {url}.")
        answer = listener.answer(HttpRequest(method, request_target(url), lower_names(headers), body))
        try:
            await asyncio.wait([answer], timeout=timeout)
        finally:
            if not answer.done():
                answer.add_done_callback(_discard)
        if not answer.done():
            raise HttpError(f"{url} did not answer within {timeout:g} s.")
        if answer.cancelled():
            raise HttpError(f"{url} was closed before it answered.")
        return answer.result()

    async def listen(
        self,
        host: str,
        port: int,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None = None,
        *,
        max_body_bytes: BodyLimit = MAX_BODY_BYTES,
    ) -> Listener:
        """Serve under ``host:port``."""
        if port == 0:
            port, self._next_port = self._next_port, self._next_port + 1
        netloc = f"{host}:{port}"
        if netloc in self._listeners:
            raise OSError(f"{netloc} is in use.")
        listener = self._listeners[netloc] = _MemoryListener(self, netloc, handle_http, handle_socket, max_body_bytes)
        return listener

    async def close(self) -> None:
        """Drop all connections: who opened them and who accepted them are both here."""
        for listener in self._listeners.values():
            await listener.drop_connections()

    def forget(self, netloc: str) -> None:
        """Take a listener off the network."""
        self._listeners.pop(netloc, None)

    def _listener(self, url: str) -> "_MemoryListener | None":
        try:
            return self._listeners.get(urlsplit(url).netloc)
        except ValueError:
            return None  # Not an address: "http://[::1".


class _MemoryListener(Listener):
    def __init__(
        self,
        network: MemoryNetwork,
        netloc: str,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None,
        max_body_bytes: BodyLimit,
    ) -> None:
        self.handle_socket = handle_socket
        self._network = network
        self._netloc = netloc
        self._handle_http = handle_http
        self._max_body_bytes = max_body_bytes
        self._ends: set[MemoryConnection] = set()
        self._answers: set[asyncio.Task[HttpReply]] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://{self._netloc}"

    def open(self, accept: Accept, receiver: Receiver) -> "MemoryConnection":
        ours, theirs = MemoryConnection.pair()
        theirs.deliver_to(accept(theirs))
        ours.deliver_to(receiver)
        self._ends.add(theirs)
        theirs.when_closed(self._ends.discard)
        return ours

    def answer(self, request: HttpRequest) -> asyncio.Task[HttpReply]:
        # A task of its own, as on a network: when the caller gives up, the server goes on.
        task = asyncio.create_task(self._answer(request))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)
        return task

    async def close(self) -> None:
        self._network.forget(self._netloc)
        await self.drop_connections()
        unfinished: set[asyncio.Task[Any]] = {*self._answers, *self._pumps}
        if unfinished:
            _, late = await asyncio.wait(unfinished, timeout=_CLOSE_TIMEOUT_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_CLOSE_TIMEOUT_S)

    async def drop_connections(self) -> None:
        for end in list(self._ends):
            end.abort()
            await end.wait_closed()

    async def _answer(self, request: HttpRequest) -> HttpReply:
        if len(request.body) > body_limit(self._max_body_bytes, request):
            return HttpReply(413)
        try:
            reply = await self._handle_http(request)
        except Exception:
            _logger.exception("Answering %s %s failed.", request.method, request.path_only)
            return HttpReply(500)
        if request.method == "HEAD":
            await reply.close()
            return dataclasses.replace(reply, body=b"", chunks=None)
        return reply if reply.chunks is None else dataclasses.replace(reply, chunks=self._flow(reply.chunks))

    def _flow(self, chunks: AsyncIterator[bytes]) -> Flow:
        window = Window()
        # The pump begins first: cancelled before that, it would leave the chunks open.
        flow = Flow(on_read=window.read, on_close=lambda: asyncio.get_running_loop().call_soon(pumping.cancel))
        pumping = asyncio.create_task(_pump(chunks, flow, window))
        self._pumps.add(pumping)
        pumping.add_done_callback(self._pumps.discard)
        return flow


def _discard(answer: asyncio.Task[HttpReply]) -> None:
    """Want nothing of an answer that came too late."""
    if not answer.cancelled() and isinstance(late := answer.result().chunks, Flow):
        late.discard()


async def _pump(chunks: AsyncIterator[bytes], flow: Flow, window: Window) -> None:
    async def write(chunk: bytes) -> None:
        flow.feed(chunk)
        window.written(len(chunk))
        await window.wait_for_room()

    problem = "The connection broke before the end of the answer."
    try:
        if await pump(chunks, write):
            problem = ""
    finally:
        flow.end(problem)


class MemoryConnection(Connection):
    """One end of a connection in memory. Make two with ``pair``."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._peer: Self
        self._receiver: Receiver | None = None
        self._closing = False
        self._waiting_bytes = 0
        self._lost = asyncio.Event()
        self._on_closed: list[Callable[[MemoryConnection], object]] = []

    @classmethod
    def pair(cls) -> tuple[Self, Self]:
        """Return two connected ends."""
        first, second = cls(), cls()
        first._peer, second._peer = second, first
        return first, second

    def deliver_to(self, receiver: Receiver) -> None:
        """Set who hears what the other end says; before that nothing may be sent."""
        self._receiver = receiver

    def send_text(self, text: bytes) -> None:
        """Queue one text frame."""
        self._send(bytes(text), lambda receiver, data: receiver.text_received(data))

    def send_binary(self, data: bytes) -> None:
        """Queue one binary frame."""
        self._send(bytes(data), lambda receiver, data: receiver.binary_received(data))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close both ends with this code."""
        self._end(close_frame(Closed(code, reason)) or Closed(1006))

    def abort(self) -> None:
        """Drop both ends: 1006."""
        self._end(Closed(1006))

    async def wait_closed(self) -> None:
        """Wait until this end has been told."""
        await self._lost.wait()

    def when_closed(self, forget: "Callable[[MemoryConnection], object]") -> None:
        """Call ``forget(self)`` once this end is closed."""
        self._on_closed.append(forget)

    def _end(self, closed: Closed) -> None:
        if self._closing:
            return
        self._closing = self._peer._closing = True
        self._loop.call_soon(self._peer._lose, closed)
        self._loop.call_soon(self._lose, closed)

    def _send(self, data: bytes, deliver: Callable[[Receiver, bytes], None]) -> None:
        if self._closing:
            return
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.abort()
            return
        self._waiting_bytes += len(data)
        self._loop.call_soon(self._peer._hear, data, deliver)

    def _hear(self, data: bytes, deliver: Callable[[Receiver, bytes], None]) -> None:
        self._peer._waiting_bytes -= len(data)
        if self._receiver is None or self._lost.is_set():
            return
        try:
            deliver(self._receiver, data)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # A CancelledError, too: no task runs here that could be meant.
            _logger.exception("A receiver failed; its connection is dropped.")
            self.abort()
            self._lose(Closed(1006))  # Now: what else is on its way must not arrive.

    def _lose(self, closed: Closed) -> None:
        if self._lost.is_set():
            return
        self._lost.set()
        for forget in self._on_closed:
            forget(self)
        if self._receiver:
            self._receiver.connection_lost(closed)

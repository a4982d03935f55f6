"""A network of two: the supervisor and one child, over one stream between them.

It stands in for the loopback port that an app would listen on, and for the sockets that it would open to the relay. A
session starts over it in a tenth of the time, as nothing is resolved, accepted, upgraded or masked. Each end has one
listener at most, so an address says nothing here: whoever connects or asks is connected to the other end.
"""

import asyncio
import dataclasses
import itertools
import logging
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from typing import cast

from mentra.transport.base import (
    MAX_BODY_BYTES,
    MAX_WAITING_BYTES,
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
    lower_names,
    request_target,
)
from mentra.transport.memory import MemoryConnection
from mentra.transport.streaming import Flow, Window, pump
from mentra_cli.dev import bridge_messages as messages

_logger = logging.getLogger(__name__)
_LENGTH = struct.Struct("!I")
_ANSWER_WITHIN_S = 2.0
"""How long what is being answered may take when a listener is closed."""


class Bridge(Network):
    """One end. Make it with ``open``, or ``take_over`` an end later."""

    def __init__(self, *, first: bool) -> None:
        self._numbers = itertools.count(1 if first else 2, 2)  # Odd and even, so that the ends never choose the same.
        self._stream = _Stream(self)
        self._listener: _BridgeListener | None = None
        self._opening: dict[int, asyncio.Future[bool]] = {}
        self._asking: dict[int, asyncio.Future[HttpReply | None]] = {}
        self._flows: dict[int, Flow] = {}
        """Replies that are being read here."""
        self._pumps: dict[int, tuple[asyncio.Task[None], Window]] = {}
        """Replies that are being sent from here."""
        self.gone = False
        """Whether the other end is."""
        self._ends: dict[int, MemoryConnection] = {}
        """The inner end of each connection: what is said there goes over the stream, and the other way round."""

    @classmethod
    async def open(cls, end: socket.socket, *, first: bool) -> "Bridge":
        """Take over one end of a socket pair.

        Args:
            first: True at one end, False at the other.
        """
        bridge = cls(first=first)
        await bridge.take_over(end)
        return bridge

    async def take_over(self, end: socket.socket) -> None:
        """Take over one end of a socket pair. Who listens before that misses nothing."""
        end.setblocking(False)
        await asyncio.get_running_loop().create_connection(lambda: self._stream, sock=end)

    async def connect(
        self, url: str, receiver: Receiver, *, headers: Mapping[str, str] | None = None, timeout: float
    ) -> Connection:
        """Open a connection to the listener of the other end."""
        if self.gone:
            raise ConnectionRefusedError("The other end is gone.")
        number = next(self._numbers)
        opened = self._opening[number] = asyncio.get_running_loop().create_future()
        outer = self._add(number)
        outer.deliver_to(receiver)
        self._send(messages.Open(number, request_target(url), lower_names(headers)))
        try:
            async with asyncio.timeout(timeout):
                accepted = await opened
        except BaseException:
            self._drop(number)
            raise
        finally:
            del self._opening[number]
        if not accepted:
            self._drop(number)
            raise ConnectionRefusedError(f"{url} was refused at the other end.")
        return outer

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        """Ask the listener of the other end."""
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
        """Ask the listener of the other end."""
        if self.gone:
            raise HttpError("The other end is gone.")
        number = next(self._numbers)
        answer = self._asking[number] = asyncio.get_running_loop().create_future()
        self._send(messages.Request(number, method, request_target(url), lower_names(headers), body))
        try:
            async with asyncio.timeout(timeout):
                reply: HttpReply | None = await answer
        except TimeoutError:
            raise HttpError(f"{url} did not answer within {timeout:g} s.") from None
        finally:
            del self._asking[number]
        if reply is None:
            raise HttpError(f"{url} gave no answer: the other end is gone, or does not listen.")
        return reply

    async def listen(
        self,
        host: str,
        port: int,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None = None,
        *,
        max_body_bytes: BodyLimit = MAX_BODY_BYTES,
    ) -> Listener:
        """Answer the other end. Host and port are shown, and mean nothing."""
        if self._listener is not None:
            raise OSError("This end of the bridge has a listener.")
        self._listener = _BridgeListener(self, f"http://{host}:{port}", handle_http, handle_socket, max_body_bytes)
        return self._listener

    async def close(self) -> None:
        """Drop everything, at both ends."""
        for end in list(self._ends.values()):
            end.abort()  # Unless it is closing: then what was said before still goes over.
            await end.wait_closed()
        self._stream.close()
        self.lost()

    # What comes from the other end.

    def heard(self, message: messages.AnyMessage) -> None:
        """Act on a message."""
        match message:
            case messages.Text(number, data):
                if end := self._ends.get(number):
                    end.send_text(data)
            case messages.Binary(number, data):
                if end := self._ends.get(number):
                    end.send_binary(data)
            case messages.Close(number, code, reason):
                if end := self._ends.get(number):
                    end.close(code, reason)
            case messages.Open():
                self._accept(message)
            case messages.Opened(number):
                self._came(number, opened=True)
            case messages.Refused(number):
                self._came(number, opened=False)
            case messages.Request():
                self._answer(message)
            case messages.Reply():
                self._answered(message)
            case messages.Chunk(number, data):
                if flow := self._flows.get(number):
                    flow.feed(data)
            case messages.End(number, problem):
                if flow := self._flows.pop(number, None):
                    flow.end(problem)
            case messages.Taken(number, size_bytes):
                if number in self._pumps:
                    self._pumps[number][1].read(size_bytes)
            case messages.Enough(number):
                if number in self._pumps:
                    self._pumps[number][0].cancel()

    def lost(self) -> None:
        """The other end is gone."""
        self.gone = True
        for number in {*self._opening, *self._asking}:
            self._came(number, opened=False)
        for end in list(self._ends.values()):
            end.abort()
        while self._flows:
            self._flows.popitem()[1].end("The other end of the bridge is gone.")
        for pumping, _ in self._pumps.values():
            pumping.cancel()

    def _answered(self, message: messages.Reply) -> None:
        answer = self._asking.get(message.number)
        wanted = answer is not None and not answer.done()
        reply = HttpReply(message.status, message.body, message.headers, message.cookies)
        if message.streams and wanted:
            reply = dataclasses.replace(reply, chunks=self._flow(message.number))
        elif message.streams:
            self._send(messages.Enough(message.number))
        if answer is not None and wanted:
            answer.set_result(reply)

    def _flow(self, number: int) -> Flow:
        def close() -> None:
            if self._flows.pop(number, None) is not None:
                self._send(messages.Enough(number))

        flow = Flow(on_read=lambda size_bytes: self._send(messages.Taken(number, size_bytes)), on_close=close)
        self._flows[number] = flow
        return flow

    def _came(self, number: int, *, opened: bool) -> None:
        """Tell who waits for a connection how that went, and who waits for an answer that there is none."""
        if (opening := self._opening.get(number)) and not opening.done():
            opening.set_result(opened)
        if (answer := self._asking.get(number)) and not answer.done():
            answer.set_result(None)

    def _accept(self, message: messages.Open) -> None:
        handle = self._listener.handle_socket if self._listener else None
        accept = handle(HttpRequest("GET", message.path, message.headers)) if handle else None
        if accept is None or isinstance(accept, HttpReply):
            self._send(messages.Refused(message.number))
            return
        self._send(messages.Opened(message.number))
        outer = self._add(message.number)
        outer.deliver_to(accept(outer))

    def _answer(self, message: messages.Request) -> None:
        if self._listener is None:
            self._send(messages.Refused(message.number))
        else:
            self._listener.answer(message.number, message)

    # What goes to the other end.

    def reply(self, number: int, reply: HttpReply | None) -> None:
        """Send the answer to a request, or that there is none."""
        if reply is None:
            self._send(messages.Refused(number))
        else:
            streams = reply.chunks is not None
            self._send(messages.Reply(number, reply.status, dict(reply.headers), reply.cookies, reply.body, streams))

    def pump(self, number: int, chunks: AsyncIterator[bytes]) -> asyncio.Task[None]:
        """Begin to send what a reply streams, as fast as the other end reads it."""
        window = Window()
        pumping = asyncio.create_task(self._pump(number, chunks, window))
        self._pumps[number] = pumping, window
        return pumping

    async def _pump(self, number: int, chunks: AsyncIterator[bytes], window: Window) -> None:
        async def write(chunk: bytes) -> None:
            self._send(messages.Chunk(number, chunk))
            window.written(len(chunk))
            await window.wait_for_room()

        problem = "The connection broke before the end of the answer."
        try:
            if await pump(chunks, write):
                problem = ""
        finally:
            del self._pumps[number]
            self._send(messages.End(number, problem))

    def carry(self, message: messages.Text | messages.Binary) -> None:
        """Send a frame, unless far more waits than the other end reads: then the connection is dropped."""
        if self._stream.waiting_bytes > MAX_WAITING_BYTES:
            self._drop(message.number)
        else:
            self._send(message)

    def over(self, number: int, closed: Closed) -> None:
        """Forget a connection, and tell the other end how it ended."""
        if self._ends.pop(number, None) is not None:
            self._send(messages.Close(number, closed.code, closed.reason))

    def forget_listener(self) -> None:
        """Have no listener any more."""
        self._listener = None

    def ends(self) -> list[MemoryConnection]:
        """Return the inner ends of all connections."""
        return list(self._ends.values())

    def _add(self, number: int) -> MemoryConnection:
        outer, inner = MemoryConnection.pair()
        inner.deliver_to(_Carrier(self, number))
        self._ends[number] = inner
        return outer

    def _drop(self, number: int) -> None:
        if end := self._ends.get(number):
            end.abort()

    def _send(self, message: messages.AnyMessage) -> None:
        self._stream.send(messages.encode(message))


class _Carrier(Receiver):
    """Hears what is said at this end of a connection."""

    def __init__(self, bridge: Bridge, number: int) -> None:
        self._bridge = bridge
        self._number = number

    def text_received(self, text: str | bytes) -> None:
        self._bridge.carry(messages.Text(self._number, text.encode() if isinstance(text, str) else text))

    def binary_received(self, data: bytes) -> None:
        self._bridge.carry(messages.Binary(self._number, data))

    def connection_lost(self, closed: Closed) -> None:
        self._bridge.over(self._number, closed)


class _BridgeListener(Listener):
    def __init__(
        self,
        bridge: Bridge,
        url: str,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None,
        max_body_bytes: BodyLimit,
    ) -> None:
        self.handle_socket = handle_socket
        self._bridge = bridge
        self._url = url
        self._handle_http = handle_http
        self._max_body_bytes = max_body_bytes
        self._answers: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return self._url

    def answer(self, number: int, message: messages.Request) -> None:
        request = HttpRequest(message.method, message.path, message.headers, message.body)
        task = asyncio.create_task(self._answer(number, request))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def close(self) -> None:
        self._bridge.forget_listener()
        for end in self._bridge.ends():
            end.abort()
        if self._answers:
            _, late = await asyncio.wait(self._answers, timeout=_ANSWER_WITHIN_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_ANSWER_WITHIN_S)

    async def _answer(self, number: int, request: HttpRequest) -> None:
        reply: HttpReply | None = None
        try:
            if len(request.body) > body_limit(self._max_body_bytes, request):
                reply = HttpReply(413)
            else:
                reply = await self._handle_http(request)
                if request.method == "HEAD":
                    await reply.close()
                    reply = dataclasses.replace(reply, body=b"", chunks=None)
        except Exception:
            _logger.exception("Answering %s %s failed.", request.method, request.path_only)
            reply = HttpReply(500)
        finally:
            self._bridge.reply(number, reply)
            if reply is not None and reply.chunks is not None:
                pumping = self._bridge.pump(number, reply.chunks)
                self._answers.add(pumping)
                pumping.add_done_callback(self._answers.discard)


class _Stream(asyncio.Protocol):
    """Messages on the stream: four bytes of length, then the message."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()

    @property
    def waiting_bytes(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport else 0

    def send(self, message: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_LENGTH.pack(len(message)) + message)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Of a socket it is one. Those of uvloop have all of it, and are no instances.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        begin = 0
        while len(self._received) - begin >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received, begin)
            end = begin + _LENGTH.size + length
            if end > len(self._received):
                break
            self._bridge.heard(messages.decode(self._received[begin + _LENGTH.size : end]))
            begin = end
        del self._received[:begin]

    def connection_lost(self, exc: Exception | None) -> None:
        self._bridge.lost()

"""A network of two: the supervisor and one child, over one stream between them.

It stands in for the loopback port that an app would listen on, and for the sockets that it would open to the relay. A
session starts over it in a tenth of the time, as nothing is resolved, accepted, upgraded or masked. Each end has one
listener at most, so an address says nothing here: whoever connects or asks is connected to the other end.
"""

import asyncio
import itertools
import logging
import socket
import struct
from collections.abc import Mapping

import msgspec

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
    lower_names,
    request_target,
)
from mentra.transport.memory import MemoryConnection

_logger = logging.getLogger(__name__)
_LENGTH = struct.Struct("!I")
_ANSWER_WITHIN_S = 2.0
"""How long what is being answered may take when a listener is closed."""


class _Message(msgspec.Struct, frozen=True, array_like=True):
    number: int
    """Which connection or request it belongs to. The end that began it chose the number."""


class _Open(_Message, frozen=True, array_like=True, tag="open"):
    path: str
    headers: dict[str, str]


class _Opened(_Message, frozen=True, array_like=True, tag="opened"):
    pass


class _Refused(_Message, frozen=True, array_like=True, tag="refused"):
    """No connection, or no answer to a request."""


class _Text(_Message, frozen=True, array_like=True, tag="text"):
    data: bytes


class _Binary(_Message, frozen=True, array_like=True, tag="binary"):
    data: bytes


class _Close(_Message, frozen=True, array_like=True, tag="close"):
    code: int
    reason: str


class _Request(_Message, frozen=True, array_like=True, tag="request"):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class _Reply(_Message, frozen=True, array_like=True, tag="reply"):
    status: int
    headers: dict[str, str]
    body: bytes


_Any = _Open | _Opened | _Refused | _Text | _Binary | _Close | _Request | _Reply
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[_Any] = msgspec.msgpack.Decoder(_Any)


class Bridge(Network):
    """One end. Make it with ``open``."""

    def __init__(self, *, first: bool) -> None:
        self._numbers = itertools.count(1 if first else 2, 2)  # Odd and even, so that the ends never choose the same.
        self._stream = _Stream(self)
        self._listener: _BridgeListener | None = None
        self._opening: dict[int, asyncio.Future[bool]] = {}
        self._asking: dict[int, asyncio.Future[HttpReply | None]] = {}
        self._gone = False
        self._ends: dict[int, MemoryConnection] = {}
        """The inner end of each connection: what is said there goes over the stream, and the other way round."""

    @classmethod
    async def open(cls, end: socket.socket, *, first: bool) -> "Bridge":
        """Take over one end of a socket pair.

        Args:
            first: True at one end, False at the other.
        """
        bridge = cls(first=first)
        end.setblocking(False)
        await asyncio.get_running_loop().create_connection(lambda: bridge._stream, sock=end)
        return bridge

    async def connect(
        self, url: str, receiver: Receiver, *, headers: Mapping[str, str] | None = None, timeout: float
    ) -> Connection:
        """Open a connection to the listener of the other end."""
        if self._gone:
            raise ConnectionRefusedError("The other end is gone.")
        number = next(self._numbers)
        opened = self._opening[number] = asyncio.get_running_loop().create_future()
        outer = self._add(number)
        outer.deliver_to(receiver)
        self._send(_Open(number, request_target(url), lower_names(headers)))
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
        if self._gone:
            raise HttpError("The other end is gone.")
        number = next(self._numbers)
        answer = self._asking[number] = asyncio.get_running_loop().create_future()
        self._send(_Request(number, method, request_target(url), lower_names(headers), body))
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
        max_body_bytes: int = MAX_BODY_BYTES,
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

    def heard(self, message: _Any) -> None:
        """Act on a message."""
        match message:
            case _Text(number, data):
                if end := self._ends.get(number):
                    end.send_text(data)
            case _Binary(number, data):
                if end := self._ends.get(number):
                    end.send_binary(data)
            case _Close(number, code, reason):
                if end := self._ends.get(number):
                    end.close(code, reason)
            case _Open():
                self._accept(message)
            case _Opened(number):
                self._came(number, opened=True)
            case _Refused(number):
                self._came(number, opened=False)
            case _Request():
                self._answer(message)
            case _Reply(number, status, headers, body):
                if (answer := self._asking.get(number)) and not answer.done():
                    answer.set_result(HttpReply(status, body, headers))

    def lost(self) -> None:
        """The other end is gone."""
        self._gone = True
        for number in {*self._opening, *self._asking}:
            self._came(number, opened=False)
        for end in list(self._ends.values()):
            end.abort()

    def _came(self, number: int, *, opened: bool) -> None:
        """Tell who waits for a connection how that went, and who waits for an answer that there is none."""
        if (opening := self._opening.get(number)) and not opening.done():
            opening.set_result(opened)
        if (answer := self._asking.get(number)) and not answer.done():
            answer.set_result(None)

    def _accept(self, message: _Open) -> None:
        handle = self._listener.handle_socket if self._listener else None
        accept = handle(HttpRequest("GET", message.path, message.headers)) if handle else None
        if accept is None or isinstance(accept, HttpReply):
            self._send(_Refused(message.number))
            return
        self._send(_Opened(message.number))
        outer = self._add(message.number)
        outer.deliver_to(accept(outer))

    def _answer(self, message: _Request) -> None:
        if self._listener is None:
            self._send(_Refused(message.number))
        else:
            self._listener.answer(message.number, message)

    # What goes to the other end.

    def reply(self, number: int, reply: HttpReply | None) -> None:
        """Send the answer to a request, or that there is none."""
        if reply is None:
            self._send(_Refused(number))
        else:
            self._send(_Reply(number, reply.status, dict(reply.headers), reply.body))

    def carry(self, message: _Text | _Binary) -> None:
        """Send a frame, unless far more waits than the other end reads: then the connection is dropped."""
        if self._stream.waiting_bytes > MAX_WAITING_BYTES:
            self._drop(message.number)
        else:
            self._send(message)

    def over(self, number: int, closed: Closed) -> None:
        """Forget a connection, and tell the other end how it ended."""
        if self._ends.pop(number, None) is not None:
            self._send(_Close(number, closed.code, closed.reason))

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

    def _send(self, message: _Any) -> None:
        self._stream.send(_encoder.encode(message))


class _Carrier(Receiver):
    """Hears what is said at this end of a connection."""

    def __init__(self, bridge: Bridge, number: int) -> None:
        self._bridge = bridge
        self._number = number

    def text_received(self, text: str | bytes) -> None:
        self._bridge.carry(_Text(self._number, text.encode() if isinstance(text, str) else text))

    def binary_received(self, data: bytes) -> None:
        self._bridge.carry(_Binary(self._number, data))

    def connection_lost(self, closed: Closed) -> None:
        self._bridge.over(self._number, closed)


class _BridgeListener(Listener):
    def __init__(
        self,
        bridge: Bridge,
        url: str,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None,
        max_body_bytes: int,
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

    def answer(self, number: int, message: _Request) -> None:
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
            await asyncio.gather(*late, return_exceptions=True)

    async def _answer(self, number: int, request: HttpRequest) -> None:
        reply: HttpReply | None = None
        try:
            if len(request.body) > self._max_body_bytes:
                reply = HttpReply(413)
            else:
                reply = await self._handle_http(request)
        except Exception:
            _logger.exception("Answering %s %s failed.", request.method, request.path)
            reply = HttpReply(500)
        finally:
            self._bridge.reply(number, reply)


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
        assert isinstance(transport, asyncio.Transport), "a socket is one"  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        begin = 0
        while len(self._received) - begin >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received, begin)
            end = begin + _LENGTH.size + length
            if end > len(self._received):
                break
            self._bridge.heard(_decoder.decode(self._received[begin + _LENGTH.size : end]))
            begin = end
        del self._received[:begin]

    def connection_lost(self, exc: Exception | None) -> None:
        self._bridge.lost()

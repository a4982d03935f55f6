"""The calling end of an open WebSocket: a protocol of asyncio, without a task or a queue.

* A whole text or binary frame of less than 64 KiB, which nearly all are, is read here, and so are pings and pongs. All
  else is the library's: fragments, long frames, the closing handshake, whatever is forbidden. It is given such frames
  to their last byte, so that it never keeps the beginning of one that is read here. Most sessions never need it, which
  saves 3 kB of each.
* What is sent is written in one piece, at once or with that of other sockets (``outbox.py``); what the socket does not
  take waits in asyncio's transport.
* This is why it is not the connection of the websockets library: 25 us of CPU less for each message that is
  answered, 450 for each start, and 18 kB less for each session (docs/performance.md, What was done).
"""

import asyncio
import itertools
import logging
import secrets
import struct

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from mentra.transport.base import MAX_WAITING_BYTES, Closed, Connection, Receiver, close_frame
from mentra.transport.opening import Opening
from mentra.transport.outbox import Outbox

try:
    from websockets.speedups import apply_mask
except ImportError:  # Where there is no wheel, it is slow instead.
    from websockets.utils import apply_mask

KEEPALIVE_S = 20.0
"""How long it may be silent before the other end is asked, and as long again until it is taken for dead."""

_FINAL = 0x80
_TEXT = _FINAL | Opcode.TEXT
_BINARY = _FINAL | Opcode.BINARY
_PING = _FINAL | Opcode.PING
_PONG = _FINAL | Opcode.PONG
_MASKED = 0x80
_IN_2_BYTES, _IN_8_BYTES = 126, 127
_MOST_READ = {_TEXT: _IN_2_BYTES, _BINARY: _IN_2_BYTES, _PING: 125, _PONG: 125}
"""For the frames that are read here, how large the first byte of their length may be."""
_SHORT_BYTES = 1024
"""Below this a text is sent with a head that is there already."""
_USUAL_BYTES = 2048
"""Below this it is known how a frame begins that is one whole text with a length of two bytes."""
_MESSAGE_STARTS = (Opcode.TEXT, Opcode.BINARY)

_logger = logging.getLogger(__name__)


class _EachMessage:
    """What is looked at for each message, side by side, so that it is in fewer lines of the processor's cache.

    What that saves is said where ``SessionCore`` does the same (``mentra/session/core.py``).
    That is how it is with slots of a base class; those of one class are in the order of the alphabet.
    """

    __slots__ = ("_heard", "_is_plain", "_is_slow", "_may_send", "_outbox", "_receiver", "_rest", "_transport")


class ClientSocket(_EachMessage, asyncio.Protocol, Connection):
    """The end that called.

    Args:
        close_timeout: Seconds until a close that the other end does not take becomes an abort.
        siblings: The open ones; this is one of them until its end.
        outbox: Takes what they send.
    """

    __slots__ = (
        "__weakref__",
        "_aborted",
        "_close_timeout",
        "_closing",
        "_due_bytes",
        "_fragments",
        "_fragments_are_text",
        "_keepalive",
        "_loop",
        "_made_protocol",
        "_make_protocol",
        "_our_close",
        "_siblings",
        "lost",
    )

    def __init__(
        self,
        opened: Opening,
        receiver: Receiver,
        *,
        close_timeout: float,
        siblings: "set[ClientSocket]",
        outbox: Outbox,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._transport = opened.transport
        self._make_protocol = opened.make_protocol
        self._made_protocol: ClientProtocol | None = None
        self._receiver = receiver
        self._close_timeout = close_timeout
        self._may_send = True
        self._is_slow = False
        self._is_plain = True
        """Whether the next byte begins a frame that may be read here."""
        self._aborted = False
        self._our_close = False
        self._rest = opened.rest
        """The beginning of a frame; at first what came with the head, before which nothing may be read."""
        self._due_bytes = 0
        """What the library has yet to get of the frame that it reads."""
        self._fragments: list[bytes] | None = None
        self._fragments_are_text = False
        self._closing: asyncio.TimerHandle | None = None
        self._heard = True
        self._keepalive = self._loop.call_later(KEEPALIVE_S, self._keep_alive, False)
        self._siblings = siblings
        self._outbox = outbox
        self._transport.set_protocol(self)
        if self._rest:
            # Not now: who opens the connection has to get it before the first frame.
            self._loop.call_soon(self.data_received, b"")
        if opened.lost:
            self.connection_lost(None)
        siblings.add(self)

    def send_text(self, text: bytes) -> None:
        """Send one text frame."""
        size = len(text)
        if size < _SHORT_BYTES and self._may_send and not self._is_slow:
            # As _send does, which would take 0.3 us more.
            mask = next(_masks)
            self._outbox.send(self._transport, b"".join((_short_heads[size], mask, apply_mask(text, mask))))
        else:
            self._send(_TEXT, text)

    def send_binary(self, data: bytes) -> None:
        """Send one binary frame."""
        self._send(_BINARY, data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame; one that the other end does not take becomes an abort."""
        frame = close_frame(Closed(code, reason))
        if frame is None:
            self.abort()
        elif self._may_send:
            self._our_close = True
            self._protocol.send_close(frame.code, frame.reason)
            self._answer()

    def abort(self) -> None:
        """Drop the connection."""
        self._outbox.flush()
        self._aborted = True
        self._may_send = self._is_plain = False
        self._transport.abort()

    def leave(self) -> None:
        """Abort, unless the connection is closing anyway."""
        if not self._our_close:
            self.abort()

    async def wait_closed(self) -> None:
        """Wait until the connection is closed."""
        await asyncio.wait([self.lost])

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        self._heard = True
        try:
            # Nearly always it is one whole text of a usual size. As one of many it would take 0.7 us more.
            size = len(data)
            if size < _USUAL_BYTES and data.startswith(_usual_heads[size]) and self._is_plain and not self._rest:
                text = data[4:]
                if text.isascii():
                    self._receiver.text_received(text)
                else:
                    self._hear_text(text)
                return
            if self._rest:
                data = self._rest + data
            self._rest = data[self._read(data) :]
        except BaseException as error:
            self.abort()
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            _logger.exception("A receiver failed; its connection is dropped.")

    def eof_received(self) -> None:
        """Learn that nothing more comes; asyncio closes the connection once it has sent what waits."""
        self._outbox.flush()
        self._close_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the connection is gone."""
        self._close_soon()
        self._loop.call_soon(self._end)  # Behind what came with the head, if that was not read yet.

    @property
    def _protocol(self) -> ClientProtocol:
        # Made when there is something for it: 3 kB of an idle session.
        if self._made_protocol is None:
            self._made_protocol = self._make_protocol()
        return self._made_protocol

    def _send(self, kind: int, data: bytes) -> None:
        if not self._may_send:
            return
        mask = next(_masks)
        self._write(_masked_head(kind, len(data)) + mask + apply_mask(data, mask))

    def _read(self, data: bytes) -> int:
        """Read frames, and return where the first one begins that is not whole."""
        at, end = 0, len(data)
        while at < end and not self._aborted:
            kind = data[at]
            if end - at < 2 or data[at + 1] > _MOST_READ.get(kind, -1) or not self._is_plain:
                if not self._due_bytes:
                    frame_bytes = _frame_bytes(data, at)
                    if frame_bytes is None:
                        break
                    self._due_bytes = frame_bytes
                at = self._pass_on(data, at)
                continue
            size, body = data[at + 1], at + 2
            if size == _IN_2_BYTES:
                if end - at < 4:
                    break
                size, body = data[at + 2] << 8 | data[at + 3], at + 4
            if body + size > end:
                break
            at = body + size
            if kind == _PING:
                self._send(_PONG, data[body:at])
            elif kind != _PONG:
                self._hear(kind == _TEXT, data[body:at])
        return at

    def _pass_on(self, data: bytes, at: int) -> int:
        """Give the library what there is of its frame, and return what follows."""
        end = min(len(data), at + self._due_bytes)
        self._due_bytes -= end - at
        self._protocol.receive_data(data[at:end])
        self._answer()
        messages = [self._assemble(frame) for frame in self._protocol.events_received() if isinstance(frame, Frame)]
        self._is_plain = self._may_send and not self._due_bytes and self._fragments is None
        for message in filter(None, messages):
            self._hear(*message)
        return end

    def _assemble(self, frame: Frame) -> tuple[bool, bytes] | None:
        """Return the message that a frame completes, and before it whether that is text."""
        if frame.opcode in _MESSAGE_STARTS:
            self._fragments = []
            self._fragments_are_text = frame.opcode is Opcode.TEXT
        if self._fragments is None or frame.opcode not in (*_MESSAGE_STARTS, Opcode.CONT):
            return None
        self._fragments.append(bytes(frame.data))
        if not frame.fin:
            return None
        message, self._fragments = b"".join(self._fragments), None
        return self._fragments_are_text, message

    def _hear(self, is_text: bool, data: bytes) -> None:
        if is_text:
            self._hear_text(data)
        else:
            self._receiver.binary_received(data)

    def _hear_text(self, data: bytes) -> None:
        try:
            str(data, "utf-8")
        except UnicodeDecodeError as error:
            self._fail(1007, f"{error.reason} at position {error.start}")
        else:
            self._receiver.text_received(data)

    def _fail(self, code: int, reason: str) -> None:
        self._protocol.fail(code, reason)
        self._answer()

    def _answer(self) -> None:
        """Write what the library has to say."""
        for data in self._protocol.data_to_send():
            self._write(data)
        if self._protocol.state is not State.OPEN:
            self._close_soon()

    def pause_writing(self) -> None:
        """Learn that more waits than the transport likes. Only from now on it is asked how much."""
        self._is_slow = True

    def resume_writing(self) -> None:
        """Learn that the other end has caught up."""
        self._is_slow = False

    def _write(self, data: bytes) -> None:
        self._outbox.flush()
        if self._is_slow and self._transport.get_write_buffer_size() > MAX_WAITING_BYTES:
            self.abort()
        else:
            self._transport.write(data)

    def _close_soon(self) -> None:
        self._may_send = self._is_plain = False
        if self._closing is None:
            self._closing = self._loop.call_later(self._close_timeout, self.abort)

    def _keep_alive(self, asked: bool) -> None:
        if asked and not self._heard:
            self._fail(1011, "keepalive ping timeout")
            return
        ask = not self._heard and self._may_send
        if ask:
            self._send(_PING, next(_masks))  # Any four bytes.
        self._heard = False
        self._keepalive = self._loop.call_later(KEEPALIVE_S, self._keep_alive, ask)

    def _end(self) -> None:
        self._keepalive.cancel()
        if self._closing is not None:
            self._closing.cancel()
        self._siblings.discard(self)
        # Before the receiver, which may raise. Who waits is woken after it.
        self.lost.set_result(None)
        self._receiver.connection_lost(self._closed())

    def _closed(self) -> Closed:
        protocol = self._made_protocol
        if protocol is None:
            return Closed(1006)
        # Who closed first says how: some servers answer any code with 1000.
        they_answered = protocol.close_rcvd is not None and not protocol.close_rcvd_then_sent
        said = protocol.close_sent if they_answered else protocol.close_rcvd
        return Closed(int(said.code), said.reason) if said else Closed(1006)


_head_of_2 = struct.Struct("!BBH").pack
_head_of_8 = struct.Struct("!BBQ").pack


def _masked_head(kind: int, size: int) -> bytes:
    """Return how a masked frame begins, before its mask."""
    if size < _IN_2_BYTES:
        return bytes((kind, _MASKED | size))
    if size < 65_536:
        return _head_of_2(kind, _MASKED | _IN_2_BYTES, size)
    return _head_of_8(kind, _MASKED | _IN_8_BYTES, size)


_split = struct.Struct("4s" * 256)


def _fresh_masks() -> tuple[bytes, ...]:
    """Return masks for many frames. Random bytes for one alone would take 0.4 us."""
    return _split.unpack(secrets.token_bytes(_split.size))


_masks = itertools.chain.from_iterable(iter(_fresh_masks, ()))
"""A mask for each frame, without end. As a generator it would take 0.1 us more."""
_usual_heads = [_head_of_2(_TEXT, _IN_2_BYTES, max(size - 4, 0)) for size in range(_USUAL_BYTES)]
"""By the size of the frame. One of less than four bytes begins as none does."""
_short_heads = [_masked_head(_TEXT, size) for size in range(_SHORT_BYTES)]


def _frame_bytes(data: bytes, at: int) -> int | None:
    """Return how long the frame at this place is, or ``None`` if that is not there yet."""
    if len(data) - at < 2:
        return None
    size = data[at + 1] & ~_MASKED
    more = {_IN_2_BYTES: 2, _IN_8_BYTES: 8}.get(size, 0)
    body = at + 2 + more
    if len(data) < body:
        return None
    return body - at + (int.from_bytes(data[at + 2 : body], "big") if more else size)

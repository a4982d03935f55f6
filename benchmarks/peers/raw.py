"""No SDK: the least that Python can do with the same frames, as a limit. Nothing is decoded, nothing masked."""

import asyncio
import functools

from webhooks import TLS, Session, between, run, serve

FRAMES_PER_ANSWER = 50
TEXT, BINARY, CLOSE = 0x81, 0x82, 0x88


def masked(text: bytes) -> bytes:
    """Return a frame of a client, under the one mask that changes nothing."""
    size = len(text)
    head = bytes((TEXT, 0x80 | size)) if size < 126 else bytes((TEXT, 0x80 | 126)) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + text


class Cloud(asyncio.Protocol):
    """The socket of one session."""

    def __init__(self, session: Session) -> None:
        self._ready = session.ready
        self._buffer = b""
        self._upgraded = False
        self._frames = 0
        self._greeting = session.greeting.encode()
        self._subscription = session.subscription.encode()
        self._before_text, self._after_text = session.before_text.encode(), session.after_text.encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(
            b"GET /app-ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        start = 0
        if not self._upgraded:
            start = data.index(b"\r\n\r\n") + 4
            self._upgraded = True
            self._transport.write(masked(self._greeting))
        while len(data) - start >= 2:
            size, body = data[start + 1], start + 2
            if size == 126:
                size, body = int.from_bytes(data[start + 2 : start + 4], "big"), start + 4
            if len(data) < body + size:
                break
            self._frame(data[start], data[body : body + size])
            start = body + size
        self._buffer = data[start:]

    def _frame(self, kind: int, payload: bytes) -> None:
        if kind == BINARY:
            self._frames += 1
            if self._frames % FRAMES_PER_ANSWER == 0:
                self._show(b"frames %d" % self._frames)
        elif kind == CLOSE:
            self._transport.close()
        elif b'"streamType"' in payload:
            self._show(between(payload, b'"text":"', b'"'))
        elif b"connection_ack" in payload:
            self._transport.write(masked(self._subscription))
            self._ready()

    def _show(self, text: bytes) -> None:
        self._transport.write(masked(self._before_text + text + self._after_text))


async def connect(session: Session) -> None:
    port = int(session.url.rpartition(":")[2].partition("/")[0])
    await asyncio.get_running_loop().create_connection(functools.partial(Cloud, session), "127.0.0.1", port, ssl=TLS)


run(serve(connect))

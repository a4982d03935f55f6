"""No SDK: the least that Python can do with the same frames, as a limit. Nothing is decoded, nothing masked.

``BENCH_LOOP`` is ``uvloop`` or ``asyncio``; the rest of the environment as for captions.py.
"""

import asyncio
import functools
import os
import ssl
from collections.abc import Callable

STREAM = os.environ["BENCH_STREAM"]
PACKAGE_NAME = os.environ["PACKAGE_NAME"]
API_KEY = os.environ["API_KEY"]
FRAMES_PER_ANSWER = 50
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"status":"success"}'
NAME = "transcription:en-US" if STREAM == "transcription" else STREAM
TEXT, BINARY, CLOSE = 0x81, 0x82, 0x88


def masked(text: bytes) -> bytes:
    """Return a frame of a client, under the one mask that changes nothing."""
    size = len(text)
    head = bytes((TEXT, 0x80 | size)) if size < 126 else bytes((TEXT, 0x80 | 126)) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + text


def between(data: bytes, before: bytes, after: bytes) -> bytes:
    start = data.index(before) + len(before)
    return data[start : data.index(after, start)]


class Cloud(asyncio.Protocol):
    """The socket of one session."""

    def __init__(self, session_id: str, ready: Callable[[], None]) -> None:
        self._ready = ready
        self._buffer = b""
        self._upgraded = False
        self._frames = 0
        own = f'"packageName":"{PACKAGE_NAME}","sessionId":"{session_id}"'
        self._greeting = f'{{"type":"tpa_connection_init",{own},"apiKey":"{API_KEY}"}}'.encode()
        self._subscription = f'{{"type":"subscription_update",{own},"subscriptions":["{NAME}"]}}'.encode()
        stamp, wall = '"timestamp":"2026-11-23T00:56:36.332Z"', '"layout":{"layoutType":"text_wall","text":"'
        self._display = f'{{{stamp},{own},"type":"display_event","view":"main",{wall}'.encode()

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
        self._transport.write(masked(self._display + text + b'"}}'))


class Webhook(asyncio.Protocol):
    """One connection of the cloud's HTTP client."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._buffer = b""
        self._connecting: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < int(between(head + b"\r\n", b"Content-Length: ", b"\r\n")):
            return
        self._buffer = b""
        if b"stop_request" in body:
            self._transport.write(OK)
            return
        connecting = asyncio.create_task(self._connect(body))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)

    async def _connect(self, body: bytes) -> None:
        session_id = between(body, b'"sessionId":"', b'"').decode()
        url = between(body, b'WebsocketUrl":"', b'"').decode()
        port = int(url.rpartition(":")[2].partition("/")[0])
        make = functools.partial(Cloud, session_id, lambda: self._transport.write(OK))
        await asyncio.get_running_loop().create_connection(
            make, "127.0.0.1", port, ssl=self._tls if url.startswith("wss:") else None
        )


async def main() -> None:
    tls = ssl.create_default_context() if "SSL_CERT_FILE" in os.environ else None
    make = functools.partial(Webhook, tls)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", int(os.environ["PORT"]), backlog=2048)
    await server.serve_forever()


if os.environ["BENCH_LOOP"] == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())

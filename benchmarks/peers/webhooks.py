"""What the apps without an SDK share: they take webhooks of the generator, and say what an app says.

``BENCH_LOOP`` is ``uvloop`` or ``asyncio``; the rest of the environment as for captions.py.
"""

import asyncio
import functools
import os
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, AnyStr

STREAM = os.environ["BENCH_STREAM"]
PACKAGE_NAME = os.environ["PACKAGE_NAME"]
API_KEY = os.environ["API_KEY"]
NAME = "transcription:en-US" if STREAM == "transcription" else STREAM
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"status":"success"}'

# One for all connections: to build it takes longer than many of them.
TLS = ssl.create_default_context() if "SSL_CERT_FILE" in os.environ else None


def between(data: AnyStr, before: AnyStr, after: AnyStr) -> AnyStr:
    start = data.index(before) + len(before)
    return data[start : data.index(after, start)]


class Session:
    """What one session says.

    Attributes:
        ready: Answers the webhook; to be called when the cloud has acknowledged.
    """

    def __init__(self, session_id: str, url: str, ready: Callable[[], None]) -> None:
        self.url = url
        self.ready = ready
        own = f'"packageName":"{PACKAGE_NAME}","sessionId":"{session_id}"'
        stamp, wall = '"timestamp":"2026-11-23T00:56:36.332Z"', '"layout":{"layoutType":"text_wall","text":"'
        self.greeting = f'{{"type":"tpa_connection_init",{own},"apiKey":"{API_KEY}"}}'
        self.subscription = f'{{"type":"subscription_update",{own},"subscriptions":["{NAME}"]}}'
        self.before_text = f'{{{stamp},{own},"type":"display_event","view":"main",{wall}'
        self.after_text = '"}}'

    def answer(self, message: str) -> str | None:
        """Return what is to be sent, if anything: the text that was said as a text wall, or the subscription."""
        if '"streamType"' in message:
            return self.before_text + between(message, '"text":"', '"') + self.after_text
        if "connection_ack" in message:
            self.ready()
            return self.subscription
        return None


Connect = Callable[[Session], Coroutine[Any, Any, None]]
"""Opens the WebSocket of a session, in a task of its own, which may go on for as long as the session lives."""


class Webhook(asyncio.Protocol):
    """One connection of the cloud's HTTP client."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
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
            self._answer()
            return
        session_id = between(body, b'"sessionId":"', b'"').decode()
        url = between(body, b'WebsocketUrl":"', b'"').decode()
        connecting = asyncio.create_task(self._connect(Session(session_id, url, self._answer)))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)

    def _answer(self) -> None:
        self._transport.write(OK)


async def serve(connect: Connect) -> None:
    """Take webhooks until the process ends."""
    make = functools.partial(Webhook, connect)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", int(os.environ["PORT"]), backlog=2048)
    await server.serve_forever()


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run on the loop that is asked for."""
    if os.environ["BENCH_LOOP"] == "uvloop":
        import uvloop

        uvloop.run(main)
    else:
        asyncio.run(main)

"""The part of the websockets library that does no input or output, on a protocol of asyncio: as little as does all."""

import asyncio
import functools

from webhooks import TLS, Session, run, serve
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

KEEPALIVE_S = 20.0
CLOSE_WITHIN_S = 2.0


class Echo(asyncio.Protocol):
    def __init__(self, session: Session) -> None:
        self._session = session
        self._protocol = ClientProtocol(parse_uri(session.url))
        self._fragments: list[bytes] = []
        self._heard = True
        self._closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._protocol.send_request(self._protocol.connect())
        self._write()
        self._keepalive = asyncio.get_running_loop().call_later(KEEPALIVE_S, self._keep_alive)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif isinstance(event, Response) and self._protocol.handshake_exc is None:
                self._protocol.send_text(self._session.greeting.encode())
        self._write()

    def eof_received(self) -> None:
        self._protocol.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._keepalive.cancel()
        if self._closing is not None:
            self._closing.cancel()

    def _take(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.CONT):
            return
        self._fragments.append(frame.data)
        if frame.fin:
            text = b"".join(self._fragments).decode()
            self._fragments.clear()
            answer = self._session.answer(text)
            if answer is not None:
                self._protocol.send_text(answer.encode())

    def _write(self) -> None:
        self._transport.write(b"".join(self._protocol.data_to_send()))
        if self._closing is None and self._protocol.close_expected():
            self._closing = asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self._transport.abort)

    def _keep_alive(self, asked: bool = False) -> None:
        if asked and not self._heard:
            self._protocol.fail(1011, "keepalive ping timeout")
        elif not self._heard and self._protocol.state is State.OPEN:
            self._protocol.send_ping(b"")
        ask, self._heard = not self._heard, False
        self._write()
        self._keepalive = asyncio.get_running_loop().call_later(KEEPALIVE_S, self._keep_alive, ask)


async def connect(session: Session) -> None:
    port = int(session.url.rpartition(":")[2].partition("/")[0])
    await asyncio.get_running_loop().create_connection(functools.partial(Echo, session), "127.0.0.1", port, ssl=TLS)


run(serve(connect))

"""A transport that goes nowhere, and the other end of it, by the websockets library without input and output."""

import asyncio
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from mentra.transport.client_socket import ClientSocket
from mentra.transport.opening import Opening
from mentra.transport.outbox import Outbox
from tests.transport.test_contract import Ear

URL = parse_uri("ws://cloud.example/app-ws")
CLOSE_TIMEOUT_S = 2.0
MAX_SIZE = 200_000
LOW_BYTES, HIGH_BYTES = 16_384, 65_536
"""Between what and what a transport of asyncio calls the other end slow."""


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self._waiting_bytes = 0
        self.aborted = False
        self.closing = False
        self._protocol: asyncio.BaseProtocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def write(self, data: Any) -> None:
        assert not self.aborted
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return self._waiting_bytes

    def has_waiting(self, size_bytes: int) -> None:
        """Have so much wait to be sent; and tell of it, as transports of asyncio do by default."""
        before, self._waiting_bytes = self._waiting_bytes, size_bytes
        if before <= HIGH_BYTES < size_bytes:
            self._protocol.pause_writing()
        if size_bytes <= LOW_BYTES < before:
            self._protocol.resume_writing()

    def abort(self) -> None:
        if not self.aborted:
            self.aborted = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)


class Line:
    """A client's open connection on a wire."""

    def __init__(
        self, ear: Ear | None = None, *, rest: bytes = b"", lost: bool = False, outbox: Outbox | None = None
    ) -> None:
        self.wire = Wire()
        self.ear = ear or Ear()
        opened = Opening(ClientProtocol(URL, state=State.OPEN, max_size=MAX_SIZE))
        opened.connection_made(self.wire)
        opened.rest, opened.lost = rest, lost
        self.open_sockets: set[ClientSocket] = set()
        self.connection = self.ear.connection = ClientSocket(
            opened,
            self.ear,
            close_timeout=CLOSE_TIMEOUT_S,
            siblings=self.open_sockets,
            outbox=outbox or Outbox(asyncio.get_running_loop()),
        )

    async def hear(self, *pieces: bytes) -> None:
        """Let the client get bytes, unless it has dropped the connection."""
        await asyncio.sleep(0)
        for piece in pieces:
            if not self.wire.aborted:
                self.connection.data_received(piece)

    async def end(self) -> None:
        """Let the other end be gone, once it has got what was sent in this turn."""
        await asyncio.sleep(0)
        self.wire.abort()
        await self.connection.wait_closed()

    @property
    def sent(self) -> list[tuple[Opcode, bytes]]:
        """What the client has sent: frames, masked as they must be."""
        server = ServerProtocol(state=State.OPEN, max_size=None)
        server.receive_data(b"".join(self.wire.written))
        assert server.parser_exc is None
        return [(frame.opcode, bytes(frame.data)) for frame in server.events_received() if isinstance(frame, Frame)]


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """Return a frame as a server sends it."""
    return Frame(opcode, data, fin).serialize(mask=False)

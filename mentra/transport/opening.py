"""The opening handshake of a WebSocket, up to the last byte of its head.

The websockets library opens the connection, through proxies and TLS, and reads the answer. It takes what is here for
its own ``ClientConnection``; what follows the head is for ``client_socket.py``.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, cast

from websockets.asyncio.client import connect as websocket_connect
from websockets.client import ClientProtocol
from websockets.protocol import State

_HEAD_END = b"\r\n\r\n"


class Opening(asyncio.Protocol):
    """One handshake, from the connection to the head of the answer."""

    transport: asyncio.Transport

    def __init__(self, protocol: ClientProtocol, **_: object) -> None:
        self.protocol = protocol
        self.rest = b""
        """What came behind the head: frames, perhaps the beginning of one."""
        self.lost = False
        """Whether the connection has broken since."""
        self._tail = b""
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def handshake(self, headers: Mapping[str, str] | None, user_agent: str | None) -> None:
        """Ask, and wait for the answer.

        Raises:
            WebSocketException: It is none, or no consent.
        """
        request = self.protocol.connect()
        request.headers.update(headers or {})
        if user_agent is not None:
            request.headers.setdefault("User-Agent", user_agent)
        self.protocol.send_request(request)
        for data in self.protocol.data_to_send():
            self.transport.write(data)
        await self._answered
        if self.protocol.handshake_exc is not None:
            raise self.protocol.handshake_exc

    def start_keepalive(self) -> None:
        """Do nothing: pings are for the open connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn from asyncio whom to write to."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Give the library the head, and keep what follows."""
        if self.protocol.state is State.CONNECTING:
            # Cut here, not by the library: it would keep the beginning of a frame to itself.
            seen = self._tail + data
            end = seen.find(_HEAD_END)
            cut = len(data) if end < 0 else end + len(_HEAD_END) - len(self._tail)
            self._tail = seen[-len(_HEAD_END) + 1 :]
            self.protocol.receive_data(data[:cut])
            data = data[cut:]
        if self.protocol.state is State.OPEN:
            self.rest += data
        elif data:
            self.protocol.receive_data(data)  # The body of a refusal.
        self._look()

    def eof_received(self) -> None:
        """Learn that nothing more comes."""
        if self.protocol.state is State.CONNECTING:
            self.protocol.receive_eof()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the connection is gone."""
        self.lost = True
        self.eof_received()

    def _look(self) -> None:
        over = self.protocol.state is not State.CONNECTING or self.protocol.handshake_exc is not None
        if over and not self._answered.done():
            self._answered.set_result(None)


class _Connect(websocket_connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc  # Followed, it would take the headers, and so the API key, to any host.


async def open_websocket(
    url: str,
    *,
    headers: Mapping[str, str] | None,
    tls: ssl.SSLContext | None,
    through_proxy: bool,
    timeout: float,
    **options: Any,
) -> Opening:
    """Open a WebSocket, through the proxy of the environment if there shall be one.

    Raises:
        OSError: Nobody is there, or the time is over.
        WebSocketException: It was refused.
        ValueError: The address is impossible.
        ImportError: There is a SOCKS proxy, but not the package for it.
    """
    opened = await _Connect(
        url,
        additional_headers=headers,
        ssl=tls,
        proxy=True if through_proxy else None,
        # The cloud declines compression anyway (docs/protocol.md, Handshake).
        compression=None,
        open_timeout=timeout,
        # It asks for a subclass of its own, and uses of it what is here.
        create_connection=cast(Any, Opening),
        **options,
    )
    return cast(Opening, opened)

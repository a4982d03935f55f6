"""One port that serves HTTP and WebSocket: plain requests by a server of our own, all else by aiohttp's."""

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

from mentra.transport.accepting import Accepting
from mentra.transport.base import BodyLimit, HandleHttp, HandleSocket, HttpReply, HttpRequest, Listener
from mentra.transport.binding import bind, url_of
from mentra.transport.late_import import FULL_SERVER, late_import
from mentra.transport.plain_server import PlainConnection, PlainServer
from mentra.transport.server_times import ServerTimes

if TYPE_CHECKING:
    from mentra.transport.full_server import FullServer

_logger = logging.getLogger(__name__)


class SocketListener(Listener):
    """A server on one port."""

    def __init__(
        self,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None,
        *,
        max_body_bytes: BodyLimit,
        times: ServerTimes,
    ) -> None:
        self._handle_http = handle_http
        self._handle_socket = handle_socket
        self._max_body_bytes = max_body_bytes
        self._times = times
        self._plain = PlainServer(
            self._answer, self._move, max_body_bytes=max_body_bytes, idle_timeout=times.idle_timeout
        )
        self._full: FullServer | None = None
        self._moving: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._url = ""
        self._accepting: Accepting

    @property
    def url(self) -> str:
        """Where it is reached."""
        return self._url

    async def open(self, host: str, port: int, *, bound: socket.socket | None = None) -> None:
        """Begin to listen; with ``bound`` on that socket, which listens already. OSError: the port is taken."""
        listening = bound or bind(host, port)
        bound_host, bound_port = listening.getsockname()[:2]
        self._url = url_of(str(bound_host), bound_port)
        self._accepting = Accepting(listening, self._plain)
        await self._accepting.open()

    async def close(self) -> None:
        """Stop listening, and drop what is open."""
        if self._full is not None:
            self._full.leave_sockets()
        await self._accepting.close()
        await asyncio.sleep(0)  # What has come with the last connections is read.
        self._is_closing = True
        self._plain.end()
        if self._full is not None:
            self._full.end()
        await self._plain.close(self._times.close_timeout)
        if self._moving:
            await asyncio.wait(self._moving)
        if self._full is not None:
            await self._full.close()

    async def _answer(self, request: HttpRequest) -> HttpReply:
        try:
            return await self._handle_http(request)
        except Exception:
            _logger.exception("Answering %s %s failed.", request.method, request.path_only)
            return HttpReply(500)

    def _move(self, connection: PlainConnection) -> None:
        moving = asyncio.create_task(self._move_to_full(connection))
        self._moving.add(moving)
        moving.add_done_callback(self._moving.discard)

    async def _move_to_full(self, connection: PlainConnection) -> None:
        try:
            full = await self._full_server()
            await connection.move(full)
        except BaseException:
            connection.abort()
            raise

    async def _full_server(self) -> "FullServer":
        """Return the server for all that is not plain, made when it is first needed.

        aiohttp takes 150 ms to import, a third of a start; and in a thread, so that the sessions that run do not stand
        still meanwhile (docs/architecture.md, Transport).
        """
        if self._full is not None:
            return self._full
        await late_import(FULL_SERVER)
        # Just imported, or long ago: see above.
        from mentra.transport.full_server import FullServer

        if self._full is None:
            self._full = FullServer(
                self._answer,
                self._handle_socket,
                max_body_bytes=self._max_body_bytes,
                times=self._times,
            )
            if self._is_closing:
                self._full.end()
        return self._full

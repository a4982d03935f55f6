"""The called end of an open WebSocket, by aiohttp, behind the interface of ``base.py``."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web

from mentra.transport.base import MAX_WAITING_BYTES, Closed, Connection, Receiver, close_frame, is_cancelled

PING_INTERVAL_S = 10.0
"""How often a server's end pings; the cloud does, and ignores a missing answer."""

_logger = logging.getLogger(__name__)


class ServerSocket(Connection):
    """The end that was called.

    Args:
        close_timeout: Seconds until a close that the other end does not take becomes an abort.
    """

    def __init__(
        self, socket_: web.WebSocketResponse, transport: asyncio.Transport | None, close_timeout: float
    ) -> None:
        self._socket = socket_
        self._transport = transport
        self._close_timeout = close_timeout
        self._unsent: asyncio.Queue[tuple[int, Callable[[], Awaitable[object]]]] = asyncio.Queue()
        self._waiting_bytes = 0
        self._our_close: Closed | None = None
        self._aborted = False
        self._lost = asyncio.Event()
        self._writer: asyncio.Task[None]

    async def run(self, receiver: Receiver) -> None:
        """Carry frames both ways and ping until the connection is closed, and tell the receiver of it."""
        self._writer = asyncio.create_task(self._write())
        pings = asyncio.create_task(self._ping())
        closed: Closed | None = None
        try:
            closed = await self._read(receiver)
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, SystemExit)) or is_cancelled():
                raise
            _logger.exception("A receiver failed; its connection is dropped.")
        finally:
            if closed is None:
                self.abort()
            self._writer.cancel()
            pings.cancel()
            # By the loop, which logs what is raised; and before those who wait are woken.
            asyncio.get_running_loop().call_soon(receiver.connection_lost, closed or Closed(1006))
            self._lost.set()
            await asyncio.wait([self._writer, pings])

    def send_text(self, text: bytes) -> None:
        """Queue one text frame."""
        self._put(len(text), functools.partial(self._send_text, text))

    def send_binary(self, data: bytes) -> None:
        """Queue one binary frame."""
        self._put(len(data), functools.partial(self._send_binary, data))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Queue a close frame; one that the other end does not take becomes an abort."""
        frame = close_frame(Closed(code, reason))
        if frame is None:
            self.abort()
        elif self._our_close is None and not self._lost.is_set():
            self._put(0, functools.partial(self._send_close, frame))
            self._our_close = frame
            asyncio.get_running_loop().call_later(self._close_timeout, self.abort)

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None and not self._lost.is_set():
            self._aborted = True
            self._transport.abort()

    def leave(self) -> None:
        """Abort, unless the connection is closing anyway."""
        if self._our_close is None:
            self.abort()

    async def wait_closed(self) -> None:
        """Wait until the connection is closed."""
        await self._lost.wait()

    def _put(self, size_bytes: int, send: Callable[[], Awaitable[object]]) -> None:
        if self._our_close or self._aborted or self._lost.is_set():
            return
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.abort()
            return
        self._waiting_bytes += size_bytes
        self._unsent.put_nowait((size_bytes, send))

    async def _write(self) -> None:
        # Closed meanwhile: who reads reports it.
        with contextlib.suppress(ConnectionError, RuntimeError):
            while self._our_close is None or not self._unsent.empty():
                size_bytes, send = await self._unsent.get()
                await send()
                self._waiting_bytes -= size_bytes

    async def _read(self, receiver: Receiver) -> Closed:
        while True:
            frame = await self._socket.receive()
            if frame.type is aiohttp.WSMsgType.TEXT:
                receiver.text_received(frame.data)
            elif frame.type is aiohttp.WSMsgType.BINARY:
                receiver.binary_received(frame.data)
            elif frame.type is aiohttp.WSMsgType.CLOSE:
                return Closed(frame.data or 1005, frame.extra or "")
            else:
                # aiohttp reports 1000 for every close of our own, and for an end without a close frame. It stops
                # reading when the close frame goes out, not when it is answered.
                if self._our_close:
                    await asyncio.wait([self._writer], timeout=self._close_timeout)
                return Closed(1006) if self._aborted or self._our_close is None else self._our_close

    async def _ping(self) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                await asyncio.sleep(PING_INTERVAL_S)
                await self._socket.ping()

    def _send_text(self, text: bytes) -> Awaitable[object]:
        return self._socket.send_frame(text, aiohttp.WSMsgType.TEXT)

    def _send_binary(self, data: bytes) -> Awaitable[object]:
        return self._socket.send_frame(data, aiohttp.WSMsgType.BINARY)

    def _send_close(self, frame: Closed) -> Awaitable[object]:
        return self._socket.close(code=frame.code, message=frame.reason.encode())

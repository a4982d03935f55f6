"""Connections that wait at a socket, made into transports of the event loop.

The loop's own server would do, but uvloop's takes one connection in each turn of the loop: of 100 that come at once the
last one waits for 100 ms. Here all that wait are taken together. And asyncio's server forgets to close what it is about
to accept when it is closed.
"""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Callable

ACCEPTED_AT_ONCE = 128
"""How many in one turn of the loop, so that the connections that are open have theirs."""
RETRY_AFTER_S = 1.0
"""As asyncio has it."""

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_logger = logging.getLogger(__name__)


class Accepting:
    """Accepts at one socket, which belongs to it, from ``open`` to ``close``.

    Args:
        listening: Bound, listening and non-blocking.
        make_protocol: Makes the protocol of each connection.
        retry_after: Seconds for which nobody is accepted when the system has no more files or memory for it.
    """

    def __init__(
        self,
        listening: socket.socket,
        make_protocol: Callable[[], asyncio.Protocol],
        *,
        retry_after: float = RETRY_AFTER_S,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._make_protocol = make_protocol
        self._retry_after = retry_after
        self._being_made: set[asyncio.Task[None]] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to accept."""
        try:
            self._loop.add_reader(self._listening, self._accept)
        except NotImplementedError:  # The loop of Windows has no readers.
            self._server = await self._loop.create_server(self._make_protocol, sock=self._listening)

    async def close(self) -> None:
        """Accept no more, and let what was accepted get its protocol."""
        if self._server is not None:
            self._server.close()
            return
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._listening)
        if self._being_made:
            await asyncio.wait(self._being_made)
        self._listening.close()

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, _address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                _logger.error("No connection can be accepted: %s. Trying again after %g s.", error, self._retry_after)
                self._loop.remove_reader(self._listening)
                self._retry = self._loop.call_later(self._retry_after, self._accept_again)
                return
            connection.setblocking(False)
            # A task, although uvloop needs to wait for nothing: only then is it the same on every loop. It costs 3 us.
            making = self._loop.create_task(self._make(connection))
            self._being_made.add(making)
            making.add_done_callback(self._being_made.discard)

    def _accept_again(self) -> None:
        self._loop.add_reader(self._listening, self._accept)

    async def _make(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, connection)
        except OSError as error:
            _logger.debug("A connection was gone before it was accepted: %s", error)
            with contextlib.suppress(OSError):
                connection.close()

"""Replies that are streamed: what carries chunks from who makes them to who reads them, at the reader's pace.

A reply's chunks are drawn by ``pump``, in a task at the serving end, and written to the network. At the reading end of
a network of our own, in memory or over a bridge, a ``Flow`` holds what has come and was not read. A ``Window`` at the
serving end keeps that little: it counts what was written and what was read.
"""

import asyncio
import logging
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from mentra.transport.base import HttpError, close_iterator

WINDOW_BYTES = 256 * 1024
"""How much may be on its way to the reader of one reply, without the last chunk."""

_logger = logging.getLogger(__name__)


class Window:
    """How much more may be written now."""

    def __init__(self) -> None:
        self._unread_bytes = 0
        self._room = asyncio.Event()
        self._room.set()

    async def wait_for_room(self) -> None:
        """Wait until the reader has read enough."""
        await self._room.wait()

    def open(self) -> None:
        """Let everything pass: nobody reads any more, and nothing is kept."""
        self.read(sys.maxsize)

    def written(self, size_bytes: int) -> None:
        """Count what is on its way."""
        self._unread_bytes += size_bytes
        if self._unread_bytes >= WINDOW_BYTES:
            self._room.clear()

    def read(self, size_bytes: int) -> None:
        """Count what has been read."""
        self._unread_bytes -= size_bytes
        if self._unread_bytes < WINDOW_BYTES:
            self._room.set()


class Flow(AsyncIterator[bytes]):
    """The chunks of one reply at the end that reads them.

    Args:
        on_read: Told how many bytes were taken.
        on_close: Called once when no more are wanted, unless all have come.
    """

    def __init__(self, *, on_read: Callable[[int], object], on_close: Callable[[], object]) -> None:
        self._on_read = on_read
        self._on_close = on_close
        self._chunks: deque[bytes] = deque()
        self._over = False
        self._problem = ""
        self._came = asyncio.Event()

    def feed(self, chunk: bytes) -> None:
        """Take in a chunk."""
        if not self._over:
            self._chunks.append(chunk)
            self._came.set()

    def end(self, problem: str = "") -> None:
        """Have no more; with a problem, the connection broke."""
        if not self._over:
            self._over, self._problem = True, problem
            self._came.set()

    async def __anext__(self) -> bytes:
        while not self._chunks:
            if self._problem:
                raise HttpError(self._problem)
            if self._over:
                raise StopAsyncIteration
            self._came.clear()
            await self._came.wait()
        chunk = self._chunks.popleft()
        self._on_read(len(chunk))
        return chunk

    async def aclose(self) -> None:
        """Want no more."""
        self.discard()

    def discard(self) -> None:
        """Want no more."""
        self._chunks.clear()
        if not self._over:
            self.end()
            self._on_close()


async def pump(chunks: AsyncIterator[bytes], write: Callable[[bytes], Awaitable[object]]) -> bool:
    """Write all chunks; return whether the last one was reached. An exception of whoever makes them is logged.

    Cancel it when nobody reads any more. The iterator is closed, however this ends.
    """
    try:
        async for chunk in chunks:
            if chunk:  # An empty one is the last one, on the wire.
                await write(chunk)
    except HttpError as error:
        _logger.debug("A reply ended before its end: %s", error)  # It is passed on, and broke where it comes from.
    except Exception:
        _logger.exception("A reply broke off: what makes it raised an exception.")
    else:
        return True
    finally:
        await close_iterator(chunks)
    return False

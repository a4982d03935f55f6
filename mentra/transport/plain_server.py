"""A server for plain requests, which gives up its connections to a full server when something else comes.

* Each connection is a protocol of asyncio. A request is answered by one task, the next one begins when it is answered.
* A request that is not plain, one that is not whole within ``WHOLE_WITHIN_S``, and one whose answer is not plain: it
  goes to the full server from its first byte on, perhaps with the answer, and so does whatever follows on that
  connection. So all refusals, and all that is slow or large, are the full server's.
* What has come is kept until it is answered, to be given up.
* This is why it is not all aiohttp's: on uvloop 25 us of CPU for a request instead of 52, 54 instead of 125 for one on
  a new connection, and a start without importing aiohttp (docs/architecture.md, Transport).
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Protocol, cast

from mentra.transport.base import BodyLimit, HandleHttp, HttpReply, HttpRequest
from mentra.transport.plain_http import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    Head,
    may_become_plain,
    read_head,
    write_reply,
)

WHOLE_WITHIN_S = 1.0
"""How long a request may take from its first byte to its last; longer ones are not for here."""

_HEAD_END = b"\r\n\r\n"
_NEVER = math.inf

_logger = logging.getLogger(__name__)


class FullServer(Protocol):
    """Who takes over connections."""

    def take(self, transport: asyncio.Transport, data: bytes, reply: HttpReply | None, *, may_write: bool) -> None:
        """Serve a connection from now on: ``full_server.py``, which imports aiohttp."""


class PlainServer:
    """The connections of one listener that bring plain requests.

    Args:
        handle: Answers a request. Does not raise.
        give_up: Told of a connection that needs a full server; has to call its ``move`` with one.
        idle_timeout: Seconds that a connection may be without a request.
    """

    def __init__(
        self,
        handle: HandleHttp,
        give_up: "Callable[[PlainConnection], object]",
        *,
        max_body_bytes: BodyLimit,
        idle_timeout: float,
    ) -> None:
        self.handle = handle
        self.give_up = give_up
        self.body_limit: Callable[[HttpRequest], int] = (
            max_body_bytes if callable(max_body_bytes) else lambda _: max_body_bytes
        )
        self.idle_timeout = idle_timeout
        self.loop = asyncio.get_running_loop()
        self.connections: set[PlainConnection] = set()
        self.answering: set[asyncio.Task[None]] = set()
        self._all_gone: asyncio.Future[None] | None = None
        self._date = ""
        self._date_s = 0

    def __call__(self) -> "PlainConnection":
        """Make the protocol of a new connection."""
        return PlainConnection(self)

    @property
    def date(self) -> str:
        """The time, as ``Date`` tells it."""
        now_s = int(time.time())
        if now_s != self._date_s:
            self._date_s, self._date = now_s, formatdate(now_s, usegmt=True)
        return self._date

    def end(self) -> None:
        """Begin no more requests, and close each connection when its last one is answered."""
        for connection in list(self.connections):
            connection.end()

    async def close(self, timeout: float) -> None:
        """Wait for what is being answered, and until all connections are closed.

        Args:
            timeout: Seconds until an answer is cancelled, and as many again until it is left behind; and seconds until
                a connection is dropped on which the answer is not read.
        """
        if self.answering:
            _, late = await asyncio.wait(self.answering, timeout=timeout)
            for answering in late:
                answering.cancel()
            if late:
                await asyncio.wait(late, timeout=timeout)
        if self.connections:
            self._all_gone = self.loop.create_future()
            await asyncio.wait([self._all_gone], timeout=timeout)
            for connection in list(self.connections):
                connection.abort()

    def forget(self, connection: "PlainConnection") -> None:
        """Learn that a connection is gone, or is given up."""
        self.connections.discard(connection)
        if self._all_gone is not None and not self.connections and not self._all_gone.done():
            self._all_gone.set_result(None)


class PlainConnection(asyncio.Protocol):
    """One connection, for as long as its requests are plain."""

    __slots__ = (
        "_answering",
        "_data",
        "_due",
        "_end",
        "_given_up",
        "_head",
        "_is_last",
        "_is_waiting",
        "_may_write",
        "_reading_paused",
        "_reply",
        "_server",
        "_timer",
        "_transport",
    )

    def __init__(self, server: PlainServer) -> None:
        self._server = server
        self._transport: asyncio.Transport
        self._data = b""
        """What has come and is not answered."""
        self._head: Head | None = None
        """Of the request at the beginning of the data."""
        self._end = 0
        """Where that request ends."""
        self._is_waiting = False
        """Whether there is a part of that request, and the time for the rest runs."""
        self._answering: asyncio.Task[None] | None = None
        self._reply: HttpReply | None = None
        """An answer for the full server to send."""
        self._given_up = False
        self._is_last = False
        """Whether no more requests are begun."""
        self._may_write = True
        self._reading_paused = False
        # One timer, which looks what is due when it rings: setting it for each request would cost 3 us.
        self._timer: asyncio.TimerHandle | None = None
        self._due = _NEVER

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn from asyncio that somebody has connected."""
        self._transport = cast(asyncio.Transport, transport)
        self._server.connections.add(self)
        self._watch(self._server.idle_timeout)

    def data_received(self, data: bytes) -> None:
        """Take in what has come."""
        self._data = self._data + data if self._data else data
        self._go_on()
        if len(self._data) > MAX_HEAD_BYTES + MAX_BODY_BYTES and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Learn that answers are not read as fast as they come: the next request has to wait."""
        self._may_write = False

    def resume_writing(self) -> None:
        """Learn that the answers have been read."""
        self._may_write = True
        self._watch(self._server.idle_timeout)
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the connection is gone. Who answers is not disturbed: a webhook is not half done."""
        self._server.forget(self)
        self._watch_no_more()

    def end(self) -> None:
        """Close this when the request that is being answered is done, if there is one."""
        self._is_last = True
        if self._answering is None:
            self._transport.close()

    async def move(self, server: FullServer) -> None:
        """Have a full server take this over."""
        self._watch_no_more()
        data, self._data = self._data, b""
        reply, self._reply = self._reply, None
        if self._transport.is_closing():
            if reply is not None:
                await reply.close()
            return
        if self._reading_paused:
            self._transport.resume_reading()
        server.take(self._transport, data, reply, may_write=self._may_write)

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    def _go_on(self) -> None:
        """Begin with the next request, if it is there."""
        if self._answering is not None or self._given_up or self._is_last or not self._may_write or not self._data:
            return
        data = self._data
        if self._head is None:
            end = data.find(_HEAD_END, 0, MAX_HEAD_BYTES)
            if end < 0:
                if len(data) < MAX_HEAD_BYTES and may_become_plain(data):
                    self._wait_for_rest()
                else:
                    self._give_up()
                return
            end += len(_HEAD_END)
            self._head = read_head(data[:end])
            if self._head is None:
                self._give_up()
                return
            self._end = end + self._head.body_bytes
        head, end = self._head, self._end
        if len(data) < end:
            self._wait_for_rest()
            return
        self._is_waiting = False
        request = HttpRequest(head.method, head.target, head.headers, data[end - head.body_bytes : end])
        if head.body_bytes and head.body_bytes > self._server.body_limit(request):
            self._give_up()
            return
        self._due = _NEVER
        self._answering = self._server.loop.create_task(self._answer(head, request))
        self._server.answering.add(self._answering)

    async def _answer(self, head: Head, request: HttpRequest) -> None:
        answering = self._answering
        try:
            reply = await self._server.handle(request)
        except BaseException:  # It is cancelled, or the process ends.
            self._transport.abort()
            self._answering = None
            raise
        else:
            self._answering = None
            if self._transport.is_closing():
                await reply.close()  # Nobody waits for it.
            else:
                self._send(head, reply)
        finally:
            # As a callback of the task would do, for 1 us. One that is cancelled before it begins is kept: only the end
            # of the server does that.
            self._server.answering.discard(answering)

    def _send(self, head: Head, reply: HttpReply) -> None:
        close = self._is_last or not head.keep_alive
        try:
            data = write_reply(reply, date=self._server.date, close=close)
        except Exception:  # A route of the app's own has made it, of something else than it should.
            _logger.exception("The answer to %s %s cannot be sent.", head.method, head.target.partition("?")[0])
            data = write_reply(HttpReply(500), date=self._server.date, close=close)
        if data is None:
            self._reply = reply
            self._give_up()
            return
        self._transport.write(data)
        if close:
            self._is_last = True
            self._transport.close()
            return
        self._data = self._data[self._end :]
        self._head = None
        self._watch(self._server.idle_timeout)
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()
        if self._data:
            self._go_on()

    def _give_up(self) -> None:
        self._given_up = True
        self._due = _NEVER
        self._server.forget(self)
        self._server.give_up(self)

    def _wait_for_rest(self) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self._watch(min(WHOLE_WITHIN_S, self._server.idle_timeout))

    def _watch(self, timeout: float) -> None:
        """Look in so many seconds what has become of this, and no more for what was to be looked at before."""
        loop = self._server.loop
        self._due = loop.time() + timeout
        if self._timer is not None and self._timer.when() > self._due:
            self._watch_no_more()
        if self._timer is None:
            self._timer = loop.call_at(self._due, self._look)

    def _watch_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        loop = self._server.loop
        if self._due == _NEVER:
            return  # It is being answered; then it is watched again.
        if loop.time() < self._due:
            self._timer = loop.call_at(self._due, self._look)
        elif not self._may_write:
            self._watch(self._server.idle_timeout)  # What it got is not read yet.
        elif self._data:
            self._give_up()
        else:
            self._transport.abort()

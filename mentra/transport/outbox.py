"""Frames that go out together: those that many sockets send in one turn of the event loop.

* Who receives a frame is woken for it, and that is paid for by who sends it: 5 us, half of what a message costs, if the
  other end is a process on this machine that sleeps on a halted core. Sent one right behind the other, frames find it
  awake. So a frame waits for the end of the turn, or for ``MOST_WAITING``, if another one was sent just before.
* One that is alone is sent at once: what a handler shows before it blocks the loop shall be seen.
* Where frames have had to wait for a handler that blocks, all are sent at once for minutes.
* Frames of one socket keep their order. Who sends one otherwise has to ``flush`` before.
"""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

BURST_S = 0.001
"""What is sent so soon after the last one is not alone."""
MOST_WAITING = 64
"""How many frames wait at most: making them takes 0.5 ms. With 16 it would be a tenth slower, with more not quicker."""
MOST_S = 0.001
"""How long, seen at every eighth frame: some handlers take longer."""
LATE_S = 0.1
"""Who had to wait for so long did so for a handler that blocks, and may have noticed."""
AT_ONCE_FOR_S = 600.0

_logger = logging.getLogger(__name__)


class Outbox:
    """What the sockets of one network have to send, on one event loop.

    Args:
        clock: Seconds from any moment. Not that of the loop, which may stand still during a turn.
    """

    __slots__ = ("_at_once_until_s", "_began_s", "_clock", "_last_s", "_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, *, clock: Callable[[], float] = monotonic) -> None:
        self._loop = loop
        self._clock = clock
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []
        self._began_s = 0.0
        """Since when the first of them waits."""
        self._last_s = -BURST_S
        """When something was sent last, or began to wait."""
        self._at_once_until_s = 0.0

    def send(self, transport: asyncio.Transport, frame: bytes) -> None:
        """Send a frame, at once or at the end of the turn."""
        waiting = self._waiting
        if waiting:
            waiting.append((transport, frame))
            count = len(waiting)
            if count >= MOST_WAITING or (not count % 8 and self._clock() - self._began_s > MOST_S):
                self.flush()
            return
        clock = self._clock  # Called as an attribute in a slot, it takes 0.05 us more.
        now_s = clock()
        if now_s - self._last_s < BURST_S and now_s >= self._at_once_until_s:
            waiting.append((transport, frame))
            self._began_s = now_s
            self._loop.call_soon(self.flush)
        else:
            transport.write(frame)
        self._last_s = now_s

    def flush(self) -> None:
        """Send what waits now."""
        waiting = self._waiting
        if not waiting:
            return
        self._waiting = []
        self._last_s = now_s = self._clock()
        if now_s - self._began_s > LATE_S:
            self._at_once_until_s = now_s + AT_ONCE_FOR_S
        for transport, frame in waiting:
            try:
                if not transport.is_closing():
                    transport.write(frame)
            except Exception:  # The others are not to lose theirs.
                _logger.exception("A frame could not be sent.")

"""An event loop whose clock jumps: when nothing is ready, the next timer is due at once.

For tests that live in one process and in memory. A thread or another process that works while only timers are
pending would find its time gone; such tests carry a marker and get a real loop (see ``tests/conftest.py``).
"""

import asyncio
import selectors
import time

DEADLOCK_AFTER_S = 5.0


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on which sleeping takes no time."""

    def __init__(self) -> None:
        self._selector_with_clock = _JumpingSelector()
        super().__init__(self._selector_with_clock)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._selector_with_clock.now

    async def shutdown_default_executor(self, *timeout: float) -> None:
        """Wait for threads, in their own time: from Python 3.12 on there is a timer beside them."""
        self._selector_with_clock.jumps = False
        await super().shutdown_default_executor(*timeout)


class _JumpingSelector(selectors.DefaultSelector):
    """Looks for real I/O without waiting, and moves the clock by the time that the loop wanted to wait."""

    now = 0.0
    jumps = True

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self.jumps:
            began = time.monotonic()
            events = super().select(timeout)
            self.now += time.monotonic() - began
            return events
        events = super().select(0)
        if events:
            return events
        if timeout is None:
            # No timer either: only another thread can go on from here, in real time.
            if not (events := super().select(DEADLOCK_AFTER_S)):
                raise RuntimeError("Everything waits and nothing is scheduled: this test would hang.")
        elif timeout > 0:
            self.now += timeout
        return events

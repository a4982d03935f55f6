"""The clock and the timers of the display's rules, as a JavaScript engine has them.

The rules:

* Time is counted in whole milliseconds.
* A timer takes a millisecond at least, also one that is set for the past; so does one of more than 24.8 days.
* Timers that are due in the same millisecond go off in the order in which they were set.

Source: nodejs/node lib/internal/timers.js (v20); ECMA-262 (2025), TimeClip.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_MS = 2**31 - 1
"""No timer is longer. *Unverified*: that Bun, on which the cloud runs, takes one that is as Node.js does."""
LAST_MOMENT_MS = 8.64e15
"""In milliseconds since 1970, forwards and backwards: what is farther away is no moment in JavaScript."""


@dataclass(frozen=True, slots=True, eq=False)
class Timer:
    """Something that is to happen once."""

    due_ms: int
    act: Callable[[], object]
    alarm: asyncio.TimerHandle


class Timers:
    """The timers of one user."""

    def __init__(self) -> None:
        self._timers: list[Timer] = []

    @property
    def now_ms(self) -> int:
        """Milliseconds, from a moment that means nothing."""
        return round(asyncio.get_running_loop().time() * 1000)

    def set(self, delay_ms: int, act: Callable[[], object]) -> Timer:
        """Call ``act`` once that much later."""
        due_ms = self.now_ms + (delay_ms if 1 <= delay_ms <= LONGEST_MS else 1)
        alarm = asyncio.get_running_loop().call_at(due_ms / 1000, self._go_off)
        timer = Timer(due_ms, act, alarm)
        self._timers.append(timer)
        return timer

    def cancel(self, timer: Timer) -> None:
        """Do not call what this timer would call."""
        timer.alarm.cancel()
        self._timers.remove(timer)

    def clear(self) -> None:
        """Cancel all."""
        for timer in self._timers:
            timer.alarm.cancel()
        self._timers.clear()

    def _go_off(self) -> None:
        # The loop does not keep the order of what is due at the same moment, so all of that goes off with the first.
        while due := [timer for timer in self._timers if timer.due_ms <= self.now_ms]:
            first = min(due, key=lambda timer: timer.due_ms)
            self.cancel(first)
            first.act()

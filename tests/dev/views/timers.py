"""A clock and its timers, moved by a test."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class FakeTimers:
    """The part of an event loop that a feed uses."""

    BEGAN = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[FakeTimer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object]) -> "FakeTimer":
        timer = FakeTimer(self, when, callback)
        self.timers.append(timer)
        return timer

    def pass_(self, seconds: float) -> None:
        """Let time pass, and call what is due."""
        until = self.now + seconds
        while due := [timer for timer in self.timers if timer.when <= until]:
            first = min(due, key=lambda timer: timer.when)
            self.timers.remove(first)
            self.now = max(self.now, first.when)
            first.callback()
        self.now = until

    @property
    def wall_time(self) -> datetime:
        """The time that entries carry."""
        return self.BEGAN + timedelta(seconds=self.now - 100.0)


class FakeTimer:
    def __init__(self, timers: FakeTimers, when: float, callback: Callable[[], object]) -> None:
        self._timers = timers
        self.when = when
        self.callback = callback

    def cancel(self) -> None:
        self._timers.timers.remove(self)

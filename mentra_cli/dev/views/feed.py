"""From the journal to a view: filtered, measured, folded, and in time."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from mentra_cli.dev.journal import Entry, Started
from mentra_cli.dev.views.describe import describe
from mentra_cli.dev.views.folding import Batch, Folding
from mentra_cli.dev.views.kinds import Role, kind_of
from mentra_cli.dev.views.latency import Latency


class Timers(Protocol):
    """What a feed needs of an event loop."""

    def time(self) -> float:
        """Return the time on the loop's clock, in seconds."""
        ...

    def call_at(self, when: float, callback: Callable[[], object], /) -> asyncio.TimerHandle:
        """Call back at that time."""
        ...


class Feed:
    """Reads the journal and has it drawn. Needs a running event loop, for what is summed up at the end of a second.

    Args:
        draw: Draws one thing.
        verbose: Whether everything but sound is drawn as it came.
    """

    def __init__(self, draw: Callable[[Batch], object], *, verbose: bool, timers: Timers | None = None) -> None:
        self.filter = ""
        """Only what contains this is drawn, and problems; empty: everything."""
        self._draw = draw
        self._folding = Folding(sound_only=verbose)
        self._latency = Latency()
        self._timers: Timers = timers or asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def take(self, entry: Entry) -> None:
        """Take in one entry."""
        if isinstance(entry, Started):
            return  # The banner has said it.
        kind = kind_of(entry)
        answered_s = self._latency.answered_s(entry, kind)
        if kind.role is not Role.PROBLEM and not self._is_wanted(entry):
            return
        now = self._timers.time()
        self._draw_all(self._folding.take(entry, kind, now, answered_s=answered_s))
        if self._timer is None and (due := self._folding.due) is not None:
            self._timer = self._timers.call_at(due, self._on_time)

    def close(self) -> None:
        """Draw what still waits, and take nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self._draw_all(self._folding.flush(self._timers.time()))

    def _on_time(self) -> None:
        self._timer = None
        now = self._timers.time()
        due = self._folding.due
        if due is not None and due > now:
            # An entry came between, flushed, and began anew.
            self._timer = self._timers.call_at(due, self._on_time)
        else:
            self._draw_all(self._folding.flush(now))

    def _draw_all(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            self._draw(batch)

    def _is_wanted(self, entry: Entry) -> bool:
        if not self.filter:
            return True
        said = describe(entry, whole=True)
        return self.filter.casefold() in f"{said.who}\n{said.title}\n{said.text}".casefold()

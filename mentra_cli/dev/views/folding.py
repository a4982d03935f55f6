"""Many messages on a few lines: what is drawn at once, and what is summed up.

The rules:

* What comes now and then is drawn at once, each by itself.
* Sound is never drawn frame by frame, but as one sum for each session and second.
* What comes in a burst is counted, and summed up at the end of the second: for each kind, that is session, direction
  and type, the last message and how many there were. A burst is more than ``BURST`` of one kind in a second, or more
  than ``CROWD`` of all kinds. While it lasts, nothing of that kind is drawn by itself.
* Of what an app prints, so many lines a second are drawn, and the others counted.
* Problems and news are drawn at once, whatever else happens.
* Nothing is lost: each entry is drawn, or counted in something that is drawn. Entries of a kind keep their order.

No clock here, and no drawing: time is a parameter, and what is to be drawn a result.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import assert_never

from mentra_cli.dev.journal import AppOutput, Entry, Frame, Note
from mentra_cli.dev.views.kinds import Kind, Role

WINDOW_S = 1.0
"""What is not drawn at once waits at most so long."""
BURST = 10
CROWD = 20
CROWD_NEWCOMERS = 2
"""Messages of kinds that are new in a crowd, such as a button, that are drawn at once in each second."""
CALM_S = 0.3
"""A burst is over when nothing came for so long."""
OUTPUT_LINES = 50
OUTPUT_LINES_IN_FLOOD = 10
"""Lines of the app in a second after one with more than ``OUTPUT_LINES``."""
SUMS = 5
"""Sums that are drawn in a second, of sound and of everything else; the smaller ones are summed up in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Entries of one kind that are drawn as one; mostly just one."""

    last: Entry
    count: int = 1
    more: bool = False
    """Whether others of this burst were drawn before."""
    over_s: float = 0.0
    """From the first to the last."""
    size_bytes: int = 0
    """Of binary frames, all together."""
    answered_s: float | None = None
    """How long ago the event came that this answers; the longest time of all."""


class Folding:
    """Decides what is drawn.

    Args:
        sound_only: Whether everything but sound is drawn as it comes.
    """

    def __init__(self, *, sound_only: bool = False) -> None:
        self._sound_only = sound_only
        self._heaps: dict[Kind, _Heap] = {}
        self._ends = inf
        self._count = 0
        """Traffic in this window; without sound."""
        self._drawn = 0
        self._crowded = False
        self._last_at = -inf

    @property
    def due(self) -> float | None:
        """When ``flush`` has something to do; ``None`` while nothing happens."""
        return None if self._ends == inf else self._ends

    def take(self, entry: Entry, kind: Kind, now: float, *, answered_s: float | None = None) -> list[Batch]:
        """Take in an entry; return what is to be drawn now."""
        batches = self.flush(now) if now >= self._ends else []
        if kind.role in _ALWAYS_DRAWN:
            return [*batches, Batch(last=entry)]
        self._ends = min(self._ends, now + WINDOW_S)
        heap = self._heaps.setdefault(kind, _Heap())
        if self._is_drawn(kind, heap, now):
            heap.drawn += 1
            batches += heap.taken_out()
            batches.append(Batch(last=entry, answered_s=answered_s))
        else:
            heap.add(entry, answered_s)
        heap.seen += 1
        heap.last_at = now
        return batches

    def flush(self, now: float) -> list[Batch]:
        """Return the sums of what was not drawn, and begin anew; at the end, call it once more."""
        sums = {kind: batch for kind, heap in self._heaps.items() for batch in heap.taken_out()}
        for kind, heap in self._heaps.items():
            heap.next_window(OUTPUT_LINES if kind.role is Role.OUTPUT else BURST)
        self._heaps = {kind: heap for kind, heap in self._heaps.items() if now - heap.last_at < WINDOW_S}
        self._crowded = self._count > CROWD
        self._ends, self._count, self._drawn = inf, 0, 0
        sound = [batch for kind, batch in sums.items() if kind.role is Role.SOUND]
        output = [_cut(batch) for kind, batch in sums.items() if kind.role is Role.OUTPUT]
        traffic = [batch for kind, batch in sums.items() if kind.role not in (Role.SOUND, Role.OUTPUT)]
        return [*_largest(sound), *_largest(traffic), *output]

    def _is_drawn(self, kind: Kind, heap: "_Heap", now: float) -> bool:
        match kind.role:
            case Role.SOUND:
                return False
            case Role.OUTPUT:
                return self._sound_only or heap.drawn < (OUTPUT_LINES_IN_FLOOD if heap.bursting else OUTPUT_LINES)
            case Role.TRAFFIC | Role.EVENT | Role.GREETING | Role.DISPLAY:
                return self._sound_only or self._is_traffic_drawn(heap, now)
            case Role.NEWS | Role.PROBLEM:
                return True
            case _:
                assert_never(kind.role)

    def _is_traffic_drawn(self, heap: "_Heap", now: float) -> bool:
        heap.bursting = heap.bursting and now - heap.last_at < CALM_S
        self._crowded = self._crowded and now - self._last_at < CALM_S
        self._last_at = now
        self._count += 1
        if heap.bursting or heap.drawn >= BURST:
            return False
        is_new = now - heap.last_at >= WINDOW_S
        if self._drawn >= (CROWD_NEWCOMERS if self._crowded else CROWD) or (self._crowded and not is_new):
            return False
        self._drawn += 1
        return True


class _Heap:
    """Entries of one kind that wait to be drawn as one."""

    __slots__ = ("answered_s", "bursting", "count", "drawn", "first", "last", "last_at", "more", "seen", "size_bytes")

    def __init__(self) -> None:
        self.seen = self.drawn = 0
        """Entries of this window, and those of them that were drawn by themselves."""
        self.bursting = False
        self.last_at = -inf
        self.last: Entry | None = None
        self.more = False
        self._empty()

    def _empty(self) -> None:
        self.count, self.size_bytes = 0, 0
        self.first: Entry | None = None
        self.answered_s: float | None = None

    def add(self, entry: Entry, answered_s: float | None) -> None:
        if self.first is None:
            self.first, self.more = entry, self.drawn > 0
        self.last = entry
        self.count += 1
        if isinstance(entry, Frame):
            self.size_bytes += entry.binary_bytes
        if answered_s is not None:
            self.answered_s = max(answered_s, self.answered_s or 0.0)

    def taken_out(self) -> list[Batch]:
        """Return what waits, as one, and forget it."""
        if self.first is None or self.last is None:
            return []
        batch = Batch(
            last=self.last,
            count=self.count,
            more=self.more,
            over_s=max(0.0, (self.last.time - self.first.time).total_seconds()),
            size_bytes=self.size_bytes,
            answered_s=self.answered_s,
        )
        self._empty()
        return [batch]

    def next_window(self, limit: int) -> None:
        """Begin another second; one with more entries than ``limit`` was a burst."""
        self.bursting = self.seen > limit
        self.seen = self.drawn = 0


_ALWAYS_DRAWN = frozenset({Role.NEWS, Role.PROBLEM})


def _cut(batch: Batch) -> Batch:
    """Return what stands for lines of the app that are not drawn."""
    if batch.count == 1 or not isinstance(batch.last, AppOutput):
        return batch
    lines = f"... {batch.count:,} more lines"
    return Batch(last=AppOutput(time=batch.last.time, stream=batch.last.stream, line=lines))


def _largest(batches: Sequence[Batch]) -> Iterable[Batch]:
    """Return the largest sums in the order in which they began, and a line for the others."""
    if len(batches) <= SUMS:
        return batches
    largest = sorted(batches, key=lambda batch: batch.count, reverse=True)[:SUMS]
    kept = [batch for batch in batches if any(batch is one for one in largest)]
    count = sum(batch.count for batch in batches) - sum(batch.count for batch in kept)
    others = f"... and {count:,} more messages of {len(batches) - SUMS} kinds"
    return [*kept, Batch(last=Note(time=max(batch.last.time for batch in batches), text=others))]

"""What is remembered for those who look afterwards: the newest, and the fewer the more users there are.

A cloud with one user remembers the last thousand things of each kind. One with hundreds of users would need gigabytes
for that, so its lists share one bound, and their memory does not grow with time.
"""

import weakref
from collections import deque
from typing import Any, TypeVar

T = TypeVar("T")

MOST = 1000
"""As many are remembered in one list."""
FEWEST = 20
"""As many are remembered however many lists there are."""
TOGETHER = 50_000
"""As many are remembered in all lists together, but for what ``FEWEST`` grants."""


class History:
    """The lists of one cloud."""

    def __init__(self) -> None:
        self._lists: weakref.WeakValueDictionary[int, Recent[Any]] = weakref.WeakValueDictionary()

    @property
    def bound(self) -> int:
        """How many entries each list keeps at this moment."""
        return max(FEWEST, min(MOST, TOGETHER // max(1, len(self._lists))))

    def recent(self) -> "Recent[Any]":
        """Return a new list; it counts as long as somebody refers to it."""
        recent: Recent[Any] = Recent(self)
        self._lists[id(recent)] = recent
        return recent


class Recent(deque[T]):
    """The newest entries of one list, oldest first. Get one from ``History.recent``."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    def append(self, entry: T, /) -> None:
        """Remember one more; the oldest are forgotten first."""
        super().append(entry)
        bound = self._history.bound
        while len(self) > bound:
            self.popleft()

"""What is found out of the same few names again and again, for each session: once."""

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

REMEMBERED = 500
"""How many names. An app has a few; but it may make them of what its users write."""
LONGEST_REMEMBERED = 500
"""Characters of a name. Those of MentraOS have fewer than 100."""


class Remembered(dict[K, V]):
    """What a function returns, by its argument: ``found[name]`` calls it once.

    As ``functools.lru_cache``, except that a long argument is not kept, whatever there is room for.

    Args:
        find: The function. It returns what cannot be changed, since all get the same.
        length: Of an argument.
    """

    __slots__ = ("_find", "_length")

    def __init__(self, find: Callable[[K], V], *, length: Callable[[K], int]) -> None:
        super().__init__()
        self._find = find
        self._length = length

    def __missing__(self, key: K) -> V:
        found = self._find(key)
        if self._length(key) <= LONGEST_REMEMBERED:
            if len(self) >= REMEMBERED:
                self.clear()
            self[key] = found
        return found

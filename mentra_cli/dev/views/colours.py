"""A colour for each session, the same as long as the view lives."""

from itertools import cycle

PALETTE = ("#0087ff", "#d75f00", "#d700af", "#5f8700", "#008787", "#875fff")
"""Told apart from each other, and readable on black and on white. All are among the 256 of a terminal."""


class Colours:
    """Gives out colours in the order in which sessions appear."""

    def __init__(self) -> None:
        self._palette = cycle(PALETTE)
        self._given: dict[str, str] = {}

    def of(self, session_id: str) -> str:
        """Return the colour of a session."""
        if session_id not in self._given:
            self._given[session_id] = next(self._palette)
        return self._given[session_id]

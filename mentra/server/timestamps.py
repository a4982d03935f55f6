"""The time on messages that an app's server sends."""

import time
from datetime import UTC, datetime

from mentra.protocol.base import iso_timestamp


class Timestamps:
    """Writes the present moment as the wire does.

    What is sent within a millisecond shares the text: 0.1 us instead of 0.5.
    """

    __slots__ = ("_ends_s", "_last_text", "_starts_s")

    def __init__(self) -> None:
        self._starts_s = self._ends_s = 0.0
        """Of the millisecond that the last text is of."""
        self._last_text = ""

    def now(self) -> str:
        """Return the present moment."""
        now_s = time.time()
        if not self._starts_s <= now_s < self._ends_s:
            now_ms = int(now_s * 1000)
            self._starts_s, self._ends_s = now_ms / 1000, (now_ms + 1) / 1000
            self._last_text = iso_timestamp(datetime.fromtimestamp(now_ms / 1000, UTC))
        return self._last_text

"""The time on messages that an app's server sends."""

import time
from datetime import UTC, datetime

from mentra.protocol.base import iso_timestamp


class Timestamps:
    """Writes the present moment as the wire does.

    What is sent within a millisecond shares the text: 0.1 us instead of 0.5.
    """

    __slots__ = ("_last_ms", "_last_text")

    def __init__(self) -> None:
        self._last_ms = -1
        self._last_text = ""

    def now(self) -> str:
        """Return the present moment."""
        now_ms = time.time_ns() // 1_000_000
        if now_ms != self._last_ms:
            self._last_ms, self._last_text = now_ms, iso_timestamp(datetime.fromtimestamp(now_ms / 1000, UTC))
        return self._last_text

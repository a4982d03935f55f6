"""The time on messages that an app's server sends."""

import time
from datetime import UTC, datetime

from mentra.protocol.base import iso_timestamp

_last = (-1, "")


def timestamp_now() -> str:
    """Return the present moment as the wire writes it.

    What is sent within a millisecond shares the text: 0.1 us instead of 0.5.
    """
    global _last
    now_ms = time.time_ns() // 1_000_000
    if now_ms != _last[0]:
        _last = now_ms, iso_timestamp(datetime.fromtimestamp(now_ms / 1000, UTC))
    return _last[1]

from datetime import UTC, datetime

import pytest

from mentra.protocol.base import iso_timestamp
from mentra.server import timestamps


@pytest.mark.parametrize("first_ns", [0, 1_767_225_599_999_123_456, 1_767_225_600_000_000_000])
def test_each_moment_is_written_to_the_millisecond(first_ns: int, monkeypatch: pytest.MonkeyPatch):
    # The last one as if the clock had been set back.
    moments_ns = [first_ns, first_ns + 400_000, first_ns + 1_000_000, first_ns + 61_000_000_000, first_ns]
    left = iter(moments_ns)
    monkeypatch.setattr(timestamps.time, "time", lambda: next(left) / 1e9)

    now = timestamps.Timestamps().now
    written = [now() for _ in moments_ns]

    assert written == [at_millisecond(moment_ns // 1_000_000) for moment_ns in moments_ns]


def at_millisecond(moment_ms: int) -> str:
    seconds, ms = divmod(moment_ms, 1000)
    return f"{iso_timestamp(datetime.fromtimestamp(seconds, UTC))[:20]}{ms:03}Z"

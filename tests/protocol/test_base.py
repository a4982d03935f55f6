"""The rules that all messages share."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mentra.protocol.base import iso_timestamp
from mentra.protocol.webhooks import WebhookReply


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 31, 12, 0, 0, 999_999, UTC), "2026-01-31T12:00:00.999Z"),
        (datetime(2026, 1, 31, 12, 0, tzinfo=UTC), "2026-01-31T12:00:00.000Z"),
        (datetime(2026, 1, 31, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-01-30T23:00:00.000Z"),
    ],
)
def test_a_moment_is_written_with_milliseconds_and_z_w_conv_4(moment: datetime, text: str):
    assert iso_timestamp(moment) == text


def test_a_message_is_frozen():
    reply = WebhookReply(status="success")

    with pytest.raises(AttributeError):
        reply.status = "error"  # type: ignore[misc]  # the mistake itself

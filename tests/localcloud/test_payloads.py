"""What an event says by itself (docs/protocol.md, Conventions)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mentra.localcloud.payloads import payload_of

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_ISO = "2026-01-31T12:00:00.000Z"
NOON_MS = 1769860800000


@pytest.mark.parametrize(
    ("stream", "given", "payload"),
    [
        ("head_position", {"position": "up"}, {"type": "head_position", "position": "up", "timestamp": NOON_MS}),
        ("VAD", {"status": "true", "timestamp": 5}, {"type": "VAD", "status": "true", "timestamp": 5}),
        ("location_update", {"lat": 48.2}, {"type": "location_update", "lat": 48.2, "timestamp": NOON_ISO}),
        ("transcription:en-US", {"text": "hi"}, {"type": "transcription", "text": "hi"}),
        ("transcription", {"text": "hi"}, {"type": "local_transcription", "text": "hi"}),
        ("translation:en-US-to-es-ES", {}, {"type": "translation"}),
        ("calendar_event", {"title": "Lunch"}, {"type": "calendar_event", "title": "Lunch"}),
        (
            "touch_event:double_tap",
            {},
            {"type": "touch_event", "gesture_name": "double_tap", "timestamp": NOON_MS},
        ),
        (
            "phone_notification",
            {"title": "Hi"},
            {"type": "phone_notification", "title": "Hi", "priority": "normal", "timestamp": NOON_MS},
        ),
        ("invented", {"type": "else"}, {"type": "else", "timestamp": NOON_MS}),
    ],
)
def test_what_is_not_said_is_filled_in(stream: str, given: dict[str, Any], payload: dict[str, Any]):
    assert payload_of(stream, given, NOON) == payload

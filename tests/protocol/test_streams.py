"""Streams: their times, their permissions, their table."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mentra.protocol.base import Timestamp
from mentra.protocol.permissions import Permission, is_granted
from mentra.protocol.streams import STREAMS, ButtonPress, StreamData, permission_for

NOON = datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.fixture(params=["UTC", "America/New_York"])
def time_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine may stand anywhere."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("time_zone")
@pytest.mark.parametrize(
    ("timestamp", "moment"),
    [
        ("2026-01-31T12:00:00.500Z", NOON),
        ("2026-01-31T13:00:00.500+01:00", NOON),
        ("2026-01-31T12:00:00.500", NOON),
        (1769860800500, NOON),
        (1769860800500.0, NOON),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (None, None),
        ("", None),
        ("yesterday", None),
        ("2026-13-45", None),
        (1e300, None),
        (-1e300, None),
        (10**30, None),
        ("0001-01-01T00:00:00+23:00", None),
    ],
)
def test_a_time_is_aware_and_in_utc_or_nothing_w_conv_5(timestamp: Timestamp | None, moment: datetime | None):
    event = ButtonPress(button_id="a", press_type="short", timestamp=timestamp)

    assert event.time == moment
    assert event.time is None or event.time.tzinfo is UTC


def test_every_stream_has_a_name_of_its_own_and_a_docstring():
    kinds = [kind for base in (StreamData, *StreamData.__subclasses__()) for kind in base.__subclasses__()]

    assert set(STREAMS.values()) == {kind for kind in kinds if not kind.__name__.startswith("_")}
    assert [name for name, kind in STREAMS.items() if name != kind.stream or not kind.__doc__] == []


@pytest.mark.parametrize(
    ("stream", "permission"),
    [
        ("transcription:en-US", Permission.MICROPHONE),
        ("transcription", Permission.MICROPHONE),
        ("translation:en-US-to-es-ES", Permission.MICROPHONE),
        ("VAD", Permission.MICROPHONE),
        ("audio_chunk", Permission.MICROPHONE),
        ("location_update", Permission.LOCATION),
        ("calendar_event", Permission.CALENDAR),
        ("phone_notification", Permission.READ_NOTIFICATIONS),
        ("phone_notification_dismissed", Permission.READ_NOTIFICATIONS),
        ("photo_taken", Permission.CAMERA),
        ("button_press", None),
        ("touch_event:double_tap", None),
        ("brand_new", None),
    ],
)
def test_what_a_stream_needs(stream: str, permission: Permission | None):
    assert permission_for(stream) is permission


@pytest.mark.parametrize(
    ("needed", "declared", "granted"),
    [
        (None, (), True),
        (Permission.MICROPHONE, (), False),
        (Permission.MICROPHONE, ("MICROPHONE",), True),
        (Permission.MICROPHONE, ("CAMERA",), False),
        (Permission.CAMERA, ("ALL",), True),
        (Permission.READ_NOTIFICATIONS, ("NOTIFICATIONS",), True),
        (Permission.POST_NOTIFICATIONS, ("NOTIFICATIONS",), False),
        (Permission.MICROPHONE, ("SOMETHING_NEW",), False),
    ],
)
def test_what_a_declaration_grants_w_str_19(needed: Permission | None, declared: tuple[str, ...], granted: bool):
    assert is_granted(needed, declared) is granted

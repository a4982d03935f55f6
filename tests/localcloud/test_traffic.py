"""What passed is remembered, in bounds."""

from datetime import UTC, datetime, timedelta

import pytest

from mentra.localcloud.history import MOST, History
from mentra.localcloud.traffic import MAX_KEPT_BYTES, PassedFrame, Traffic

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
APP, OTHER = "com.example.app", "com.example.other"


class Clock:
    """A second later each time one looks."""

    def __init__(self) -> None:
        self._looks = -1

    def __call__(self) -> datetime:
        self._looks += 1
        return NOON + timedelta(seconds=self._looks)


@pytest.fixture
def traffic() -> Traffic:
    return Traffic(Clock(), History().recent())


def test_a_message_is_kept_as_it_passed(traffic: Traffic):
    traffic.note("from app", APP, '{"type": "tschüs"}')
    traffic.note("to app", APP, b"nonsense")

    first, second = traffic
    assert first == PassedFrame(
        time=NOON,
        direction="from app",
        package_name=APP,
        text='{"type": "tschüs"}'.encode(),
        size_bytes=19,
    )
    assert (first.message, second.message) == ({"type": "tschüs"}, None)


def test_of_a_large_message_only_the_size_is_kept(traffic: Traffic):
    traffic.note("to app", APP, bytes(MAX_KEPT_BYTES))
    traffic.note("to app", APP, bytes(MAX_KEPT_BYTES + 1))

    assert [(len(frame.text), frame.size_bytes) for frame in traffic] == [(65536, 65536), (0, 65537)]


def test_sound_between_two_messages_is_one_record_for_each_app(traffic: Traffic):
    for _ in range(3):
        traffic.note_sound("to app", APP, 3200)
        traffic.note_sound("to app", OTHER, 100)
    traffic.note("to app", APP, b"{}")
    traffic.note_sound("to app", APP, 7)

    assert [(frame.package_name, frame.is_sound, frame.count, frame.size_bytes) for frame in traffic] == [
        (APP, True, 3, 9600),
        (OTHER, True, 3, 300),
        (APP, False, 1, 2),
        (APP, True, 1, 7),
    ]
    assert [frame.message for frame in traffic] == [None, None, {}, None]


def test_the_oldest_is_forgotten_first(traffic: Traffic):
    for number in range(MOST + 5):
        traffic.note("to app", APP, str(number))

    assert [frame.message for frame in traffic] == list(range(5, MOST + 5))

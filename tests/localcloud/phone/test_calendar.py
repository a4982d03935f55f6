"""The calendar of a user (docs/protocol.md, W-STR-13 and W-STR-21)."""

import json
from datetime import UTC, datetime

import pytest

from mentra.localcloud.phone.calendar import UserCalendar

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_ISO = "2026-01-31T12:00:00.000Z"


@pytest.fixture
def calendar() -> UserCalendar:
    return UserCalendar(lambda: NOON, all_day=False)


def titles(entries):
    return [json.loads(entry)["title"] for entry in entries]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("2026-02-01T09:00:00+01:00", "2026-02-01T08:00:00.000Z"),
        ("2026-02-01T09:00", "2026-02-01T09:00:00.000Z"),
        (1769860800000, NOON_ISO),
        ("tomorrow", NOON_ISO),
        (None, NOON_ISO),
        (1e30, NOON_ISO),
    ],
)
def test_dates_are_told_in_utc_and_those_that_are_none_are_now(calendar, said, told):
    entry = json.loads(calendar.add({"eventId": "1", "title": "t", "dtStart": said}))

    assert (entry["dtStart"], entry["dtEnd"]) == (told, told)


def test_an_entry_has_its_fields_and_no_others(calendar):
    said = {"eventId": 5, "title": None, "dtStart": NOON_ISO, "attendees": ["Ann"], "allDay": True}

    assert json.loads(calendar.add(said)) == {
        "type": "calendar_event",
        "eventId": "5",
        "title": "",
        "dtStart": NOON_ISO,
        "dtEnd": NOON_ISO,
        "timezone": "",
        "timeStamp": NOON_ISO,
    }


def test_an_entry_replaces_the_one_of_the_same_id_and_beginning(calendar):
    calendar.add({"eventId": "1", "title": "old", "dtStart": NOON_ISO})
    calendar.add({"eventId": "1", "title": "new", "dtStart": NOON_ISO})
    calendar.add({"eventId": "1", "title": "next week", "dtStart": "2026-02-07T12:00:00Z"})

    assert titles(calendar.news_for("a")) == ["new", "next week"]


def test_what_is_not_over_comes_first_and_then_the_latest(calendar):
    for title, start, end in (
        ("long ago", "2026-01-01T09:00:00Z", "2026-01-01T10:00:00Z"),
        ("later", "2026-01-31T15:00:00Z", "2026-01-31T16:00:00Z"),
        ("just over", "2026-01-31T10:00:00Z", "2026-01-31T11:00:00Z"),
        ("now", "2026-01-31T11:30:00Z", "2026-01-31T12:30:00Z"),
    ):
        calendar.add({"eventId": title, "title": title, "dtStart": start, "dtEnd": end})

    assert titles(calendar.news_for("a")) == ["now", "later", "just over", "long ago"]


def test_an_app_is_told_everything_once_until_it_is_forgotten(calendar):
    calendar.add({"eventId": "1", "title": "t", "dtStart": NOON_ISO})

    assert [titles(calendar.news_for(name)) for name in ("a", "a", "b")] == [["t"], [], ["t"]]
    calendar.forget_app("a")
    assert titles(calendar.news_for("a")) == ["t"]

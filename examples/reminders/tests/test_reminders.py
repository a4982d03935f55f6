from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from reminders import Reminder, find, in_order, in_words, moment, seconds_to_next, with_time

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # A Wednesday.


def at(day: int, *, hour: int = 9) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (at(24), "yesterday 9:00"),
        (at(25, hour=15), "today 15:00"),
        (at(26), "tomorrow 9:00"),
        (at(27), "Friday 9:00"),
        (datetime(2026, 12, 12, 9, 5, tzinfo=UTC), "12 December 9:05"),
        (datetime(2027, 1, 2, 9, tzinfo=UTC), "2 January 2027 9:00"),
    ],
)
def test_times_are_said_in_words(due: datetime, said: str) -> None:
    assert in_words(due, NOW) == said


def test_times_are_those_of_the_user() -> None:
    reminder = Reminder(text="Call Ann", due=at(25, hour=20))

    assert with_time(reminder, NOW.astimezone(timezone(timedelta(hours=9)))) == "Call Ann (tomorrow 5:00)"


@pytest.mark.parametrize(
    ("day", "hour", "meant"),
    [
        (None, None, None),
        (date(2026, 11, 30), None, at(30, hour=9)),
        (date(2026, 11, 30), 18, at(30, hour=18)),
        (None, 18, at(25, hour=18)),
        (None, 8, at(26, hour=8)),
    ],
)
def test_a_day_or_a_time_alone_is_understood(day: date | None, hour: int | None, meant: datetime | None) -> None:
    assert moment(day, None if hour is None else time(hour), NOW) == meant


def test_the_next_comes_first_and_the_done_last() -> None:
    done = Reminder(text="done", done=True)
    older = Reminder(text="no time, older")
    newer = Reminder(text="no time, newer")
    later = Reminder(text="later", due=at(27))
    soon = Reminder(text="soon", due=at(26))

    assert in_order([done, older, newer, later, soon]) == [soon, later, newer, older, done]


def test_nobody_is_reminded_of_what_is_done_or_told_or_has_no_time() -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    silent = [
        Reminder(text="done", due=long_ago, done=True),
        Reminder(text="told", due=long_ago, told=True),
        Reminder(text="timeless"),
    ]

    assert seconds_to_next(silent) is None
    assert seconds_to_next([*silent, Reminder(text="missed", due=long_ago)]) == 0


@pytest.mark.parametrize(("which", "found"), [("a", "a"), ("Buy milk", "b"), ("soy", "a"), ("ANN", "c")])
def test_a_reminder_is_found_by_its_id_its_text_or_words_of_it(which: str, found: str) -> None:
    reminders = [
        Reminder(id="a", text="Buy soy milk"),
        Reminder(id="b", text="buy milk"),
        Reminder(id="c", text="Call Ann"),
    ]

    assert [one.id for one in find(reminders, which)] == [found]


def test_nothing_is_found_by_no_words() -> None:
    assert find([Reminder(text="Buy milk")], " ") == []

"""Reminders of one user: sort, find and describe them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

MORNING = time(9)
"""When one is reminded of something that has a day and no time."""


@dataclass(kw_only=True)
class Reminder:
    """Something to do, perhaps at a time."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    text: str
    due: datetime | None = None
    """Aware."""
    done: bool = False
    told: bool = False
    """Whether the user was reminded at the time."""

    def is_due(self) -> bool:
        """Return whether it is time to remind the user."""
        return self.due is not None and not self.done and not self.told and self.due <= datetime.now(UTC)


def in_order(reminders: Sequence[Reminder]) -> list[Reminder]:
    """Sort: what is to be done first, the done last; by time, and without a time the newest first."""
    newest_first = reversed(reminders)
    return sorted(newest_first, key=lambda one: (one.done, one.due is None, one.due.timestamp() if one.due else 0))


def seconds_to_next(reminders: Sequence[Reminder]) -> float | None:
    """Return how long it is until the user must be reminded of something: 0 if it is time, ``None`` if of nothing."""
    times = [one.due for one in reminders if one.due and not one.done and not one.told]
    return max(0.0, (min(times) - datetime.now(UTC)).total_seconds()) if times else None


def find(reminders: Sequence[Reminder], which: str) -> list[Reminder]:
    """Find reminders by id, else by their text, else by words of it."""
    words = which.lower().split()
    return (
        [one for one in reminders if one.id == which]
        or [one for one in reminders if one.text.lower().split() == words]
        or [one for one in reminders if words and all(word in one.text.lower() for word in words)]
    )


def moment(day: date | None, at: time | None, now: datetime) -> datetime | None:
    """Return when somebody means who names a day, a time, both or neither.

    Args:
        now: In their time zone.
    """
    if day is None and at is None:
        return None
    named = datetime.combine(day or now.date(), at or MORNING, now.tzinfo)
    return named + timedelta(days=1) if day is None and named < now else named


def with_time(reminder: Reminder, now: datetime) -> str:
    """Return a reminder with its time, as one would say it: ``"Call Ann (tomorrow 15:00)"``."""
    return f"{reminder.text} ({in_words(reminder.due, now)})" if reminder.due else reminder.text


def in_words(due: datetime, now: datetime) -> str:
    """Return a time as one would say it: ``"tomorrow 15:00"``, ``"Friday 9:00"``, ``"12 December 9:00"``.

    Args:
        now: In the user's time zone.
    """
    due = due.astimezone(now.tzinfo)
    match (due.date() - now.date()).days:
        case -1:
            day = "yesterday"
        case 0:
            day = "today"
        case 1:
            day = "tomorrow"
        case days if 1 < days < 7:
            day = f"{due:%A}"
        case _:
            day = f"{due.day} {due:%B}" + (f" {due.year}" if due.year != now.year else "")
    return f"{day} {due.hour}:{due:%M}"

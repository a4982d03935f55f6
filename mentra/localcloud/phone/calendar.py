"""The calendar of one user, as far as the cloud knows it.

The rules:

* An entry has the fields of ``CalendarEvent`` and no others, and its dates are UTC. A date that cannot be read is now.
* An entry with the id and the beginning of another one replaces it.
* A hundred are kept: what is not over yet, the soonest first, then what is over, the latest first.
* An app gets them when it subscribes for the first time since it was started.

Source: MentraOS cloud/packages/cloud/src/services/session/CalendarManager.ts (Dec 2025); docs/protocol.md, Streams.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from mentra.protocol import codec
from mentra.protocol.base import Timestamp, Wire, iso_timestamp
from mentra.protocol.streams import CalendarEvent, PayloadType

SIZE = 100
"""Entries that the cloud keeps for those who subscribe later."""


class _AnyEntry(Wire, frozen=True, kw_only=True):
    """What a phone may say of an entry."""

    event_id: Any = ""
    title: Any = ""
    dt_start: Any = None
    dt_end: Any = None
    timezone: Any = ""
    all_day: Any = None
    time_stamp: Any = None


class UserCalendar:
    """What is in the calendar, and who was told.

    Args:
        all_day: Whether entries say so that take the whole day; the cloud of 2025 drops that.
    """

    def __init__(self, now: Callable[[], datetime], *, all_day: bool) -> None:
        self._now = now
        self._all_day = all_day
        self._entries: list[CalendarEvent] = []
        self._told: set[str] = set()

    def add(self, payload: Mapping[str, Any]) -> bytes:
        """Take in what the phone says of an entry; return it as apps are told it."""
        entry = self._normal(payload)
        self._entries = [each for each in self._entries if _identity(each) != _identity(entry)] + [entry]
        now = iso_timestamp(self._now())
        later = sorted((each for each in self._entries if each.dt_end >= now), key=lambda each: each.dt_start)
        over = [each for each in self._entries if each.dt_end < now]
        self._entries = [*later, *sorted(over, key=lambda each: each.dt_start, reverse=True)][:SIZE]
        return _encoded(entry)

    def news_for(self, package_name: str) -> list[bytes]:
        """Return what an app that is subscribed has not been told yet: everything, or nothing."""
        if package_name in self._told:
            return []
        self._told.add(package_name)
        return [_encoded(entry) for entry in self._entries]

    def forget_app(self, package_name: str) -> None:
        """Tell an app everything again when it subscribes next."""
        self._told.discard(package_name)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._told.clear()

    def _normal(self, payload: Mapping[str, Any]) -> CalendarEvent:
        said = msgspec.convert(payload, _AnyEntry)
        start = self._iso(said.dt_start)
        return CalendarEvent(
            event_id=_text(said.event_id),
            title=_text(said.title),
            dt_start=start,
            dt_end=start if said.dt_end is None else self._iso(said.dt_end),
            timezone=_text(said.timezone),
            all_day=True if self._all_day and said.all_day is True else None,
            time_stamp=self._iso(said.time_stamp),
        )

    def _iso(self, value: Timestamp | None) -> str:
        return iso_timestamp(_moment(value) or self._now())


def _identity(entry: CalendarEvent) -> tuple[str, str]:
    return entry.event_id, entry.dt_start


def _encoded(entry: CalendarEvent) -> bytes:
    kind = PayloadType(type=CalendarEvent.stream)
    return codec.encode(msgspec.to_builtins(kind) | msgspec.to_builtins(entry))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return datetime.fromtimestamp(value / 1000, UTC) if isinstance(value, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None

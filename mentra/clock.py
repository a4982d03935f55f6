"""The default clock. Whatever needs the time takes a function of this shape as a parameter."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)

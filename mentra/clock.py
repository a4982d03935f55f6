"""The default clock. Whatever needs the time takes a function of this shape as a parameter."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime

utc_now: Callable[[], datetime] = functools.partial(datetime.now, UTC)
"""Returns the present moment, aware, in UTC. As a function it would take twice as long, and each message asks."""

"""The sockets on each event loop that an app may have."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

try:
    from uvloop import new_event_loop as new_uvloop
except ImportError:  # There is none for this system.
    LOOPS = {"asyncio": asyncio.new_event_loop}
else:
    LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": new_uvloop}


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]] | None:
    """Run what is marked as a whole on all of them."""
    return LOOPS if item.get_closest_marker("sockets") else None

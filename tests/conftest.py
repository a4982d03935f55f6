"""The event loop of each test, and fixtures for tests of every package."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.helpers.dev import Dev
from tests.helpers.virtual_time import VirtualTimeLoop

NEEDS_REAL_TIME = ("sockets", "processes", "terminal", "node", "packaging")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Let time jump, unless a marker says that others take part in the test."""
    if any(item.get_closest_marker(name) for name in NEEDS_REAL_TIME):
        return {"real": asyncio.new_event_loop}
    return {"virtual": VirtualTimeLoop}


@pytest.fixture
def own_imports(tmp_path: Path) -> Iterator[None]:
    """Forget what a test imports from its folder: the apps of two tests may both be ``app.py``."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        if any(place and Path(place).is_relative_to(tmp_path) for place in places):
            del sys.modules[name]


@pytest.fixture
async def no_dev_left_behind() -> AsyncIterator[None]:
    """End each ``mentra dev`` that the test started and did not end itself."""
    yield
    await Dev.end_all()

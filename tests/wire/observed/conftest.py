"""A world in which nothing runs, and one in which the app does."""

from collections.abc import AsyncIterator

import pytest

from mentra.localcloud import LocalCloud
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_app import ScriptedApp
from tests.wire.observed.world import PACKAGE_NAME, USER_ID, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    network = MemoryNetwork()
    async with LocalCloud(network) as cloud, ScriptedApp(network, PACKAGE_NAME) as app:
        cloud.install(app.installed())
        yield World(network, cloud, app, cloud.connect_glasses(USER_ID))


@pytest.fixture
async def running(world: World) -> World:
    """The world with the app connected, by a socket that was opened on the start webhook."""
    await world.start()
    return world

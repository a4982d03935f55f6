"""A cloud, an app and glasses, all in memory."""

from collections.abc import AsyncIterator

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_app import ScriptedApp


@pytest.fixture
def network() -> MemoryNetwork:
    return MemoryNetwork()


@pytest.fixture
async def cloud(network: Network) -> AsyncIterator[LocalCloud]:
    async with LocalCloud(network) as cloud:
        yield cloud


@pytest.fixture
async def app(network: Network, cloud: LocalCloud) -> AsyncIterator[ScriptedApp]:
    async with ScriptedApp(network) as app:
        cloud.install(app.installed())
        yield app


@pytest.fixture
def glasses(cloud: LocalCloud) -> VirtualGlasses:
    return cloud.connect_glasses("user1@example.com")


@pytest.fixture
async def running(app: ScriptedApp, glasses: VirtualGlasses) -> ScriptedApp:
    """The app, started and connected."""
    await glasses.start(app.package_name)
    return app


@pytest.fixture
async def cloud_3(network: Network) -> AsyncIterator[LocalCloud]:
    """A cloud of 2026."""
    async with LocalCloud(network, generation=3) as cloud:
        yield cloud


@pytest.fixture
async def running_3(network: Network, cloud_3: LocalCloud) -> AsyncIterator[ScriptedApp]:
    """An app, started and connected, on a cloud of 2026."""
    async with ScriptedApp(network) as app:
        cloud_3.install(app.installed())
        await cloud_3.connect_glasses(model="Mentra Live").start(app.package_name)
        yield app

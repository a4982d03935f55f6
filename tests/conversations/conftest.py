"""Both networks, a real local cloud, a scripted one, and an app that notes what happens to it."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import World
from tests.helpers.scripted_cloud import ScriptedCloud

BOTH = ["memory", pytest.param("sockets", marks=pytest.mark.sockets)]


@pytest.fixture(params=BOTH)
async def network(request: pytest.FixtureRequest) -> AsyncIterator[Network]:
    """Memory, and real sockets."""
    if request.param == "memory":
        yield MemoryNetwork()
        return
    async with _real_sockets() as network:
        yield network


@contextlib.asynccontextmanager
async def _real_sockets() -> AsyncIterator[Network]:
    # Imported here: it takes 200 ms, and most runs skip it. aiohttp, too: a thread would have no time to import it.
    import mentra.transport.full_server
    import mentra.transport.http_client  # noqa: F401 - see above
    from mentra.transport.sockets import SocketNetwork

    network = SocketNetwork()
    yield network
    await network.close()


@pytest.fixture
async def sockets() -> AsyncIterator[Network]:
    """Real sockets only: for what a server does on its own ones."""
    async with _real_sockets() as network:
        yield network


@pytest.fixture
async def world(network: Network) -> AsyncIterator[World]:
    """A local cloud, and whatever apps a test starts in it."""
    async with World(network) as world:
        yield world


@pytest.fixture
async def cloud(network: Network) -> AsyncIterator[ScriptedCloud]:
    """A cloud that does just what a test says."""
    async with ScriptedCloud(network) as cloud:
        yield cloud


@pytest.fixture
def memory() -> MemoryNetwork:
    """For stories of minutes: only memory has a clock that jumps."""
    return MemoryNetwork()


@pytest.fixture
async def memory_cloud(memory: MemoryNetwork) -> AsyncIterator[ScriptedCloud]:
    """The scripted cloud in memory only."""
    async with ScriptedCloud(memory) as cloud:
        yield cloud

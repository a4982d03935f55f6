"""The rules of mentra/transport/base.py over sockets, in real time and on each event loop that servers run on."""

from collections.abc import AsyncIterator

import pytest

from mentra.transport.base import Network
from tests.transport.test_contract import *  # noqa: F403 - its tests
from tests.transport.test_contract import network_of

pytestmark = pytest.mark.sockets


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    async with network_of("sockets") as made:
        yield made


@pytest.fixture
def addressed(network: Network) -> Network:
    return network

"""Who is told of the connection, and who waits for it. Time is that of the virtual clock."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from mentra.errors import NotConnected
from mentra.session.connection_news import ConnectionNews
from mentra.session.news import CONNECTED, DISCONNECTED, RECONNECTED, Connected, Disconnected, Reconnected
from mentra.session.router import Router
from mentra.session.tasks import SessionTasks
from mentra.transport.base import Closed

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


@pytest.fixture
async def router() -> AsyncIterator[Router]:
    tasks = SessionTasks(LOGGER)
    router = Router(lambda: None, tasks, LOGGER)
    yield router
    router.close()
    await tasks.close()


@pytest.fixture
def heard(router: Router) -> list[object]:
    heard: list[object] = []
    for news in (CONNECTED, RECONNECTED, DISCONNECTED):
        router.add_teller(news, heard.append)
    return heard


@pytest.fixture
def connection(router: Router) -> ConnectionNews:
    return ConnectionNews(router, LOGGER)


async def test_a_connection_that_comes_back_is_told_with_the_time_it_was_away(
    connection: ConnectionNews, heard: list[object]
):
    connection.came()
    connection.lost(Closed(1006, "gone"))
    up_while_lost = connection.up
    await asyncio.sleep(3)
    connection.came()

    assert heard == [
        Connected(is_first=True),
        Disconnected(code=1006, reason="gone", will_reconnect=True),
        Connected(is_first=False),
        Reconnected(after_s=3),
    ]
    assert (up_while_lost, connection.up) == (None, Connected(is_first=False))


async def test_the_end_is_told_once_also_of_a_lost_connection(connection: ConnectionNews, heard: list[object]):
    connection.came()
    connection.lost(Closed(1006, "gone"))
    connection.over(Closed(1000, "stopped"))

    assert heard == [Connected(is_first=True), Disconnected(code=1006, reason="gone", will_reconnect=True)]


async def test_a_call_waits_until_the_connection_is_back(connection: ConnectionNews):
    call = asyncio.create_task(connection.wait("The photo", timeout=10))
    await asyncio.sleep(2)
    connection.came()

    assert await call == 2


async def test_a_call_waits_no_longer_than_the_session_lives(connection: ConnectionNews):
    call = asyncio.create_task(connection.wait("The photo", timeout=None))
    await asyncio.sleep(2)
    connection.over(Closed(1000, "stopped"))

    assert await call == 2


async def test_a_connection_that_does_not_come_back_in_time_is_an_error(connection: ConnectionNews):
    with pytest.raises(NotConnected) as refused:
        await connection.wait("The photo", timeout=10)

    assert str(refused.value) == "The photo was not asked for: the connection to the cloud is lost."


async def test_a_handler_of_the_end_has_two_seconds(
    connection: ConnectionNews, router: Router, caplog: pytest.LogCaptureFixture
):
    router.add_teller(DISCONNECTED, lambda _: asyncio.sleep(60))
    connection.came()
    connection.over(Closed(1000, "stopped"))
    began = asyncio.get_running_loop().time()
    await connection.farewell()

    assert asyncio.get_running_loop().time() - began == 2
    assert caplog.messages == ["The handlers of the session's end took longer than 2 s."]

"""What the developer's functions may raise, and how far it goes."""

import asyncio
import logging

import pytest

from mentra.session.handlers import begin_handler, call_handler

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


def reads_a_cancelled_future() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    future.result()


async def awaits_a_cancelled_task() -> None:
    task = asyncio.create_task(asyncio.sleep(9))
    task.cancel()
    await task


async def test_a_cancelled_future_in_a_plain_handler_is_logged_and_goes_no_further(caplog: pytest.LogCaptureFixture):
    assert begin_handler(reads_a_cancelled_future, logger=LOGGER) is None

    assert caplog.messages == ["reads_a_cancelled_future raised an exception."]
    assert "CancelledError" in caplog.text


async def test_a_cancelled_task_in_an_async_handler_is_logged_and_goes_no_further(caplog: pytest.LogCaptureFixture):
    await call_handler(awaits_a_cancelled_task, logger=LOGGER)

    assert caplog.messages == ["awaits_a_cancelled_task raised an exception."]


async def test_a_cancellation_of_the_task_around_it_is_not_stopped(caplog: pytest.LogCaptureFixture):
    task = asyncio.create_task(call_handler(asyncio.sleep, 9, logger=LOGGER))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    assert (task.cancelled(), caplog.messages) == (True, [])

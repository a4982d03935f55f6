"""Nothing outlives a session."""

import asyncio
import logging

import pytest

from mentra.session.tasks import STOP_WITHIN_S, SessionTasks, uninterrupted
from tests.helpers.waiting import clock

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


async def test_closing_cancels_what_runs_and_waits_for_it():
    story: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(1)
            story.append("tidied up")

    tasks = SessionTasks(LOGGER)
    tasks.start(work(), name="work")
    await asyncio.sleep(0)
    await tasks.close()

    assert story == ["tidied up"]
    assert clock() == pytest.approx(1.0)


async def test_a_task_that_does_not_end_is_left_behind_with_a_warning(caplog: pytest.LogCaptureFixture):
    go = asyncio.Event()

    async def stubborn() -> None:
        while not go.is_set():
            try:
                await go.wait()
            except asyncio.CancelledError:
                continue

    tasks = SessionTasks(LOGGER)
    tasks.start(stubborn(), name="stubborn")
    await asyncio.sleep(0)
    await tasks.close()
    go.set()
    await asyncio.sleep(0)

    assert clock() == pytest.approx(STOP_WITHIN_S)
    assert caplog.messages == ["stubborn did not stop within 5 s of being cancelled."]


async def test_a_task_that_cancels_itself_is_noted(caplog: pytest.LogCaptureFixture):
    async def leaves() -> None:
        raise asyncio.CancelledError

    tasks = SessionTasks(LOGGER)
    tasks.start(leaves(), name="leaves")
    await asyncio.sleep(1)

    assert caplog.messages == ["leaves was cancelled."]


async def test_a_cancellation_waits_for_what_may_not_be_interrupted():
    story: list[str] = []

    async def work() -> None:
        await asyncio.sleep(1)
        story.append("done")

    task = asyncio.create_task(uninterrupted(work()))
    for _ in range(3):
        await asyncio.sleep(0.1)
        task.cancel()
    await asyncio.wait([task])

    assert (story, task.cancelled(), clock()) == (["done"], True, pytest.approx(1.0))


async def test_after_the_end_nothing_is_started():
    started: list[str] = []

    async def work() -> None:
        started.append("work")

    tasks = SessionTasks(LOGGER)
    await tasks.close()
    tasks.start(work(), name="work")
    await asyncio.sleep(1)

    assert started == []


async def test_a_task_that_fails_is_logged(caplog: pytest.LogCaptureFixture):
    async def fails() -> None:
        raise RuntimeError("inside")

    tasks = SessionTasks(LOGGER)
    tasks.start(fails(), name="fails")
    await asyncio.sleep(0.001)

    assert caplog.messages == ["fails failed."]
    assert "RuntimeError: inside" in caplog.text

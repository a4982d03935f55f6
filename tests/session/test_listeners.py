"""One handler, without a router around it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import pytest

from mentra.protocol.streams import AudioChunk
from mentra.session.listeners import HandlerListener
from mentra.session.tasks import SessionTasks

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


@pytest.fixture
async def tasks() -> AsyncIterator[SessionTasks]:
    tasks = SessionTasks(LOGGER)
    yield tasks
    await tasks.close()


def listener(stream: str, handler: Any, tasks: SessionTasks) -> HandlerListener:
    return HandlerListener(stream, handler, tasks, LOGGER, call="here", where=None, failed=None)


async def test_a_plain_handler_takes_no_task(tasks: SessionTasks):
    before = asyncio.all_tasks()
    plain = listener("x", lambda event: None, tasks)

    for number in range(100):
        plain.deliver(number)

    assert asyncio.all_tasks() == before


async def test_one_can_wait_until_a_handler_is_done(tasks: SessionTasks):
    done: list[int] = []

    async def slowly(event: int) -> None:
        await asyncio.sleep(1)
        done.append(event)

    slow = listener("x", slowly, tasks)
    await slow.wait_idle()
    slow.deliver(1)
    slow.deliver(2)
    await slow.wait_idle()

    assert done == [1, 2]


async def test_too_much_sound_is_said_once_and_counted(tasks: SessionTasks, caplog: pytest.LogCaptureFixture):
    async def slowly(chunk: AudioChunk) -> None:
        await asyncio.sleep(60)

    slow = listener("audio_chunk", slowly, tasks)
    for _ in range(15):
        slow.deliver(AudioChunk(data=bytes(32_000)))
        await asyncio.sleep(0)

    assert slow.dropped == 4
    assert caplog.messages == [
        "The handler of audio_chunk is too slow: more than 10 s of sound wait for it, the oldest are dropped."
    ]


async def test_what_is_out_of_date_is_left_out_without_a_word(tasks: SessionTasks, caplog: pytest.LogCaptureFixture):
    heard: list[str] = []

    async def slowly(position: str) -> None:
        heard.append(position)
        await asyncio.sleep(1)

    slow = listener("head_position", slowly, tasks)
    for position in ("up", "down", "up", "down"):
        slow.deliver(position)
        await asyncio.sleep(0)
    await asyncio.sleep(3)

    assert (heard, slow.dropped, caplog.messages) == (["up", "down"], 2, [])


async def test_of_what_comes_before_an_async_handler_has_begun_the_newest_counts_too(tasks: SessionTasks):
    heard: list[str] = []

    async def hears(position: str) -> None:
        heard.append(position)

    idle = listener("head_position", hears, tasks)
    for position in ("up", "down", "up"):
        idle.deliver(position)
    await idle.wait_idle()

    assert (heard, idle.dropped) == (["up"], 2)


async def test_an_event_that_an_async_handler_has_not_begun_with_is_forgotten_with_the_others(tasks: SessionTasks):
    heard: list[int] = []

    async def hears(event: int) -> None:
        heard.append(event)

    for count in (1, 2):
        ended = listener("x", hears, tasks)
        for event in range(count):
            ended.deliver(event)
        ended.end()
        await ended.wait_idle()

    assert heard == []


async def test_an_async_handler_runs_in_a_task_of_the_session(tasks: SessionTasks):
    found: list[object] = []

    async def hears(event: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        found.append((task.get_name(), task in tasks))
        try:
            async with asyncio.timeout(1), asyncio.TaskGroup() as group:
                group.create_task(asyncio.sleep(event))
        except TimeoutError:
            found.append("timeout")

    async_one = listener("x", hears, tasks)
    async_one.deliver(0)
    await async_one.wait_idle()
    async_one.deliver(9)
    await async_one.wait_idle()

    assert found == [("handler of x", True), ("handler of x", True), "timeout"]


async def test_what_an_async_handler_sets_in_its_context_the_next_one_that_was_idle_does_not_see(tasks: SessionTasks):
    noted = ContextVar("noted", default=0)
    found: list[int] = []

    async def hears(event: int) -> None:
        found.append(noted.get())
        noted.set(event)

    async_one = listener("x", hears, tasks)
    for event in (1, 2):
        async_one.deliver(event)
        await async_one.wait_idle()

    assert found == [0, 0]


@pytest.mark.parametrize("looks_async", [True, False])
async def test_what_waits_for_a_handler_that_cancelled_itself_is_not_overtaken(tasks: SessionTasks, looks_async: bool):
    heard: list[int] = []

    async def gives_up(event: int) -> None:
        heard.append(event)
        if event == 1:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            asyncio.get_running_loop().call_soon(one.deliver, 3)
            raise asyncio.CancelledError

    one = listener("x", gives_up if looks_async else lambda event: gives_up(event), tasks)
    one.deliver(1)
    one.deliver(2)
    await one.wait_idle()

    assert heard == [1, 2, 3]

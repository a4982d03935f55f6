"""One handler, without a router around it."""

import asyncio
import logging
from collections.abc import AsyncIterator
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

"""How events reach handlers and loops, without a connection."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from mentra.protocol.cloud_to_app import DataStream
from mentra.protocol.streams import ButtonPress
from mentra.session.router import QUEUE_SIZE, Router
from mentra.session.tasks import SessionTasks

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


@pytest.fixture
async def router() -> AsyncIterator[Router]:
    tasks = SessionTasks(LOGGER)
    router = Router(lambda: None, tasks, LOGGER)
    yield router
    router.close()
    await tasks.close()


async def collect(router: Router, heard: list[Any]) -> None:
    heard.extend([event async for event in router.iterate("x")])


async def some_turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_loop_that_is_too_slow_loses_the_oldest_and_says_so_once(
    router: Router, caplog: pytest.LogCaptureFixture
):
    heard: list[int] = []
    loop = asyncio.create_task(collect(router, heard))
    await asyncio.sleep(0)
    for number in range(QUEUE_SIZE + 5):
        router.deliver("x", number)
    router.close()
    await loop

    assert heard == list(range(5, QUEUE_SIZE + 5))
    assert caplog.messages == [
        "The loop over x is too slow: more than 1000 events wait for it, the oldest are dropped."
    ]


async def test_a_loop_that_is_left_is_forgotten(router: Router):
    events = router.iterate("x")
    first = asyncio.create_task(anext(events))
    await asyncio.sleep(0)
    router.deliver("x", 1)

    assert (await first, router.names()) == (1, ["x"])

    await events.aclose()

    assert router.names() == []


async def test_an_event_is_decoded_only_if_somebody_may_listen(router: Router, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    malformed = DataStream(stream_type="button_press", data=msgspec.Raw(b"{}"))

    router.dispatch(malformed)
    assert caplog.messages == []

    router.add_handler("button_press", print)
    router.dispatch(malformed)
    assert len(caplog.messages) == 1


async def test_a_stream_name_of_the_wire_cannot_forge_a_line_of_the_log(
    router: Router, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    router.add_handler("*", print)

    router.dispatch(DataStream(stream_type="button_press:\nx", data=msgspec.Raw(b"{}")))

    assert "\n" not in caplog.messages[0]


async def test_a_plain_handler_is_called_at_once_and_an_async_one_in_its_turn(router: Router):
    order: list[str] = []

    async def slowly(event: ButtonPress) -> None:
        order.append(f"begin {event.button_id}")
        await asyncio.sleep(0)
        order.append(f"end {event.button_id}")

    router.add_handler("button_press", slowly)
    router.add_handler("button_press", lambda event: order.append(f"plain {event.button_id}"))
    for button in "ab":
        router.deliver("button_press", ButtonPress(button_id=button, press_type="short"))

    assert order == ["plain a", "plain b"]

    await some_turns()

    assert order[2:] == ["begin a", "end a", "begin b", "end b"]


@pytest.mark.parametrize("itself", [False, True])
async def test_a_cancelled_handler_does_not_strand_the_events_behind_it(
    router: Router, caplog: pytest.LogCaptureFixture, itself: bool
):
    heard: list[int] = []

    async def debounces(event: int) -> None:
        heard.append(event)
        task = asyncio.current_task() if itself else asyncio.create_task(asyncio.sleep(9))
        assert task is not None
        task.cancel()
        await (asyncio.sleep(9) if itself else task)

    router.add_handler("x", debounces)
    for number in range(3):
        router.deliver("x", number)
    await asyncio.sleep(1)

    assert heard == [0, 1, 2]
    assert len(caplog.messages) == 3


async def test_another_thread_is_told_how_to_listen(router: Router):
    with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
        await asyncio.to_thread(router.add_handler, "x", print)
    listener = router.add_handler("x", print)
    with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
        await asyncio.to_thread(router.remove, listener)

    assert router.names() == ["x"]


async def test_after_the_end_nobody_is_registered(router: Router):
    router.close()

    listener = router.add_handler("x", print)

    assert not router.has(listener)
    assert [event async for event in router.iterate("x")] == []

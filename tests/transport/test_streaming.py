"""What carries chunks at the reader's pace. Over whole networks: test_contract.py."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mentra.transport.base import HttpError
from mentra.transport.streaming import WINDOW_BYTES, Flow, Window, pump


async def has_room(window: Window) -> bool:
    try:
        await asyncio.wait_for(window.wait_for_room(), 0.01)
    except TimeoutError:
        return False
    return True


async def test_a_window_is_full_until_enough_was_read():
    window = Window()
    window.written(WINDOW_BYTES - 1)
    before = await has_room(window)
    window.written(1)
    full = await has_room(window)
    window.read(1)

    assert [before, full, await has_room(window)] == [True, False, True]


async def test_an_open_window_never_fills():
    window = Window()
    window.open()
    window.written(10 * WINDOW_BYTES)

    assert await has_room(window)


@pytest.fixture
def calls() -> list[object]:
    return []


@pytest.fixture
def flow(calls: list[object]) -> Flow:
    return Flow(on_read=calls.append, on_close=lambda: calls.append("closed"))


async def test_a_flow_gives_what_came_in_order_and_tells_what_was_read(flow: Flow, calls: list[object]):
    flow.feed(b"one")
    flow.feed(b"three")
    flow.end()
    flow.feed(b"too late")

    assert [chunk async for chunk in flow] == [b"one", b"three"]
    assert calls == [3, 5]


async def test_a_flow_that_breaks_gives_what_came_before(flow: Flow):
    flow.feed(b"one")
    flow.end("gone")

    assert await anext(flow) == b"one"
    for _ in range(2):
        with pytest.raises(HttpError, match="gone"):
            await anext(flow)


async def test_closing_a_flow_tells_the_other_end_once(flow: Flow, calls: list[object]):
    flow.feed(b"one")
    await flow.aclose()
    await flow.aclose()

    assert [chunk async for chunk in flow] == []
    assert calls == ["closed"]


async def test_closing_a_flow_that_is_over_tells_nobody(flow: Flow, calls: list[object]):
    flow.end()
    await flow.aclose()

    assert calls == []


async def test_who_waits_for_a_flow_is_woken_by_its_close(flow: Flow):
    waiting = asyncio.ensure_future(anext(flow, b"over"))
    await asyncio.sleep(0)
    await flow.aclose()

    assert await asyncio.wait_for(waiting, 1) == b"over"


async def test_waiting_for_a_chunk_can_be_given_up_without_losing_it(flow: Flow):
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(flow), 0.01)
    flow.feed(b"one")

    assert await anext(flow) == b"one"


async def test_a_pump_closes_what_it_draws_from_also_when_it_is_cancelled():
    ended: list[str] = []
    written: list[bytes] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            yield b""
            await asyncio.Future()
        finally:
            ended.append("ended")

    async def write(chunk: bytes) -> None:
        written.append(chunk)

    pumping = asyncio.create_task(pump(chunks(), write))
    await asyncio.sleep(0.01)
    pumping.cancel()
    await asyncio.wait([pumping])

    assert (written, ended, pumping.cancelled()) == ([b"one"], ["ended"], True)

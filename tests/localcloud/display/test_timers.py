"""When timers go off, and in which order."""

import asyncio

import pytest

from mentra.localcloud.display.timers import LONGEST_MS, Timers


@pytest.fixture
async def timers() -> Timers:
    return Timers()


async def test_the_clock_counts_whole_milliseconds(timers: Timers):
    began_ms = timers.now_ms
    for _ in range(10):
        await asyncio.sleep(0.1)

    assert timers.now_ms - began_ms == 1000


async def test_what_is_due_in_the_same_millisecond_goes_off_in_the_order_in_which_it_was_set(timers: Timers):
    gone_off: list[str] = []
    for number in range(9):
        timers.set(300, lambda number=number: gone_off.append(f"late {number}"))
    timers.set(200, lambda: gone_off.append("early"))
    await asyncio.sleep(0.1)
    timers.set(200, lambda: gone_off.append("set later"))
    await asyncio.sleep(1)

    assert gone_off == ["early", *(f"late {number}" for number in range(9)), "set later"]


@pytest.mark.parametrize("delay_ms", [-100, 0, 1, LONGEST_MS + 1])
async def test_a_timer_takes_a_millisecond_at_least_and_one_that_is_too_long_no_more(timers: Timers, delay_ms: int):
    began_ms, gone_off = timers.now_ms, asyncio.Event()
    timers.set(delay_ms, gone_off.set)
    await gone_off.wait()

    assert timers.now_ms - began_ms == 1


async def test_what_is_cancelled_does_not_happen(timers: Timers):
    gone_off: list[str] = []
    cancelled = timers.set(1, lambda: gone_off.append("cancelled"))
    timers.set(1, lambda: gone_off.append("kept"))
    timers.cancel(cancelled)
    await asyncio.sleep(1)
    timers.set(1, lambda: gone_off.append("cleared"))
    timers.clear()
    await asyncio.sleep(1)

    assert gone_off == ["kept"]

"""The loop on which most tests run."""

import asyncio
import time

import pytest

from tests.helpers.virtual_time import VirtualTimeLoop


async def test_an_unmarked_test_runs_on_virtual_time():
    assert isinstance(asyncio.get_running_loop(), VirtualTimeLoop)


@pytest.mark.sockets
async def test_a_marked_test_runs_in_real_time():
    assert not isinstance(asyncio.get_running_loop(), VirtualTimeLoop)


async def test_sleeping_takes_no_time_and_moves_the_clock():
    loop, before = asyncio.get_running_loop(), time.monotonic()
    began = loop.time()

    await asyncio.sleep(3600)

    assert loop.time() - began == pytest.approx(3600)
    assert time.monotonic() - before < 1


async def test_timers_fire_in_their_order():
    fired = []
    loop = asyncio.get_running_loop()
    for delay_s in (3, 1, 2):
        loop.call_later(delay_s, fired.append, delay_s)

    await asyncio.sleep(4)

    assert fired == [1, 2, 3]


async def test_a_timeout_expires_on_the_virtual_clock():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(60):
            await asyncio.Event().wait()


async def test_work_in_a_thread_wakes_the_loop():
    assert await asyncio.to_thread(lambda: "done") == "done"

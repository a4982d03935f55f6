"""What happens once."""

import asyncio

from mentra.session.once import Once


async def test_all_who_wait_hear_of_it():
    once = Once()
    waiting = [asyncio.create_task(once.wait()) for _ in range(2)]
    await asyncio.sleep(0)

    once.set()
    once.set()

    await asyncio.wait_for(asyncio.gather(*waiting), 1)


async def test_who_comes_later_need_not_wait():
    once = Once()
    once.set()

    await asyncio.wait_for(once.wait(), 1)


async def test_before_it_happens_nobody_goes_on():
    once = Once()
    waiting = asyncio.create_task(once.wait())
    await asyncio.sleep(0)

    assert not waiting.done()
    waiting.cancel()

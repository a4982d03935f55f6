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


async def test_who_gave_up_waiting_is_not_told():
    once = Once()
    given_up, waiting = (asyncio.create_task(once.wait()) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    once.set()  # In the same turn: the cancellation has not reached it yet.
    await asyncio.wait([given_up, waiting])

    assert (given_up.cancelled(), waiting.cancelled()) == (True, False)


async def test_those_who_gave_up_are_not_kept():
    once = Once()
    for _ in range(3):
        waiting = asyncio.create_task(once.wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    assert once._waiting == ()

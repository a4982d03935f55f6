"""Bounded waiting for tests, on a real clock as on a virtual one."""

import asyncio
from collections.abc import Callable

STEP_S = 0.005


async def until(is_true: Callable[[], object], *, within: float = 5.0) -> None:
    """Let everybody on this loop go on until something is true.

    Raises:
        TimeoutError: It did not become true in time.
    """
    async with asyncio.timeout(within):
        while not is_true():
            await asyncio.sleep(STEP_S)


def clock() -> float:
    """Return the time of the running loop, in seconds."""
    return asyncio.get_running_loop().time()

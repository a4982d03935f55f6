"""Waiting on behalf of other programs, and not beyond the end of ``mentra dev``."""

import asyncio
import contextlib


class Waits:
    """What is being waited for."""

    def __init__(self) -> None:
        self._events: set[asyncio.Event] = set()
        self.ended = False
        """Whether nothing is waited for any more."""

    async def until(self, happened: asyncio.Event, within_s: float) -> None:
        """Wait until something has happened, the time is over, or everything ends."""
        if self.ended:
            return
        self._events.add(happened)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await happened.wait()
        finally:
            self._events.discard(happened)

    def end(self) -> None:
        """Let everybody go on."""
        self.ended = True
        for event in self._events:
            event.set()

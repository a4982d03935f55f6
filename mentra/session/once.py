"""Something that happens once, and that few wait for."""

import asyncio


class Once:
    """As an ``asyncio.Event`` that is never cleared, but a third of the work, and 700 bytes smaller."""

    __slots__ = ("_waiting", "has_happened")

    def __init__(self) -> None:
        self.has_happened = False
        self._waiting: tuple[asyncio.Future[None], ...] = ()

    def set(self) -> None:
        """Have it happen. Again, it changes nothing."""
        self.has_happened = True
        waiting, self._waiting = self._waiting, ()
        for future in waiting:
            if not future.done():  # Who has just given up is still among them.
                future.set_result(None)

    async def wait(self) -> None:
        """Wait until it has happened."""
        if not self.has_happened:
            future = asyncio.get_running_loop().create_future()
            self._waiting = (*self._waiting, future)
            try:
                await future
            except asyncio.CancelledError:
                self._waiting = tuple(other for other in self._waiting if other is not future)
                raise

"""Whether the cloud can be reached: who is told when that changes, and who waits for it."""

import asyncio
import logging
from typing import Any

from mentra.errors import NotConnected
from mentra.session.news import (
    CONNECTED,
    DISCONNECTED,
    RECONNECTED,
    STOPPED,
    Connected,
    Disconnected,
    Reconnected,
)
from mentra.session.router import Router
from mentra.transport.base import Closed

FAREWELL_S = 2.0
"""How long the handlers of the end (``on_disconnected``, ``on_stopped``) may take."""


class ConnectionNews:
    """What a session tells of its connection.

    Attributes:
        up: How the connection came about that there is; ``None`` while there is none.
    """

    __slots__ = ("_logger", "_lost_at", "_router", "_waiting", "up")

    def __init__(self, router: Router, logger: logging.LoggerAdapter[Any]) -> None:
        self.up: Connected | None = None
        self._router = router
        self._logger = logger
        self._lost_at: float | None = None
        """When the connection was lost that is to come back, on the loop's clock."""
        self._waiting: tuple[asyncio.Future[None], ...] = ()
        """Calls that wait for the connection to come back."""

    def came(self) -> None:
        """Tell that the cloud can be reached, for the first time or again."""
        lost_at, self._lost_at = self._lost_at, None
        self.up = Connected(is_first=lost_at is None)
        self._router.tell(CONNECTED, self.up)
        if lost_at is not None:
            self._router.tell(RECONNECTED, Reconnected(after_s=asyncio.get_running_loop().time() - lost_at))
        if self._waiting:
            self._release()

    def lost(self, closed: Closed) -> None:
        """Tell that the connection is lost for the moment."""
        self._lost_at = asyncio.get_running_loop().time()
        self._went(closed, will_reconnect=True)

    def over(self, closed: Closed) -> None:
        """Tell that the connection ends with the session, and let nobody wait any more."""
        if self.up is not None:
            self._went(closed, will_reconnect=False)
        self._release()

    async def wait(self, what: str, timeout: float | None) -> float:
        """Wait until the connection is back, or the session ends; return how many seconds that took.

        Raises:
            NotConnected: It did not come back in time.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        back: asyncio.Future[None] = loop.create_future()
        self._waiting += (back,)
        try:
            await asyncio.wait([back], timeout=timeout)
            if not back.done():
                raise NotConnected(f"{what} was not asked for: the connection to the cloud is lost.")
        finally:
            self._waiting = tuple(other for other in self._waiting if other is not back)
        return loop.time() - began

    async def farewell(self) -> None:
        """Wait for the handlers that are told of the end."""
        if not any(map(self._router.is_told, (DISCONNECTED, STOPPED))):
            return
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._router.wait_told((DISCONNECTED, STOPPED))
        except TimeoutError:
            self._logger.warning("The handlers of the session's end took longer than %g s.", FAREWELL_S)

    def _went(self, closed: Closed, *, will_reconnect: bool) -> None:
        self.up = None
        self._router.tell(
            DISCONNECTED, Disconnected(code=closed.code, reason=closed.reason, will_reconnect=will_reconnect)
        )

    def _release(self) -> None:
        for back in self._waiting:
            if not back.done():
                back.set_result(None)

"""What an app does when its server starts and when it stops, besides its sessions."""

import inspect
import logging
from collections.abc import Callable
from typing import Any, Protocol

from mentra.session.cleanups import CleanUps
from mentra.session.handlers import Failed

SHUTDOWN_WITHIN_S = 10.0
"""How long ``on_shutdown`` may take, and each clean-up handler."""

_logger: logging.LoggerAdapter[Any] = logging.LoggerAdapter(logging.getLogger("mentra.server"), {})


class LifespanHooks(Protocol):
    """An app."""

    async def on_startup(self) -> None:
        """The server is about to listen."""

    async def on_shutdown(self) -> None:
        """All sessions have ended."""


class Lifespan:
    """The hooks and clean-up handlers of one app, for any number of starts."""

    def __init__(self, hooks: LifespanHooks) -> None:
        self._hooks = hooks
        self._clean_ups = CleanUps(_logger)
        self._begun = False

    def add(self, function: Callable[[], object]) -> None:
        """Have a function called at the next end."""
        self._clean_ups.add(function, ())

    async def begin(self) -> None:
        """Call ``on_startup``. Raises what it raises."""
        started: object = self._hooks.on_startup()
        if inspect.isawaitable(started):  # Not if it is a plain function.
            await started
        self._begun = True

    async def end(self, *, within_s: float = SHUTDOWN_WITHIN_S, failed: Failed | None = None) -> None:
        """Call ``on_shutdown``, if ``on_startup`` succeeded, then the clean-up handlers, the last one first.

        Args:
            failed: Told what they raise, after it was logged.
        """
        clean_ups, self._clean_ups = self._clean_ups, CleanUps(_logger)
        if self._begun:
            self._begun = False
            clean_ups.add(self._hooks.on_shutdown, ())
        await clean_ups.run(within_s=within_s, failed=failed)

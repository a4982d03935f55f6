"""What has to be done at an end: functions of the developer, in reverse order, each of them whatever the others do."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from mentra.session.handlers import Failed, call_handler, describe

CLEAN_UP_WITHIN_S = 10.0
"""How long one function may take."""


class CleanUps:
    """Functions to be called at an end, plain or ``async``."""

    def __init__(self, logger: logging.LoggerAdapter[Any]) -> None:
        self.over = False
        """Whether all were called; nothing can be added any more."""
        self._logger = logger
        self._functions: list[tuple[Callable[..., object], tuple[Any, ...] | None]] = []

    def add(self, function: Callable[..., object], arguments: tuple[Any, ...] | None = None) -> None:
        """Have a function called, before those that were added earlier.

        Args:
            arguments: Its arguments; those of ``run`` if left out.
        """
        self._functions.append((function, arguments))

    async def run(self, *arguments: Any, within_s: float = CLEAN_UP_WITHIN_S, failed: Failed | None = None) -> None:
        """Call them all; also those that are added meanwhile, and also if the task is cancelled.

        An exception is logged. One that takes too long is cancelled, and so is the current one if the task is.

        Args:
            failed: Told what they raise.
        """
        cancelled: asyncio.CancelledError | None = None
        while self._functions:
            function, own_arguments = self._functions.pop()
            given = arguments if own_arguments is None else own_arguments
            try:
                async with asyncio.timeout(within_s):
                    await call_handler(function, *given, logger=self._logger, failed=failed)
            except TimeoutError:
                self._logger.warning("%s was cancelled: it took more than %g s.", describe(function), within_s)
            except asyncio.CancelledError as error:
                cancelled = error
        self.over = True
        if cancelled is not None:
            raise cancelled

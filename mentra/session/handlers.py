"""How the developer's own functions are called: plain or ``async``, and never able to hurt anybody else."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, cast

from mentra.transport.base import is_cancelled

T = TypeVar("T")

Handler = Callable[[T], object]
"""A function of one event; what it returns is awaited if it can be, and otherwise ignored."""


Failed = Callable[[Exception], object]
"""Told what a handler raised, after it was logged."""


def begin_handler(
    function: Callable[..., object], *arguments: Any, logger: logging.LoggerAdapter[Any], failed: Failed | None = None
) -> Coroutine[Any, Any, None] | None:
    """Call a developer's function; return what is left to await if it is ``async``.

    An exception, then or later, is logged with its traceback and goes no further. So is the cancellation of something
    that the function waited for; only that of the task around it goes on.
    """
    try:
        result = function(*arguments)
        if inspect.isawaitable(result):
            return _finish(function, cast(Awaitable[object], result), logger, failed)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - app code may raise anything; it is logged.
        _contain(error, function, logger, failed)
    return None


async def call_handler(
    function: Callable[..., object], *arguments: Any, logger: logging.LoggerAdapter[Any], failed: Failed | None = None
) -> None:
    """Call a developer's function and wait for it, with the same care for exceptions."""
    rest = begin_handler(function, *arguments, logger=logger, failed=failed)
    if rest is not None:
        await rest


async def _finish(
    function: Callable[..., object],
    result: Awaitable[object],
    logger: logging.LoggerAdapter[Any],
    failed: Failed | None,
) -> None:
    try:
        await result
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as above.
        _contain(error, function, logger, failed)


def _contain(
    error: Exception | asyncio.CancelledError,
    function: Callable[..., object],
    logger: logging.LoggerAdapter[Any],
    failed: Failed | None,
) -> None:
    """Log what a developer's function raised. Called while it is handled."""
    if isinstance(error, asyncio.CancelledError) and is_cancelled():
        raise error
    logger.error("%s raised an exception.", describe(function), exc_info=error)
    if failed is not None and isinstance(error, Exception):
        failed(error)


def describe(function: Callable[..., object]) -> str:
    """Return a function's name for messages: ``WeatherApp.on_session``."""
    return getattr(function, "__qualname__", None) or repr(function)

"""How the developer's own functions are called: plain or ``async``, and never able to hurt anybody else."""

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar, cast

from mentra.transport.base import is_cancelled

T = TypeVar("T")

Handler = Callable[[T], object]
"""A function of one event; what it returns is awaited if it can be, and otherwise ignored."""


def begin_handler(
    function: Callable[..., object], *arguments: Any, logger: logging.LoggerAdapter[Any]
) -> Coroutine[Any, Any, None] | None:
    """Call a developer's function; return what is left to await if it is ``async``.

    An exception, then or later, is logged with its traceback and goes no further. So is the cancellation of something
    that the function waited for; only that of the task around it goes on.
    """
    with _logged(function, logger):
        result = function(*arguments)
        if inspect.isawaitable(result):
            return _finish(function, cast(Awaitable[object], result), logger)
    return None


async def call_handler(function: Callable[..., object], *arguments: Any, logger: logging.LoggerAdapter[Any]) -> None:
    """Call a developer's function and wait for it, with the same care for exceptions."""
    rest = begin_handler(function, *arguments, logger=logger)
    if rest is not None:
        await rest


async def _finish(
    function: Callable[..., object], result: Awaitable[object], logger: logging.LoggerAdapter[Any]
) -> None:
    with _logged(function, logger):
        await result


@contextlib.contextmanager
def _logged(function: Callable[..., object], logger: logging.LoggerAdapter[Any]) -> Generator[None, None, None]:
    try:
        yield
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and is_cancelled():
            raise
        logger.exception("%s raised an exception.", describe(function))


def describe(function: Callable[..., object]) -> str:
    """Return a function's name for messages: ``WeatherApp.on_session``."""
    return getattr(function, "__qualname__", None) or repr(function)

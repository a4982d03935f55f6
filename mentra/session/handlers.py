"""How the developer's own functions are called: plain or ``async``, and never able to hurt anybody else."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine
from types import CoroutineType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from mentra.errors import SessionStopped
from mentra.transport.base import is_cancelled
from mentra.wrong_names import snake_case

T = TypeVar("T")

Handler = Callable[[T], object]
"""A function of one event; what it returns is awaited if it can be, and otherwise ignored."""


Failed = Callable[[Exception], object]
"""Told what a handler raised, after it was logged."""


class Cancellable:
    """What one gets for a function that will be called. Other SDKs return a function that cancels."""

    if not TYPE_CHECKING:  # A type checker would believe that it is a function.

        def __call__(self, *_: Any, **__: Any) -> NoReturn:
            """Raise a ``TypeError`` that says what to write."""
            raise TypeError(_no_function(self))


def _no_function(given: Cancellable) -> str:
    what = snake_case(type(given).__name__).rpartition("_")[2]  # A SettingSubscription is a subscription.
    return f"A {what} is no function: write {what}.cancel(). {what.capitalize()}s end with the session by themselves."


def begin_handler(
    function: Callable[..., object],
    *arguments: Any,
    logger: logging.LoggerAdapter[Any],
    failed: Failed | None = None,
    in_session: bool = False,
) -> Coroutine[Any, Any, None] | None:
    """Call a developer's function; return what is left to await if it is ``async``.

    An exception, then or later, is logged with its traceback and goes no further. So is the cancellation of something
    that the function waited for; only that of the task around it goes on.

    Args:
        in_session: The function runs as long as its session at most, so ``SessionStopped`` is an end like any other.
    """
    try:
        result = function(*arguments)
    except (Exception, asyncio.CancelledError) as error:
        if not contain(error, function, logger, failed, in_session=in_session):
            raise
        return None
    return None if result is None else rest_of(function, result, logger=logger, failed=failed, in_session=in_session)


def rest_of(
    function: Callable[..., object],
    result: object,
    *,
    logger: logging.LoggerAdapter[Any],
    failed: Failed | None,
    in_session: bool,
) -> Coroutine[Any, Any, None] | None:
    """Return what is left to await of a developer's function that has returned something; see ``begin_handler``."""
    if inspect.isawaitable(result):
        return _finish(function, cast(Awaitable[object], result), logger, failed, in_session=in_session)
    return None


async def call_handler(
    function: Callable[..., object],
    *arguments: Any,
    logger: logging.LoggerAdapter[Any],
    failed: Failed | None = None,
    in_session: bool = False,
) -> None:
    """Call a developer's function and wait for it, with the same care for exceptions."""
    # Not by begin_handler, whose coroutine would take 0.6 us more.
    try:
        result: Any = function(*arguments)
        if type(result) is CoroutineType or inspect.isawaitable(result):
            await result
    except (Exception, asyncio.CancelledError) as error:
        if not contain(error, function, logger, failed, in_session=in_session):
            raise


async def _finish(
    function: Callable[..., object],
    result: Awaitable[object],
    logger: logging.LoggerAdapter[Any],
    failed: Failed | None,
    *,
    in_session: bool,
) -> None:
    try:
        await result
    except (Exception, asyncio.CancelledError) as error:
        if not contain(error, function, logger, failed, in_session=in_session):
            raise


def contain(
    error: Exception | asyncio.CancelledError,
    function: Callable[..., object],
    logger: logging.LoggerAdapter[Any],
    failed: Failed | None,
    *,
    in_session: bool,
) -> bool:
    """Log what a developer's function raised, and return whether it goes no further. Called while it is handled."""
    # Raised here it would hold this frame, which holds it.
    if isinstance(error, asyncio.CancelledError) and is_cancelled():
        return False
    if in_session and isinstance(error, SessionStopped):
        logger.debug("%s ended with its session: %s", describe(function), error)
        return True
    logger.error("%s raised an exception.", describe(function), exc_info=error)
    if failed is not None and isinstance(error, Exception):
        failed(error)
    return True


def describe(function: Callable[..., object]) -> str:
    """Return a function's name for messages: ``WeatherApp.on_session``."""
    return getattr(function, "__qualname__", None) or repr(function)


def check_handler(function: Callable[..., object], what: str, *gets: str) -> None:
    """Check that a developer's function can be called as it will be.

    Args:
        what: What it is, for messages: ``"The handler of 'button_press'"``.
        gets: What its arguments are: ``"the event"``.

    Raises:
        TypeError: It is no function, or does not take these arguments.
    """
    if _surely_takes(function, len(gets)):
        return
    check_callable(function, what)
    if not takes(function, len(gets)):
        count = "one argument" if len(gets) == 1 else f"{len(gets)} arguments"
        raise TypeError(f"{what} gets {count}, {' and '.join(gets)}, which {describe(function)}() does not take.")


def check_callable(function: Callable[..., object], what: str) -> None:
    """Check that something is a function, whatever it takes.

    Raises:
        TypeError: It is none.
    """
    if isinstance(function, Cancellable):
        raise TypeError(f"{what} must be a function. {_no_function(function)}")
    if not callable(function):
        raise TypeError(f"{what} must be a function, not {function!r}.")


def _surely_takes(function: Callable[..., object], count: int) -> bool:
    """Return whether a function or method of the usual kind can be called so; false where that needs a closer look.

    Each session registers handlers anew, so it is not remembered; ``inspect.signature`` would take 6 us for each, this
    takes 0.3.
    """
    if isinstance(function, MethodType):
        function, count = function.__func__, count + 1
    if type(function) is not FunctionType or hasattr(function, "__signature__"):
        return False
    code = function.__code__
    needed = code.co_argcount - len(function.__defaults__ or ())
    return needed <= count <= code.co_argcount and not code.co_kwonlyargcount


def looks_async(function: Callable[..., object]) -> bool:
    """Return whether a function is ``async``, as far as can be seen; one that is not may return something to await."""
    if isinstance(function, MethodType):
        function = function.__func__
    if type(function) is FunctionType:
        return bool(function.__code__.co_flags & inspect.CO_COROUTINE)  # As inspect says it, in six calls less.
    return inspect.iscoroutinefunction(function)


def takes(function: Callable[..., object], count: int) -> bool:
    """Return whether a function can be called with so many arguments; true where nobody knows."""
    if _surely_takes(function, count):
        return True
    try:
        # Not what it wraps: a decorator may well add or remove arguments.
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return True  # Written in C, and silent about what it takes.
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True

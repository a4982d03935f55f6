"""What the developer's functions may raise, and how far it goes."""

import asyncio
import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any

import pytest

from mentra.session.handlers import begin_handler, call_handler, check_handler, looks_async

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


def reads_a_cancelled_future() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    future.result()


async def awaits_a_cancelled_task() -> None:
    task = asyncio.create_task(asyncio.sleep(9))
    task.cancel()
    await task


async def test_a_cancelled_future_in_a_plain_handler_is_logged_and_goes_no_further(caplog: pytest.LogCaptureFixture):
    assert begin_handler(reads_a_cancelled_future, logger=LOGGER) is None

    assert caplog.messages == ["reads_a_cancelled_future raised an exception."]
    assert "CancelledError" in caplog.text


async def test_a_cancelled_task_in_an_async_handler_is_logged_and_goes_no_further(caplog: pytest.LogCaptureFixture):
    await call_handler(awaits_a_cancelled_task, logger=LOGGER)

    assert caplog.messages == ["awaits_a_cancelled_task raised an exception."]


async def test_a_cancellation_of_the_task_around_it_is_not_stopped(caplog: pytest.LogCaptureFixture):
    task = asyncio.create_task(call_handler(asyncio.sleep, 9, logger=LOGGER))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    assert (task.cancelled(), caplog.messages) == (True, [])


def adds_a_session(function: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(function)
    def added(event: object) -> object:
        return function("session", event)

    return added


async def hears(event: object, more: object = None) -> None: ...


@adds_a_session
def hears_with_a_session(session: object, event: object) -> None: ...


def needs_an_option(event: object, *, option: object) -> None: ...


def has_an_option(event: object, *, option: object = None) -> None: ...


class Hearer:
    def hears(self, event: object) -> None: ...

    @classmethod
    def class_hears(cls, event: object) -> None: ...

    def hears_nothing(self) -> None: ...


@pytest.mark.parametrize(
    "handler",
    [
        hears,
        has_an_option,
        Hearer().hears,
        Hearer.class_hears,
        hears_with_a_session,
        print,
        [].append,
        asyncio.Queue[Any]().put_nowait,
        functools.partial(hears, more=1),
        lambda *events: events,
        # In C, and silent about what they take.
        dict,
        max,
    ],
)
def test_whatever_can_be_called_with_one_event_is_a_handler(handler: Callable[..., object]):
    check_handler(handler, "The handler", "the event")


@pytest.mark.parametrize(
    ("handler", "gets", "said"),
    [
        (5, ("the event",), "The handler must be a function, not 5."),
        (
            asyncio.Event().set,
            ("the event",),
            "The handler gets one argument, the event, which Event.set() does not take.",
        ),
        (
            needs_an_option,
            ("the event",),
            "The handler gets one argument, the event, which needs_an_option() does not take.",
        ),
        (
            Hearer().hears_nothing,
            ("the event",),
            "The handler gets one argument, the event, which Hearer.hears_nothing() does not take.",
        ),
        (
            hears_with_a_session,
            ("the new", "the old value"),
            "The handler gets 2 arguments, the new and the old value, which hears_with_a_session() does not take.",
        ),
    ],
)
def test_what_cannot_be_called_so_is_refused(handler: Any, gets: tuple[str, ...], said: str):
    with pytest.raises(TypeError) as error:
        check_handler(handler, "The handler", *gets)

    assert str(error.value) == said


class Waiter:
    async def waits(self, event: object) -> None: ...

    async def __call__(self, event: object) -> None: ...


async def waits(event: object) -> None: ...


@pytest.mark.parametrize(
    ("handler", "is_async"),
    [
        (has_an_option, False),
        (waits, True),
        (lambda event: waits(event), False),
        (Hearer().hears, False),
        (Hearer.class_hears, False),
        (Waiter().waits, True),
        (functools.partial(waits), True),
        (functools.partial(has_an_option), False),
        (Waiter(), False),
        (print, False),
    ],
)
def test_a_function_looks_async_as_python_says(handler: Callable[..., object], is_async: bool):
    assert looks_async(handler) == inspect.iscoroutinefunction(handler) == is_async

"""What a session owns ends with it, and nothing begins after it."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from mentra.errors import SessionStopped
from mentra.session.tasks import LoopThread, SessionTasks
from mentra.session.work import SessionWork
from tests.helpers.waiting import clock

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


class Owner:
    """As ``SessionCore`` does it."""

    def __init__(self) -> None:
        self.tasks = SessionTasks(LOGGER)
        self.failed: list[Exception] = []
        self.work = SessionWork(self.tasks, LoopThread(), LOGGER, failed=self.failed.append)

    async def end(self, reason: str = "why") -> None:
        self.work.end(reason)
        await self.tasks.close()
        await self.work.clean_up()


@pytest.fixture
async def owner() -> Owner:
    return Owner()


@pytest.fixture
async def work(owner: Owner) -> SessionWork:
    return owner.work


@contextlib.contextmanager
def plain(story: list[str], name: str) -> Iterator[str]:
    story.append(f"enter {name}")
    yield name
    story.append(f"leave {name}")


@contextlib.asynccontextmanager
async def asynchronous(story: list[str], name: str) -> AsyncIterator[str]:
    await asyncio.sleep(1)
    with plain(story, name):
        yield name
        await asyncio.sleep(1)


async def nothing() -> None:
    pass


async def test_a_task_gives_its_result(work: SessionWork):
    async def answer() -> int:
        await asyncio.sleep(1)
        return 42

    task = work.start_soon(answer(), None)

    assert (await task, task.get_name()) == (42, answer.__qualname__)
    assert work.start_soon(answer(), "mine").get_name() == "mine"


async def test_a_task_is_cancelled_and_waited_for_at_the_end(owner: Owner):
    story: list[str] = []

    async def tidies_up() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(1)
            story.append("tidied up")

    owner.work.start_soon(tidies_up(), None)
    await asyncio.sleep(0)
    await owner.end()

    assert (story, clock()) == (["tidied up"], pytest.approx(1.0))


async def test_a_task_that_fails_is_logged_and_told_also_if_nobody_awaits_it(
    owner: Owner, caplog: pytest.LogCaptureFixture
):
    async def fails() -> None:
        raise RuntimeError("inside")

    task = owner.work.start_soon(fails(), "mine")
    await asyncio.sleep(0.001)
    del task
    gc.collect()

    assert caplog.messages == ["mine failed."]
    assert "RuntimeError: inside" in caplog.text
    assert [str(error) for error in owner.failed] == ["inside"]


async def test_a_task_may_be_cancelled_without_a_word(work: SessionWork, caplog: pytest.LogCaptureFixture):
    task = work.start_soon(asyncio.sleep(60), None)
    await asyncio.sleep(1)

    task.cancel()
    await asyncio.sleep(1)

    assert (task.cancelled(), caplog.messages) == (True, [])


async def test_after_the_end_nothing_begins(owner: Owner):
    work, story = owner.work, []
    work.end("user_disabled")

    with pytest.raises(SessionStopped, match=r"nothing was not started: the session has ended \(user_disabled\)"):
        work.start_soon(nothing(), None)
    with pytest.raises(SessionStopped, match="nothing will not be called"):
        work.timer(nothing, 1, again=True)
    with pytest.raises(SessionStopped, match="_GeneratorContextManager was not entered"):
        await work.enter(plain(story, "a"))

    assert story == []


@pytest.mark.parametrize("wrong", [nothing, "nothing", None])
async def test_what_is_no_coroutine_is_refused(work: SessionWork, wrong: Any):
    with pytest.raises(TypeError, match="start_soon takes a coroutine"):
        work.start_soon(wrong, None)


async def test_a_timer_wants_the_function_itself(work: SessionWork):
    coroutine = nothing()
    with pytest.raises(TypeError, match=r"without \(\)"):
        work.timer(coroutine, 1, again=False)  # type: ignore[arg-type]  # that is the mistake.
    coroutine.close()


async def test_timers_end_with_the_session(owner: Owner):
    calls: list[float] = []
    owner.work.timer(lambda: calls.append(clock()), 10, again=True)
    owner.work.timer(lambda: calls.append(clock()), 15, again=False)
    await asyncio.sleep(12)

    await owner.end()
    await asyncio.sleep(60)

    assert calls == [10.0]


async def test_functions_and_context_managers_end_in_reverse_order_with_the_reason(owner: Owner):
    story: list[str] = []
    owner.work.on_stop(lambda reason: story.append(f"first {reason}"))
    assert await owner.work.enter(plain(story, "second")) == "second"
    assert await owner.work.enter(asynchronous(story, "third")) == "third"
    owner.work.on_stop(story.append)

    await owner.end("user_disabled")

    assert story == [
        "enter second",
        "enter third",
        "user_disabled",
        "leave third",
        "leave second",
        "first user_disabled",
    ]


async def test_tasks_are_over_before_what_they_use_is_left(owner: Owner):
    story: list[str] = []

    async def uses() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            story.append("last use")

    await owner.work.enter(plain(story, "connection"))
    owner.work.start_soon(uses(), None)
    await asyncio.sleep(0)
    await owner.end()

    assert story == ["enter connection", "last use", "leave connection"]


async def test_a_function_can_be_added_until_they_have_run(owner: Owner):
    story: list[str] = []
    owner.work.end("why")
    owner.work.on_stop(story.append)

    await owner.end()

    assert story == ["why"]
    with pytest.raises(SessionStopped, match="has been cleaned up"):
        owner.work.on_stop(story.append)


@pytest.mark.parametrize("function", [lambda: None, lambda reason, more: None])
async def test_a_function_that_takes_no_reason_is_refused_at_once(work: SessionWork, function: Any):
    with pytest.raises(TypeError, match=r"session\.on_stop\(lambda reason: close\(\)\)"):
        work.on_stop(function)


async def test_a_context_manager_that_was_entered_too_late_is_left_again(owner: Owner):
    story: list[str] = []
    entering = asyncio.create_task(owner.work.enter(asynchronous(story, "late")))
    await asyncio.sleep(0.5)
    await owner.end()

    with pytest.raises(SessionStopped, match="was left again"):
        await entering

    assert story == ["enter late", "leave late"]


async def test_a_context_manager_that_cannot_be_entered_is_not_left(owner: Owner):
    @contextlib.asynccontextmanager
    async def fails() -> AsyncIterator[None]:
        raise RuntimeError("inside")
        yield

    with pytest.raises(RuntimeError, match="inside"):
        await owner.work.enter(fails())

    await owner.end()


async def test_another_thread_is_refused(work: SessionWork):
    coroutine = nothing()
    with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
        await asyncio.to_thread(work.start_soon, coroutine, None)
    with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
        await asyncio.to_thread(work.on_stop, print)

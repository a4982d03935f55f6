"""Calls of tools: once each, in their time, whatever the cloud repeats. On a clock that jumps."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mentra import ToolCall
from mentra.server.tool_calls import REMEMBERED_S, ToolCalls, ToolFailed


class App:
    """Answers with whatever a test says, and notes the calls."""

    def __init__(self, answer: Callable[[int], Awaitable[Any]]) -> None:
        self.calls = 0
        self._answer = answer

    async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> Any:
        self.calls += 1
        return await self._answer(self.calls)


async def count(number: int) -> str:
    return f"answer {number}"


async def count_slowly(number: int) -> str:
    await asyncio.sleep(10)
    return f"answer {number}"


def call(
    timestamp: str | None = "t1", *, user_id: str = "you@example.com", name: str = "add", **given: Any
) -> ToolCall:
    return ToolCall(name=name, parameters={"what": "milk", **given}, user_id=user_id, timestamp=timestamp)


def calls_of(app: App, *, timeout_s: float = 18.0) -> ToolCalls:
    return ToolCalls({}, app, timeout_s=timeout_s)


async def test_a_repetition_gets_the_answer_of_the_first_call_w_http_12():
    app = App(count)
    calls = calls_of(app)

    first = await calls.answer(call())
    await asyncio.sleep(REMEMBERED_S - 1)
    second = await calls.answer(call(user_id="You@example.com"))

    assert (first, second, app.calls) == ("answer 1", "answer 1", 1)


async def test_a_repetition_of_a_call_that_runs_joins_it():
    app = App(count_slowly)
    calls = calls_of(app)

    answers = await asyncio.gather(calls.answer(call()), calls.answer(call()), calls.answer(call(None)))

    assert (answers, app.calls) == (["answer 1", "answer 1", "answer 2"], 2)


@pytest.mark.parametrize(
    "other",
    [call("t2"), call(user_id="bob@example.com"), call(name="remove"), call(what="tea")],
    ids=["timestamp", "user", "tool", "parameters"],
)
async def test_a_call_that_differs_is_another_one(other: ToolCall):
    app = App(count)
    calls = calls_of(app)

    await calls.answer(call())

    assert await calls.answer(other) == "answer 2"


async def test_the_answer_is_forgotten_after_a_minute():
    app = App(count)
    calls = calls_of(app)

    await calls.answer(call())
    await asyncio.sleep(REMEMBERED_S)

    assert await calls.answer(call()) == "answer 2"


async def test_without_a_timestamp_only_a_running_call_is_the_same():
    app = App(count_slowly)
    calls = calls_of(app)

    together = await asyncio.gather(calls.answer(call(None)), calls.answer(call(None)))
    later = await calls.answer(call(None))

    assert (together, later) == (["answer 1", "answer 1"], "answer 2")


async def test_a_failure_is_not_run_again_by_the_repetition(caplog: pytest.LogCaptureFixture):
    async def fail(number: int) -> None:
        raise RuntimeError(f"failure {number}")

    app = App(fail)
    calls = calls_of(app)

    for _ in range(2):
        with pytest.raises(ToolFailed, match="The tool add failed; the app's log has the details"):
            await calls.answer(call())

    assert app.calls == 1
    assert caplog.messages == ["The tool 'add' raised an exception."]


async def test_a_tool_that_takes_too_long_is_cancelled_and_the_assistant_told(caplog: pytest.LogCaptureFixture):
    cancelled: list[int] = []

    async def hang(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(number)

    app = App(hang)
    calls = calls_of(app, timeout_s=18.0)
    began = asyncio.get_running_loop().time()

    answer = await calls.answer(call())
    again = await calls.answer(call())
    await asyncio.sleep(0)

    assert asyncio.get_running_loop().time() - began == pytest.approx(18.0)
    assert answer == (
        "add took longer than 18 s and was stopped, so it is not known what of it was done. Tell the user that it "
        "did not work, and do not try again by yourself."
    )
    assert (again, app.calls, cancelled) == (answer, 1, [1])
    assert caplog.messages == ["The tool 'add' took longer than 18 s, and was cancelled."]


async def test_a_tool_that_ignores_its_cancellation_delays_no_answer():
    over = asyncio.Event()

    async def stubborn(number: int) -> None:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue

    calls = calls_of(App(stubborn), timeout_s=1.0)

    answer = await calls.answer(call())
    over.set()

    assert answer is not None
    assert "took longer than 1 s" in answer


async def test_a_caller_that_hangs_up_does_not_end_the_call():
    app = App(count_slowly)
    calls = calls_of(app)
    caller = asyncio.create_task(calls.answer(call()))
    await asyncio.sleep(1)

    caller.cancel()
    await asyncio.wait([caller])

    assert await calls.answer(call()) == "answer 1"
    assert app.calls == 1


async def test_nothing_runs_on_after_the_end():
    before = asyncio.all_tasks()
    calls = calls_of(App(count_slowly))
    caller = asyncio.create_task(calls.answer(call()))
    await asyncio.sleep(1)

    await calls.close()
    await asyncio.wait([caller])

    assert caller.cancelled()
    assert asyncio.all_tasks() == before

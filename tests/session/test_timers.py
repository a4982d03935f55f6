"""Functions that are called when it is time."""

import asyncio
import logging

import pytest

from mentra.session.tasks import SessionTasks
from mentra.session.timers import Timers
from tests.helpers.waiting import clock

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


@pytest.fixture
async def tasks() -> SessionTasks:
    return SessionTasks(LOGGER)


@pytest.fixture
def failed() -> list[Exception]:
    return []


@pytest.fixture
async def timers(tasks: SessionTasks, failed: list[Exception]) -> Timers:
    return Timers(tasks, LOGGER, failed=failed.append)


class Beats:
    """Notes when it is called; then takes its time."""

    def __init__(self, *takes_s: float) -> None:
        self.at: list[float] = []
        self._takes_s = list(takes_s)

    async def __call__(self) -> None:
        self.at.append(round(clock(), 3))
        if self._takes_s:
            await asyncio.sleep(self._takes_s.pop(0))


@pytest.mark.parametrize("plain", [True, False])
async def test_a_timer_calls_once(timers: Timers, plain: bool):
    beats = Beats()
    timer = timers.start((lambda: beats.at.append(clock())) if plain else beats, 5, again=False)
    assert timer.active

    await asyncio.sleep(60)

    assert (beats.at, timer.active) == ([5.0], False)


async def test_a_beat_comes_again_and_again(timers: Timers):
    beats = Beats()
    timer = timers.start(lambda: beats.at.append(clock()), 10, again=True)

    await asyncio.sleep(35)

    assert (beats.at, timer.active) == ([10.0, 20.0, 30.0], True)


async def test_the_beat_is_kept_whatever_a_call_takes(timers: Timers):
    beats = Beats(4, 4, 4)
    timers.start(beats, 10, again=True)

    await asyncio.sleep(45)

    assert beats.at == [10.0, 20.0, 30.0, 40.0]


async def test_calls_never_overlap_and_missed_beats_are_left_out(timers: Timers):
    beats = Beats(25, 10)
    timers.start(beats, 10, again=True)

    await asyncio.sleep(75)

    assert beats.at == [10.0, 40.0, 50.0, 60.0, 70.0]


async def test_after_an_exception_the_next_call_comes_all_the_same(
    timers: Timers, failed: list[Exception], caplog: pytest.LogCaptureFixture
):
    calls: list[float] = []

    def plain() -> None:
        calls.append(clock())
        raise RuntimeError("plain")

    async def asynchronous() -> None:
        calls.append(clock())
        raise RuntimeError("asynchronous")

    timers.start(plain, 2, again=True)
    timers.start(asynchronous, 2, again=True)
    await asyncio.sleep(5)

    assert calls == [2.0, 2.0, 4.0, 4.0]
    assert len([message for message in caplog.messages if "raised an exception" in message]) == 4
    assert "RuntimeError: asynchronous" in caplog.text
    assert [str(error) for error in failed] == ["plain", "asynchronous"] * 2


@pytest.mark.parametrize("again", [True, False])
async def test_a_cancelled_timer_calls_no_more(timers: Timers, again: bool):
    beats = Beats()
    timer = timers.start(beats, 10, again=again)
    await asyncio.sleep(9)

    timer.cancel()
    timer.cancel()
    await asyncio.sleep(60)

    assert (beats.at, timer.active) == ([], False)


async def test_a_call_under_way_ends_as_usual_when_its_timer_is_cancelled(timers: Timers):
    story: list[str] = []

    async def cancels_itself() -> None:
        timer.cancel()
        await asyncio.sleep(1)
        story.append("done")

    timer = timers.start(cancels_itself, 10, again=True)
    await asyncio.sleep(10.5)
    assert timer.active

    await asyncio.sleep(60)

    assert (story, timer.active) == (["done"], False)


async def test_at_the_end_nothing_is_called_any_more(timers: Timers, tasks: SessionTasks):
    beats = Beats(4)
    running, waiting = timers.start(beats, 10, again=True), timers.start(beats, 11, again=False)
    await asyncio.sleep(10.5)

    timers.end()
    await tasks.close()
    await asyncio.sleep(60)

    assert (beats.at, running.active, waiting.active) == ([10.0], False, False)


@pytest.mark.parametrize(("seconds", "again"), [(-1, False), (0, True), (float("inf"), False), (float("nan"), True)])
async def test_impossible_times_are_refused(timers: Timers, seconds: float, again: bool):
    with pytest.raises(ValueError, match="seconds"):
        timers.start(Beats(), seconds, again=again)


async def test_at_once_is_a_time(timers: Timers):
    beats = Beats()
    timers.start(beats, 0, again=False)

    await asyncio.sleep(0.001)

    assert beats.at == [0.0]

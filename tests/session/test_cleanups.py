"""At an end everything is cleaned up, whatever goes wrong."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from mentra.session.cleanups import CLEAN_UP_WITHIN_S, CleanUps
from tests.helpers.waiting import clock

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


@pytest.fixture
def clean_ups() -> CleanUps:
    return CleanUps(LOGGER)


def noting(story: list[str], name: str) -> Callable[[str], object]:
    async def later(reason: str) -> None:
        await asyncio.sleep(1)
        story.append(f"{name} {reason}")

    return later if name.startswith("async") else lambda reason: story.append(f"{name} {reason}")


async def test_the_last_one_comes_first(clean_ups: CleanUps):
    story: list[str] = []
    for name in ("first", "async second", "third"):
        clean_ups.add(noting(story, name))
    clean_ups.add(story.append, ("with its own argument",))

    await clean_ups.run("why")

    assert story == ["with its own argument", "third why", "async second why", "first why"]


async def test_an_exception_is_logged_and_the_others_run(clean_ups: CleanUps, caplog: pytest.LogCaptureFixture):
    story: list[str] = []

    async def fails(reason: str) -> None:
        raise RuntimeError("inside")

    clean_ups.add(noting(story, "first"))
    clean_ups.add(fails)
    clean_ups.add(noting(story, "third"))
    await clean_ups.run("why")

    assert story == ["third why", "first why"]
    assert "RuntimeError: inside" in caplog.text


async def test_one_that_hangs_is_cancelled_and_the_others_run(clean_ups: CleanUps, caplog: pytest.LogCaptureFixture):
    story: list[str] = []

    async def hangs(reason: str) -> None:
        await asyncio.Event().wait()

    clean_ups.add(noting(story, "first"))
    clean_ups.add(hangs)
    await clean_ups.run("why")

    assert (story, clock()) == (["first why"], pytest.approx(CLEAN_UP_WITHIN_S))
    assert caplog.messages == [
        f"{hangs.__qualname__} was cancelled: it took more than 10 s.",
    ]


async def test_all_run_also_if_the_task_is_cancelled(clean_ups: CleanUps):
    story: list[str] = []
    for name in ("first", "async second", "async third"):
        clean_ups.add(noting(story, name))

    task = asyncio.create_task(clean_ups.run("why"))
    await asyncio.sleep(0.5)
    task.cancel()
    await asyncio.wait([task])

    assert (story, task.cancelled()) == (["async second why", "first why"], True)


async def test_one_that_is_added_meanwhile_runs_too(clean_ups: CleanUps):
    story: list[str] = []
    clean_ups.add(lambda reason: clean_ups.add(noting(story, "late")))
    assert not clean_ups.over

    await clean_ups.run("why")

    assert (story, clean_ups.over) == (["late why"], True)

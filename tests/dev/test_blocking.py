"""Code that keeps an event loop busy: which is named, and which is not. Real threads, real time."""

import asyncio
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from mentra_cli.dev.blocking import BlockingDetector
from mentra_cli.dev.reports import BlockedLoop

pytestmark = pytest.mark.processes  # Another thread takes part, in its own time.

MOST_TRIES = 10

HANDLERS = """
import json, time

def sleeps():
    time.sleep(0.2)

def calls_another():
    other()

def other():
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        json.dumps([1] * 100)

def keeps_all_threads_from_running():
    sum(range(2 * 10**7))

def sleeps_long():
    time.sleep(2.5)

def is_quick():
    time.sleep(0.03)
"""


@pytest.fixture
def handlers(tmp_path: Path) -> ModuleType:
    (tmp_path / "handlers.py").write_text(HANDLERS)
    spec = importlib.util.spec_from_file_location("handlers", tmp_path / "handlers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def reports_of(root: Path, *calls: Callable[[], object], pause_s: float = 0.1) -> list[BlockedLoop]:
    """Run some code in the loop, one after the other, and return what was reported."""
    reports: list[BlockedLoop] = []
    with BlockingDetector(asyncio.get_running_loop(), root, reports.append):
        for call in calls:
            await asyncio.sleep(pause_s)
            call()
        await asyncio.sleep(pause_s)
    return reports


async def test_code_that_sleeps_is_named_each_time(tmp_path: Path, handlers: ModuleType) -> None:
    reports = await reports_of(tmp_path, *[handlers.sleeps] * 20)

    assert [(report.file, report.line, report.function) for report in reports] == [("handlers.py", 5, "sleeps")] * 20
    assert all(0.1 < report.blocked_s < 1 for report in reports)
    assert (5, "    time.sleep(0.2)") in reports[0].code


async def test_the_innermost_function_of_the_project_is_named(tmp_path: Path, handlers: ModuleType) -> None:
    [report] = await reports_of(tmp_path, handlers.calls_another)

    assert report.function == "other"
    assert report.line in range(11, 14)


async def test_code_that_keeps_other_threads_from_running_is_named_as_well(
    tmp_path: Path, handlers: ModuleType
) -> None:
    reports: list[BlockedLoop] = []
    tries = 0
    while not reports and tries < MOST_TRIES:  # A machine that has no time for this process is no reason to report.
        reports = await reports_of(tmp_path, *[handlers.keeps_all_threads_from_running] * 3)
        tries += 1

    assert {report.function for report in reports} == {"keeps_all_threads_from_running"}


async def test_code_that_may_never_end_is_named_before_its_end(tmp_path: Path, handlers: ModuleType) -> None:
    early, late = await reports_of(tmp_path, handlers.sleeps_long)

    assert early.function == late.function == "sleeps_long"
    assert early.blocked_s < late.blocked_s


async def test_what_is_quick_is_not_named(tmp_path: Path, handlers: ModuleType) -> None:
    assert await reports_of(tmp_path, *[handlers.is_quick] * 10) == []


async def test_what_is_not_of_the_project_is_not_named(tmp_path: Path) -> None:
    assert await reports_of(tmp_path, lambda: time.sleep(0.3)) == []


async def test_a_loop_that_waits_is_not_blocked(tmp_path: Path) -> None:
    assert await reports_of(tmp_path, pause_s=0.5) == []

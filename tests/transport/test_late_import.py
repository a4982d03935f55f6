"""What is imported while the event loop goes on, and when."""

import asyncio
import itertools
import sys
import threading
from pathlib import Path

import pytest

from mentra.transport import late_import
from mentra.transport.late_import import FULL_SERVER, HTTP_CLIENT, LATEST_S, QUIET_AFTER_S, import_when_quiet


@pytest.mark.parametrize(
    ("shares", "after_s"),
    [
        ([0.0], QUIET_AFTER_S),
        ([1.0, 0.3, 0.2], 3 * QUIET_AFTER_S),
        ([0.9] * 100, LATEST_S),
    ],
    ids=["quiet", "busy at first", "always busy"],
)
async def test_what_a_server_starts_without_is_imported_when_it_is_quiet(
    monkeypatch: pytest.MonkeyPatch, shares: list[float], after_s: float
):
    imported: list[tuple[str, float]] = []
    loop = asyncio.get_running_loop()
    began = loop.time()
    # Read before and after each wait.
    used = iter([0.0, *itertools.chain.from_iterable((total, total) for total in itertools.accumulate(shares))])

    async def note(name: str) -> object:
        imported.append((name, round(loop.time() - began, 3)))
        return sys

    monkeypatch.setattr(late_import, "late_import", note)
    await import_when_quiet(cpu_s=lambda: next(used))

    assert imported == [(HTTP_CLIENT, after_s), (FULL_SERVER, after_s)]


@pytest.mark.sockets  # For the real clock: the loop of the others does not wait for threads.
async def test_the_loop_goes_on_while_a_module_is_imported_that_another_one_imports_already(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    name = f"slow_{tmp_path.name}"  # Imported once only, whoever runs this.
    (tmp_path / f"{name}.py").write_text(
        "import threading\n"
        "loop_goes_on = threading.Event()\n"
        "threading.steps = loop_goes_on\n"
        "went_on = loop_goes_on.wait(5)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    first = asyncio.create_task(late_import.late_import(name))
    async with asyncio.timeout(5):
        while not hasattr(threading, "steps"):
            await asyncio.sleep(0.01)
    second = asyncio.create_task(late_import.late_import(name))
    await asyncio.sleep(0.01)
    vars(threading).pop("steps").set()
    modules = await asyncio.gather(first, second)

    assert [module.went_on for module in modules] == [True, True]

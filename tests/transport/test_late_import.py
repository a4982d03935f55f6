"""Imports that the event loop does not wait for."""

import asyncio
import sys
from pathlib import Path

import pytest

from mentra.transport.late_import import late_import

pytestmark = pytest.mark.sockets  # For a clock that waits for threads.


async def test_the_loop_goes_on_while_a_module_is_imported(
    tmp_path: Path, own_imports: None, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "slow_module.py").write_text("import time\ntime.sleep(0.2)\nanswer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    importing = asyncio.create_task(late_import("slow_module"))
    turns = 0
    while not importing.done():
        turns += 1
        await asyncio.sleep(0.01)

    assert (await importing).answer == 42
    assert turns > 5


async def test_a_module_that_is_there_is_had_at_once():
    having = late_import("mentra.transport.base")

    with pytest.raises(StopIteration) as had:
        having.send(None)

    assert had.value.value is sys.modules["mentra.transport.base"]


async def test_a_module_that_does_not_exist_is_an_import_error():
    with pytest.raises(ImportError, match=r"no_such_module"):
        await late_import("no_such_module")

"""How ``mentra dev`` ends: always, soon, and with nothing left behind."""

import asyncio
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from mentra_cli.dev.actions import Shown, Start
from mentra_cli.dev.control_client import call
from mentra_cli.processes import is_alive
from tests.helpers.dev import APP, WITHIN_S, Dev

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("no_dev_left_behind")]

USERS = 50
BLOCKS = APP.replace("(lambda speech:", "(lambda speech: print('it blocks') or __import__('time').sleep(60) or")
TAKES_ITS_TIME = f"""{APP}
    async def on_stop(self, session_id, user_id, reason):
        import asyncio
        print("on_stop begins")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".env").write_text("PACKAGE_NAME=com.example.app\nAPI_KEY=local-0123456789abcdef\n")
    return tmp_path


async def running(project: Path, code: str) -> Dev:
    (project / "app.py").write_text(code)
    dev = await Dev.start(project)
    await dev.shows("version 0 ready")
    async with asyncio.timeout(WITHIN_S):
        while len(family(dev)) < 3:  # The zygote, the child that serves, the spare.
            await asyncio.sleep(0.02)
    return dev


async def crowded(project: Path) -> Dev:
    """A mentra dev with fifty open sockets, whose app blocks its event loop."""
    dev = await running(project, BLOCKS)
    for number in range(1, USERS):
        await call(project, Start(user=f"user{number}@example.com"), Shown)
    await dev.speak("block")
    await dev.line("it blocks")
    return dev


def family(dev: Dev) -> list[int]:
    """Return the processes that a mentra dev started, and those that they started."""
    found, unseen = [], [dev.process.pid]
    while unseen:
        listed = subprocess.run(["pgrep", "-P", str(unseen.pop())], capture_output=True, text=True, check=False)
        pids = [int(pid) for pid in listed.stdout.split()]
        found += pids
        unseen += pids
    return found


async def port_of(dev: Dev) -> int:
    return int((await dev.line("address   http")).rpartition(":")[2])


def is_free(port: int) -> bool:
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def all_gone(pids: list[int]) -> None:
    async with asyncio.timeout(5):
        while any(map(is_alive, pids)):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_fifty_sockets_and_a_blocked_handler_do_not_hold_it(project: Path, number: signal.Signals) -> None:
    dev = await crowded(project)
    port, pids = await port_of(dev), family(dev)

    async with asyncio.timeout(3):
        code = await dev.end(number)

    assert code == 0
    assert is_free(port)
    await all_gone(pids)
    assert not any("Traceback" in line for line in dev.lines)


async def test_a_second_interrupt_ends_it_at_once(project: Path) -> None:
    dev = await running(project, TAKES_ITS_TIME)
    port, pids = await port_of(dev), family(dev)

    dev.process.send_signal(signal.SIGINT)
    await dev.line("on_stop begins")
    async with asyncio.timeout(1):
        code = await dev.end(signal.SIGINT)

    assert code == 130
    assert is_free(port)
    await all_gone(pids)


async def test_an_on_stop_that_never_ends_is_not_waited_for_forever(project: Path) -> None:
    dev = await running(project, TAKES_ITS_TIME)
    pids = family(dev)

    async with asyncio.timeout(6):
        assert await dev.end(signal.SIGTERM) == 0

    await all_gone(pids)


async def test_nothing_outlives_a_mentra_dev_that_was_killed(project: Path) -> None:
    dev = await crowded(project)
    port, pids = await port_of(dev), family(dev)

    os.kill(dev.process.pid, signal.SIGKILL)
    await dev.process.wait()

    await all_gone(pids)
    assert is_free(port)


async def test_what_the_app_started_ends_with_it(project: Path) -> None:
    dev = await running(project, f"import subprocess\nprint('pid', subprocess.Popen(['sleep', '60']).pid)\n{APP}")
    pid = int((await dev.line("stdout: pid")).rpartition(" ")[2])
    pids = family(dev)

    assert await dev.end() == 0

    await all_gone([*pids, pid])

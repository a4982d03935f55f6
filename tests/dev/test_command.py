"""Apps in any language: commands that serve on PORT. Here the language is Python, which is at hand."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mentra.transport.base import HttpRequest
from mentra_cli.dev import command
from mentra_cli.dev.children import Child, Observer
from mentra_cli.dev.command import Command
from mentra_cli.dev.reports import BlockedLoop, Failed, Ready
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.processes import is_alive

pytestmark = pytest.mark.processes

SERVER = """
import http.server, os, sys
print("key", os.environ["API_KEY"] == os.environ["MENTRAOS_API_KEY"])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
ENVIRONMENT = {**os.environ, "PACKAGE_NAME": "com.example.app", "MENTRAOS_API_KEY": "local-0123456789"}
ENVIRONMENT.pop("API_KEY", None)


class Runs(Observer):
    """Starts a script as a command, and writes down what it prints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output: list[str] = []
        self.children: list[Child] = []

    async def start(self, code: str, environment: dict[str, str] = ENVIRONMENT) -> Child:
        (self.folder / "server.py").write_text(code)
        child = await Command([sys.executable, "server.py"], self.folder).start(environment, self)
        self.children.append(child)
        return child

    def printed(self, stream: str, line: str) -> None:
        self.output.append(f"{stream}: {line}")

    def imported(self, files: list[str]) -> None:
        self.files = files

    def blocked(self, report: BlockedLoop) -> None:
        raise AssertionError("a command does not tell")


@pytest.fixture
async def runs(tmp_path: Path) -> AsyncIterator[Runs]:
    runs = Runs(tmp_path)
    yield runs
    for child in runs.children:
        await child.stop("x")


async def test_a_command_is_ready_when_it_listens_and_ends_when_told(runs: Runs) -> None:
    child = await runs.start(SERVER)
    ready = await child.report()
    answer = await child.request(HttpRequest("GET", "/"), timeout=5)
    async with asyncio.timeout(2):
        await child.stop("x")

    assert isinstance(ready, Ready)
    assert (ready.package_name, ready.api_key, ready.webhook_path) == (
        "com.example.app",
        "local-0123456789",
        "/webhook",
    )
    assert ready.files is None
    assert answer.status == 204
    assert runs.output[0] == "stdout: key True"
    assert await child.wait() == 128 + signal.SIGTERM


async def test_two_runs_of_a_command_are_up_at_the_same_time(runs: Runs) -> None:
    outcomes = [await (await runs.start(SERVER)).report() for _ in range(2)]

    assert all(isinstance(outcome, Ready) for outcome in outcomes)
    assert len({outcome.url for outcome in outcomes if isinstance(outcome, Ready)}) == 2


async def test_a_command_that_fails_is_reported_with_its_error_and_place(runs: Runs) -> None:
    failed = await (await runs.start("x = 1\nraise ValueError('boom')\n")).report()

    assert isinstance(failed, Failed)
    assert failed.message == "ValueError: boom"
    assert (failed.file, failed.line) == ("server.py", 2)
    assert (2, "raise ValueError('boom')") in failed.code


async def test_a_command_that_ends_without_a_word_is_reported_with_its_code(runs: Runs) -> None:
    failed = await (await runs.start("import os\nos._exit(3)\n")).report()

    assert isinstance(failed, Failed)
    assert "ended while it started, with exit code 3" in failed.message


async def test_a_command_that_does_not_listen_is_told_where_to(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "START_WITHIN_S", 0.5)

    failed = await (await runs.start("import time\ntime.sleep(60)\n")).report()

    assert isinstance(failed, Failed)
    assert "PORT" in failed.fix


async def test_a_command_that_does_not_follow_is_killed_with_what_it_started(runs: Runs, tmp_path: Path) -> None:
    child = await runs.start(
        "import signal, subprocess, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"print('started', subprocess.Popen(['sleep', '60']).pid, flush=True)\n{SERVER}"
    )
    await child.report()
    pid = int(runs.output[0].rpartition(" ")[2])
    async with asyncio.timeout(3):
        await child.stop("x")

    async with asyncio.timeout(2):
        while is_alive(pid):
            await asyncio.sleep(0.02)


async def test_a_command_does_not_outlive_its_supervisor(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from mentra_cli.dev.command import Command\n"
        "class Observer:\n"
        "    def printed(self, *_): pass\n"
        "async def main():\n"
        f"    command = Command(['sh', '-c', '{sys.executable} server.py; true'], Path({str(tmp_path)!r}))\n"
        "    child = await command.start(os.environ, Observer())\n"
        "    await child.report()\n"
        "    print(child._process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n",
        stdout=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert supervisor.stdout is not None
    group = int(await supervisor.stdout.readline())

    supervisor.kill()
    await supervisor.wait()

    async with asyncio.timeout(5):
        while _members(group):
            await asyncio.sleep(0.02)


def _members(group: int) -> list[int]:
    found = subprocess.run(["pgrep", "-g", str(group)], capture_output=True, text=True, check=False)
    return [pid for pid in map(int, found.stdout.split()) if is_alive(pid)]


@pytest.mark.parametrize("name", ["PACKAGE_NAME", "MENTRAOS_API_KEY"])
async def test_what_a_command_needs_is_asked_for(runs: Runs, name: str) -> None:
    with pytest.raises(CliError, match="is not set") as raised:
        await runs.start(SERVER, {key: value for key, value in ENVIRONMENT.items() if key != name})

    assert raised.value.code == ExitCode.VALIDATION


async def test_a_program_that_is_not_there_is_named(runs: Runs) -> None:
    with pytest.raises(CliError, match="no-such-program cannot be started") as raised:
        await Command(["no-such-program"], runs.folder).start(ENVIRONMENT, runs)

    assert "--" in raised.value.fix

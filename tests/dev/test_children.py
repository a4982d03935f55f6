"""Real child processes with real code."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from mentra.transport.sockets import SocketNetwork
from mentra_cli.dev.children import ChildProcess
from mentra_cli.dev.reports import Failed, Ready
from mentra_cli.location import locate

pytestmark = pytest.mark.processes

APP = """
from mentra import AppServer

print("imported")

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        pass
"""
ENVIRONMENT = {**os.environ, "PACKAGE_NAME": "com.example.app", "API_KEY": "local-0123456789"}


async def start(folder: Path, code: str, output: list[str] | None = None) -> ChildProcess:
    (folder / "app.py").write_text(code)
    printed = output if output is not None else []
    return await ChildProcess.start(
        locate("app.py", folder), ENVIRONMENT, lambda stream, line: printed.append(f"{stream}: {line}")
    )


async def test_a_child_serves_on_a_loopback_port_and_stops_when_told(tmp_path: Path) -> None:
    output: list[str] = []
    child = await start(tmp_path, APP, output)

    ready = await child.report()
    assert isinstance(ready, Ready)
    network = SocketNetwork()
    health = await network.request("GET", f"{ready.url}/health", timeout=5)
    await network.close()
    await child.stop("reload")

    assert health.status == 200
    assert ready.url.startswith("http://127.0.0.1:")
    assert ready.how == "class App in app.py"
    assert ready.files == [str(tmp_path / "app.py")]
    assert await child.wait() == 0
    assert output == ["stdout: imported"]


@pytest.mark.parametrize(
    ("code", "message", "line"),
    [
        ("def broken(:\n", "SyntaxError: invalid syntax", 1),
        ("x = 1\nimport no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'", 2),
        (APP + "raise ValueError('boom')\n", "ValueError: boom", 9),
        (APP + "    1 / 0\n", "ZeroDivisionError: division by zero", 9),
        (APP + "    def __init__(self):\n        raise KeyError('x')\n", "KeyError: 'x'", 10),
        ("x = 1\n", "app.py has no app: it makes no instance of AppServer and defines no class based on it.", None),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3", 2),
        ("import os\nos._exit(3)\n", "The app's process ended while it started, with exit code 3.", None),
    ],
)
async def test_code_that_cannot_be_loaded_is_reported_with_its_place(
    tmp_path: Path, code: str, message: str, line: int | None
) -> None:
    child = await start(tmp_path, code)

    failed = await child.report()
    await child.stop("x")

    assert isinstance(failed, Failed)
    assert (failed.message, failed.line) == (message, line)
    assert failed.file == (None if line is None else "app.py")


async def test_an_app_that_calls_run_without_a_guard_is_not_run_twice(tmp_path: Path) -> None:
    child = await start(tmp_path, f"{APP}\nApp().run()\n")

    ready = await child.report()
    await child.stop("x")

    assert isinstance(ready, Ready)
    assert ready.how == "app.run() called in app.py"


async def test_an_app_that_serves_while_it_is_imported_is_told_where_that_belongs(tmp_path: Path) -> None:
    serving = "import asyncio\nasync def main():\n    async with App():\n        await asyncio.Event().wait()\n"
    child = await start(tmp_path, f"{APP}\n{serving}asyncio.run(main())\n")

    failed = await child.report()
    await child.stop("x")

    assert isinstance(failed, Failed)
    assert 'if __name__ == "__main__":' in failed.message


async def test_a_child_that_blocks_its_event_loop_is_ended_all_the_same(tmp_path: Path) -> None:
    blocking = APP + "import asyncio, time\nasyncio.Event().is_set()\n"
    code = blocking.replace("pass", "time.sleep(60)").replace(
        "class App(AppServer):",
        "class App(AppServer):\n    async def start(self, **options):\n        await super().start(**options)\n"
        "        asyncio.get_running_loop().call_later(0.1, time.sleep, 60)\n",
    )
    child = await start(tmp_path, f"import asyncio, time\n{code}")
    assert isinstance(await child.report(), Ready)
    await asyncio.sleep(0.3)

    async with asyncio.timeout(5):
        await child.stop("x")

    assert await child.wait() != 0


async def test_a_process_that_the_app_left_behind_does_not_hide_that_it_ended(tmp_path: Path) -> None:
    child = await start(tmp_path, "import subprocess, sys\nsubprocess.Popen(['sleep', '20'])\nsys.exit(3)\n")

    async with asyncio.timeout(5):
        failed = await child.report()
    await child.stop("x")

    assert isinstance(failed, Failed)
    assert failed.message == "SystemExit: 3"


@pytest.mark.parametrize("code", [APP, f"print('loading')\n{APP}\nwhile True: pass\n"], ids=["serving", "loading"])
async def test_a_child_whose_supervisor_is_gone_ends_itself(tmp_path: Path, code: str) -> None:
    (tmp_path / "app.py").write_text(code)
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from mentra_cli.dev.children import ChildProcess\n"
        "from mentra_cli.location import locate\n"
        "async def main():\n"
        f"    location = locate('app.py', Path({str(tmp_path)!r}))\n"
        "    child = await ChildProcess.start(location, os.environ, lambda *_: None)\n"
        "    print(child._process.pid, flush=True)\n"
        "    await asyncio.wait([asyncio.ensure_future(child.report())], timeout=2)\n"
        "    print('now', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n",
        stdout=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert supervisor.stdout is not None
    pid = int(await supervisor.stdout.readline())
    await supervisor.stdout.readline()

    supervisor.send_signal(signal.SIGKILL)
    await supervisor.wait()

    async with asyncio.timeout(5):
        while _alive(pid):
            await asyncio.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Nobody waits for an orphan in a container without an init: it stays as a zombie.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"

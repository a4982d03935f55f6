"""Real child processes with real code."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mentra.protocol.webhooks import TOOL_KEY_HEADER, tool_key
from mentra.transport.base import HttpReply, HttpRequest
from mentra_cli.dev.children import Child, Observer
from mentra_cli.dev.reports import BlockedLoop, Failed, Raised, Ready
from mentra_cli.dev.spares import Spares
from mentra_cli.location import locate
from mentra_cli.processes import is_alive

pytestmark = pytest.mark.processes

APP = """
from mentra import AppServer

print("imported")

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        pass
"""
ENVIRONMENT = {**os.environ, "PACKAGE_NAME": "com.example.app", "API_KEY": "local-0123456789"}


WAYS = ["forked", "spawned"]


class Nursery(Observer):
    """Starts children of one project, and writes down what they say."""

    def __init__(self, folder: Path, *, can_fork: bool) -> None:
        self.folder = folder
        self.output: list[str] = []
        self.files: list[str] = []
        self.blockings: list[BlockedLoop] = []
        self.raisings: list[tuple[Child, Raised]] = []
        self.spares = Spares(folder, lambda: locate("app.py", folder), no_http, lambda _: None, can_fork=can_fork)
        self.children: list[Child] = []

    async def start(self, code: str, **environment: str) -> Child:
        (self.folder / "app.py").write_text(code)
        child = await self.spares.start({**ENVIRONMENT, **environment}, self)
        self.children.append(child)
        return child

    async def prepare(self, *modules: str) -> None:
        """Have a spare, and give it the time to get ready."""
        self.spares.prepare(list(modules))
        await asyncio.sleep(0.3)

    async def close(self) -> None:
        for child in self.children:
            await child.stop("x")
        await self.spares.close()

    def printed(self, stream: str, line: str) -> None:
        self.output.append(f"{stream}: {line}")

    def imported(self, files: list[str]) -> None:
        self.files = files

    def blocked(self, report: BlockedLoop) -> None:
        self.blockings.append(report)

    def raised(self, child: Child, report: Raised) -> None:
        self.raisings.append((child, report))


async def no_http(_: HttpRequest) -> HttpReply:
    return HttpReply(404)


@pytest.fixture(params=WAYS)
async def nursery(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Nursery]:
    nursery = Nursery(tmp_path, can_fork=request.param == "forked")
    yield nursery
    await nursery.close()


async def health(child: Child) -> HttpReply:
    return await child.request(HttpRequest("GET", "/health"), timeout=5)


async def test_a_child_answers_and_stops_when_told(nursery: Nursery) -> None:
    child = await nursery.start(APP)
    ready = await child.report()
    assert isinstance(ready, Ready)
    answer = await health(child)
    await child.stop("reload")

    assert answer.status == 200
    assert ready.how == "class App in app.py"
    assert ready.files == [str(nursery.folder / "app.py")]
    assert await child.wait() == 0
    assert nursery.output == ["stdout: imported"]


async def test_each_child_has_the_code_as_it_is_when_it_gets_its_app(nursery: Nursery) -> None:
    for number in range(5):
        child = await nursery.start(f"{APP}\nprint({number})\n")
        assert isinstance(await child.report(), Ready)
        await nursery.prepare()

    assert [line for line in nursery.output if "imported" not in line] == [f"stdout: {number}" for number in range(5)]


async def test_a_spare_has_imported_what_the_code_before_it_imported(nursery: Nursery) -> None:
    ready = await (await nursery.start(f"import colorsys\n{APP}")).report()
    assert isinstance(ready, Ready)
    assert "colorsys" in ready.modules

    await nursery.prepare(*ready.modules)
    child = await nursery.start(f"import sys\nprint('colorsys' in sys.modules)\n{APP}")
    await child.report()

    assert "stdout: True" in nursery.output


async def test_a_spare_for_older_code_is_made_anew_when_the_code_imports_something_else(nursery: Nursery) -> None:
    await (await nursery.start(APP)).report()
    await nursery.prepare()

    await nursery.prepare("colorsys")
    await (await nursery.start(f"import sys\nprint('colorsys' in sys.modules)\n{APP}")).report()

    assert "stdout: True" in nursery.output


async def test_what_cannot_be_imported_in_advance_is_left_to_the_app(nursery: Nursery) -> None:
    await (await nursery.start(APP)).report()
    await nursery.prepare("no_such_module", "antigravity.no_such_part")

    assert isinstance(await (await nursery.start(APP)).report(), Ready)


async def test_a_module_of_the_project_goes_before_one_that_was_imported_in_advance(nursery: Nursery) -> None:
    await (await nursery.start(APP)).report()
    await nursery.prepare("colorsys")

    (nursery.folder / "colorsys.py").write_text("whose = 'mine'\n")
    await (await nursery.start(f"import colorsys\nprint(colorsys.whose)\n{APP}")).report()

    assert "stdout: mine" in nursery.output


async def test_a_changed_environment_reaches_the_next_child(nursery: Nursery) -> None:
    code = f"import os\nprint(os.environ['GREETING'])\n{APP}"
    await (await nursery.start(code, GREETING="hello")).report()
    await nursery.prepare()

    await (await nursery.start(code, GREETING="servus")).report()

    assert [line for line in nursery.output if "imported" not in line] == ["stdout: hello", "stdout: servus"]


async def test_a_spare_that_died_is_replaced(nursery: Nursery) -> None:
    await (await nursery.start(APP)).report()
    await nursery.prepare()
    assert nursery.spares._spare is not None
    (await nursery.spares._spare).kill()
    await asyncio.sleep(0.2)

    assert isinstance(await (await nursery.start(APP)).report(), Ready)


async def test_an_installed_package_is_found_by_the_next_child(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await nursery.start(APP)).report()
    await nursery.prepare()
    ground = nursery.spares._ground
    monkeypatch.setattr("mentra_cli.dev.spares._packages_changed", lambda: (1,))

    assert isinstance(await (await nursery.start(APP)).report(), Ready)

    assert nursery.spares._ground != ground


async def test_what_is_imported_after_the_start_is_part_of_the_app(nursery: Nursery) -> None:
    (nursery.folder / "later.py").write_text("")
    late = APP.replace(
        "    async def on_session",
        "    async def start(self, **options):\n"
        "        await super().start(**options)\n"
        "        asyncio.get_running_loop().call_later(0.1, lambda: __import__('later'))\n"
        "\n"
        "    async def on_session",
    )
    await (await nursery.start(f"import asyncio\n{late}")).report()

    async with asyncio.timeout(5):
        while not nursery.files:
            await asyncio.sleep(0.02)

    assert nursery.files == [str(nursery.folder / name) for name in ("app.py", "later.py")]


async def test_a_module_that_ends_the_process_is_not_imported_in_advance_again(nursery: Nursery) -> None:
    library = nursery.folder / "library"
    library.mkdir()
    (library / "deadly.py").write_text("import os\nos._exit(5)\n")
    environment = {"PYTHONPATH": str(library)}
    await (await nursery.start(APP, **environment)).report()
    await nursery.prepare("deadly")

    assert isinstance(await (await nursery.start(APP, **environment)).report(), Ready)


@pytest.mark.parametrize("nursery", ["forked"], indirect=True)
async def test_without_its_zygote_a_child_is_started_all_the_same(nursery: Nursery) -> None:
    first = await nursery.start(APP)
    await first.report()
    assert nursery.spares._zygote is not None
    nursery.spares._zygote._process.kill()
    await asyncio.sleep(0.2)

    assert isinstance(await (await nursery.start(APP)).report(), Ready)
    await asyncio.wait_for(first.wait(), 5)


async def test_code_that_blocks_the_loop_is_named_with_its_place(nursery: Nursery) -> None:
    blocking = APP.replace(
        "    async def on_session",
        "    async def start(self, **options):\n"
        "        await super().start(**options)\n"
        "        asyncio.get_running_loop().call_later(0.1, self.dawdle)\n"
        "\n"
        "    def dawdle(self):\n"
        "        time.sleep(0.3)\n"
        "\n"
        "    async def on_session",
    )
    child = await nursery.start(f"import asyncio, time\n{blocking}")
    await child.report()
    await asyncio.sleep(0.8)

    [blocked] = nursery.blockings
    assert (blocked.file, blocked.function) == ("app.py", "dawdle")
    assert dict(blocked.code)[blocked.line].strip() == "time.sleep(0.3)"
    assert blocked.blocked_s > 0.2


async def test_what_the_app_raises_while_it_serves_is_reported(nursery: Nursery) -> None:
    raising = APP.replace(
        "    async def on_session",
        "    async def on_tool_call(self, tool_name, args, user_id):\n"
        "        return args['where']\n"
        "\n"
        "    async def on_session",
    )
    child = await nursery.start(raising)
    await child.report()
    headers = {"content-type": "application/json", TOOL_KEY_HEADER: tool_key(ENVIRONMENT["API_KEY"])}
    body = b'{"toolId":"find","toolParameters":{},"userId":"ann@example.com","timestamp":"2026-01-01T00:00:00Z"}'
    await child.request(HttpRequest("POST", "/tool", headers, body), timeout=5)
    await asyncio.sleep(0.2)

    [(raised_in, raised)] = nursery.raisings
    assert raised_in is child
    assert raised.failure.message == "The tool 'find' failed: KeyError: 'where'"
    assert (raised.failure.file, raised.failure.line, raised.in_on_session) == ("app.py", 8, False)


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
    nursery: Nursery, code: str, message: str, line: int | None
) -> None:
    child = await nursery.start(code)

    failed = await child.report()
    await child.stop("x")

    assert isinstance(failed, Failed)
    assert (failed.message, failed.line) == (message, line)
    assert failed.file == (None if line is None else "app.py")


async def test_an_app_that_calls_run_without_a_guard_is_not_run_twice(nursery: Nursery) -> None:
    child = await nursery.start(f"{APP}\nApp().run()\n")

    ready = await child.report()
    await child.stop("x")

    assert isinstance(ready, Ready)
    assert ready.how == "app.run() called in app.py"


async def test_an_app_that_serves_while_it_is_imported_is_told_where_that_belongs(nursery: Nursery) -> None:
    serving = "import asyncio\nasync def main():\n    async with App():\n        await asyncio.Event().wait()\n"
    child = await nursery.start(f"{APP}\n{serving}asyncio.run(main())\n")

    failed = await child.report()
    await child.stop("x")

    assert isinstance(failed, Failed)
    assert 'if __name__ == "__main__":' in failed.message


async def test_a_child_that_blocks_its_event_loop_is_ended_within_a_second(nursery: Nursery) -> None:
    blocking = APP + "import asyncio, time\nasyncio.Event().is_set()\n"
    code = blocking.replace("pass", "time.sleep(60)").replace(
        "class App(AppServer):",
        "class App(AppServer):\n    async def start(self, **options):\n        await super().start(**options)\n"
        "        asyncio.get_running_loop().call_later(0.1, time.sleep, 60)\n",
    )
    child = await nursery.start(f"import asyncio, time\n{code}")
    assert isinstance(await child.report(), Ready)
    await asyncio.sleep(0.3)

    async with asyncio.timeout(1):
        await child.stop("x")

    assert await child.wait() != 0


async def test_a_process_that_the_app_left_behind_does_not_hide_that_it_ended(nursery: Nursery) -> None:
    child = await nursery.start("import subprocess, sys\nsubprocess.Popen(['sleep', '20'])\nsys.exit(3)\n")

    async with asyncio.timeout(5):
        failed = await child.report()
    await child.stop("x")

    assert isinstance(failed, Failed)
    assert failed.message == "SystemExit: 3"


@pytest.mark.parametrize("code", [APP, f"print('loading')\n{APP}\nwhile True: pass\n"], ids=["serving", "loading"])
@pytest.mark.parametrize("can_fork", [True, False], ids=WAYS)
async def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path: Path, code: str, can_fork: bool) -> None:
    (tmp_path / "app.py").write_text(code)
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from mentra_cli.dev.spares import Spares\n"
        "from mentra_cli.location import locate\n"
        "class Observer:\n"
        "    def printed(self, *_): pass\n"
        "    def blocked(self, *_): pass\n"
        "    def raised(self, *_): pass\n"
        "    def imported(self, *_): pass\n"
        "async def main():\n"
        f"    folder = Path({str(tmp_path)!r})\n"
        f"    spares = Spares(folder, lambda: locate('app.py', folder), None, None, can_fork={can_fork})\n"
        "    child = await spares.start(os.environ, Observer())\n"
        "    spares.prepare([])\n"
        "    await asyncio.sleep(0.2)\n"
        "    spare = await spares._spare\n"
        "    zygote = spares._zygote\n"
        "    own = [zygote._process] if zygote else []\n"
        "    print(*(process.pid for process in (child._process, spare._process, *own)), flush=True)\n"
        "    await asyncio.wait([asyncio.ensure_future(child.report())], timeout=2)\n"
        "    print('now', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n",
        stdout=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert supervisor.stdout is not None
    pids = [int(pid) for pid in (await supervisor.stdout.readline()).split()]
    await supervisor.stdout.readline()
    assert len(pids) == 2 + can_fork

    supervisor.send_signal(signal.SIGKILL)
    await supervisor.wait()

    async with asyncio.timeout(5):
        while any(map(is_alive, pids)):
            await asyncio.sleep(0.05)

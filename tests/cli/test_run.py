"""``mentra run``: an app in one process and in several, as processes."""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mentra.localcloud import InstalledApp, LocalCloud, VirtualGlasses
from mentra.server.workers import owner_of
from mentra.transport.binding import bind
from mentra.transport.sockets import SocketNetwork
from mentra_cli.run.reports import Assignment, encode
from tests.helpers.dev import MENTRA
from tests.helpers.tmux import plain_environment
from tests.helpers.waiting import until

pytestmark = [pytest.mark.sockets, pytest.mark.processes]

PACKAGE_NAME = "com.example.crowd"
KEY = "local-0123456789abcdef"
TOOL_KEY = hashlib.sha256(KEY.encode()).hexdigest()
USERS = [f"user{number}@example.com" for number in range(40)]
WITHIN_S = 20.0
APP = """
import os

from mentra import AppServer, route, tool

ME = f"worker {os.environ.get('MENTRA_WORKER', 'alone')}"

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        session.layouts.show_text_wall(ME)
        session.settings.on_change(lambda change: session.layouts.show_text_wall(f"{ME} heard of settings"))

    async def on_stop(self, session_id, user_id, reason):
        print(f"{ME} stopped {user_id} {reason}\\n", end="", flush=True)  # One write: two workers share the pipe.

    @tool
    def where(self, user_id: str) -> str:
        "Say where."
        return f"{ME} {self.session_for(user_id) is not None}"

    @tool
    async def photo(self, user_id: str) -> str:
        "Take one."
        return f"{ME} {(await self.session_for(user_id).camera.request_photo()).mime_type}"

    @route.get("/who", auth=True)
    def who(self, request):
        return f"{ME} {request.user_id} {request.session is not None}"

    @route.get("/me")
    def me(self, request):
        return f"{ME} {os.getpid()}"

App().run()
"""


class Run:
    """A running ``mentra run``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._readers = [asyncio.create_task(self._read(stream)) for stream in (process.stdout, process.stderr)]

    @classmethod
    async def start(cls, folder: Path, *arguments: str, before: Sequence[str] = (), **variables: str) -> "Run":
        process = await asyncio.create_subprocess_exec(
            *before,
            *MENTRA,
            "run",
            *arguments,
            cwd=folder,
            env=plain_environment(**variables),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return cls(process)

    async def _read(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        async for line in stream:
            self.lines.append(line.decode().rstrip("\n"))

    async def line(self, part: str) -> str:
        try:
            await until(lambda: any(part in line for line in self.lines), within=WITHIN_S)
        except TimeoutError:
            raise AssertionError(f"No line with {part!r} in:\n" + "\n".join(self.lines)) from None
        return next(line for line in self.lines if part in line)

    async def url(self) -> str:
        found = re.search(r"listens on (http://\S+:\d+)/webhook", await self.line("listens on"))
        assert found is not None
        return found[1]

    async def code(self) -> int:
        """Wait for the end; return the exit code."""
        async with asyncio.timeout(WITHIN_S):
            code = await self.process.wait()
            await asyncio.wait(self._readers)
        return code

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return await self.code()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / ".env").write_text(
        f"PACKAGE_NAME={PACKAGE_NAME}\nAPI_KEY={KEY}\nHOST=127.0.0.1\nPORT=0\nMENTRA_DEV=1\n"
    )
    return tmp_path


@contextlib.asynccontextmanager
async def running(folder: Path, *arguments: str, before: Sequence[str] = (), **variables: str) -> AsyncIterator[Run]:
    run = await Run.start(folder, *arguments, before=before, **variables)
    try:
        yield run
    finally:
        if run.process.returncode is None:
            await run.end()


@dataclass(frozen=True)
class Crowd:
    """An app in two workers, and many users on a cloud."""

    run: Run
    url: str
    cloud: LocalCloud
    glasses: Sequence[VirtualGlasses]
    connections: dict[str, SocketNetwork]
    """One connection to each worker, kept open: by the name that the worker has."""
    pids: dict[str, int]

    async def start(self) -> None:
        """Have all users start the app, and wait until it shows each of them which worker they have."""
        await asyncio.gather(*(glasses.start(PACKAGE_NAME) for glasses in self.glasses))
        shown = [owner(user) for user in USERS]
        await until(lambda: [glasses.display for glasses in self.glasses] == shown, within=WITHIN_S)

    async def both(self, method: str, path: str, body: object = None, **headers: str) -> list[str]:
        """Send a request to both workers; return what they answer."""
        sent = b"" if body is None else json.dumps(body).encode()
        return [
            (await network.request(method, self.url + path, headers=headers, body=sent, timeout=10)).body.decode()
            for network in self.connections.values()
        ]


@pytest.fixture
async def crowd(project: Path) -> AsyncIterator[Crowd]:
    async with contextlib.AsyncExitStack() as stack:
        network = await stack.enter_async_context(SocketNetwork())
        run = await stack.enter_async_context(running(project, "--workers", "2"))
        url = await run.url()
        cloud = await stack.enter_async_context(LocalCloud(network))
        cloud.install(InstalledApp(package_name=PACKAGE_NAME, api_key=KEY, public_url=url, permissions=("ALL",)))
        glasses = [cloud.connect_glasses(user, model="Mentra Live") for user in USERS]
        connections, pids = await connect(url, stack)
        yield Crowd(run, url, cloud, glasses, connections, pids)


async def connect(url: str, stack: contextlib.AsyncExitStack) -> tuple[dict[str, SocketNetwork], dict[str, int]]:
    """Connect until there is a connection to each worker."""
    connections: dict[str, SocketNetwork] = {}
    pids: dict[str, int] = {}
    async with asyncio.timeout(WITHIN_S):
        while len(connections) < 2:
            network = await stack.enter_async_context(SocketNetwork())
            reply = await network.request("GET", f"{url}/me", timeout=10)
            name, _, pid = reply.body.decode().rpartition(" ")
            connections[name], pids[name] = network, int(pid)
    return connections, pids


def owner(user: str) -> str:
    return f"worker {owner_of(user, 2)}"


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_each_of_forty_users_belongs_to_one_worker_whoever_is_asked(crowd: Crowd):
    await crowd.start()

    for user, glasses in zip(USERS, crowd.glasses, strict=True):
        me = owner(user)
        call = {"toolId": "where", "toolParameters": {}, "userId": user}
        tools = await crowd.both("POST", "/tool", call, **{"x-app-api-key": TOOL_KEY})
        pages = await crowd.both("GET", "/who?" + urlsplit(glasses.webview_url(PACKAGE_NAME)).query)
        settings = await crowd.both("POST", "/settings", {"userIdForSettings": user, "settings": []})

        assert [json.loads(reply)["reply"] for reply in tools] == [f"{me} True"] * 2
        assert [json.loads(reply)["sessionsUpdated"] for reply in settings] == [1, 1]
        assert pages == [f"{me} {user} True"] * 2

    photos = await asyncio.gather(*(glasses.call_tool(PACKAGE_NAME, "photo") for glasses in crowd.glasses))
    health = await crowd.both("GET", "/health")
    await asyncio.gather(*(glasses.stop(PACKAGE_NAME) for glasses in crowd.glasses))
    await until(lambda: sum(" stopped user" in line for line in crowd.run.lines) == len(USERS))

    assert photos == [{"status": "success", "reply": f"{owner(user)} image/jpeg"} for user in USERS]
    assert [json.loads(reply)["activeSessions"] for reply in health] == [len(USERS)] * 2
    assert {line for line in crowd.run.lines if "stopped" in line} == {
        f"{owner(user)} stopped {user} user_disabled" for user in USERS
    }
    assert not [line for line in crowd.run.lines if "WARNING" in line or "ERROR" in line]


async def test_a_worker_that_is_killed_comes_back_and_takes_its_users_again(crowd: Crowd):
    victims = [glasses for user, glasses in zip(USERS, crowd.glasses, strict=True) if owner(user) == "worker 1"]
    await crowd.start()

    os.kill(crowd.pids["worker 1"], signal.SIGKILL)
    await crowd.run.line("Worker 1 serves again")
    await asyncio.gather(*(glasses.stop(PACKAGE_NAME) for glasses in victims))
    await asyncio.gather(*(glasses.start(PACKAGE_NAME) for glasses in victims))
    survivor = crowd.connections["worker 0"]
    health = json.loads((await survivor.request("GET", f"{crowd.url}/health", timeout=10)).body)

    assert health["activeSessions"] == len(USERS)
    assert (await crowd.run.line("Worker 1 was")).endswith("was ended by SIGKILL; it is started again now.")


async def test_a_worker_that_cannot_be_started_again_is_tried_until_it_can(crowd: Crowd, project: Path):
    (project / "app.py").write_text("1 / 0")
    os.kill(crowd.pids["worker 1"], signal.SIGKILL)
    await crowd.run.line("Worker 1 cannot be started: app.py cannot be loaded: ZeroDivisionError: division by zero")
    lives = await crowd.connections["worker 0"].request("GET", f"{crowd.url}/me", timeout=10)

    (project / "app.py").write_text(APP)
    await crowd.run.line("Worker 1 serves again.")

    assert lives.status == 200
    assert "it is started again in 0.5 s." in await crowd.run.line("Worker 1 ended with exit code 1")


async def test_a_worker_for_which_there_is_no_process_is_tried_until_there_is(crowd: Crowd, project: Path):
    """As where memory or processes are used up; here the folder is gone for a moment, as while a version is changed."""
    elsewhere = project.with_name("elsewhere")
    await asyncio.to_thread(project.rename, elsewhere)
    os.kill(crowd.pids["worker 1"], signal.SIGKILL)
    await crowd.run.line("Worker 1 cannot be started: ")
    lives = await crowd.connections["worker 0"].request("GET", f"{crowd.url}/me", timeout=10)

    await asyncio.to_thread(elsewhere.rename, project)
    await crowd.run.line("Worker 1 serves again.")

    assert lives.status == 200


async def test_the_end_stops_all_sessions_and_leaves_no_process(crowd: Crowd):
    await crowd.start()

    code = await crowd.run.end(signal.SIGTERM)

    assert code == 0
    assert sum(" stopped user" in line for line in crowd.run.lines) == len(USERS)
    assert [line for line in crowd.run.lines if " stopped user" not in line] == [
        await crowd.run.line("listens on"),
        await crowd.run.line("INFO mentra.run: com.example.crowd has stopped."),
    ]
    assert [pid for pid in crowd.pids.values() if alive(pid)] == []


async def test_workers_end_when_the_supervisor_is_gone(crowd: Crowd):
    await crowd.start()

    crowd.run.process.kill()
    await until(lambda: not any(alive(pid) for pid in crowd.pids.values()), within=WITHIN_S)
    await crowd.run.code()

    assert sum(" stopped user" in line for line in crowd.run.lines) == len(USERS)


@pytest.mark.parametrize("serves", [False, True])
async def test_a_worker_ends_when_a_supervisor_is_gone_that_has_not_heard_all(
    project: Path, tmp_path_factory: pytest.TempPathFactory, serves: bool
):
    folder = tmp_path_factory.mktemp("sockets")
    app = project / "app.py"
    assignment = Assignment(
        index=0, count=2, folder=str(folder), root=str(project), module="app", file=str(app), attribute=None, how=""
    )
    variables = dict(line.split("=") for line in (project / ".env").read_text().splitlines())
    ours, theirs = socket.socketpair()
    with ours, theirs, bind("127.0.0.1", 0) as bound:
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mentra_cli.run.worker",
            str(theirs.fileno()),
            cwd=project,
            env=plain_environment(**variables),
            pass_fds=[theirs.fileno()],
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        ours.sendall(encode(assignment))
        ours.setblocking(False)
        if serves:
            async with asyncio.timeout(WITHIN_S):
                await asyncio.get_running_loop().sock_recv(ours, 65536)  # That the app is loaded; and no word more.
            socket.send_fds(ours, [b"."], [bound.fileno()])
            async with SocketNetwork() as network, asyncio.timeout(WITHIN_S):
                await network.request("GET", f"http://127.0.0.1:{bound.getsockname()[1]}/me", timeout=WITHIN_S)
    try:
        async with asyncio.timeout(WITHIN_S):
            _, said = await worker.communicate()
    finally:
        if worker.returncode is None:
            worker.kill()

    assert (worker.returncode, said) == (0, b"")
    assert not folder.exists()


async def test_what_a_worker_fails_with_after_it_served_is_in_the_log(project: Path):
    late = "\n    async def stop(self, **options):\n        await super().stop(**options)\n        1 / 0\n"
    (project / "app.py").write_text(APP.replace("\nApp().run()", late))
    async with running(project, "--workers", "2") as run:
        await run.url()
        await run.end()

    assert [line for line in run.lines if line.startswith("ZeroDivisionError")] == [
        "ZeroDivisionError: division by zero"
    ] * 2


async def test_what_lies_in_the_folder_does_not_stand_in_for_modules_of_python(project: Path):
    (project / "selectors.py").write_text("1 / 0")
    # As the command that is installed: with -m alone Python itself would begin with what lies in the folder.
    safely = "import os, sys; os.execv(sys.argv[1], [sys.argv[1], '-P', *sys.argv[2:]])"

    async with running(project, "--workers", "2", before=(sys.executable, "-P", "-c", safely)) as run:
        await run.url()


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_signal_during_a_start_of_the_app_s_own_ends_it_when_it_has_started(project: Path, workers: str):
    slow = """
    async def start(self, **options):
        import asyncio
        print("starting", flush=True)
        while not os.path.exists("go"):
            await asyncio.sleep(0.01)
        await super().start(**options)
"""
    (project / "app.py").write_text(APP.replace("\nApp().run()", slow))
    async with running(project, "--workers", workers) as run:
        await run.line("starting")
        run.process.send_signal(signal.SIGTERM)
        (project / "go").touch()

        assert await run.code() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_two_workers_end_with_0(project: Path, number: signal.Signals):
    async with running(project, "--workers", "2") as run:
        await run.url()

        assert await run.end(number) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_terminal_that_is_gone_may_say_so_twice(project: Path, workers: str):
    slow = """
    async def on_shutdown(self):
        import asyncio
        print("shutting down", flush=True)
        while not os.path.exists("go"):
            await asyncio.sleep(0.01)
        print("shut down", flush=True)
"""
    (project / "app.py").write_text(APP.replace("\nApp().run()", slow))
    async with running(project, "--workers", workers) as run:
        await run.url()
        run.process.send_signal(signal.SIGHUP)
        await run.line("shutting down")
        run.process.send_signal(signal.SIGHUP)
        (project / "go").touch()

        assert await run.code() == 0
        assert run.lines.count("shut down") == int(workers)


async def test_a_worker_that_somebody_ends_is_a_warning(crowd: Crowd):
    os.kill(crowd.pids["worker 1"], signal.SIGTERM)
    line = await crowd.run.line("Worker 1 ended")
    await crowd.run.line("Worker 1 serves again.")

    assert line.endswith("WARNING mentra.run: Worker 1 ended with exit code 0; it is started again now.")


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_under_nohup_they_outlive_the_terminal(project: Path, workers: str):
    async with running(project, "--workers", workers, before=("nohup",)) as run:
        url = await run.url()
        run.process.send_signal(signal.SIGHUP)
        async with SocketNetwork() as network:
            health = await network.request("GET", f"{url}/health", timeout=10)

        assert health.status == 200
        assert await run.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_one_worker_is_this_process_and_logs_as_the_program_itself(project: Path, number: signal.Signals):
    async with running(project) as run:
        line = await run.line("listens on")
        async with SocketNetwork() as network:
            me = await network.request("GET", f"{await run.url()}/me", timeout=10)

        assert me.body.decode() == f"worker alone {run.process.pid}"
        assert await run.end(number) == 0
        assert run.lines == [line, await run.line(f"INFO mentra.server: {PACKAGE_NAME} has stopped.")]
        assert re.search(rf"INFO mentra\.server: {PACKAGE_NAME} listens on \S+/webhook and waits for users\.$", line)


async def test_a_second_signal_ends_at_once(project: Path):
    (project / "app.py").write_text(
        APP.replace("App().run()", "")
        + """
    async def on_shutdown(self):
        import asyncio
        print("shutting down", flush=True)
        await asyncio.sleep(60)
"""
    )
    async with running(project, "--workers", "2") as run:
        await run.url()
        run.process.send_signal(signal.SIGINT)
        await run.line("shutting down")

        assert await run.end(signal.SIGINT) == 130


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("code", "exit_code", "said"),
    [
        ("import no_such_module_here", 1, "Error: app.py cannot be loaded: ModuleNotFoundError: No module named"),
        ("from mentra import AppServer\nclass A(AppServer):\n  def on_startup(self): 1 / 0", 1, "ZeroDivisionError"),
        ("from mentra import AppServer\nAppServer(api_key='x y')", 7, "Error: api_key"),
        ("x = 1", 5, "Error: app.py has no app"),
    ],
)
async def test_an_app_that_cannot_start_ends_everything_and_says_so_once(
    project: Path, workers: str, code: str, exit_code: int, said: str
):
    (project / "app.py").write_text(code)

    run = await Run.start(project, "--workers", workers)

    assert await run.code() == exit_code
    assert len([line for line in run.lines if line.startswith("Error: ") and said.removeprefix("Error: ") in line]) == 1
    assert len([line for line in run.lines if line.startswith(("Error: ", "Traceback"))]) <= 2


async def test_a_worker_that_dies_while_it_is_loaded_ends_everything(project: Path):
    (project / "app.py").write_text("import os; os._exit(3)")

    run = await Run.start(project, "--workers", "2")

    assert await run.code() == 1
    assert run.lines[0] == "Error: A worker ended with exit code 3 before it served."


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_port_that_is_taken_is_told_once(project: Path, workers: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = await Run.start(project, "--workers", workers, "--port", str(port))

        assert await run.code() == 1
    assert [line for line in run.lines if line.startswith("Error: ")] == [run.lines[0]]
    assert run.lines[0].startswith(f"Error: {PACKAGE_NAME} cannot listen on 127.0.0.1:{port}: ")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
async def test_a_host_that_is_not_this_machine_is_told_apart_from_a_port_that_is_taken(
    project: Path, workers: str, host: str
):
    run = await Run.start(project, "--workers", workers, "--host", host)

    assert await run.code() == 1
    assert run.lines[0].startswith(f"Error: {PACKAGE_NAME} cannot listen on {host}:0: ")
    assert " an address of this machine" in " ".join(run.lines)
    assert "port" not in " ".join(run.lines).lower()


async def test_the_number_of_workers_comes_from_the_environment_as_for_other_servers(project: Path):
    async with running(project, WEB_CONCURRENCY="3") as run:
        assert (await run.line("listens on")).endswith("waits for users, in 3 workers.")


@pytest.mark.parametrize("value", ["0", "many", "-1", "65", "100000", "9" * 5000])
@pytest.mark.parametrize("name", ["WEB_CONCURRENCY", "--workers"])
async def test_a_number_that_no_machine_needs_is_a_usage_error(project: Path, name: str, value: str):
    by_option = name.startswith("-")
    run = await (Run.start(project, name, value) if by_option else Run.start(project, WEB_CONCURRENCY=value))

    assert await run.code() == 2
    assert run.lines[0] == f"Error: {name} is {value!r}, and not a number of processes from 1 to 64."


async def test_the_way_between_workers_is_for_their_user_only(project: Path, tmp_path: Path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    async with running(project, "--workers", "2", TMPDIR=str(folder)) as run:
        await run.url()
        (private,) = folder.iterdir()

        assert private.stat().st_mode & 0o777 == 0o700
        assert sorted(path.name for path in private.iterdir()) == ["0.sock", "1.sock"]
    assert list(folder.iterdir()) == []

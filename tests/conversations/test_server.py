"""The life of a server: options, ports, start, stop, and ``run`` in a process of its own."""

import asyncio
import errno
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from mentra import AppServer, MentraError
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import API_KEY

STARTED_WITHIN_S = 20


async def test_port_0_picks_a_free_port_each_time(network: Network):
    async with serving(Diary(), network) as first, serving(Diary(), network) as second:
        ports = [int(app.url.rpartition(":")[2]) for app in (first, second)]

        assert 0 not in ports
        assert ports[0] != ports[1]
        assert first.url.startswith("http://127.0.0.1:")


async def test_a_taken_port_is_an_oserror_and_leaves_nothing_behind(network: Network):
    async with serving(Diary(), network) as first:
        port = int(first.url.rpartition(":")[2])
        second = Diary(port=port)

        with pytest.raises(OSError, match=r"in use"):
            await second.start(network=network, host="127.0.0.1")

        with pytest.raises(MentraError, match="not been started"):
            _ = second.url
    async with serving(second, network, port=port):
        assert second.url == f"http://127.0.0.1:{port}"


async def test_starting_twice_is_refused(memory: MemoryNetwork):
    async with serving(Diary(), memory) as app:
        with pytest.raises(MentraError, match="started already"):
            await app.start(network=memory)


async def test_starting_twice_at_once_is_refused(network: Network):
    app = Diary()

    results = await asyncio.gather(
        *(app.start(network=network, host="127.0.0.1", port=0, hosted=True) for _ in range(2)), return_exceptions=True
    )
    await app.stop()

    assert [type(result) for result in results] == [type(None), MentraError]


async def test_a_start_that_failed_can_be_tried_again(memory: MemoryNetwork):
    app = Diary()
    listener = await memory.listen("127.0.0.1", 3000, None)  # type: ignore[arg-type]  # never called
    with pytest.raises(OSError, match="in use"):
        await app.start(network=memory, host="127.0.0.1", port=3000)
    await listener.close()

    async with serving(app, memory, port=3000):
        assert app.url == "http://127.0.0.1:3000"


async def test_a_server_that_is_not_started_has_no_sessions_and_no_url():
    app = Diary()

    assert (dict(app.sessions), app.session_for("user1@example.com")) == ({}, None)
    with pytest.raises(MentraError, match=r"call await app\.start\(\) first"):
        _ = app.url


@pytest.mark.sockets
async def test_a_server_is_a_context_manager_on_real_sockets():
    app = AppServer(package_name="com.example.app", api_key=API_KEY, port=0)

    async with app as same:
        assert same is app
        assert app.url.startswith("http://127.0.0.1:")

    with pytest.raises(MentraError):
        _ = app.url


async def test_the_sessions_are_a_read_only_view(memory: MemoryNetwork):
    async with serving(Diary(), memory) as app:
        with pytest.raises(TypeError):
            app.sessions["x"] = None  # type: ignore[index]  # the mistake itself


PROGRAM = textwrap.dedent(
    """
    from mentra import AppServer

    class MyApp(AppServer):
        async def on_session(self, session, session_id, user_id):
            pass

    MyApp(package_name="com.example.app", api_key="k" * 64, port=0).run()
    print("run returned")
    """
)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that runs an app, once it is up."""
    script = tmp_path / "app.py"
    script.write_text(PROGRAM)
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    guard = threading.Timer(STARTED_WITHIN_S, process.kill)
    guard.start()
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "waits for users" in line:
                break
        yield process
    finally:
        guard.cancel()
        process.kill()
        process.communicate()


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_ends_in_order_on_a_signal(program: subprocess.Popen[str], number: signal.Signals):
    program.send_signal(number)
    output, errors = program.communicate(timeout=10)

    assert (program.returncode, output) == (0, "run returned\n")
    assert "Traceback" not in errors


@pytest.mark.processes
def test_run_returns_when_the_app_stops_itself(tmp_path: Path):
    script = tmp_path / "app.py"
    script.write_text(
        PROGRAM.replace(
            "async def on_session",
            "async def start(self):\n        await super().start()\n        self.own = asyncio.create_task(self.stop())"
            "\n\n    async def on_session",
        ).replace("from mentra", "import asyncio\nfrom mentra", 1)
    )

    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=20, cwd=tmp_path)

    assert (ended.returncode, ended.stdout) == (0, "run returned\n")
    assert "Traceback" not in ended.stderr


@pytest.mark.processes
def test_run_returns_although_a_task_swallows_every_cancel(tmp_path: Path):
    script = tmp_path / "app.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio
            from mentra import AppServer

            async def stubborn():
                while True:
                    try:
                        await asyncio.sleep(60)
                    except asyncio.CancelledError:
                        pass

            class MyApp(AppServer):
                async def start(self):
                    await super().start()
                    self.tasks = [asyncio.create_task(stubborn(), name="stubborn"), asyncio.create_task(self.stop())]

            MyApp(package_name="com.example.app", api_key="k" * 64, port=0).run()
            print("run returned")
            """
        )
    )

    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=20, cwd=tmp_path)

    assert (ended.returncode, ended.stdout) == (0, "run returned\n")
    assert "stubborn ignores that it is cancelled" in ended.stderr


@pytest.mark.processes
def test_an_app_without_a_key_says_what_to_do(tmp_path: Path):
    script = tmp_path / "app.py"
    script.write_text("from mentra import AppServer\nAppServer(package_name='com.example.app').run()\n")

    ended = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=20, cwd=tmp_path, env={"PATH": ""}
    )

    assert ended.returncode == 1
    assert "ConfigError: api_key is missing. Pass api_key=..., or set API_KEY" in ended.stderr


async def test_two_servers_can_take_turns_on_one_loop(memory: MemoryNetwork):
    first, second = Diary(), Diary()

    for app in (first, second, first):
        async with serving(app, memory):
            await asyncio.sleep(0)

    assert first.calls == second.calls == []


@pytest.mark.processes
def test_a_taken_port_ends_the_program_with_a_sentence(tmp_path: Path):
    program = tmp_path / "app.py"
    program.write_text(
        "from mentra import AppServer\n"
        f"AppServer(package_name='com.example.app', api_key={API_KEY!r}, host='127.0.0.1', port=PORT).run()\n"
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        program.write_text(program.read_text().replace("PORT", str(port)))

        ended = subprocess.run(
            [sys.executable, str(program)], capture_output=True, text=True, timeout=STARTED_WITHIN_S, check=False
        )

    assert ended.returncode == 1
    assert f"com.example.app cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_reserved_is_told_apart_from_one_that_is_taken():
    class Reserved(MemoryNetwork):
        async def listen(self, *_: object, **__: object) -> NoReturn:
            raise PermissionError(errno.EACCES, "Permission denied")

    app = AppServer(package_name="com.example.app", api_key=API_KEY, port=80)

    with pytest.raises(SystemExit) as ended:
        app.run(network=Reserved())

    assert str(ended.value) == (
        "com.example.app cannot listen on 0.0.0.0:80: Permission denied. Ports below 1024 are reserved for the system: "
        "set PORT to another one, with a proxy before it."
    )


@pytest.mark.processes
def test_an_app_that_cannot_reach_its_database_is_not_told_of_a_port(tmp_path: Path):
    program = tmp_path / "app.py"
    program.write_text(
        "from mentra import AppServer\n"
        "class App(AppServer):\n"
        "    async def on_startup(self):\n"
        "        raise ConnectionRefusedError(111, 'no database')\n"
        f"App(package_name='com.example.app', api_key={API_KEY!r}, host='127.0.0.1', port=0).run()\n"
    )

    ended = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=STARTED_WITHIN_S, check=False
    )

    assert ended.returncode == 1
    assert "cannot listen" not in ended.stderr
    assert ended.stderr.rstrip().endswith("ConnectionRefusedError: [Errno 111] no database")

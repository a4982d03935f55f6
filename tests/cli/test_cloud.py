"""``mentra cloud`` as a process, with an app in another one, and commands in a third."""

import asyncio
import shlex
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mentra_cli.main import main
from tests.helpers.dev import MENTRA, WITHIN_S, Dev
from tests.helpers.tmux import Tmux, plain_environment

pytestmark = [pytest.mark.sockets, pytest.mark.processes, pytest.mark.usefixtures("no_dev_left_behind")]

KEY = "local-0123456789abcdef"
APP = """
from mentra import AppServer

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        session.layouts.show_text_wall("ready")
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(f"heard {speech.text}"))

    async def on_stop(self, session_id, user_id, reason):
        print("stopped", flush=True)

App().run()
"""


class RunningApp:
    """A Python app that runs by itself."""

    def __init__(self, process: asyncio.subprocess.Process, port: str) -> None:
        self.process = process
        self.port = port

    async def line(self, part: str) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            while part not in (line := (await self.process.stdout.readline()).decode()):
                assert line, f"The app ended, and never wrote {part!r}."
        return line


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[RunningApp]:
    (tmp_path / "app.py").write_text(APP)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "app.py",
        cwd=tmp_path,
        env=plain_environment(PACKAGE_NAME="com.example.echo", API_KEY=KEY, HOST="127.0.0.1", PORT="0", MENTRA_DEV="1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    app = RunningApp(process, "")
    app.port = (await app.line("listens on")).partition("127.0.0.1:")[2].partition("/")[0]
    (tmp_path / ".env").write_text(f"PACKAGE_NAME=com.example.echo\nAPI_KEY={KEY}\nPORT={app.port}\n")
    yield app
    process.kill()
    await process.wait()


async def mentra(folder: Path, *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *MENTRA,
        *arguments,
        cwd=folder,
        env=plain_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN_S):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_an_app_that_runs_by_itself_is_spoken_to_and_stopped_at_the_end(tmp_path: Path, app: RunningApp) -> None:
    cloud = await Dev.start(tmp_path, command="cloud")
    await cloud.shows("ready")

    said = await mentra(tmp_path, "say", "hello")
    status = await mentra(tmp_path, "status")
    await cloud.speak("good day")
    await cloud.shows("heard good day")
    code = await cloud.end(signal.SIGINT)

    assert said == (0, "heard hello\n", "")
    assert (status[0], status[2]) == (0, "")
    assert f"com.example.echo (standard): its server answers at http://127.0.0.1:{app.port}" in status[1]
    assert code == 0
    assert "stopped" in await app.line("stopped")
    assert not (tmp_path / ".mentra-dev" / "dev.json").exists()
    assert KEY not in "\n".join(cloud.lines)


async def test_its_lines_are_those_of_mentra_dev_and_say_what_was_installed(tmp_path: Path, app: RunningApp) -> None:
    cloud = await Dev.start(tmp_path, command="cloud")
    await cloud.shows("ready")
    await cloud.end(signal.SIGTERM)

    told = f"com.example.echo (standard) at http://127.0.0.1:{app.port}, key from .env:2"
    assert f"  app       {told}; no app_config.json: all permissions, no settings" in cloud.lines
    assert await cloud.line("cloud -> com.example.echo  /webhook session_request (you@example.com)")
    assert await cloud.line("com.example.echo -> cloud  display_event (you@example.com): ready")


async def test_it_is_ended_by_another_command(tmp_path: Path, app: RunningApp) -> None:
    cloud = await Dev.start(tmp_path, "--json", command="cloud")
    await cloud.line('"kind":"display"')

    stopped = await mentra(tmp_path, "stop")

    assert stopped == (0, "", "Stopped.\n")
    assert await cloud.process.wait() == 0


async def test_who_opens_it_to_the_network_is_told_what_that_means(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"PACKAGE_NAME=com.example.echo\nAPI_KEY={KEY}\n")
    cloud = await Dev.start(tmp_path, "--host", "0.0.0.0", command="cloud")

    assert await cloud.line("  network   open to all who reach 0.0.0.0, as the real cloud is")
    assert await cloud.end() == 0


@pytest.mark.terminal
async def test_at_a_terminal_one_types_below_the_traffic_until_ctrl_c(tmp_path: Path, app: RunningApp) -> None:
    terminal = Tmux(tmp_path, f"{shlex.join(MENTRA)} cloud --port 0; echo code $?")
    try:
        await terminal.until(lambda screen: "│ ready" in screen and "LOCAL cloud" in screen)
        terminal.type("hello")
        await terminal.until(lambda screen: "│ heard hello" in screen)
        terminal.press("C-c")
        await terminal.until(lambda screen: "code 0" in screen)
    finally:
        terminal.end()


def test_a_port_that_is_taken_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"PACKAGE_NAME=com.example.echo\nAPI_KEY={KEY}\n")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = main(["cloud", "--port", str(port)])

    assert code == 1
    assert capfd.readouterr().err == (
        f"Error: Port {port} is already in use, perhaps by another mentra cloud.\n"
        f"Fix:   Stop the program that uses it, or choose another port: mentra cloud --port {port + 1}\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 7, "PACKAGE_NAME is not set"),
        (["--app", "nowhere"], 5, "There is no nowhere"),
        (["--user", "with-hyphen@example.com"], 2, "hyphen"),
        (["--generation", "4"], 2, "--generation"),
        (["--glasses", "Meta Ray-Ban"], 2, "There are no glasses"),
    ],
    ids=str,
)
def test_what_cannot_be_is_said_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("PACKAGE_NAME", "API_KEY", "MENTRAOS_API_KEY", "PORT"):
        monkeypatch.delenv(name, raising=False)
    if arguments:
        (tmp_path / ".env").write_text(f"PACKAGE_NAME=com.example.echo\nAPI_KEY={KEY}\n")

    assert main(["cloud", *arguments]) == code
    assert words in capfd.readouterr().err

"""``mentra dev`` and ``mentra say`` as processes: with a pipe, and with a real terminal."""

import asyncio
import re
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mentra_cli.processes import is_alive
from tests.helpers.dev import APP, MENTRA, WITHIN_S, Dev
from tests.helpers.tmux import Tmux, plain_environment

pytestmark = pytest.mark.usefixtures("no_dev_left_behind")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / ".env").write_text("PACKAGE_NAME=com.example.app\nAPI_KEY=local-0123456789abcdef\n")
    return tmp_path


@pytest.fixture
async def dev(project: Path) -> Dev:
    return await Dev.start(project)


async def mentra(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *MENTRA,
        *arguments,
        cwd=cwd,
        env=plain_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.processes
async def test_a_pipe_gets_plain_lines_and_speaks_what_it_sends(dev: Dev) -> None:
    await dev.shows("version 0 ready")
    await dev.speak("hello")
    await dev.shows("version 0: hello")

    assert await dev.end() == 0
    assert not re.search(r"[╭│╰\x1b]", "\n".join(dev.lines))
    assert any("LOCAL cloud" in line for line in dev.lines)
    assert any("class App in app.py" in line for line in dev.lines)


@pytest.mark.processes
async def test_a_pipe_may_send_commands_too_and_end_it(dev: Dev) -> None:
    await dev.shows("version 0 ready")

    for line in ("/filter hola", "hello", "/say hola", "/send foo", "/xyzzy", "/help", "/quit"):
        await dev.speak(line)
    async with asyncio.timeout(WITHIN_S):
        code = await dev.process.wait()
        await dev.line("Stopped.")

    assert code == 0
    assert any(line == "version 0: hola" for line in dev.lines), "what the command prints"
    assert any(line.endswith("you@example.com: version 0: hola") for line in dev.lines)
    assert not any("you  say: hello" in line for line in dev.lines), "it was filtered away"
    assert sum("There is no stream 'foo'" in line for line in dev.lines) == 1
    assert any("There is no command /xyzzy" in line for line in dev.lines)
    assert any("Esc h" in line for line in dev.lines)


@pytest.mark.processes
async def test_ten_saves_one_of_them_broken_show_the_right_text_each_time(dev: Dev) -> None:
    await dev.shows("version 0 ready")

    for number in range(1, 11):
        after = len(dev.lines)
        code = APP.replace("version 0", f"version {number}")
        if number == 5:
            (dev.project / "app.py").write_text(f"{code}\ndef broken(:\n")
            await dev.line("SyntaxError", after=after)
            await dev.speak("still there?")
            await dev.shows("version 4: still there?", after=after)
        else:
            (dev.project / "app.py").write_text(code)
            await dev.shows(f"version {number} ready", after=after)
    children = dev.children()

    assert await dev.end() == 0
    assert len(children) <= 2, "the current child, and perhaps the one before, still ending"
    assert all(not is_alive(child) for child in children)
    assert sum("/webhook session_request" in line for line in dev.lines) == 1
    assert not any("stop_request" in line for line in dev.lines)


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_it_cleanly(dev: Dev, number: signal.Signals) -> None:
    await dev.shows("version 0 ready")
    port = int((await dev.line("address   http")).rpartition(":")[2])
    children = dev.children()

    assert await dev.end(number) == 0

    with socket.socket() as free:
        free.bind(("127.0.0.1", port))
    assert children
    assert all(not is_alive(child) for child in children)
    assert not (dev.project / ".mentra-dev" / "dev.json").exists()
    assert not any("Traceback" in line for line in dev.lines)


@pytest.mark.processes
async def test_a_handler_that_blocks_does_not_keep_it_from_ending(project: Path) -> None:
    blocks = "(lambda speech: print('it blocks') or __import__('time').sleep(60) or"
    (project / "app.py").write_text(APP.replace("(lambda speech:", blocks))
    dev = await Dev.start(project)
    await dev.shows("version 0 ready")
    await dev.speak("block")
    await dev.line("it blocks")

    async with asyncio.timeout(8):
        assert await dev.end() == 0


@pytest.mark.processes
async def test_the_environment_file_is_read_again_when_it_is_saved(project: Path) -> None:
    (project / "app.py").write_text("import os\n" + APP.replace('"version 0"', 'os.environ.get("GREETING", "nothing")'))
    dev = await Dev.start(project)
    await dev.shows("nothing ready")

    with (project / ".env").open("a") as file:
        file.write("GREETING=servus\n")

    await dev.shows("servus ready")
    assert await dev.end() == 0


@pytest.mark.processes
async def test_an_app_without_any_credentials_runs_on_the_local_cloud(project: Path) -> None:
    (project / ".env").unlink()
    dev = await Dev.start(project)

    await dev.shows("version 0 ready")

    assert await dev.end() == 0


@pytest.mark.processes
async def test_what_the_app_prints_is_shown_without_its_key(project: Path) -> None:
    (project / "app.py").write_text("import os\n" + APP + "        print('key', self.config.api_key.reveal())\n")
    dev = await Dev.start(project)

    printed = await dev.line("app  stdout: key")

    assert printed.endswith("key local-... (22 characters)")
    assert await dev.end() == 0


@pytest.mark.processes
async def test_code_that_shows_its_key_before_it_loads_does_not_show_it_here(project: Path) -> None:
    (project / "app.py").write_text(
        "import os\nprint('env', os.environ['API_KEY'])\nraise ValueError(os.environ['API_KEY'])\n"
    )
    dev = await Dev.start(project)

    await dev.line("ValueError: local-... (22 characters)")

    assert await dev.end() == 0
    assert "local-0123456789abcdef" not in "\n".join(dev.lines)


@pytest.mark.processes
async def test_an_environment_file_that_is_away_for_a_moment_does_not_end_the_watching(project: Path) -> None:
    extra = project / ".env.local"
    extra.write_text("A=1\n")
    dev = await Dev.start(project, "--env-file", ".env.local")
    await dev.shows("version 0 ready")

    extra.unlink()
    await dev.line("There is no file")
    extra.write_text("A=2\n")
    (project / "app.py").write_text(APP.replace("version 0", "version 1"))

    await dev.shows("version 1 ready")
    assert await dev.end() == 0


@pytest.mark.processes
async def test_a_reader_that_goes_away_ends_it(project: Path) -> None:
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m mentra_cli dev --port 0 | head -1",
        cwd=project,
        env=plain_environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN_S):
        out, err = await process.communicate()

    assert len(out.splitlines()) == 1
    assert b"Traceback" not in err
    assert b"Stopped." in err


@pytest.mark.processes
async def test_a_taken_port_is_named_with_what_to_do(project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        code, _, err = await mentra("dev", "--port", str(port), cwd=project)

    assert code == 1
    assert f"Port {port} is already in use" in err
    assert f"mentra dev --port {port + 1}" in err
    assert "Traceback" not in err


@pytest.mark.processes
async def test_a_second_one_in_the_same_folder_is_refused_and_the_first_stays_reachable(dev: Dev) -> None:
    await dev.shows("version 0 ready")

    code, _, err = await mentra("dev", "--port", "0", cwd=dev.project)
    spoken = await mentra("say", "hello", cwd=dev.project)

    assert code == 1
    assert f"already (process {dev.process.pid}" in err
    assert "mentra stop" in err
    assert spoken == (0, "version 0: hello\n", "")


@pytest.mark.processes
async def test_a_command_among_json_is_told_where_it_belongs(project: Path) -> None:
    dev = await Dev.start(project, "--json")
    await dev.line("version 0 ready")

    await dev.speak("/press --long")

    await dev.line("Run it by itself, in the same folder: mentra press --long")
    assert await dev.end() == 0


@pytest.mark.processes
@pytest.mark.parametrize("leaves", ["raise SystemExit(4)", "import os; os._exit(4)", "__import__('time').sleep(60)"])
async def test_code_that_fails_in_on_session_leaves_the_session_to_the_code_before(dev: Dev, leaves: str) -> None:
    await dev.shows("version 0 ready")

    (dev.project / "app.py").write_text(
        APP.replace("        session.layouts", f"        {leaves}\n        session.layouts", 1)
    )
    await dev.line("the code could not be loaded")
    await dev.speak("still there?")
    await dev.shows("version 0: still there?")
    after = len(dev.lines)
    (dev.project / "app.py").write_text(APP.replace("version 0", "version 1"))

    await dev.shows("version 1 ready", after=after)
    assert await dev.end() == 0
    assert not any("Its connection was closed" in line for line in dev.lines)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["dev"], 5, "There is no app in"),
        (["dev", "nowhere.py"], 5, "nowhere.py"),
        (["dev", "--cloud", "ftp://x"], 2, "is not the address of a cloud"),
        (["dev", "--cloud", "nonsense"], 2, "is not the address of a cloud"),
        (["dev", "--cloud", "wss://[::1"], 2, "is not the address of a cloud"),
        (["say", "hello"], 5, "No mentra dev is running"),
    ],
)
async def test_what_cannot_begin_says_why(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    if "--cloud" in arguments:
        (tmp_path / "app.py").write_text(APP)

    exit_code, out, err = await mentra(*arguments, cwd=tmp_path)

    assert (exit_code, out) == (code, "")
    assert message in err
    assert "Fix:" in err


@pytest.mark.processes
async def test_say_speaks_from_another_process_and_prints_what_the_glasses_show(dev: Dev) -> None:
    await dev.shows("version 0 ready")

    spoken = await mentra("say", "hello", cwd=dev.project)
    as_json = await mentra("say", "hola", "--json", cwd=dev.project)

    assert spoken == (0, "version 0: hello\n", "")
    assert as_json == (0, '{\n  "version": 1,\n  "display": "version 0: hola",\n  "heard": true\n}\n', "")


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["", "--language", "en-US"], 2, "There is nothing to say"),
        (["hello", "--language", "zz"], 2, "'zz' is not a language code"),
        (["bonjour", "--language", "fr-FR"], 1, "Nobody heard it"),
    ],
)
async def test_say_tells_what_could_not_be_said(dev: Dev, arguments: list[str], code: int, message: str) -> None:
    await dev.shows("version 0 ready")

    exit_code, _, err = await mentra("say", *arguments, cwd=dev.project)

    assert exit_code == code
    assert message in err
    assert not any("Traceback" in line for line in dev.lines)


@pytest.mark.processes
async def test_what_comes_through_a_pipe_at_once_waits_for_the_app_to_listen(project: Path) -> None:
    (project / "app.py").write_text(
        APP.replace("session.layouts", "await __import__('asyncio').sleep(0.5); session.layouts", 1)
    )
    dev = await Dev.start(project)

    await dev.speak("early")

    await dev.shows("version 0: early")
    assert await dev.end() == 0


@pytest.mark.processes
async def test_a_file_that_hangs_while_it_loads_is_mentioned_and_given_up_for_the_next_save(dev: Dev) -> None:
    await dev.shows("version 0 ready")

    (dev.project / "app.py").write_text(f"{APP}\nwhile True: pass\n")
    await dev.line("still loading")
    (dev.project / "app.py").write_text(APP.replace("version 0", "version 1"))

    await dev.shows("version 1 ready")
    assert await dev.end() == 0


@pytest.mark.processes
async def test_a_renamed_class_is_found_when_pyproject_says_so(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.mentra]\napp = "app.py:App"\n')
    dev = await Dev.start(project)
    await dev.shows("version 0 ready")

    (project / "app.py").write_text(APP.replace("class App(", "class Other(").replace("version 0", "version 1"))
    await dev.line("has no 'App'")
    (project / "pyproject.toml").write_text('[tool.mentra]\napp = "app.py:Other"\n')

    await dev.shows("version 1 ready")
    assert await dev.end() == 0


@pytest.mark.processes
async def test_a_file_that_goes_and_comes_back_is_found_again(dev: Dev) -> None:
    await dev.shows("version 0 ready")

    (dev.project / "app.py").unlink()
    await dev.line("There is no app in")
    (dev.project / "app.py").write_text(APP.replace("version 0", "version 1"))

    await dev.shows("version 1 ready")
    assert await dev.end() == 0


@pytest.mark.processes
async def test_an_app_that_ended_by_itself_starts_again_with_any_save(project: Path) -> None:
    (project / "app.py").write_text("import os\n" + APP.replace("session.events", "os._exit(7); session.events"))
    dev = await Dev.start(project)
    await dev.line("exit code 7")
    after = len(dev.lines)

    (project / "app.py").touch()

    await dev.line("exit code 7", after=after)
    assert await dev.end() == 0


@pytest.mark.processes
async def test_say_tells_when_mentra_dev_was_killed(dev: Dev) -> None:
    await dev.shows("version 0 ready")
    dev.process.kill()
    await dev.process.wait()

    code, _, err = await mentra("say", "hello", cwd=dev.project)

    assert code == 5
    assert "does not answer any more" in err


@pytest.fixture
def terminal(project: Path) -> Iterator[Tmux]:
    assert shutil.which("tmux"), "these tests need tmux (Debian package tmux)"
    tmux = Tmux(project, f"{sys.executable} -m mentra_cli dev --port 0; echo EXIT-$?")
    yield tmux
    tmux.end()


@pytest.mark.terminal
async def test_a_person_types_and_reads_it_on_the_pinned_glasses(terminal: Tmux) -> None:
    await terminal.until(lambda screen: "say>" in screen and "│ version 0 ready" in screen.split("─ glasses ")[-1])

    terminal.type("hello glasses")

    await terminal.until(lambda screen: "│ version 0: hello glasses" in screen.split("─ glasses ")[-1])
    # Traffic is printed in batches, so that typing stays smooth: it may come a moment later.
    await terminal.until(lambda screen: "╭─ cloud -> app  transcription:en-US (you@example.com)" in screen)
    await terminal.until(lambda screen: screen.count("╭─ app -> cloud  display_event (you@example.com)") == 2)
    # They are away for a moment while traffic is printed above.
    screen = await terminal.until(lambda screen: "─ glasses " in screen)
    assert screen.count("─ glasses ") == 1
    assert "LOCAL cloud" in screen


@pytest.mark.terminal
async def test_a_broken_save_shows_its_code_and_the_old_code_answers(terminal: Tmux, project: Path) -> None:
    await terminal.until(lambda screen: "│ version 0 ready" in screen.split("─ glasses ")[-1])

    (project / "app.py").write_text(f"{APP}\ndef broken(:\n")

    screen = await terminal.until(lambda screen: "SyntaxError" in screen)
    assert re.search(r"app\.py:\d+", screen)
    assert re.search(r"> +\d+ \| def broken\(:", screen)
    terminal.type("still there?")
    await terminal.until(lambda screen: "│ version 0: still there?" in screen.split("─ glasses ")[-1])


@pytest.mark.terminal
@pytest.mark.parametrize("key", ["C-c", "C-d"])
async def test_ending_with_a_key_restores_the_terminal(terminal: Tmux, key: str) -> None:
    await terminal.until(lambda screen: "say>" in screen)

    terminal.press(key)

    await terminal.until(lambda screen: "EXIT-0" in screen)
    terminal.type("stty -a")
    screen = await terminal.until(lambda screen: "icanon" in screen)
    assert re.search(r"(?<!-)icanon", screen)
    assert re.search(r"(?<!-)\becho\b", screen)


@pytest.mark.terminal
async def test_a_first_load_that_hangs_can_be_ended_from_the_prompt(project: Path) -> None:
    (project / "app.py").write_text("while True: pass\n")
    terminal = Tmux(project, f"{sys.executable} -m mentra_cli dev --port 0; echo EXIT-$?")
    try:
        await terminal.until(lambda screen: "still loading" in screen)

        terminal.type("/quit")

        await terminal.until(lambda screen: "EXIT-0" in screen)
    finally:
        terminal.end()

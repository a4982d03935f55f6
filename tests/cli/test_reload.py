"""What a change of code must not do: lose a session, lose or repeat an event, be taken in by a file that is no source.

Whole processes; what happened is read from ``mentra dev --json``.
"""

import asyncio
import json
import random
import sys
from pathlib import Path

import pytest

from tests.helpers.dev import Dev, Story

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("no_dev_left_behind")]

APP = """
from pathlib import Path

from mentra import AppServer

VERSION = "version 0"

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        def heard(speech):
            with Path("heard.txt").open("a") as file:
                file.write(f"{speech.text}\\n")
            session.layouts.show_text_wall(f"{VERSION}: {speech.text}")

        session.events.on_transcription(heard)
        session.layouts.show_text_wall(f"{VERSION} ready")
"""


def version(number: int) -> str:
    return APP.replace("version 0", f"version {number}")


@pytest.fixture
async def story(tmp_path: Path) -> Story:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / ".env").write_text("PACKAGE_NAME=com.example.app\nAPI_KEY=local-0123456789abcdef\n")
    story = Story(await Dev.start(tmp_path, "--json"), tmp_path)
    await story.shows("version 0 ready")
    return story


async def test_a_thousand_sentences_over_twenty_reloads_are_heard_once_each_and_in_order(story: Story) -> None:
    async def speak() -> None:
        for number in range(1000):
            await story.dev.speak(f"{number}")
            await asyncio.sleep(0.02)

    speaking = asyncio.create_task(speak())
    for number in range(1, 21):
        await asyncio.sleep(0.8)
        story.save(version(number))
    await speaking
    await story.shows("version 20: 999")

    assert story.heard == [str(number) for number in range(1000)]
    assert len(story.of_kind("loaded")) == 21
    assert story.webhooks == ["session_request"]
    frames = [entry["message"]["type"] for entry in story.of_kind("frame") if entry["from_app"]]
    assert frames.count("tpa_connection_init") == 1, "the cloud's socket was opened once"
    assert await story.dev.end() == 0


BREAKAGES = {
    "a syntax error": lambda code: f"{code}\ndef broken(:\n",
    "a file that ends in the middle": lambda code: code[: code.index("def heard")],
    "an import of nothing": lambda code: f"import no_such_module\n{code}",
    "a wrong import": lambda code: f"from mentra import AppServr\n{code}",
    "an error while importing": lambda code: f"{code}\n1 / 0\n",
    "an error in the class body": lambda code: f"{code}    x = undefined\n",
    "an error in the constructor": lambda code: f"{code}\n    def __init__(self):\n        raise KeyError('city')\n",
    "no app": lambda _: "x = 1\n",
    "an empty file": lambda _: "",
    "an exit while importing": lambda code: f"{code}\nimport sys\nsys.exit(3)\n",
    "a crash while importing": lambda code: f"{code}\nimport os\nos._exit(3)\n",
    "a crash at once": lambda code: code.replace(
        "        def heard", "        import os; os._exit(7)\n        def heard"
    ),
    "a crash a moment later": lambda code: code.replace(
        "        def heard",
        "        import asyncio, os; asyncio.get_running_loop().call_later(0.2, os._exit, 7)\n        def heard",
    ),
    "a hang while importing": lambda code: f"{code}\nwhile True: pass\n",
}


@pytest.mark.timeout(240)
async def test_fifty_breakages_lose_no_session_and_the_old_code_answers(story: Story) -> None:
    dice = random.Random(3)
    kinds = [*BREAKAGES, *dice.choices(list(BREAKAGES), k=50 - len(BREAKAGES))]
    dice.shuffle(kinds)
    good = 0

    for number, kind in enumerate(kinds):
        before = len(story.dev.lines)
        failures = len(story.of_kind("load_failed"))
        story.save(BREAKAGES[kind](version(1000 + number)))
        if "hang" in kind:
            await story.dev.line("still loading", after=before)
        else:
            async with asyncio.timeout(10):
                while len(story.of_kind("load_failed")) == failures:
                    await asyncio.sleep(0.01)
        await story.asked(f"a{number}")
        assert story.answers() == f"version {good}: a{number}", kind
        if number % 5 == 4:
            good = number
            story.save(version(good))
            await story.shows(f"version {good} ready")

    assert story.heard == [f"a{number}" for number in range(50)]
    assert story.webhooks == ["session_request"]
    assert await story.dev.end() == 0


async def test_what_is_no_source_reloads_nothing(story: Story) -> None:
    ignored = [".venv", "venv", "env", ".tox", ".git", "build", "node_modules", "__pycache__", ".mentra-dev"]
    for folder in ignored:
        (story.project / folder).mkdir(exist_ok=True)
        for number in range(3):
            (story.project / folder / f"module_{number}.py").write_text(f"x = {number}\n")
    (story.project / "app.py").touch()
    (story.project / "notes.txt").write_text("written by the app\n")
    (story.project / "not_imported.py").write_text("x = 1\n")
    await story.asked("writes-a-file")
    story.save(version(1))
    await story.dev.line('"again":true')

    assert len(story.of_kind("loaded")) == 2
    assert await story.dev.end() == 0


async def test_twenty_files_at_once_reload_once(story: Story) -> None:
    names = [f"part_{number}" for number in range(20)]
    for name in names:
        (story.project / f"{name}.py").write_text("X = 0\n")
    story.save(f"import {', '.join(names)}\n{version(1)}")
    await story.dev.line('"again":true')
    before = len(story.of_kind("loaded"))

    for name in names:
        (story.project / f"{name}.py").write_text("X = 1\n")
    await story.dev.line("Changed: part_0.py, part_1.py")
    await story.asked("done")
    await asyncio.sleep(0.5)

    assert len(story.of_kind("loaded")) == before + 1
    assert await story.dev.end() == 0


async def test_a_declared_file_and_the_environment_reload(story: Story) -> None:
    (story.project / "prompt.txt").write_text("one")
    (story.project / "pyproject.toml").write_text('[tool.mentra]\nwatch = ["*.txt"]\n')
    story.save(version(1).replace('"version 1"', 'Path("prompt.txt").read_text()'))
    await story.shows("one ready")

    (story.project / "prompt.txt").write_text("two")
    await story.shows("two ready")

    (story.project / ".env").write_text("PACKAGE_NAME=com.example.app\nAPI_KEY=local-0123456789abcdef\nX=1\n")
    await story.dev.line("Changed: .env")
    assert await story.dev.end() == 0


async def test_imports_from_outside_the_project_are_made_in_advance(story: Story) -> None:
    (story.project / "slow").mkdir()
    story.save(f"import email.mime.audio, xml.dom.minidom, sqlite3\n{version(1)}")
    await story.shows("version 1 ready")
    await asyncio.sleep(0.5)
    story.save(f"import sqlite3, sys\nprint('ready-made', 'xml.dom.minidom' in sys.modules)\n{version(2)}")

    await story.shows("version 2 ready")
    await story.dev.line("ready-made True")
    assert await story.dev.end() == 0


async def test_a_handler_that_blocks_is_named_with_its_place(story: Story) -> None:
    story.save(
        version(1).replace("            with Path", "            __import__('time').sleep(0.3)\n            with Path")
    )
    await story.shows("version 1 ready")
    await story.asked("x")

    line = json.loads(await story.dev.line('"kind":"blocked"'))
    assert line["place"].startswith("app.py:")
    assert line["function"] == "heard"
    assert await story.dev.end() == 0


async def test_a_command_in_another_language_keeps_its_session_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PACKAGE_NAME=com.example.app\nAPI_KEY=local-0123456789abcdef\n")
    (tmp_path / "app.py").write_text(f"{APP}\nApp().run()\n")
    story = Story(await Dev.start(tmp_path, "--json", "--", sys.executable, "app.py"), tmp_path)
    await story.shows("version 0 ready")

    story.save(f"{version(1)}\nApp().run()\n")
    await story.shows("version 1 ready")
    story.save("def broken(:\n")
    await story.dev.line("SyntaxError")
    await story.asked("still-there")

    assert story.answers() == "version 1: still-there"
    assert story.webhooks == ["session_request"]
    assert await story.dev.end() == 0

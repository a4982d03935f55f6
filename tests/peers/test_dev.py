"""``mentra dev -- node``: the official SDK as the app, its code changed while sentences come."""

import asyncio
from pathlib import Path

import pytest

from tests.helpers.dev import Dev, Story
from tests.peers.conftest import HERE, executable

pytestmark = [pytest.mark.node, pytest.mark.usefixtures("no_dev_left_behind")]

CODE = (HERE / "dev.mjs").read_text()
RELOADS = 20
SENTENCES = 1000


@pytest.fixture
async def story(tmp_path: Path, official_sdk: str) -> Story:
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    (tmp_path / "app.mjs").write_text(CODE)
    (tmp_path / ".env").write_text("PACKAGE_NAME=com.example.app\nAPI_KEY=local-0123456789abcdef\n")
    story = Story(await Dev.start(tmp_path, "--json", "--", executable("node"), "app.mjs"), tmp_path)
    await story.shows("version 0 ready")
    return story


@pytest.mark.timeout(180)
async def test_a_thousand_sentences_over_twenty_reloads_are_heard_once_each_and_in_order(story: Story) -> None:
    async def speak() -> None:
        for number in range(SENTENCES):
            await story.dev.speak(f"{number}")
            await asyncio.sleep(0.02)

    speaking = asyncio.create_task(speak())
    for number in range(1, RELOADS + 1):
        (story.project / "app.mjs").write_text(CODE.replace("version 0", f"version {number}"))
        await story.shows(f"version {number} ready")
    await speaking
    await story.asked("last")

    assert story.heard == [*map(str, range(SENTENCES)), "last"]
    assert story.answers() == f"version {RELOADS}: last"
    assert story.webhooks == ["session_request"]
    assert await story.dev.end() == 0


async def test_broken_code_is_shown_with_its_place_and_the_old_code_answers(story: Story) -> None:
    (story.project / "app.mjs").write_text(f"{CODE}\nconst = 1;\n")
    await story.dev.line("SyntaxError")
    await story.asked("hello")

    [failed] = story.of_kind("load_failed")
    line = len(CODE.splitlines()) + 2
    assert (failed["failure"]["file"], failed["failure"]["line"]) == ("app.mjs", line)
    assert story.answers() == "version 0: hello"
    assert await story.dev.end() == 0

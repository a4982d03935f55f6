"""The keys and commands of ``mentra dev`` in a real terminal, and its traffic in a flood."""

import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.tmux import Tmux

pytestmark = pytest.mark.terminal

APP = """
import asyncio
from mentra import AppServer

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        session.layouts.show_text_wall("ready")

        async def heard(speech):
            if not speech.text.startswith("flood"):
                session.layouts.show_text_wall(f"heard {speech.text}")
                return
            for number in range(300):
                for part in range(10):
                    session.layouts.show_text_wall(f"number {number}.{part}")
                await asyncio.sleep(0.01)
            session.layouts.show_text_wall("the flood is over")

        session.events.on_transcription(heard)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    assert shutil.which("tmux"), "these tests need tmux (Debian package tmux)"
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / ".env").write_text("PACKAGE_NAME=com.example.app\nAPI_KEY=local-0123456789abcdef\n")
    return tmp_path


@pytest.fixture
def terminal(project: Path) -> Iterator[Tmux]:
    yield from opened(project)


@pytest.fixture
def small_terminal(project: Path) -> Iterator[Tmux]:
    yield from opened(project, columns=80, rows=24)


def opened(project: Path, *arguments: str, columns: int = 100, rows: int = 40) -> Iterator[Tmux]:
    command = " ".join([sys.executable, "-m", "mentra_cli", "dev", "--port", "0", *arguments])
    tmux = Tmux(project, f"{command}; echo EXIT-$?", columns=columns, rows=rows)
    yield tmux
    tmux.end()


def glasses(screen: str) -> str:
    return screen.rpartition("─ glasses ")[2]


async def is_ready(terminal: Tmux) -> None:
    await terminal.until(lambda screen: "say>" in screen and "│ ready" in glasses(screen))


async def test_the_help_opens_with_a_key_and_fits_a_small_terminal(small_terminal: Tmux):
    await is_ready(small_terminal)

    small_terminal.press("Escape", "h")

    screen = await small_terminal.until(lambda screen: "begin it with two: //home" in screen and "say>" in screen)
    assert "Esc h, F1  /help" in screen, "the whole help is on the screen"
    assert "│ ready" in glasses(screen)


async def test_a_filter_is_set_and_ended_at_the_prompt(terminal: Tmux):
    await is_ready(terminal)
    terminal.press("Escape", "f")
    await terminal.until(lambda screen: "say> /filter" in screen)

    terminal.type("display_event")
    await terminal.until(lambda screen: "| filter: display_event |" in screen)
    terminal.type("one")
    # Its own panel, which comes after that of what was said.
    screen = await terminal.until(lambda screen: screen.count("│ heard one") == 2)
    terminal.type("/filter")
    await terminal.until(lambda screen: "filter:" not in screen)
    terminal.type("two")
    await terminal.until(lambda screen: "you  say: two" in screen)

    assert "you  say: one" not in screen


async def test_clear_leaves_nothing_but_the_glasses_and_the_prompt(terminal: Tmux):
    await is_ready(terminal)
    for number in range(10):
        terminal.type(f"sentence {number}")
        await terminal.until(lambda screen, number=number: f"│ heard sentence {number}" in glasses(screen))
    await terminal.until(lambda screen: screen.count("│ heard sentence 9") == 2)

    terminal.type("/clear")

    await terminal.until(lambda screen: screen.startswith("╭─ glasses "))
    assert len("\n".join(terminal.scrollback()).strip().splitlines()) == 5


async def test_what_is_half_typed_outlives_a_key_and_traffic(terminal: Tmux):
    await is_ready(terminal)
    # What is printed as the session starts comes a moment later, and must not come after the clearing.
    await terminal.until(lambda screen: "answered 200" in screen and "│ transcription:en-US" in screen)

    terminal.press("good mor")
    terminal.press("Escape", "c")
    await terminal.until(lambda screen: screen.startswith("╭─ glasses ") and "say> good mor" in screen)
    terminal.type("ning")

    await terminal.until(lambda screen: "│ heard good morning" in glasses(screen))


async def test_a_command_is_one_that_another_terminal_could_run(terminal: Tmux):
    await is_ready(terminal)

    terminal.type('/say "with quotation marks" --json')

    screen = await terminal.until(lambda screen: '"display": "heard with quotation marks"' in screen)
    assert '/say "with quotation marks" --json' in screen
    await terminal.until(lambda screen: "say>" in screen)


async def test_restarting_with_a_key_loads_the_code_anew_and_keeps_the_session(terminal: Tmux):
    await is_ready(terminal)

    terminal.press("Escape", "r")

    screen = await terminal.until(lambda screen: "mentra  reloaded: " in screen)
    assert "1 session continues in the new code" in screen


async def test_a_key_presses_the_button_and_another_one_repeats_that(terminal: Tmux, project: Path):
    (project / "app.py").write_text(
        APP + '        session.events.on("button_press", lambda press: print("pressed", press.press_type))\n'
    )
    await is_ready(terminal)

    terminal.press("Escape", "b")
    await terminal.until(lambda screen: screen.count("app | pressed short") == 1)
    terminal.press("Escape", ".")

    await terminal.until(lambda screen: screen.count("app | pressed short") == 2)


async def test_a_flood_stays_readable_and_one_can_type_meanwhile(terminal: Tmux):
    await is_ready(terminal)
    terminal.press("Escape", "c")

    terminal.type("flood")
    await terminal.until(
        lambda screen: re.search(r"display_event \(you@example\.com\)  x[\d,]+ in 1\.0 s", screen) is not None
    )
    typed_at = time.monotonic()
    terminal.type("/nothing")
    await terminal.until(lambda screen: "There is no command /nothing" in screen)
    answered_s = time.monotonic() - typed_at
    await terminal.until(lambda screen: "│ the flood is over" in glasses(screen))
    await terminal.until(lambda screen: screen.count("│ the flood is over") == 2)

    lines = terminal.scrollback()
    assert answered_s < 1.0
    # 3,000 messages: at the beginning 10 by themselves, then one panel each second.
    assert len(lines) < 100
    counts = re.findall(r"x([\d,]+) (?:more )?in \d", "\n".join(lines))
    assert sum(int(count.replace(",", "")) for count in counts) >= 2900


async def test_verbose_shows_whole_frames(project: Path):
    for terminal in opened(project, "--verbose"):
        await is_ready(terminal)

        terminal.type("hello")

        await terminal.until(lambda screen: "│ heard hello" in glasses(screen))
        await terminal.until(lambda screen: re.search(r'│ +"layoutType": "text_wall",', screen) is not None)


async def test_quitting_with_a_command_restores_the_terminal(terminal: Tmux):
    await is_ready(terminal)

    terminal.type("/quit")

    await terminal.until(lambda screen: "EXIT-0" in screen)
    terminal.type("stty -a")
    screen = await terminal.until(lambda screen: "icanon" in screen)
    assert re.search(r"(?<!-)icanon", screen)
    assert re.search(r"(?<!-)\becho\b", screen)

"""The prompt with keys and lines, on a terminal in memory."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Sequence

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from mentra_cli.dev.journal import DisplayChange, Frame, Journal
from mentra_cli.dev.views.keys import SHORTCUTS, Shortcut
from mentra_cli.dev.views.options import ViewOptions
from mentra_cli.dev.views.pinned import Place
from mentra_cli.dev.views.terminal import CommandNames, Terminal

KEYS = {"escape": "\x1b", "f1": "\x1bOP"}


class Screen:
    """A terminal of 100 columns and 40 rows that somebody types into."""

    def __init__(self, keyboard: PipeInput, out: io.StringIO, *, no_color: bool = False) -> None:
        self.journal = Journal()
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self.ran: asyncio.Queue[list[str]] = asyncio.Queue()
        self._keyboard = keyboard
        self._out = out
        self._loop = asyncio.get_running_loop()
        options = ViewOptions(
            verbose=False,
            no_color=no_color,
            as_json=False,
            run_command=self._run_command,
            commands=["press", "restart", "replay", "say"],
        )
        self.terminal = Terminal(
            self.journal, Place(is_local=True, url="http://127.0.0.1:3000"), options, self.said.put
        )
        self.running = asyncio.create_task(self.terminal.run())

    def _run_command(self, words: Sequence[str]) -> int:
        self._loop.call_soon_threadsafe(self.ran.put_nowait, list(words))
        return 0

    def type(self, text: str) -> None:
        self._keyboard.send_text(text)

    def press(self, keys: Sequence[str]) -> None:
        self.type("".join(KEYS.get(key, key) for key in keys))

    @property
    def text(self) -> str:
        """Everything that was written to the terminal."""
        return self._out.getvalue()

    @property
    def line(self) -> str:
        """What stands at the prompt."""
        return self.terminal._prompt.default_buffer.text

    async def until(self, text: str) -> None:
        # The thread that prints works in real time.
        for _ in range(2000):
            if text in self.text:
                return
            await asyncio.to_thread(lambda: None)
            await asyncio.sleep(0)
        raise AssertionError(f"There is no {text!r} in {self.text!r}")

    async def end(self) -> None:
        self.type("\x04")
        await self.running


@contextlib.asynccontextmanager
async def opened(*, no_color: bool = False) -> AsyncIterator[Screen]:
    """Show a terminal. No fixture: pytest exchanges stdout and stderr between those and the test."""
    out = io.StringIO()
    size = Size(rows=40, columns=100)
    with (
        create_pipe_input() as keyboard,
        create_app_session(keyboard, Vt100_Output(out, lambda: size, term="xterm-256color", enable_cpr=False)),
    ):
        screen = Screen(keyboard, out, no_color=no_color)
        while not screen.terminal._prompt.app.is_running:
            await asyncio.sleep(0)
        yield screen
        if not screen.running.done():
            screen.terminal._prompt.default_buffer.reset()
            await screen.end()


async def acts(screen: Screen, shortcut: Shortcut) -> None:
    """Wait for what a key does."""
    match shortcut.name:
        case "help":
            await screen.until("To say a sentence that begins with a slash")
        case "restart" | "button" | "replay last":
            assert await screen.ran.get() == [shortcut.line.removeprefix("/")]
            await screen.until(shortcut.line)
        case "speak" | "filter":
            screen.type("x\r")
            if shortcut.name == "speak":
                assert await screen.said.get() == "x"
            else:
                await screen.until("filter: x")
        case "clear":
            await screen.until("\x1b[3J")
        case "quit":
            await screen.running
        case _:
            raise AssertionError(f"{shortcut.name} is not tested")


@pytest.mark.parametrize(
    ("shortcut", "keys"),
    [(shortcut, keys) for shortcut in SHORTCUTS for keys in shortcut.keys],
    ids=lambda value: value.name if isinstance(value, Shortcut) else "-".join(value),
)
async def test_a_key_does_what_the_table_says_whatever_is_being_typed(shortcut: Shortcut, keys: Sequence[str]):
    async with opened() as screen:
        screen.type("half a sent")
        screen.press(keys)

        await acts(screen, shortcut)

        assert screen.line == ("half a sent" if shortcut.is_entered else "")


@pytest.mark.parametrize("shortcut", [key for key in SHORTCUTS if key.line], ids=lambda shortcut: shortcut.name)
async def test_the_line_of_a_key_does_the_same(shortcut: Shortcut):
    async with opened() as screen:
        screen.type(shortcut.line if not shortcut.is_entered else f"{shortcut.line}\r")

        await acts(screen, shortcut)


async def test_a_sentence_is_spoken_and_the_prompt_stays():
    async with opened() as screen:
        screen.type("good morning\r")
        screen.type("and good night\r")

        assert [await screen.said.get(), await screen.said.get()] == ["good morning", "and good night"]
        assert screen.line == ""


async def test_arrow_up_brings_back_what_was_typed():
    async with opened() as screen:
        screen.type("good morning\r")
        await screen.said.get()
        await asyncio.sleep(0.1)  # The prompt reads its history when it is drawn anew.

        screen.type("\x1b[A\r")

        assert await screen.said.get() == "good morning"


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
async def test_it_ends_with_a_key(key: str):
    async with opened() as screen:
        screen.type(key)

        await screen.running


async def test_what_waits_to_be_summed_up_is_printed_at_the_end():
    async with opened() as screen:
        screen.journal.add(Frame(session_id="s", user_id="ann", from_app=False, text=b"", binary_bytes=3200))

        await screen.end()

        await screen.until("sound (ann): 1 frame, 3,200 bytes")


async def test_each_session_has_a_colour():
    async with opened() as screen:
        for user in ("ann", "bob"):
            screen.journal.add(Frame(session_id=user, user_id=user, from_app=False, text=b'{"type":"x"}'))

        await screen.until("(bob)")
        assert len({screen.text.partition(f"({user})")[0].rpartition("\x1b[")[2] for user in ("ann", "bob")}) == 2


async def test_without_colour_there_is_none():
    async with opened(no_color=True) as screen:
        screen.journal.add(Frame(session_id="s", user_id="ann", from_app=True, text=b'{"type":"x"}'))
        screen.journal.add(DisplayChange(user_id="ann", text="hello"))
        await screen.until("(ann)")
        await screen.until("of ann")

        assert "\x1b[38;" not in screen.text
        assert "\x1b[3" not in screen.text.replace("\x1b[39", "")


def test_tab_completes_the_names_of_commands_at_the_beginning_of_a_line_only():
    names = CommandNames(["press", "photo", "help"])

    def offered(text: str) -> list[str]:
        return [found.text for found in names.get_completions(Document(text), None)]

    assert offered("/p") == ["press", "photo"]
    assert offered("/") == ["press", "photo", "help"]
    assert offered("p") == []
    assert offered("/press p") == []

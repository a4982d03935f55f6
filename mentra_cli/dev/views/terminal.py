"""A person at a terminal: traffic scrolls above, the glasses and a line to type in stay below."""

import contextlib
from collections.abc import Awaitable, Callable

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.utils import get_cwidth
from rich.console import Console
from rich.text import Text

from mentra_cli.dev.journal import DisplayChange, Entry, Journal
from mentra_cli.dev.views.panels import Panels

MAX_WIDTH = 64
"""Columns of the glasses' frame; a narrower terminal makes it narrower."""


class Terminal:
    """Shows the journal of one ``mentra dev``, and takes what is typed."""

    def __init__(self, journal: Journal, status: Callable[[], str], *, no_color: bool) -> None:
        self._journal = journal
        self._status = status
        self._no_color = no_color
        self._display = ""
        self._prompt: PromptSession[str] = PromptSession(
            message=self._pinned,
            erase_when_done=True,
            history=InMemoryHistory(),
            color_depth=ColorDepth.DEPTH_1_BIT if no_color else None,
        )

    async def run(self, typed: Callable[[str], Awaitable[None]]) -> None:
        """Read lines until the user ends it, with Ctrl-C or Ctrl-D.

        Args:
            typed: Called with each line that is not empty.
        """
        with patch_stdout(raw=True), contextlib.ExitStack() as readers:
            console = Console(force_terminal=True, highlight=False, no_color=self._no_color or None)
            panels = Panels(console)
            for reader in (panels.show, self._noticed):
                for entry in self._journal:
                    reader(entry)
                readers.callback(self._journal.read(reader))
            with contextlib.suppress(EOFError, KeyboardInterrupt):
                while True:
                    # Signals are the command's business: the same with and without a terminal.
                    line = (await self._prompt.prompt_async(handle_sigint=False)).strip()
                    if line:
                        await typed(line)

    def _noticed(self, entry: Entry) -> None:
        if isinstance(entry, DisplayChange):
            self._display = entry.text
            self._prompt.app.invalidate()

    def _pinned(self) -> StyleAndTextTuples:
        columns = min(MAX_WIDTH, self._prompt.app.output.get_size().columns) - 4
        lines = wrapped(self._display, columns)
        rows = "".join(f"│ {line}{' ' * (columns - get_cwidth(line))} │\n" for line in lines)
        title = "─ glasses "
        return [
            ("ansigreen bold", f"╭{title}{'─' * (columns + 2 - len(title))}╮\n{rows}╰{'─' * (columns + 2)}╯\n"),
            ("ansibrightblack", f"{self._status()}\n"),
            ("ansicyan bold", "say> "),
        ]


def wrapped(text: str, columns: int) -> list[str]:
    """Break a text into rows: at its own line breaks, then between words, by the width that characters take."""
    console = Console(width=columns)
    rows = [row.plain.rstrip() for line in text.split("\n") for row in Text(line).wrap(console, columns)]
    return rows or [""]

"""A person at a terminal: traffic scrolls above, the glasses and a line to type in stay below."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import TextIO, cast

from prompt_toolkit import PromptSession
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.patch_stdout import StdoutProxy
from prompt_toolkit.shortcuts import CompleteStyle
from rich.console import Console

from mentra_cli import console
from mentra_cli.dev.journal import Entry, Frame, Journal
from mentra_cli.dev.views.feed import Feed
from mentra_cli.dev.views.keys import SHORTCUTS, Shortcut
from mentra_cli.dev.views.options import ViewOptions
from mentra_cli.dev.views.panels import Panels
from mentra_cli.dev.views.pinned import Pinned, Place
from mentra_cli.dev.views.typed import TypedLines

_WRITE_EVERY_S = 0.05
"""What is printed waits at most so long for the next redrawing of the prompt."""
_MOVE_EVERY_S = 0.4
"""How often a light that is on, and an animation, are drawn."""
_DRAW_EVERY_S = 0.1
"""Glasses that change faster are drawn as often as this: it takes 5 ms each time."""


class Terminal:
    """Shows the journal of one ``mentra dev``, and carries out what is typed.

    Args:
        say: Speaks to the app.
    """

    def __init__(
        self,
        journal: Journal,
        place: Place,
        options: ViewOptions,
        say: Callable[[str], Awaitable[object]],
    ) -> None:
        self._journal = journal
        panels = Panels(
            Console(force_terminal=True, highlight=False, no_color=options.no_color or None), verbose=options.verbose
        )
        self._feed = Feed(panels.show, verbose=options.verbose)
        self._pinned = Pinned(place, lambda: self._feed.filter)
        self._typed = TypedLines(
            say=say,
            run_command=options.run_command,
            commands=options.commands,
            own={"filter": self._filter, "clear": self._clear, "quit": self._quit},
            tell=console.say,
            columns=lambda: console.err.width,
        )
        self._prompt: PromptSession[str] = PromptSession(
            message=self._draw_pinned,
            erase_when_done=True,
            history=InMemoryHistory(),
            completer=CommandNames(self._typed.names),
            complete_while_typing=False,
            # Others keep rows free for a menu.
            complete_style=CompleteStyle.READLINE_LIKE,
            key_bindings=self._bindings(),
            color_depth=ColorDepth.DEPTH_1_BIT if options.no_color else None,
        )
        self._prompt.default_buffer.accept_handler = self._entered
        self._is_drawn = True
        self._drawing: asyncio.TimerHandle | None = None
        self._moving: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Take lines until the user ends it, with Ctrl-C, Ctrl-D or ``/quit``."""
        with _printing_above(), contextlib.ExitStack() as readers:
            readers.callback(self._feed.close)
            for reader in (self._feed.take, self._notice):
                for entry in self._journal:
                    reader(entry)
                readers.callback(self._journal.read(reader))
            async with self._typed:
                with contextlib.suppress(EOFError, KeyboardInterrupt):
                    # Signals are the command's business: the same with and without a terminal.
                    await self._prompt.prompt_async(handle_sigint=False)

    def _notice(self, entry: Entry) -> None:
        if self._pinned.notice(entry):
            self._is_drawn = False
            if isinstance(entry, Frame):
                # It is on its way to the glasses.
                self._drawing = self._drawing or asyncio.get_running_loop().call_later(_WRITE_EVERY_S, self._draw)
            elif self._drawing is None:
                self._draw()

    def _draw(self) -> None:
        """Draw the glasses at once, and again a moment later if they have changed by then."""
        self._drawing = None
        if not self._is_drawn:
            self._is_drawn = True
            self._prompt.app.invalidate()
            self._drawing = asyncio.get_running_loop().call_later(_DRAW_EVERY_S, self._draw)

    def _draw_pinned(self) -> StyleAndTextTuples:
        size = self._prompt.app.output.get_size()
        drawn = self._pinned.draw(size.columns, size.rows)
        if self._pinned.moves and (self._moving is None or self._moving.when() <= asyncio.get_running_loop().time()):
            self._moving = asyncio.get_running_loop().call_later(_MOVE_EVERY_S, self._prompt.app.invalidate)
        return drawn

    def _entered(self, buffer: Buffer) -> bool:
        """Take a line, and let the prompt stay."""
        self._typed.enter(buffer.text)
        return False

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()

        def bind(shortcut: Shortcut) -> None:
            def pressed(event: KeyPressEvent) -> None:
                if shortcut.is_entered:
                    self._typed.enter_now(shortcut.line)
                else:
                    event.app.current_buffer.document = Document(shortcut.line)

            for keys in shortcut.keys:
                bindings.add(*keys)(pressed)

        for shortcut in SHORTCUTS:
            bind(shortcut)
        return bindings

    # Commands of the view.

    def _filter(self, text: str) -> None:
        self._feed.filter = text
        self._prompt.app.invalidate()

    def _clear(self, _: str) -> None:
        app = self._prompt.app
        app.renderer.clear()
        # Some terminals keep what clears the screen as scrollback.
        app.output.write_raw(_ERASE_SCROLLBACK)
        app.output.flush()
        app.invalidate()

    def _quit(self, _: str) -> None:
        if self._prompt.app.is_running:
            self._prompt.app.exit(exception=EOFError)


class CommandNames(Completer):
    """Completes the name of a command at the beginning of a line."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield the names that begin with what is typed."""
        typed = document.text_before_cursor
        if typed.startswith("/") and " " not in typed:
            for name in self._names:
                if name.startswith(typed[1:]):
                    yield Completion(name, start_position=1 - len(typed), display=f"/{name}")


class _Printed(StdoutProxy):
    """Stands for stdout and stderr while there is a prompt, and prints above it."""

    @property
    def buffer(self) -> "_PrintedBytes":
        """What prints bytes: the JSON of a command that is typed."""
        return _PrintedBytes(self)


class _PrintedBytes:
    def __init__(self, printed: _Printed) -> None:
        self._printed = printed

    def write(self, data: bytes) -> int:
        self._printed.write(data.decode(errors="replace"))
        return len(data)

    def flush(self) -> None:
        self._printed.flush()


@contextlib.contextmanager
def _printing_above() -> Generator[None, None, None]:
    """Print above the prompt what anybody prints; prompt_toolkit's ``patch_stdout`` would hold it for 200 ms."""
    with _Printed(raw=True, sleep_between_writes=_WRITE_EVERY_S) as printed:
        out = cast(TextIO, printed)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            yield


_ERASE_SCROLLBACK = "\x1b[3J"

"""What is typed into ``mentra dev``: sentences to say, and commands after a slash."""

import asyncio
import concurrent.futures
import difflib
import shlex
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from mentra_cli.dev.views.keys import MAX_COLUMNS, help_text

HOLDS_UP_S = 3.0
"""A line that takes longer does not keep the next one waiting any more."""

_NOT_HERE = {
    "cloud": "Run it in another terminal, in another folder.",
    "dev": "It runs already: this is it.",
    "new": "It asks questions. Run it in another terminal.",
}
"""Commands of ``mentra`` that make no sense here, and why."""

_PROBLEM = "yellow"

RunCommand = Callable[[Sequence[str]], int]
"""Runs a command line of ``mentra``, without its first word, and returns its exit code. It prints by itself."""


class TypedLines:
    """Carries out lines, in their order. Whoever types never waits.

    Args:
        say: Speaks to the app.
        run_command: Runs a command of ``mentra``; called in a thread.
        commands: Names of the commands of ``mentra``.
        own: Commands of the view besides ``/help``, by name; called with what follows the name.
        tell: Shows a message, in a style of Rich.
        columns: Returns how wide the terminal is.
    """

    def __init__(
        self,
        *,
        say: Callable[[str], Awaitable[object]],
        run_command: RunCommand,
        commands: Sequence[str],
        own: Mapping[str, Callable[[str], object]],
        tell: Callable[[str, str], object],
        columns: Callable[[], int] = lambda: MAX_COLUMNS,
    ) -> None:
        self._say = say
        self._run_command = run_command
        self._own = {"help": self._help, **own}
        self._tell = tell
        self._columns = columns
        self._commands = [name for name in commands if name not in _NOT_HERE]
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def names(self) -> list[str]:
        """What can stand after a slash."""
        return sorted({*self._own, *self._commands})

    async def __aenter__(self) -> Self:
        """Begin to carry out lines."""
        self._start(self._carry_out_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Carry out nothing more."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def enter(self, line: str) -> None:
        """Carry out a line after those before it; a command of the view at once."""
        name, _, rest = (_command_in(line) or "").partition(" ")
        if name in self._own:
            self._own[name](rest.strip())
        else:
            self._acknowledge(line)
            self._lines.put_nowait(line)

    def enter_now(self, line: str) -> None:
        """Carry out a line at once, whatever else waits."""
        self._acknowledge(line)
        self._start(self.carry_out(line))

    async def carry_out(self, line: str) -> None:
        """Carry out a line, and return when that is done, or goes on by itself."""
        command = _command_in(line)
        sentence = line.strip().removeprefix("/")
        work = self._speak(sentence) if command is None else self._command(command)
        await asyncio.wait([self._start(work)], timeout=HOLDS_UP_S)

    def _acknowledge(self, line: str) -> None:
        """Show a command, which may have to wait. The view's own show for themselves, and so does speech."""
        command = _command_in(line)
        if command is not None and command.partition(" ")[0] not in self._own:
            self._tell(f"/{command}", "bold")

    async def _carry_out_all(self) -> None:
        while True:
            await self.carry_out(await self._lines.get())

    async def _speak(self, sentence: str) -> None:
        if sentence:
            await self._say(sentence)

    async def _command(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        if name in self._own:
            self._own[name](rest.strip())
        elif name in _NOT_HERE:
            self._tell(f"/{name} cannot be typed here. {_NOT_HERE[name]}", _PROBLEM)
        elif name not in self._commands:
            self._tell(self._unknown(name), _PROBLEM)
        else:
            try:
                words = shlex.split(text)
            except ValueError:
                hint = "Close it, or write \\' for an apostrophe."
                self._tell(f"A quotation mark is open in /{text}. {hint}", _PROBLEM)
                return
            await _in_thread(lambda: self._run_command(words))

    def _help(self, _: str) -> None:
        self._tell(help_text(self.names, columns=self._columns()), "")

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.names, n=1)
        hint = f"Did you mean /{near[0]}?" if near else "/help lists what there is."
        return f"There is no command /{name}. {hint}"

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._tell(f"That failed: {error!r}", _PROBLEM)


def _command_in(line: str) -> str | None:
    """Return the command after the slash; ``None`` for a sentence, of which two slashes begin one with a slash."""
    line = line.strip()
    return line[1:] if line.startswith("/") and not line.startswith("//") else None


async def _in_thread(work: Callable[[], int]) -> int:
    """Run something in a thread that does not keep the process from ending, as those of ``asyncio.to_thread`` do."""
    future: concurrent.futures.Future[int] = concurrent.futures.Future()

    def run() -> None:
        future.set_running_or_notify_cancel()
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed over to the one who waits.
            future.set_exception(error)

    threading.Thread(target=run, name="command", daemon=True).start()
    return await asyncio.wrap_future(future)

"""A program that runs in the foreground until the user ends it: terminal or pipe, signals, ending."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol

from mentra_cli import console
from mentra_cli.dev.journal import Journal
from mentra_cli.dev.local_users import LocalUsers
from mentra_cli.dev.views.feed import Feed
from mentra_cli.dev.views.lines import Lines
from mentra_cli.dev.views.ndjson import Ndjson
from mentra_cli.dev.views.options import ViewOptions
from mentra_cli.dev.views.typed import TypedLines
from mentra_cli.errors import ExitCode

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

_PATIENCE_S = 0.5
_STOPPING = "Stopping: on_stop takes its time. Ctrl-C again ends it at once."


class Program(Protocol):
    """What runs in the foreground."""

    journal: Journal
    on_stop_requested: Callable[[], object]
    """Called when another program asks it to end."""

    @property
    def user(self) -> LocalUsers | None:
        """Users with virtual glasses; ``None`` where there are none."""
        ...

    @property
    def url(self) -> str:
        """Where it is reached, for people."""
        ...

    async def open(self) -> None:
        """Take the ports.

        Raises:
            CliError: It cannot begin.
        """

    async def load(self) -> None:
        """Begin to work, once people see what happens."""

    async def close(self) -> None:
        """End everything, and leave nothing behind."""

    async def say(self, text: str) -> None:
        """Speak as the first user."""

    def kill(self) -> None:
        """End all processes at once, whatever they do."""


async def stay(program: Program, view: ViewOptions, banner: Callable[[], object]) -> None:
    """Run until the user ends it.

    Args:
        banner: Says what runs, once it is open.

    Raises:
        CliError: It could not begin; the port is taken, for example.
    """
    person = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    at_terminal = person and not view.as_json
    stop = asyncio.Event()
    program.on_stop_requested = stop.set
    # At a terminal the view reads the journal from its beginning, once it can draw.
    lines = None if at_terminal else _lines(view, gone=stop.set)
    if lines is not None:
        program.journal.read(lines.take)
    with _signals(stop, program.kill):
        try:
            await program.open()
            banner()
            await _until(stop, _at_terminal(program, view) if lines is None else _at_pipe(program, view, lines))
        finally:
            stop.set()
            told = asyncio.get_running_loop().call_later(_PATIENCE_S, console.say, _STOPPING)
            await program.close()
            told.cancel()
            if lines is not None:
                lines.close()
    console.say("Stopped.")


def _lines(view: ViewOptions, *, gone: Callable[[], object]) -> Feed | Ndjson:
    if view.as_json:
        return Ndjson(gone=gone)
    return Feed(Lines(verbose=view.verbose, gone=gone).show, verbose=view.verbose)


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run something until it ends by itself or until ``stop`` is set."""
    running = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (running, stopping):
        task.cancel()
    await asyncio.wait([running, stopping])
    if not running.cancelled():
        running.result()


async def _at_terminal(program: Program, view: ViewOptions) -> None:
    # prompt_toolkit takes 60 ms to import; a pipe does without it.
    from mentra_cli.dev.views.pinned import Place
    from mentra_cli.dev.views.terminal import Terminal

    user = program.user
    place = Place(is_local=False, url=program.url)
    if user is not None:
        place = Place(is_local=True, url=program.url, look=user.perceived)
    loading = asyncio.create_task(program.load())  # A person may type, or end it, while the first load hangs.
    try:
        await Terminal(program.journal, place, view, program.say).run()
    finally:
        loading.cancel()
        await asyncio.wait([loading])


async def _at_pipe(program: Program, view: ViewOptions, feed: Feed | Ndjson) -> None:
    """Carry out each line that comes in, until ``/quit``; when there are no more, go on until a signal."""
    await program.load()
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()
    quitting = asyncio.Event()

    def read() -> None:
        with contextlib.suppress(RuntimeError, ValueError):  # The loop, or the input, is closed: it is over anyway.
            for line in sys.stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line)

    typed = TypedLines(
        say=program.say,
        run_command=view.run_command,
        commands=view.commands,
        own={
            "filter": lambda text: setattr(feed, "filter", text),
            "clear": lambda _: None,  # There is nothing to clear.
            "quit": lambda _: quitting.set(),
        },
        tell=console.say,
    )
    # A daemon: a read that never ends must not keep the process from ending.
    threading.Thread(target=read, name="standard input", daemon=True).start()
    async with typed:
        while not quitting.is_set():
            await typed.carry_out(await lines.get())


@contextlib.contextmanager
def _signals(stop: asyncio.Event, kill: Callable[[], None]) -> Generator[None, None, None]:
    """Set ``stop`` on the first signal; end everything at once on the second."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def received(*_: object) -> None:
        if stop.is_set():
            kill()
            os._exit(ExitCode.INTERRUPTED)
        loop.call_soon_threadsafe(stop.set)

    for number in _SIGNALS:
        signal.signal(number, received)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

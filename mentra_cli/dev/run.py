"""One run of ``mentra dev``, from the banner to the last child: terminal or pipe, signals, ending."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from mentra_cli import console
from mentra_cli.dev.journal import Journal
from mentra_cli.dev.options import DevOptions
from mentra_cli.dev.supervisor import Supervisor
from mentra_cli.dev.views.feed import Feed
from mentra_cli.dev.views.lines import Lines
from mentra_cli.dev.views.ndjson import Ndjson
from mentra_cli.dev.views.options import ViewOptions
from mentra_cli.dev.views.typed import TypedLines
from mentra_cli.errors import ExitCode

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

_PATIENCE_S = 0.5
_STOPPING = "Stopping: on_stop takes its time. Ctrl-C again ends it at once."


def run_dev(options: DevOptions, view: ViewOptions) -> None:
    """Run until the user ends it.

    Raises:
        CliError: It could not begin; the port is taken, for example.
    """
    asyncio.run(_run(options, view))


async def _run(options: DevOptions, view: ViewOptions) -> None:
    journal = Journal()
    supervisor = Supervisor(options, journal)
    person = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    at_terminal = person and not view.as_json
    stop = asyncio.Event()
    supervisor.on_stop_requested = stop.set
    # At a terminal the view reads the journal from its beginning, once it can draw.
    lines = None if at_terminal else _lines(view, gone=stop.set)
    if lines is not None:
        journal.read(lines.take)
    with _signals(stop, supervisor.kill):
        try:
            await supervisor.open()
            _banner(supervisor, options)
            await _until(stop, _at_terminal(supervisor, view) if lines is None else _at_pipe(supervisor, view, lines))
        finally:
            stop.set()
            told = asyncio.get_running_loop().call_later(_PATIENCE_S, console.say, _STOPPING)
            await supervisor.close()
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


async def _at_terminal(supervisor: Supervisor, view: ViewOptions) -> None:
    # prompt_toolkit takes 60 ms to import; a pipe does without it.
    from mentra_cli.dev.views.pinned import Place
    from mentra_cli.dev.views.terminal import Terminal

    user = supervisor.user
    place = Place(is_local=False, url=supervisor.url)
    if user is not None:
        place = Place(is_local=True, url=supervisor.url, look=user.perceived)
    loading = asyncio.create_task(supervisor.load())  # A person may type, or end it, while the first load hangs.
    try:
        await Terminal(supervisor.journal, place, view, supervisor.say).run()
    finally:
        loading.cancel()
        await asyncio.wait([loading])


async def _at_pipe(supervisor: Supervisor, view: ViewOptions, feed: Feed | Ndjson) -> None:
    """Carry out each line that comes in, until ``/quit``; when there are no more, go on until a signal."""
    await supervisor.load()
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()
    quitting = asyncio.Event()

    def read() -> None:
        with contextlib.suppress(RuntimeError, ValueError):  # The loop, or the input, is closed: it is over anyway.
            for line in sys.stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line)

    typed = TypedLines(
        say=supervisor.say,
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


def _banner(supervisor: Supervisor, options: DevOptions) -> None:
    where = "LOCAL cloud with virtual glasses; nothing leaves this machine" if supervisor.user else "REAL cloud"
    console.say(f"mentra dev  {where}", style="bold")
    console.say(f"  app       {options.app} ({options.found})")
    console.say(f"  address   {supervisor.url}")
    if options.glasses:
        console.say(f"  glasses   {options.glasses}")


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

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
from mentra_cli.dev.views.lines import Lines
from mentra_cli.errors import ExitCode

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def run_dev(options: DevOptions) -> None:
    """Run until the user ends it.

    Raises:
        CliError: It could not begin; the port is taken, for example.
    """
    asyncio.run(_run(options))


async def _run(options: DevOptions) -> None:
    journal = Journal()
    supervisor = Supervisor(options, journal)
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    stop = asyncio.Event()
    if not at_terminal:
        journal.read(Lines(gone=stop.set).show)
    with _signals(stop, supervisor.kill):
        try:
            await supervisor.open()
            _banner(supervisor, options)
            await _until(stop, supervisor.load())
            if not stop.is_set():
                await _until(stop, _at_terminal(supervisor) if at_terminal else _at_pipe(supervisor))
        finally:
            stop.set()
            await supervisor.close()
    console.say("Stopped.")


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


async def _at_terminal(supervisor: Supervisor) -> None:
    # prompt_toolkit takes 60 ms to import; a pipe does without it.
    from mentra_cli.dev.views.terminal import Terminal

    mode = "LOCAL cloud" if supervisor.user else "REAL cloud"
    status = f" {mode} | {supervisor.url} | Type to speak. Save a file to reload. Ctrl-C ends."
    terminal = Terminal(supervisor.journal, lambda: status, no_color=console.out.no_color)
    await terminal.run(supervisor.say)


async def _at_pipe(supervisor: Supervisor) -> None:
    """Speak each line that comes in; when there are no more, go on until a signal."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        with contextlib.suppress(RuntimeError, ValueError):  # The loop, or the input, is closed: it is over anyway.
            for line in sys.stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line.strip())

    # A daemon: a read that never ends must not keep the process from ending.
    threading.Thread(target=read, name="standard input", daemon=True).start()
    while True:
        if line := await lines.get():
            await supervisor.say(line)


def _banner(supervisor: Supervisor, options: DevOptions) -> None:
    where = "LOCAL cloud with virtual glasses; nothing leaves this machine" if supervisor.user else "REAL cloud"
    console.say(f"mentra dev  {where}", style="bold")
    console.say(f"  app       {options.location.shown} ({options.location.how})")
    console.say(f"  address   {supervisor.url}")


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

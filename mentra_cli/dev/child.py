"""What runs inside a child: the developer's app, at the end of a bridge or on a loopback port, until told to stop.

Forked by the zygote, or started as ``python -m mentra_cli.dev.child [BRIDGE]``, with the number of a file descriptor.
It imports what the code before imported, then waits for its assignment. Standard input is the supervisor's; the app
itself sees an empty one.
"""

import asyncio
import contextlib
import importlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import BinaryIO, TextIO

from mentra.errors import AuthError, MentraError
from mentra.server.app import AppServer
from mentra.session.stop_reason import StopReason
from mentra.transport.base import HttpError, Network
from mentra_cli import project
from mentra_cli.dev import reports
from mentra_cli.dev.app_errors import AppErrors, failure_of
from mentra_cli.dev.blocking import BlockingDetector
from mentra_cli.dev.bridge import Bridge
from mentra_cli.dev.reports import (
    Assignment,
    Failed,
    Imported,
    Prepare,
    Ready,
    Report,
    Stop,
    Stopping,
    Stored,
    StoreNow,
)
from mentra_cli.errors import CliError
from mentra_cli.location import Location

STOP_WITHIN_S = 1.5
"""How long ``on_stop`` handlers get when a child ends."""
_LOOK_EVERY_S = 0.25
_REST = "http://mentra-dev"
_CLOUD = "ws://mentra-dev/app-ws"
"""The supervisor. Over a bridge an address says nothing; without one, the relay's is known with the first session."""
_KEY_WITHIN_S = 10.0
_LOGS_OF_ERRORS = ("mentra", "asyncio")
"""Loggers that are told what app code raised, by the SDK and by Python for tasks of the app's own."""
EXIT_WITHIN_S = 2.0
"""... and how long everything gets, until the process is ended from a thread, whatever blocks it."""


def main(bridge: int | None) -> None:
    """Get ready, then run the app that the supervisor assigns.

    Args:
        bridge: The file descriptor of this end; ``None`` lets the app listen on a port.
    """
    ours = frozenset(sys.modules)
    commands, output = _take_over_stdio()
    prepare = _next_command(commands)
    if not isinstance(prepare, Prepare) or prepare.version != reports.VERSION:
        raise SystemExit("The supervisor speaks another version: is an older mentra still running?")
    _import(prepare.modules)
    assignment = _next_command(commands)
    if not isinstance(assignment, Assignment):
        raise SystemExit("An assignment was expected.")
    orders = _Orders(commands)
    reporter = _Reporter(output, prepare.mark)
    location = Location(
        Path(assignment.root), assignment.module, Path(assignment.file), assignment.attribute, assignment.how
    )
    if prepare.modules:
        _forget_shadowed(prepare.modules, {location.root, location.import_root})
    try:
        found = project.load(location)
    except project.AppImportError as error:
        reporter.send(failure_of(error.error, error.frame, location.root))
        sys.exit(1)
    except CliError as error:
        reporter.send(Failed(message=error.message, fix=error.fix))
        sys.exit(1)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    errors = AppErrors(location.root, on_session=found.app.on_session, report=reporter.send)
    for name in _LOGS_OF_ERRORS:
        logging.getLogger(name).addHandler(errors)
    code = asyncio.run(_serve(found, location, reporter, orders, ours, bridge))
    orders.end_group_if_abandoned()
    sys.exit(code)


def _next_command(commands: BinaryIO) -> reports.Command:
    line = commands.readline()
    if not line:
        sys.exit()  # The supervisor is gone, or needs no spare any more.
    return reports.decode_command(line)


def _import(modules: Iterable[str]) -> None:
    for name in modules:
        # What fails here fails again when the app imports it, and is reported then.
        with contextlib.suppress(Exception, SystemExit):
            importlib.import_module(name)


def _forget_shadowed(modules: Iterable[str], folders: set[Path]) -> None:
    """Forget what was imported in advance if the project has a module of that name by now: it goes first."""
    own = project.modules_in(folders)
    for name in modules:
        if name.partition(".")[0] in own:
            sys.modules.pop(name, None)


async def _serve(
    found: project.FoundApp,
    location: Location,
    reporter: "_Reporter",
    orders: "_Orders",
    ours: Container[str],
    bridge: int | None,
) -> int:
    app = found.app
    network = None if bridge is None else await Bridge.open(socket.socket(fileno=bridge), first=False)
    try:
        # Over a bridge nothing is bound: the app has the port that it is reached at from outside.
        await app.start(
            host="127.0.0.1",
            port=0 if network is None else None,
            network=network,
            hosted=True,
            cloud=None if network is None else _CLOUD,
            public_url=app.config.public_url,  # At least that of the supervisor, which sets PUBLIC_URL.
            user_token_key=None if network is None else lambda: _user_token_key(network),
        )
    except (MentraError, OSError) as error:
        reporter.send(Failed(message=f"The app could not be started: {error}"))
        return 1
    reasons: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    storing: set[asyncio.Task[None]] = set()

    def store() -> None:
        task = asyncio.create_task(_store(app, reporter), name="store")
        storing.add(task)
        task.add_done_callback(storing.discard)

    orders.when_to_store(lambda: loop.call_soon_threadsafe(store))
    orders.when_stopped(lambda reason: loop.call_soon_threadsafe(reasons.put_nowait, reason))
    declared = app.app_config()
    reporter.send(
        Ready(
            version=reports.VERSION,
            url=app.url,
            package_name=app.config.package_name,
            api_key=app.config.api_key.reveal(),
            webhook_path=app.config.webhook_path,
            mentraos_websocket_url=app.config.mentraos_websocket_url,
            name=found.name,
            how=found.how,
            files=_files(location, ours),
            modules=project.installed_modules(but=ours),
            settings=declared.settings,
            page=app.page_path or "",
            permissions=None if declared.permissions is None else list(declared.permission_names),
            tools=tool_names(app),
        )
    )
    telling = asyncio.create_task(_tell_imports(location, reporter, ours))
    with BlockingDetector(loop, location.root, reporter.send):
        reason = await reasons.get()
        reporter.send(Stopping())
        await app.stop(reason=reason, timeout=STOP_WITHIN_S)
    telling.cancel()
    return 0


def tool_names(app: AppServer) -> list[str] | None:
    """Return the names of the tools of an app; ``None`` if it takes any."""
    takes_any = type(app).on_tool_call is not AppServer.on_tool_call
    return None if takes_any else [each.id for each in app.tools]


async def _store(app: AppServer, reporter: "_Reporter") -> None:
    """Store what the sessions have written. What the cloud does not take is tried again, and the app's log says so."""
    flushes = [session.storage.flush() for session in list(app.sessions.values())]
    await asyncio.gather(*flushes, return_exceptions=True)
    reporter.send(Stored())


async def _user_token_key(supervisor: Network) -> str:
    """Return the key with which the local cloud signs who opens a page. Making one takes 100 ms: nobody asks in vain.

    Raises:
        AuthError: There is no local cloud.
    """
    try:
        reply = await supervisor.request("GET", _REST + reports.USER_TOKEN_KEY, timeout=_KEY_WITHIN_S)
    except HttpError as error:
        raise AuthError(f"mentra dev did not tell its key: {error}") from error
    if reply.status != 200:
        raise AuthError("mentra dev works with a real cloud, and has no key of its own.")
    return reply.body.decode()


async def _tell_imports(location: Location, reporter: "_Reporter", ours: Container[str]) -> None:
    """Report the project's files again when more modules are imported, in a handler for example."""
    known = len(sys.modules)
    files = _files(location, ours)
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        if len(sys.modules) != known:
            known = len(sys.modules)
            if (now := _files(location, ours)) != files:
                files = now
                reporter.send(Imported(files=files))


class _Orders:
    """Waits in a thread for the word to stop: it arrives even while the app blocks, or is still being imported."""

    def __init__(self, commands: BinaryIO) -> None:
        self._commands = commands
        self._abandoned = False
        self._stopped: Callable[[str], object] | None = None
        self._to_store: Callable[[], object] = lambda: None
        threading.Thread(target=self._wait, name="mentra dev", daemon=True).start()

    def when_stopped(self, callback: Callable[[str], object]) -> None:
        """Call back, from the thread, when the app shall stop; until then the process would just end."""
        self._stopped = callback

    def when_to_store(self, callback: Callable[[], object]) -> None:
        """Call back, from the thread, when everything shall be stored."""
        self._to_store = callback

    def _wait(self) -> None:
        command = self._next()
        while isinstance(command, StoreNow):
            self._to_store()
            command = self._next()
        if self._stopped is not None:
            self._stopped(command.reason if isinstance(command, Stop) else "")
            threading.Event().wait(EXIT_WITHIN_S)
        self.end_group_if_abandoned()
        os._exit(1)

    def _next(self) -> reports.Command:
        line = self._commands.readline()
        self._abandoned = not line
        return reports.decode_command(line) if line else Stop(reason=StopReason.SERVER_STOPPED)

    def end_group_if_abandoned(self) -> None:
        """If the supervisor is gone, end this process and what the app started: nobody else will."""
        if self._abandoned and os.name == "posix":
            os.killpg(0, signal.SIGKILL)


def _take_over_stdio() -> tuple[BinaryIO, TextIO]:
    """Keep standard input for the supervisor's commands, and the way out for reports; give the app an empty input."""
    commands = os.fdopen(os.dup(0), "rb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    return commands, output


class _Reporter:
    def __init__(self, output: TextIO, mark: str) -> None:
        self._output = output
        self._mark = mark
        self._lock = threading.Lock()

    def send(self, report: Report) -> None:
        """Send a report, from any thread."""
        with self._lock:
            sys.stdout.flush()
            self._output.write(f"{self._mark}{reports.encode(report).decode()}\n")
            self._output.flush()


def _files(location: Location, ours: Container[str]) -> list[str]:
    return sorted(str(file) for file in {*project.imported_files(location.root, but=ours), location.file})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)

"""Child processes: hear what one says, end it.

How one is started, ``spares.py`` knows for apps in Python, and ``command.py`` for all others.
"""

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any, Protocol

import msgspec

from mentra.transport.base import HttpReply, HttpRequest, Network
from mentra_cli.dev import reports
from mentra_cli.dev.reports import (
    Assignment,
    BlockedLoop,
    Failed,
    Imported,
    Outcome,
    Prepare,
    Raised,
    Ready,
    Stop,
    Stopping,
    Stored,
    StoreNow,
)
from mentra_cli.location import Location

START_WITHIN_S = 30.0
"""How long the developer's code may take to import and start."""
STORE_WITHIN_S = 1.0
"""How long a child may take to store everything, before other code reads what there is."""
HEAR_WITHIN_S = 0.4
"""How long a child may take to hear that it shall stop; one that does not is blocked, and its group is killed."""
EXIT_WITHIN_S = 3.0
"""How long a child that has heard it may take to exit; then its process group is killed."""
LAST_WORDS_WITHIN_S = 0.5
"""How long what a process printed may take to arrive after its end."""


class Child(Protocol):
    """Something that runs the app's code as it was when it was loaded."""

    async def report(self) -> Outcome:
        """Wait until it is ready or has failed."""
        ...

    async def request(self, request: HttpRequest, *, timeout: float) -> HttpReply:
        """Ask the app, once it is ready. Its answer may be streamed.

        Raises:
            HttpError: There was no answer.
        """
        ...

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        ...

    async def store(self) -> None:
        """Have it store what its sessions have written; waits for that, but not long."""

    async def stop(self, reason: str) -> None:
        """End its sessions with this reason, then end it."""

    def kill(self) -> None:
        """End it at once."""


class Observer(Protocol):
    """Who is told what a child says besides its outcome."""

    def printed(self, stream: str, line: str) -> None:
        """The developer's code printed a line to ``"stdout"`` or ``"stderr"``."""

    def blocked(self, report: BlockedLoop) -> None:
        """The developer's code kept the event loop busy for too long."""

    def raised(self, child: Child, report: Raised) -> None:
        """The developer's code raised an error and goes on, in this child."""

    def imported(self, files: list[str]) -> None:
        """The developer's code has imported more; these are all files of the project by now."""


class Starter(Protocol):
    """A way to start children of one app."""

    async def start(self, environment: Mapping[str, str], observer: Observer) -> Child:
        """Start a child with the code as it is now; its ``report`` tells how that went.

        Raises:
            CliError: There is no app to start.
        """
        ...

    def prepare(self, modules: list[str]) -> None:
        """Make the next start a quick one, in the background.

        Args:
            modules: What the present code imported from outside of the project.
        """

    async def close(self) -> None:
        """End what was prepared. The children that were started are ended by those who have them."""


class Process(Protocol):
    """What is used of a process: that of ``asyncio.subprocess``, or one that was forked."""

    @property
    def pid(self) -> int:
        """Also the process group's."""
        ...

    @property
    def returncode(self) -> int | None:
        """``None`` while it runs."""
        ...

    @property
    def stdin(self) -> asyncio.StreamWriter | None: ...  # noqa: D102 - as in asyncio.
    @property
    def stdout(self) -> asyncio.StreamReader | None: ...  # noqa: D102
    @property
    def stderr(self) -> asyncio.StreamReader | None: ...  # noqa: D102

    async def wait(self) -> int:
        """Wait for the end; return the exit code."""
        ...


class ChildProcess(Child):
    """A child in a process of its own, which leads a process group. It gets ready first, and an app later.

    Args:
        network: How to reach the app.
        modules: What to import in advance; what cannot be imported is left to the app.
    """

    def __init__(self, process: Process, network: Network, modules: list[str]) -> None:
        self._process = process
        self._network = network
        self._url = ""
        self._mark = f"\x1e{secrets.token_hex(8)} "
        self._observer: Observer | None = None
        self._early: list[tuple[str, str]] = []
        """What was printed before there was somebody to tell."""
        self._outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._heard_stop = asyncio.Event()
        self._stored = asyncio.Event()
        self._readers = [
            asyncio.create_task(self._read("stdout", process.stdout)),
            asyncio.create_task(self._read("stderr", process.stderr)),
        ]
        self._watcher = asyncio.create_task(self._watch())
        self._send(Prepare(version=reports.VERSION, mark=self._mark, modules=modules))

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.returncode is not None

    def assign(self, location: Location, observer: Observer) -> None:
        """Give it its app."""
        self._observer = observer
        for stream, line in self._early:
            observer.printed(stream, line)
        self._send(
            Assignment(
                root=str(location.root),
                module=location.module,
                file=str(location.file),
                attribute=location.attribute,
                how=location.how,
            )
        )

    async def report(self) -> Outcome:
        """Wait until the child is ready or has failed."""
        try:
            async with asyncio.timeout(START_WITHIN_S):
                return await asyncio.shield(self._outcome)
        except TimeoutError:
            return Failed(
                message=f"The app was not ready within {START_WITHIN_S:g} s.",
                fix="Does the file wait for something while it is imported? Move that into on_session.",
            )

    async def request(self, request: HttpRequest, *, timeout: float) -> HttpReply:
        """Ask the app."""
        return await self._network.stream(
            request.method, self._url + request.path, headers=request.headers, body=request.body, timeout=timeout
        )

    async def wait(self) -> int:
        """Wait until the process has ended and everything it printed was heard; return its exit code."""
        code = await self._process.wait()
        await asyncio.wait(self._readers, timeout=LAST_WORDS_WITHIN_S)
        return code

    async def store(self) -> None:
        """Have it store what its sessions have written."""
        self._stored.clear()
        self._send(StoreNow())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STORE_WITHIN_S):
                await self._stored.wait()

    async def stop(self, reason: str) -> None:
        """Let the child end its sessions and exit; kill it if it does not, or if it is not ready to hear that."""
        if not self._outcome.done():
            self.kill()
        self._send(Stop(reason=reason))
        ending = asyncio.ensure_future(self._process.wait())
        hearing = asyncio.ensure_future(self._heard_stop.wait())
        await asyncio.wait([ending, hearing], timeout=HEAR_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        if hearing.done():
            await asyncio.wait([ending], timeout=EXIT_WITHIN_S)
        hearing.cancel()
        self.kill()
        await ending
        await asyncio.wait(self._readers, timeout=LAST_WORDS_WITHIN_S)
        for task in (*self._readers, self._watcher):
            task.cancel()
        await self._network.close()

    def kill(self) -> None:
        """End the process, and whatever it started, at once."""
        kill_group(self._process)

    def _send(self, command: reports.Command) -> None:
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(reports.encode(command) + b"\n")

    async def _read(self, name: str, stream: asyncio.StreamReader | None) -> None:
        mark_bytes = self._mark.encode()
        async for line in lines_of(stream):
            text, mark, report = line.partition(mark_bytes)
            if mark:
                self._heard(report)
            if text.strip() or not mark:
                self._printed(name, as_text(text))

    def _printed(self, stream: str, line: str) -> None:
        if self._observer is None:
            self._early.append((stream, line))
        else:
            self._observer.printed(stream, line)

    async def _watch(self) -> None:
        """Notice an end before the report. The pipes may outlive the process, in one that it started."""
        code = await self._process.wait()
        await asyncio.wait(self._readers, timeout=LAST_WORDS_WITHIN_S)
        self._came_out(Failed(message=f"The app's process ended while it started, with exit code {code}."))

    def _heard(self, line: bytes) -> None:
        try:
            report = reports.decode_report(line)
        except msgspec.DecodeError as error:
            report = Failed(message=f"The child's report cannot be read: {error}.")
        match report:
            case Stopping():
                self._heard_stop.set()
            case Stored():
                self._stored.set()
            case BlockedLoop():
                if self._observer is not None:
                    self._observer.blocked(report)
            case Raised():
                if self._observer is not None:
                    self._observer.raised(self, report)
            case Imported(files=files):
                if self._observer is not None:
                    self._observer.imported(files)
            case Ready(url=url):
                self._url = url
                self._came_out(report)
            case Failed():
                self._came_out(report)

    def _came_out(self, outcome: Outcome) -> None:
        if not self._outcome.done():
            self._outcome.set_result(outcome)


async def started(creating: Coroutine[Any, Any, asyncio.subprocess.Process]) -> asyncio.subprocess.Process:
    """Wait for the start of a process that leads a group; cancelled, end it.

    A cancellation must not reach asyncio itself: it would wait for the end of the process, which it may not notice.
    """
    starting = asyncio.ensure_future(creating)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            kill_group(await starting)
        raise


def kill_group(process: Process) -> None:
    """End a process that leads a group, and whatever it started, at once. It may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGTERM)


async def lines_of(stream: asyncio.StreamReader | None) -> AsyncIterator[bytes]:
    """Yield what a process prints, line by line; of a line that is too long, say so and go on."""
    assert stream is not None, "all streams are pipes"  # noqa: S101
    while True:
        try:
            line = await stream.readline()
        except ValueError:
            line = b"(a line of more than %d bytes)\n" % reports.LINE_LIMIT_BYTES
        if not line:
            return
        yield line


def as_text(line: bytes) -> str:
    """Return a line as it is shown."""
    return line.decode(errors="replace").rstrip("\r\n")

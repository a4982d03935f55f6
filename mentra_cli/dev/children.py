"""Child processes: start one, hear what it says, end it."""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from mentra_cli.dev import reports
from mentra_cli.dev.reports import Assignment, Failed, Report, Stop
from mentra_cli.location import Location

START_WITHIN_S = 30.0
"""How long the developer's code may take to import and start."""
EXIT_WITHIN_S = 3.0
"""How long a child may take to exit after it was told to stop; then its process group is killed."""
_LAST_WORDS_WITHIN_S = 0.5
"""How long what a process printed may take to arrive after its end."""
_LINE_LIMIT_BYTES = 16 * 1024 * 1024

Output = Callable[[str, str], None]
"""Called with ``"stdout"`` or ``"stderr"`` and a line that the developer's code printed."""


class Child(Protocol):
    """Something that runs the app's code as it was when it started."""

    async def report(self) -> Report:
        """Wait until it is ready or has failed."""
        ...

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        ...

    async def stop(self, reason: str) -> None:
        """End its sessions with this reason, then end it."""

    def kill(self) -> None:
        """End it at once."""


class ChildProcess(Child):
    """A child in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, mark: bytes, output: Output) -> None:
        self._process = process
        self._mark = mark
        self._output = output
        self._report: asyncio.Future[Report] = asyncio.get_running_loop().create_future()
        self._readers = [
            asyncio.create_task(self._read("stdout", process.stdout)),
            asyncio.create_task(self._read("stderr", process.stderr)),
        ]
        self._watcher = asyncio.create_task(self._watch())

    @classmethod
    async def start(cls, location: Location, environment: Mapping[str, str], output: Output) -> "ChildProcess":
        """Start a process for an app; ``report`` tells how that went."""
        mark = f"\x1e{secrets.token_hex(8)} "
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mentra_cli.dev.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=location.root,
            # Prints appear when they happen; bytecode of half-saved files would be taken for the next save's.
            env={**environment, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            limit=_LINE_LIMIT_BYTES,
            # A group of its own: Ctrl-C reaches the supervisor alone, and the whole group can be ended.
            start_new_session=True,
        )
        child = cls(process, mark.encode(), output)
        child._send(
            Assignment(
                version=reports.VERSION,
                root=str(location.root),
                module=location.module,
                file=str(location.file),
                attribute=location.attribute,
                how=location.how,
                mark=mark,
            )
        )
        return child

    async def report(self) -> Report:
        """Wait until the child is ready or has failed."""
        try:
            async with asyncio.timeout(START_WITHIN_S):
                return await asyncio.shield(self._report)
        except TimeoutError:
            return Failed(
                message=f"The app was not ready within {START_WITHIN_S:g} s.",
                fix="Does the file wait for something while it is imported? Move that into on_session.",
            )

    async def wait(self) -> int:
        """Wait until the process has ended and everything it printed was heard; return its exit code."""
        code = await self._process.wait()
        await asyncio.wait(self._readers, timeout=_LAST_WORDS_WITHIN_S)
        return code

    async def stop(self, reason: str) -> None:
        """Let the child end its sessions and exit; kill it if it does not, or if it is not ready to hear that."""
        if not self._report.done():
            self.kill()
        self._send(Stop(reason=reason))
        try:
            async with asyncio.timeout(EXIT_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            pass
        self.kill()
        await self._process.wait()
        await asyncio.wait(self._readers, timeout=_LAST_WORDS_WITHIN_S)
        for task in (*self._readers, self._watcher):
            task.cancel()

    def kill(self) -> None:
        """End the process, and whatever it started, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def _send(self, command: reports.Command) -> None:
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(reports.encode(command) + b"\n")

    async def _read(self, name: str, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None, "both are pipes"  # noqa: S101
        while line := await _next_line(stream):
            text, mark, report = line.partition(self._mark)
            if mark:
                self._heard(report)
            if text.strip() or not mark:
                self._output(name, text.decode(errors="replace").rstrip("\r\n"))

    async def _watch(self) -> None:
        """Notice an end before the report. The pipes may outlive the process, in one that it started."""
        code = await self._process.wait()
        await asyncio.wait(self._readers, timeout=_LAST_WORDS_WITHIN_S)
        if not self._report.done():
            self._report.set_result(Failed(message=f"The app's process ended while it started, with exit code {code}."))

    def _heard(self, line: bytes) -> None:
        try:
            report = reports.decode_report(line)
        except msgspec.DecodeError as error:
            report = Failed(message=f"The child's report cannot be read: {error}.")
        if not self._report.done():
            self._report.set_result(report)


async def _next_line(stream: asyncio.StreamReader) -> bytes:
    """Read a line; of one that is too long, say so and go on. Empty at the end."""
    try:
        return await stream.readline()
    except ValueError:
        return b"(a line of more than %d bytes)\n" % _LINE_LIMIT_BYTES


def files_of(report: Report) -> set[Path]:
    """Return the project's files that a report names."""
    return {Path(file) for file in report.files}

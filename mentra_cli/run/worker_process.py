"""A worker, as the supervisor has it: started, heard, ended for sure."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Self

from mentra_cli.run import reports
from mentra_cli.run.reports import Assignment, Failed, Report


class WorkerProcess:
    """A process that serves the app, or will. Make it with ``start``."""

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._received = b""
        self._ended = False

    @classmethod
    async def start(cls, assignment: Assignment, environment: Mapping[str, str]) -> Self:
        """Start one.

        Raises:
            OSError: There can be no process: too many run, or the app's folder is gone.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",  # What lies in the app's folder must not be taken for what is imported here.
                    "-m",
                    "mentra_cli.run.worker",
                    str(theirs.fileno()),
                    cwd=assignment.root,
                    env=environment,
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    # Ctrl-C is for the supervisor, which passes it on once; and what the app starts ends with it.
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)
        with contextlib.suppress(BrokenPipeError):  # It has ended already: report() tells.
            ours.sendall(reports.encode(assignment))
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    async def report(self) -> Report:
        """Wait for what it says next. That it ended without a word is a failure, too."""
        loop = asyncio.get_running_loop()
        while b"\n" not in self._received:
            received = await self._hear(loop)
            if not received:
                code = await self.wait()
                message = f"A worker {ending(code)} before it served."
                return Failed(message=message, fix="What it wrote last tells why.", code=1, traceback="")
            self._received += received
        line, _, self._received = self._received.partition(b"\n")
        return reports.decode_report(line)

    async def _hear(self, loop: asyncio.AbstractEventLoop) -> bytes:
        try:
            return await loop.sock_recv(self._channel, 65536)
        except ConnectionError:
            return b""

    def give(self, bound: socket.socket) -> None:
        """Give it the socket to listen on."""
        with contextlib.suppress(BrokenPipeError):
            socket.send_fds(self._channel, [b"."], [bound.fileno()])

    def tell_to_stop(self) -> None:
        """Have it end its sessions, and then itself."""
        if self._process.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and all that it has started, at once."""
        if self._ended:
            return  # The number may be another process by now.
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a dead group.
            os.killpg(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code. What it has started ends with it."""
        code = await self._process.wait()
        self.kill()
        self._ended = True
        self._channel.close()
        return code


def ending(code: int) -> str:
    """Return how a process ended, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"

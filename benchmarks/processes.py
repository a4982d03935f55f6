"""Processes that are measured: started on a core of their own, read from /proc, ended for sure."""

import asyncio
import contextlib
import ctypes
import functools
import os
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

STOP_WITHIN_S = 5.0
LISTEN_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.001
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class ProgramEnded(Exception):
    """A program ended, or did not listen in time; the message has the end of what it wrote."""


@functools.cache  # Before anything binds us to some of them.
def cores() -> tuple[set[int], set[int]]:
    """Return the core for what is measured, and those for the load and for us; the same if there is only one."""
    free = sorted(os.sched_getaffinity(0))
    return {free[0]}, set(free[1:]) or {free[0]}


def all_cores() -> set[int]:
    """Return all that we may use."""
    return set().union(*cores())


def raise_file_limit() -> int:
    """Let this process and its children open as many files as they may; return how many that are."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Program:
    """A running process and what it has started."""

    def __init__(self, process: asyncio.subprocess.Process, written: Path | None) -> None:
        self.process = process
        self._written = written

    @property
    def resident_kb(self) -> int:
        return sum(_status_kb(pid, "VmRSS") for pid in self._pids())

    @property
    def cpu_s(self) -> float:
        """CPU that it and its children have used so far: the sums of the scheduler, with those of ended threads."""
        return sum(self.cpu_of_each.values())

    @property
    def cpu_of_each(self) -> dict[int, float]:
        """CPU that each of them has used so far."""
        return {pid: time.clock_gettime(_cpu_clock(pid)) for pid in self._pids()}

    async def listening(self, port: int) -> None:
        """Wait until somebody can connect.

        Raises:
            ProgramEnded: Nobody will.
        """
        deadline = time.monotonic() + LISTEN_WITHIN_S
        while time.monotonic() < deadline and self.process.returncode is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(_LOOK_EVERY_S)
        raise ProgramEnded(f"It does not listen. What it wrote last:\n{self.last_words()}")

    def last_words(self) -> str:
        return self._written.read_text(errors="replace")[-2000:] if self._written else ""

    async def stop(self) -> None:
        """End it and all that it started: politely, then not."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN_S):
                await self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    def _pids(self) -> list[int]:
        return [self.process.pid, *_descendants(self.process.pid)]


@contextlib.asynccontextmanager
async def running(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    on_cores: set[int],
    *,
    written: Path | None = None,
    piped: bool = False,
) -> AsyncIterator[Program]:
    """Run a program until the end of the block.

    Args:
        on_cores: Where it may run.
        written: Where its standard error goes; its standard output goes nowhere.
        piped: Its standard input and output are pipes instead.
    """
    with contextlib.ExitStack() as files:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.PIPE if piped else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if piped else asyncio.subprocess.DEVNULL,
            stderr=files.enter_context(written.open("wb")) if written else None,
            start_new_session=True,
            preexec_fn=lambda: _settle(on_cores),
        )
    program = Program(process, written)
    try:
        yield program
    finally:
        await program.stop()


def _settle(on_cores: set[int]) -> None:
    os.sched_setaffinity(0, on_cores)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # Should we be killed, nothing stays behind.


def _cpu_clock(pid: int) -> int:
    # What clock_getcpuclockid(3) makes of a process: Linux include/linux/posix-timers.h, CPUCLOCK_SCHED.
    return (~pid << 3) | 2


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, children.read_text().split()):
                found += [child, *_descendants(child)]
    return found


def _status_kb(pid: int, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0

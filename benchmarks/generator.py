"""The load generator, load/load.c, from Python: built when needed, started, told what to do."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from certificates import Certificates
from processes import Program, cores, running

SOURCES = Path(__file__).parent / "load"
BUILT = Path(__file__).parent / "build" / "load"
PACKAGE_NAME = "com.example.bench"
API_KEY = "bench-0123456789abcdef"
# What cannot be done within its own patience (PATIENCE in load.c) it reports as missing; this is for a broken one.
_ANSWER_WITHIN_S = 180.0


class WrongAnswers(Exception):
    """An app answered wrongly, or not at all. What was measured means nothing."""


class NotBuilt(Exception):
    """The compiler is missing, or does not take the sources."""


def build() -> None:
    """Compile the generator, unless it is newer than its sources.

    Raises:
        NotBuilt: With what the compiler wrote.
    """
    sources = sorted(SOURCES.glob("*.[ch]"))
    if BUILT.exists() and BUILT.stat().st_mtime > max(source.stat().st_mtime for source in sources):
        return
    BUILT.parent.mkdir(exist_ok=True)
    c_files = [source for source in sources if source.suffix == ".c"]
    command = ["gcc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-o", BUILT, *c_files, "-lssl", "-lcrypto"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NotBuilt("gcc is missing. On Debian: apt install gcc libc6-dev libssl-dev") from error
    except subprocess.CalledProcessError as error:
        raise NotBuilt(f"gcc does not compile the generator:\n{error.stderr}") from error


class Answer(msgspec.Struct, frozen=True):
    """What the generator says of a thing that it did. Times run from when a message was due to its answer."""

    answers_due: int
    answered: int
    in_time: int
    """Answered before the end."""
    sent: int
    wrong: int
    missing: int
    unsent: int
    first_wrong: str
    seconds: float
    p50_us: float
    p99_us: float
    generator_load: float
    """The share of the time in which the generator ran or waited for its core: near 1 it was the limit, not the app.
    Of one that stays awake, the share in which there was something to do."""

    @property
    def per_second(self) -> float:
        return self.in_time / self.seconds


class Generator:
    """One running generator, for one running app."""

    def __init__(self, program: Program) -> None:
        self._program = program

    async def start(self, count: int, at_once: int, *, fresh: bool = False) -> Answer:
        """Start sessions. ``fresh``: with a connection of its own for every webhook."""
        return await self._do(f"start {count} {at_once}{' fresh' if fresh else ''}")

    async def stop(self, at_once: int = 50) -> Answer:
        """Stop all sessions."""
        return await self._do(f"stop {at_once}")

    async def messages(self, seconds: float, waiting: int) -> Answer:
        """Talk as fast as is answered, with so many messages unanswered at any time."""
        return await self._do(f"messages {seconds} {waiting}")

    async def rate(self, seconds: float, per_second: float) -> Answer:
        """Talk at a given rate."""
        return await self._do(f"rate {seconds} {per_second}")

    async def audio(self, seconds: float, per_second: float) -> Answer:
        """Send frames of sound at a given rate."""
        return await self._do(f"audio {seconds} {per_second}")

    async def _do(self, command: str) -> Answer:
        stdin, stdout = self._program.process.stdin, self._program.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{command}\n".encode())
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            line = await stdout.readline()
        if not line:
            raise WrongAnswers(f"The generator ended at {command!r}.")
        answer = msgspec.json.decode(line, type=Answer)
        if answer.wrong or answer.missing or answer.unsent:
            raise WrongAnswers(
                f"{command}: {answer.wrong} wrong ({answer.first_wrong}), {answer.missing} missing, "
                f"{answer.unsent} not sent, of {answer.answers_due}"
            )
        return answer


@contextlib.asynccontextmanager
async def generating(
    app_port: int, stream: str, certificates: Certificates | None, *, awake: bool = False
) -> AsyncIterator[Generator]:
    """Run a generator for the app on this port, for the length of the block. See ``Scale.awake``."""
    command: list[str | Path] = [BUILT, "--app-port", str(app_port), "--stream", stream]
    if awake:
        command += ["--awake", "yes"]
    if certificates is not None:
        command += ["--certificate", certificates.chain, "--private-key", certificates.private_key]
    _, others = cores()
    async with running(command, os.environ, others, piped=True) as program:
        assert program.process.stdout is not None
        await program.process.stdout.readline()
        yield Generator(program)

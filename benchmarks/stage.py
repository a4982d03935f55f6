"""One app under load: its process on one core, the generator on another."""

import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import NamedTuple

from certificates import Certificates
from contestants import Contestant
from generator import Answer, Generator, WrongAnswers, generating
from processes import Program, all_cores, cores, free_port, running


class Launch(NamedTuple):
    """An app that listens, and how many seconds after its start it did."""

    app: Program
    port: int
    took_s: float


class Stage:
    """A running app with its generator."""

    def __init__(self, app: Program, generator: Generator) -> None:
        self.app = app
        self.generator = generator

    async def cpu_of(self, doing: Awaitable[Answer]) -> tuple[Answer, float]:
        """Return what the generator answers, and the seconds of CPU that the app used meanwhile."""
        before = self.app.cpu_s
        answer = await doing
        return answer, self.app.cpu_s - before

    async def warm(self, sessions: int, times: int, at_once: int) -> None:
        """Start and stop sessions."""
        for _ in range(times):
            await self.generator.start(sessions, at_once)
            await self.generator.stop()


@contextlib.asynccontextmanager
async def staged(
    contestant: Contestant,
    *,
    stream: str = "transcription",
    certificates: Certificates | None = None,
    awake: bool = False,
) -> AsyncIterator[Stage]:
    """Run a contestant's app and a generator for it until the end of the block.

    Raises:
        WrongAnswers: With what the app wrote last.
    """
    async with launched(contestant, stream=stream, certificates=certificates) as launch:
        try:
            async with generating(launch.port, stream, certificates, awake=awake) as generator:
                yield Stage(launch.app, generator)
        except WrongAnswers as error:
            raise WrongAnswers(f"{error}\n{launch.app.last_words()}".rstrip()) from error


@contextlib.asynccontextmanager
async def launched(
    contestant: Contestant, *, stream: str = "transcription", certificates: Certificates | None = None
) -> AsyncIterator[Launch]:
    """Run a contestant's app until the end of the block, without a generator."""
    port = free_port()
    environment = contestant.environment(port, stream, certificates.authority if certificates else None)
    on_core = all_cores() if contestant.on_all_cores else cores()[0]
    with tempfile.TemporaryDirectory(prefix="mentra-bench-") as folder:
        began = time.perf_counter()
        async with running(contestant.command, environment, on_core, written=Path(folder) / "stderr") as app:
            await app.listening(port)
            yield Launch(app, port, time.perf_counter() - began)

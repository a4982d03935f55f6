"""How long it takes from a save to the new code's text on the glasses, here and with others. See README.md.

python benchmarks/reload.py [--saves 100] [--rounds 5]
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from driver import API_KEY, PACKAGE_NAME, Driver

from mentra_cli.dev.actions import Shown, Start
from mentra_cli.dev.control_client import call

HERE = Path(__file__).parent
PEERS = HERE / "peers"
START_WITHIN_S = 30.0
SAVE_WITHIN_S = 20.0
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in ("PORT", "NO_COLOR", "FORCE_COLOR")},
    "PACKAGE_NAME": PACKAGE_NAME,
    "API_KEY": API_KEY,
}


class Contestant:
    """One program that runs an app and reloads it.

    Args:
        name: For the table.
        app: The app's file in ``peers``; it has ``version 0`` in it.
        saved_as: Its name in the project.
        command: Makes the command line from the port and the address of the cloud.
    """

    def __init__(self, name: str, app: str, saved_as: str, command: Callable[[int, str], Sequence[str]]) -> None:
        self.name = name
        self.took_ms: list[float] = []
        self.closed = 0
        """Sockets of the cloud that were closed by saves."""
        self._code = (PEERS / app).read_text(encoding="utf-8")
        self._saved_as = saved_as
        self._command = command
        self._cloud = Driver()
        self._version = 0
        self._project = Path(tempfile.mkdtemp(prefix="mentra-bench-")).resolve()
        self._output = asyncio.StreamReader()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it until the end of the block."""
        self._write()
        modules = self._project / "node_modules"
        if not modules.exists():
            modules.symlink_to(HERE / "node_modules")
        self._cloud = Driver()
        await self._cloud.open()
        port = _free_port()
        process = await asyncio.create_subprocess_exec(
            *self._command(port, self._cloud.url),
            cwd=self._project,
            env={**ENVIRONMENT, "PORT": str(port)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=1 << 24,
            start_new_session=True,
        )
        assert process.stdout is not None
        self._output = process.stdout
        try:
            async with self._watched(port):
                yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await process.wait()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            await self._cloud.close()

    async def save(self) -> None:
        """Save other code, and note how long it takes until its text is shown."""
        self._version += 1
        began = time.perf_counter()
        self._write()
        self.took_ms.append((await self._shown(f"version {self._version}", SAVE_WITHIN_S) - began) * 1000)

    def remove(self) -> None:
        shutil.rmtree(self._project, ignore_errors=True)

    def _write(self) -> None:
        code = self._code.replace("version 0", f"version {self._version}")
        (self._project / self._saved_as).write_text(code, encoding="utf-8")

    @contextlib.asynccontextmanager
    async def _watched(self, port: int) -> AsyncIterator[None]:
        """Start the session."""
        draining = asyncio.create_task(self._drain())
        try:
            async with asyncio.timeout(START_WITHIN_S):
                await self._cloud.drive(f"http://127.0.0.1:{port}")
            await self._shown(f"version {self._version}", START_WITHIN_S)
            closed_by_start = self._cloud.closed
            yield
            self.closed += self._cloud.closed - closed_by_start
        finally:
            draining.cancel()

    async def _shown(self, text: str, within_s: float) -> float:
        return await self._cloud.shown(text, within_s=within_s)

    async def _drain(self) -> None:
        while await self._output.read(1 << 16):
            pass


class LocalCloudContestant(Contestant):
    """Our own command with its local cloud, and some users on it."""

    def __init__(self, name: str, users: int) -> None:
        super().__init__(name, "app_mentra.py", "app.py", lambda port, _: [*MENTRA_DEV, "--json", "--port", str(port)])
        self._users = users
        self._displays: asyncio.Queue[tuple[str, float]] = asyncio.Queue()

    @contextlib.asynccontextmanager
    async def _watched(self, port: int) -> AsyncIterator[None]:
        reading = asyncio.create_task(self._read())
        try:
            await self._text(f"version {self._version}", 1, START_WITHIN_S)
            for number in range(1, self._users):
                await call(self._project, Start(user=f"user{number}@example.com"), Shown)
            while not self._displays.empty():
                self._displays.get_nowait()
            yield
        finally:
            reading.cancel()

    async def _shown(self, text: str, within_s: float) -> float:
        return await self._text(text, self._users, within_s)

    async def _text(self, text: str, times: int, within_s: float) -> float:
        """Wait until a text was shown to so many; return when the last one saw it."""
        seen = 0
        async with asyncio.timeout(within_s):
            while True:
                shown, at = await self._displays.get()
                seen += shown == text
                if seen == times:
                    return at

    async def _read(self) -> None:
        async for line in self._output:
            if b'"kind":"display"' in line:
                self._displays.put_nowait((json.loads(line)["text"], time.perf_counter()))
            elif b'"stop_request"' in line:
                self.closed += 1


MENTRA_DEV = [sys.executable, "-m", "mentra_cli", "dev"]


def contestants() -> list[Contestant]:
    """Return everybody; the first one is what the others are compared with."""
    bun = HERE / "node_modules" / ".bin" / "bun"

    def over_sockets(*command: str) -> Callable[[int, str], list[str]]:
        return lambda port, cloud: [*MENTRA_DEV, "--json", "--port", str(port), "--cloud", cloud, *command]

    return [
        LocalCloudContestant("mentra dev", 1),
        LocalCloudContestant("mentra dev, 50 sessions", 50),
        Contestant("mentra dev, cloud over sockets", "app_mentra.py", "app.py", over_sockets()),
        Contestant("mentra dev -- node", "app.mjs", "app.mjs", over_sockets("--", "node", "app.mjs")),
        Contestant("bun --watch", "app.mjs", "app.mjs", lambda *_: [str(bun), "--watch", "app.mjs"]),
        Contestant("node --watch", "app.mjs", "app.mjs", lambda *_: ["node", "--watch", "app.mjs"]),
        Contestant(
            "uvicorn --reload",
            "app_fastapi.py",
            "app.py",
            lambda port, _: [sys.executable, "-m", "uvicorn", "app:app", "--reload", "--port", str(port)],
        ),
    ]


async def run(saves: int, rounds: int) -> list[Contestant]:
    everybody = contestants()
    pause = random.Random(1)
    for number in range(rounds):
        for one in everybody:
            ours = isinstance(one, LocalCloudContestant) or "sockets" in one.name
            per_round = saves // rounds if ours else max(1, saves // rounds // 5)
            print(f"round {number + 1} of {rounds}: {one.name}", file=sys.stderr, flush=True)
            async with one.running():
                await asyncio.sleep(1)
                for _ in range(per_round):
                    await one.save()
                    await asyncio.sleep(0.3 + 0.3 * pause.random())
    for one in everybody:
        one.remove()
    return everybody


def table(everybody: list[Contestant]) -> str:
    first = statistics.median(everybody[0].took_ms)
    rows = [f"{'':32} {'saves':>5} {'min':>7} {'median':>7} {'p95':>7} {'max':>7} {'ratio':>7} {'sockets closed':>15}"]
    for one in everybody:
        took = sorted(one.took_ms)
        median = statistics.median(took)
        p95 = took[min(len(took) - 1, int(len(took) * 0.95))]
        rows.append(
            f"{one.name:32} {len(took):>5} {took[0]:>7.1f} {median:>7.1f} {p95:>7.1f} {took[-1]:>7.1f} "
            f"{median / first:>6.1f}x {one.closed:>15}"
        )
    return "\n".join(rows)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--saves", type=int, default=100, help="of ours; peers get a fifth (default: 100)")
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    everybody = asyncio.run(run(chosen.saves, chosen.rounds))
    print(f"milliseconds from a save to its text; ratio: median against {everybody[0].name}")
    print(table(everybody))


if __name__ == "__main__":
    main()

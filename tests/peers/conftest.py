"""Runs apps of the official TypeScript SDK, unmodified, as npm delivers it."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mentra.localcloud import InstalledApp, LocalCloud
from mentra.transport.sockets import SocketNetwork

HERE = Path(__file__).parent
API_KEY = "c0ffee" * 10 + "c0de"
INSTALL_TIMEOUT_S = 240.0
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
CODE_VARIABLE = "NODE_V8_COVERAGE"
"""Names the folder in which node tells, at its end, which functions ran."""


class Peer:
    """One app in a process of its own."""

    def __init__(self, package_name: str, process: asyncio.subprocess.Process) -> None:
        self.package_name = package_name
        self.url = ""
        self.lines: list[str] = []
        """What it has written so far, its SDK's log included."""
        self._process = process
        self._written = asyncio.Condition()
        self._ended = False
        self._reader = asyncio.create_task(self._read())

    async def wait_for_line(self, start: str, *, timeout: float = 10.0) -> str:
        """Return the first line that begins so."""

        def found() -> str | None:
            return next((line for line in self.lines if line.startswith(start)), None)

        try:
            async with asyncio.timeout(timeout), self._written:
                await self._written.wait_for(lambda: found() or self._ended)
        except TimeoutError:
            pass
        return found() or pytest.fail(f"{self.package_name} did not write {start!r}, but:\n" + "\n".join(self.lines))

    def app(self, *, api_key: str = API_KEY, **console: object) -> InstalledApp:
        """How the developer console would register this app."""
        return InstalledApp(package_name=self.package_name, api_key=api_key, public_url=self.url, **console)

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        while line := await self._process.stdout.readline():
            await self._tell(line.decode().rstrip("\n"))
        self._ended = True
        await self._tell()

    async def _tell(self, *lines: str) -> None:
        async with self._written:
            self.lines += lines
            self._written.notify_all()


@asynccontextmanager
async def running(script: str, package_name: str, **variables: str) -> AsyncIterator[Peer]:
    """Run one of the scripts next to this file, in its language."""
    # Nothing else of our environment: the SDK looks for proxies, log tokens and keys in it.
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable if script.endswith(".py") else executable("node"),
        script,
        cwd=HERE,
        env=environment | {"PACKAGE_NAME": package_name, "API_KEY": API_KEY, "PORT": "0"} | variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    peer = Peer(package_name, process)
    try:
        line = await peer.wait_for_line("peer: listening ", timeout=START_TIMEOUT_S)
        peer.url = line.rpartition(" ")[2]
        yield peer
    finally:
        await peer.stop()


def executable(name: str) -> str:
    return shutil.which(name) or pytest.fail(f"Tests marked 'node' need {name} on PATH (node 20 or newer).")


@pytest.fixture(scope="session")
def official_sdk() -> str:
    """The pinned SDK, installed once with that of 3.0; its version."""
    pinned: dict[str, str] = json.loads((HERE / "package.json").read_text())["dependencies"]
    if any(not is_installed(name, wanted) for name, wanted in pinned.items()):
        command = [executable("npm"), "install"]
        result = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S)
        assert result.returncode == 0, f"npm install failed:\n{result.stdout}\n{result.stderr}"
    return pinned["@mentra/sdk"]


@pytest.fixture(scope="session")
def used_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for what node tells of the functions that ran; one in it for each app."""
    return tmp_path_factory.mktemp("code")


def is_installed(name: str, wanted: str) -> bool:
    """Return whether a package is there in the version that package.json wants, perhaps under another name."""
    installed = HERE / "node_modules" / name / "package.json"
    return installed.exists() and json.loads(installed.read_text())["version"] == wanted.rpartition("@")[2]


@pytest.fixture
async def camera(official_sdk: str) -> AsyncIterator[Peer]:
    async with running("camera.mjs", "com.example.camera") as peer:
        yield peer


@pytest.fixture
async def echo(official_sdk: str) -> AsyncIterator[Peer]:
    async with running("app.mjs", "com.example.echo") as peer:
        yield peer


@pytest.fixture
async def watcher(official_sdk: str) -> AsyncIterator[Peer]:
    async with running("streams.mjs", "com.example.watcher") as peer:
        yield peer


@pytest.fixture
async def cloud() -> AsyncIterator[LocalCloud]:
    network = SocketNetwork()
    local = LocalCloud(network)
    await local.open()
    try:
        yield local
    finally:
        await local.close()
        await network.close()

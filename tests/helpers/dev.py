"""A running ``mentra dev``, or ``mentra cloud``, for tests: a process whose standard streams are pipes."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

from tests.helpers.tmux import plain_environment

MENTRA = [sys.executable, "-m", "mentra_cli"]
WITHIN_S = 15.0
APP = """
from mentra import AppServer

VERSION = "version 0"

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        session.layouts.show_text_wall(f"{VERSION} ready")
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(f"{VERSION}: {speech.text}"))
"""


class Dev:
    """A running ``mentra dev`` whose standard streams are pipes."""

    def __init__(self, process: asyncio.subprocess.Process, project: Path) -> None:
        self.process = process
        self.project = project
        self.lines: list[str] = []
        self._changed = asyncio.Event()
        self._readers = [asyncio.create_task(self._read(stream)) for stream in (process.stdout, process.stderr)]

    running: ClassVar[list["Dev"]] = []

    @classmethod
    async def start(cls, project: Path, *arguments: str, command: str = "dev") -> "Dev":
        process = await asyncio.create_subprocess_exec(
            *MENTRA,
            command,
            "--port",
            "0",
            *arguments,
            cwd=project,
            env=plain_environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        dev = cls(process, project)
        cls.running.append(dev)
        return dev

    @classmethod
    async def end_all(cls) -> None:
        """End those that still run."""
        for dev in cls.running:
            if dev.process.returncode is None:
                await dev.end(signal.SIGTERM)
        cls.running.clear()

    async def _read(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        async for line in stream:
            self.lines.append(line.decode().rstrip("\n"))
            self._changed.set()

    async def line(self, part: str, *, after: int = 0) -> str:
        """Wait for a line with this text, after the first so many lines."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while not (found := [line for line in self.lines[after:] if part in line]):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"No line with {part!r} in:\n" + "\n".join(self.lines)) from None
        return found[0]

    async def speak(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())
        await self.process.stdin.drain()

    async def shows(self, text: str, *, after: int = 0) -> None:
        await self.line(f"glasses  you@example.com: {text}", after=after)

    async def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(WITHIN_S):
            code = await self.process.wait()
            await asyncio.wait(self._readers)
        return code

    def children(self) -> list[int]:
        """Return the processes that this one started and that live."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]


class Story:
    """One ``mentra dev``, and what it says happened."""

    def __init__(self, dev: Dev, project: Path) -> None:
        self.dev = dev
        self.project = project

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.dev.lines if line.startswith("{")]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["kind"] == kind]

    @property
    def webhooks(self) -> list[str]:
        return [call["body"]["type"] for call in self.of_kind("http_call") if call["path"] == "/webhook"]

    @property
    def heard(self) -> list[str]:
        file = self.project / "heard.txt"
        return file.read_text().split() if file.exists() else []

    def save(self, code: str) -> None:
        (self.project / "app.py").write_text(code)

    async def shows(self, text: str, *, after: int = 0) -> None:
        await self.dev.line(f'"kind":"display","user_id":"you@example.com","text":"{text}"', after=after)

    async def asked(self, text: str) -> None:
        """Speak, and wait until the glasses show an answer."""
        await self.dev.speak(text)
        async with asyncio.timeout(WITHIN_S):
            while not self.answers().endswith(f": {text}"):
                await asyncio.sleep(0.01)

    def answers(self) -> str:
        return str(self.of_kind("display")[-1]["text"])

"""An app in any language: a command that serves on the port in ``PORT``, as apps on MentraOS do.

What is in Python knows itself; of a command only this can be told: it is ready when something listens on its port, and
it has failed when it ends before that. What it printed by then is where its error is looked for.
"""

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from mentra.config import DEFAULT_WEBHOOK_PATH
from mentra.transport.base import HttpReply, HttpRequest
from mentra.transport.sockets import SocketNetwork
from mentra_cli.code_frame import is_project_file, lines_around
from mentra_cli.dev import reports
from mentra_cli.dev.children import (
    LAST_WORDS_WITHIN_S,
    START_WITHIN_S,
    Child,
    Observer,
    Starter,
    as_text,
    kill_group,
    lines_of,
    started,
)
from mentra_cli.dev.reports import Failed, Outcome, Ready
from mentra_cli.errors import CliError, ExitCode

EXIT_WITHIN_S = 1.0
"""How long a command may take to exit after SIGTERM; then its process group is killed."""
_LEASH = [sys.executable, "-P", "-m", "mentra_cli.dev.leash"] if os.name == "posix" else []
"""What the command is run by, so that it ends with the supervisor."""
_LOOK_EVERY_S = 0.01
_KEPT_LINES = 200
_ERROR = re.compile(r"^\s*(?:Uncaught )?(?:error: .*|\w*(?:Error|Exception)\b.*)$", re.IGNORECASE)
_PLACE = re.compile(r"""(?:file://)?(/[^\s():"]+)(?::|", line )(\d+)(?::(\d+))?""")
"""A file and a line as most runtimes print them: ``at file:///srv/app.mjs:12:3``."""


class Command(Starter):
    """Starts the command anew for each change of code.

    Args:
        words: The command, as given after ``--``.
        folder: Its working directory.
    """

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        self._words = words
        self._folder = folder

    async def start(self, environment: Mapping[str, str], observer: Observer) -> Child:
        """Start the command on a free port."""
        key = environment.get("API_KEY") or environment.get("MENTRAOS_API_KEY")
        for name, value in (("PACKAGE_NAME", environment.get("PACKAGE_NAME")), ("API_KEY", key)):
            if not value:
                raise CliError(f"{name} is not set.", fix=f"Set {name} in .env.", code=ExitCode.VALIDATION)
        port = _free_port()
        given = {"PORT": str(port), "API_KEY": key or "", "MENTRAOS_API_KEY": key or "", "MENTRA_DEV": "1"}
        environment = {**environment, **given, "PYTHONUNBUFFERED": "1"}
        if shutil.which(self._words[0], path=environment.get("PATH")) is None:
            raise CliError(
                f"{self._words[0]} cannot be started: there is no such program.",
                fix="Give a program that is on the PATH after --, such as: mentra dev -- node app.mjs",
                code=ExitCode.NOT_FOUND,
            )
        process = await started(
            asyncio.create_subprocess_exec(
                *_LEASH,
                *self._words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._folder,
                env=environment,
                limit=reports.LINE_LIMIT_BYTES,
                start_new_session=True,
            )
        )
        return CommandChild(process, port, shlex.join(self._words), environment, self._folder, observer)

    def prepare(self, modules: list[str]) -> None:
        """Nothing can be done in advance for a command that nobody knows."""

    async def close(self) -> None:
        """Nothing was prepared."""


class CommandChild(Child):
    """One run of the command, which leads a process group."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        port: int,
        command: str,
        environment: Mapping[str, str],
        folder: Path,
        observer: Observer,
    ) -> None:
        self._process = process
        self._port = port
        self._command = command
        self._environment = environment
        self._folder = folder
        self._observer = observer
        self._network = SocketNetwork()
        self._url = ""
        self._last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._readers = [
            asyncio.create_task(self._read("stdout", process.stdout)),
            asyncio.create_task(self._read("stderr", process.stderr)),
        ]

    async def report(self) -> Outcome:
        """Wait until something listens on the port, or the command has ended."""
        ended = asyncio.create_task(self._process.wait())
        listening = asyncio.create_task(self._listening())
        try:
            await asyncio.wait([ended, listening], timeout=START_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                await asyncio.wait(self._readers, timeout=LAST_WORDS_WITHIN_S)
                return self._failed(f"`{self._command}` ended while it started, with exit code {ended.result()}.")
            if listening.done():
                return self._ready(listening.result())
            return Failed(
                message=f"`{self._command}` did not listen on port {self._port} within {START_WITHIN_S:g} s.",
                fix="Let it listen on the port in the environment variable PORT: mentra dev has the public one.",
            )
        finally:
            ended.cancel()
            listening.cancel()

    async def request(self, request: HttpRequest, *, timeout: float) -> HttpReply:
        """Ask the app."""
        return await self._network.stream(
            request.method, self._url + request.path, headers=request.headers, body=request.body, timeout=timeout
        )

    async def wait(self) -> int:
        """Wait until the command has ended and everything it printed was heard; return its exit code."""
        code = await self._process.wait()
        await asyncio.wait(self._readers, timeout=LAST_WORDS_WITHIN_S)
        return code

    async def store(self) -> None:
        """Nothing: nobody can tell it."""

    async def stop(self, reason: str) -> None:
        """Send SIGTERM; kill what does not follow. No reason can be given."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGTERM)
            else:
                self._process.terminate()
        ending = asyncio.create_task(self._process.wait())
        await asyncio.wait([ending], timeout=EXIT_WITHIN_S)
        self.kill()
        await ending
        await asyncio.wait(self._readers, timeout=LAST_WORDS_WITHIN_S)
        for reader in self._readers:
            reader.cancel()
        await self._network.close()

    def kill(self) -> None:
        """End the command, and whatever it started, at once."""
        kill_group(self._process)

    async def _read(self, name: str, stream: asyncio.StreamReader | None) -> None:
        async for line in lines_of(stream):
            text = as_text(line)
            self._last_lines.append(text)
            self._observer.printed(name, text)

    async def _listening(self) -> str:
        """Wait until the port is open; return its host."""
        while True:
            for host in ("127.0.0.1", "::1"):
                try:
                    _, writer = await asyncio.open_connection(host, self._port)
                except OSError:
                    continue
                writer.close()
                return f"[{host}]" if ":" in host else host
            await asyncio.sleep(_LOOK_EVERY_S)

    def _ready(self, host: str) -> Ready:
        package_name = self._environment["PACKAGE_NAME"]
        self._url = f"http://{host}:{self._port}"
        return Ready(
            version=reports.VERSION,
            url=self._url,
            package_name=package_name,
            api_key=self._environment["API_KEY"],
            webhook_path=self._environment.get("WEBHOOK_PATH", DEFAULT_WEBHOOK_PATH),
            mentraos_websocket_url=self._environment.get("MENTRAOS_WEBSOCKET_URL"),
            name=package_name,
            how=f"command `{self._command}`",
            files=None,
        )

    def _failed(self, message: str) -> Failed:
        """Return the failure with what the output tells: an error, and a place in the project."""
        error = next((line.strip() for line in self._last_lines if _ERROR.match(line)), "")
        place = self._place()
        file, line, column = place or (None, None, None)
        return Failed(
            message=error or message,
            fix="" if error else "What it printed last may tell why.",
            file=file.relative_to(self._folder).as_posix() if file else None,
            line=line,
            column=column,
            code=list(lines_around(file, line)) if file and line else [],
        )

    def _place(self) -> tuple[Path, int, int | None] | None:
        for printed in self._last_lines:
            if found := _PLACE.search(printed):
                file = Path(found[1])
                if "node_modules" not in file.parts and is_project_file(file, self._folder):
                    return file, int(found[2]), int(found[3]) if found[3] else None
        return None


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port

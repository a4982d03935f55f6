"""Starts children from what is ready: a process that has imported everything and waits for an app.

A spare is good for one environment and one state of the installed packages. When either has changed, what was prepared
is ended and made anew. Where there is fork, a zygote makes spares within milliseconds; elsewhere a spare is a new
process, which takes 300 ms, usually while nobody waits for it.

What the developer's code imports from outside of the project is imported in each spare, not in the zygote: a package
that starts threads does not survive a fork.
"""

import asyncio
import contextlib
import os
import site
import socket
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mentra.transport.base import HandleHttp, HandleSocket
from mentra.transport.sockets import SocketNetwork
from mentra_cli.dev import reports
from mentra_cli.dev.bridge import Bridge
from mentra_cli.dev.children import Child, ChildProcess, Observer, Process, Starter, started
from mentra_cli.dev.zygote import CAN_FORK, Zygote, ZygoteGone
from mentra_cli.location import Location

_NOTHING = "nothing"
_CAN_PASS_DESCRIPTORS = os.name == "posix"


@dataclass(frozen=True)
class _Ground:
    """What a process that was started in advance stands on."""

    environment: Mapping[str, str]
    packages: tuple[int, ...]
    """When the folders of the installed packages were changed."""


class Spares(Starter):
    """Keeps one spare, and what it takes to make the next.

    Args:
        folder: The working directory of children.
        locate: Returns where the app is now; raises ``CliError``.
        handle_http: Answers what an app asks of its cloud.
        handle_socket: Takes an app's connections to its cloud.
        can_fork: False to do without a zygote.
    """

    def __init__(
        self,
        folder: Path,
        locate: Callable[[], Location],
        handle_http: HandleHttp,
        handle_socket: HandleSocket,
        *,
        can_fork: bool = CAN_FORK,
    ) -> None:
        self._folder = folder
        self._handle_http = handle_http
        self._handle_socket = handle_socket
        self._locate = locate
        self._can_fork = can_fork
        self._ground: _Ground | None = None
        self._zygote: Zygote | None = None
        self._retired: list[Zygote] = []
        self._modules: list[str] = []
        self._spare: asyncio.Task[ChildProcess] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def start(self, environment: Mapping[str, str], observer: Observer) -> Child:
        """Give the app to the spare, or to a new child when there is none that is good for it."""
        location = self._locate()
        ground = _Ground({**environment, **_CHILDREN_HAVE}, _packages_changed())
        if ground != self._ground:
            self._discard()
            self._ground = ground
        child = await self._take(ground)
        if child.has_ended:
            self._modules = []  # One of them may be what ended it.
            child = await self._take(ground)
        child.assign(location, observer)
        return child

    def prepare(self, modules: list[str]) -> None:
        """Make a spare that has imported these modules, unless there is one."""
        if modules != self._modules and self._spare is not None:
            # It was made after the code before this one, between two saves.
            self._end_soon(self._spare)
            self._spare = None
        self._modules = modules
        if self._ground is not None:
            self._spare = self._spare or self._begin(self._ground)

    async def close(self) -> None:
        """End the spare and the zygote."""
        self._discard()
        self._ground = None
        while self._ending:
            await asyncio.wait(self._ending)
        for zygote in self._retired:
            await zygote.close()
        self._retired.clear()

    async def _take(self, ground: _Ground) -> ChildProcess:
        """Return the spare, or a new child. Whatever befalls the one who waits, a child that is begun is ended."""
        making, self._spare = self._spare or self._begin(ground), None
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            self._end_soon(making)
            raise

    def _begin(self, ground: _Ground) -> asyncio.Task[ChildProcess]:
        return asyncio.create_task(self._make(ground), name="make a child")

    async def _make(self, ground: _Ground) -> ChildProcess:
        if not _CAN_PASS_DESCRIPTORS:
            return ChildProcess(await self._spawn(ground, None), SocketNetwork(), self._modules)
        ours, theirs = socket.socketpair()
        with theirs:
            bridge = await Bridge.open(ours, first=True)
            await bridge.listen("mentra-dev", 0, self._handle_http, self._handle_socket)
            return ChildProcess(await self._process(ground, theirs), bridge, self._modules)

    async def _process(self, ground: _Ground, bridge: socket.socket) -> Process:
        if self._can_fork:
            try:
                if self._zygote is None:
                    self._zygote = await Zygote.start(ground.environment, self._folder)
                return await self._zygote.fork(bridge)
            except ZygoteGone:
                self._retire()
        return await self._spawn(ground, bridge)

    async def _spawn(self, ground: _Ground, bridge: socket.socket | None) -> Process:
        descriptors = [] if bridge is None else [bridge.fileno()]
        return await started(
            asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # The project's folders are put on the path when the app is known.
                "-m",
                "mentra_cli.dev.child",
                *map(str, descriptors),
                pass_fds=descriptors,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._folder,
                env=ground.environment,
                limit=reports.LINE_LIMIT_BYTES,
                start_new_session=True,
            )
        )

    def _discard(self) -> None:
        if self._spare is not None:
            self._end_soon(self._spare)
            self._spare = None
        self._retire()

    def _end_soon(self, making: asyncio.Task[ChildProcess]) -> None:
        ending = asyncio.create_task(_end(making), name="end a child that was not needed")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def _retire(self) -> None:
        if self._zygote is not None:
            self._zygote.retire()
            self._retired.append(self._zygote)
            self._zygote = None


async def _end(making: asyncio.Task[ChildProcess]) -> None:
    with contextlib.suppress(OSError):  # It could not be made.
        await (await making).stop(_NOTHING)


_CHILDREN_HAVE = {
    "PYTHONUNBUFFERED": "1",  # Prints appear when they happen.
    "PYTHONDONTWRITEBYTECODE": "1",  # Bytecode of half-saved files would be taken for the next save's.
}


def _packages_changed() -> tuple[int, ...]:
    """Return when the folders of the installed packages were changed last: an installation does, and so an upgrade."""
    paths = sysconfig.get_paths()
    folders = dict.fromkeys([paths["purelib"], paths["platlib"], *site.getsitepackages(), site.getusersitepackages()])
    return tuple(Path(folder).stat().st_mtime_ns for folder in folders if Path(folder).is_dir())

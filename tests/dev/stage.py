"""A whole ``mentra dev`` in one process and in memory: children are objects, files change when a test says so."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path

from mentra import AppServer
from mentra.transport.base import HttpError, HttpReply, HttpRequest, Network
from mentra.transport.memory import MemoryNetwork
from mentra_cli.cloud_address import parse_cloud_address
from mentra_cli.dev import reports
from mentra_cli.dev.child import tool_names
from mentra_cli.dev.children import Child, Observer, Starter
from mentra_cli.dev.journal import Entry, Journal
from mentra_cli.dev.options import DevOptions
from mentra_cli.dev.reports import Failed, Outcome, Ready
from mentra_cli.dev.supervisor import Supervisor
from mentra_cli.dev.watch import MatchesApp, Watch
from mentra_cli.location import Location

PACKAGE_NAME = "com.example.staged"
API_KEY = "local-0123456789abcdef"

HANGS = Failed(message="This code never becomes ready.")
BLOCKS = Failed(message="This code becomes ready, and never answers.")
DIES = Failed(message="This code becomes ready, and dies of its first request.")

MakeApp = Callable[[], AppServer]


class StagedChild(Child):
    """Runs an app in this process, over the stage's network."""

    def __init__(self, network: Network, make: MakeApp | Failed, file: Path, modules: list[str]) -> None:
        self._modules = modules
        self._network = network
        self._make = make
        self._file = file
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.app: AppServer | None = None
        self.stop_reason: str | None = None
        self.killed = False

    async def report(self) -> Outcome:
        if self._make is HANGS:
            await asyncio.Event().wait()
        if self._make in (BLOCKS, DIES):
            return Ready(
                version=reports.VERSION,
                url="http://nowhere",
                package_name=PACKAGE_NAME,
                api_key=API_KEY,
                webhook_path="/webhook",
                mentraos_websocket_url=None,
                name="Dies",
                how="class Dies",
                files=[str(self._file)],
            )
        if isinstance(self._make, Failed):
            self._over.set_result(1)
            return self._make
        self.app = self._make()
        declared = self.app.app_config()
        await self.app.start(host="127.0.0.1", port=0, network=self._network, hosted=True)
        return Ready(
            version=reports.VERSION,
            url=self.app.url,
            package_name=self.app.config.package_name,
            api_key=self.app.config.api_key.reveal(),
            webhook_path=self.app.config.webhook_path,
            mentraos_websocket_url=self.app.config.mentraos_websocket_url,
            name=type(self.app).__name__,
            how=f"class {type(self.app).__name__}",
            files=[str(self._file)],
            modules=self._modules,
            settings=declared.settings,
            page=self.app.page_path or "",
            permissions=None if declared.permissions is None else list(declared.permission_names),
            tools=tool_names(self.app),
        )

    async def request(self, request: HttpRequest, *, timeout: float) -> HttpReply:
        if self._make is BLOCKS:
            await asyncio.Event().wait()
        if self._make is DIES:
            asyncio.get_running_loop().call_later(0.1, self.kill)
            raise HttpError("gone")
        assert self.app is not None
        return await self._network.stream(
            request.method,
            self.app.url + request.path,
            headers=request.headers,
            body=request.body,
            timeout=timeout,
        )

    async def wait(self) -> int:
        return await asyncio.shield(self._over)

    async def store(self) -> None:
        if self.app is not None:
            await asyncio.gather(*(session.storage.flush() for session in list(self.app.sessions.values())))

    async def stop(self, reason: str) -> None:
        self.stop_reason = reason
        if self.app is not None:
            await self.app.stop(reason=reason)
        self.kill()

    def kill(self) -> None:
        self.killed = True
        if not self._over.done():
            self._over.set_result(0)

    async def crash(self, code: int = 1) -> None:
        """Die without a word: all sockets break."""
        assert self.app is not None
        for session in list(self.app.sessions.values()):
            session._core.link._socket.connection.abort()
        await self.app.stop()
        self._over.set_result(code)


class Stage(Starter, Watch):
    """A supervisor with everything around it replaced."""

    def __init__(
        self,
        root: Path,
        *,
        cloud: str | None = None,
        command: tuple[str, ...] = (),
        glasses: str | None = None,
        faithful: bool = False,
    ) -> None:
        self.network = MemoryNetwork()
        self.journal = Journal()
        self.children: list[StagedChild] = []
        self.modules: list[str] = []
        """What the code says that it imports."""
        self.prepared: list[list[str]] = []
        self.environments: list[Mapping[str, str]] = []
        """What each child was given."""
        self.start_fails = False
        self.file = root / "app.py"
        self.file.touch()
        self._saves: asyncio.Queue[MakeApp | Failed] = asyncio.Queue()
        self.code: MakeApp | Failed = Failed(message="There is no code yet.")
        self.supervisor = Supervisor(
            DevOptions(
                target="app.py",
                folder=root,
                location=Location(root, "app", self.file, None, "found app.py"),
                command=command,
                port=3000,
                host="127.0.0.1",
                env_file=None,
                cloud=None if cloud is None else parse_cloud_address(cloud),
                glasses=glasses,
                faithful=faithful,
            ),
            self.journal,
            network=self.network,
            starter=self,
            watch=self,
        )

    async def open(self, code: MakeApp | Failed) -> None:
        self.code = code
        await self.supervisor.open()
        await self.supervisor.load()

    async def save(self, code: MakeApp | Failed) -> None:
        """Save other code, and wait until it was tried."""
        self.save_soon(code)
        before = len(self.children)
        await self.until(lambda: len(self.children) > before)
        await asyncio.sleep(0.5)

    def save_soon(self, code: MakeApp | Failed) -> None:
        """Save other code."""
        self._saves.put_nowait(code)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)

    @property
    def display(self) -> str:
        assert self.supervisor.user is not None
        return self.supervisor.user.display

    def entries(self, kind: type[Entry]) -> list[Entry]:
        return [entry for entry in self.journal if isinstance(entry, kind)]

    # What the supervisor starts children with (Starter).

    async def start(self, environment: Mapping[str, str], observer: Observer) -> StagedChild:
        self.environments.append(environment)
        if self.start_fails:
            raise RuntimeError("no child today")
        self.children.append(StagedChild(self.network, self.code, self.file, self.modules))
        return self.children[-1]

    def prepare(self, modules: list[str]) -> None:
        self.prepared.append(modules)

    async def close(self) -> None:
        pass

    # How it learns of saves (Watch).

    async def changes(
        self, matches_app: MatchesApp, unchanged_too: Callable[[], bool]
    ) -> AsyncGenerator[set[Path], None]:
        while True:
            self.code = await self._saves.get()
            yield {self.file}

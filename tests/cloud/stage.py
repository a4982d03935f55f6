"""A whole ``mentra cloud`` in one process and in memory, with apps that do what a test says."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mentra.localcloud import DEFAULT_USER, InstalledApp, VirtualGlasses
from mentra.transport.base import HttpReply
from mentra.transport.memory import MemoryNetwork
from mentra_cli.cloud.app_record import AppRecord
from mentra_cli.cloud.options import CloudOptions
from mentra_cli.cloud.served_cloud import ServedCloud
from mentra_cli.dev import state_file
from mentra_cli.dev.journal import Entry, Journal, Note
from tests.helpers.scripted_app import API_KEY, ScriptedApp

PORT = 7010


def installed(package_name: str, port: int = PORT, **facts: Any) -> InstalledApp:
    return InstalledApp(
        **{
            "package_name": package_name,
            "api_key": API_KEY,
            "public_url": f"http://127.0.0.1:{port}",
            **facts,
        }
    )


class CloudStage:
    """Used as a context manager, it is open and starts apps."""

    def __init__(
        self,
        folder: Path,
        *apps: InstalledApp,
        users: Sequence[str] = (),
        network: MemoryNetwork | None = None,
        **options: Any,
    ) -> None:
        self.folder = folder
        self.network = network or MemoryNetwork()
        self.journal = Journal()
        self.apps: dict[str, ScriptedApp] = {}
        records = tuple(AppRecord(installed=app, key_from="a test", file=None) for app in apps)
        self.served = ServedCloud(
            CloudOptions(folder=folder, apps=records, users=(DEFAULT_USER, *users), **options),
            self.journal,
            network=self.network,
        )

    async def __aenter__(self) -> Self:
        await self.served.open()
        await self.served.load()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.served.close()

    def app(self, package_name: str, port: int = PORT) -> ScriptedApp:
        """Make an app; it is there while it is used as a context manager."""
        self.apps[package_name] = ScriptedApp(self.network, package_name, port=port)
        return self.apps[package_name]

    def glasses(self, user_id: str = DEFAULT_USER) -> VirtualGlasses:
        return self.served.user.connect(user_id)

    def entries(self, kind: type[Entry]) -> list[Any]:
        return [entry for entry in self.journal if isinstance(entry, kind)]

    @property
    def notes(self) -> list[str]:
        return [note.text for note in self.entries(Note)]

    async def ask(self, method: str, path: str, body: Any = None) -> HttpReply:
        """Ask as another command of this user would."""
        state = state_file.read(self.folder)
        assert state is not None
        headers = {"authorization": f"Bearer {state.token}", "host": "127.0.0.1:1"}
        sent = b"" if body is None else json.dumps(body).encode()
        return await self.network.request(method, state.control_url + path, headers=headers, body=sent, timeout=500)

    async def told(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for something that is done; return the answer."""
        answer = await self.ask(method, path, body)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

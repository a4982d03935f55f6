"""What a story needs: apps that are started and installed, users who wear glasses, and an app that takes notes."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Self, TypeVar

from mentra import AppServer, AppSession
from mentra.localcloud import InstalledApp, LocalCloud, VirtualGlasses
from mentra.transport.base import Network
from tests.helpers.scripted_cloud import API_KEY, PACKAGE_NAME

App = TypeVar("App", bound=AppServer)
Script = Callable[[AppSession], Awaitable[None]]


class Diary(AppServer):
    """Notes the calls of its hooks; what it does in a session is a test's script."""

    def __init__(self, script: Script | None = None, **options: Any) -> None:
        super().__init__(**{"package_name": PACKAGE_NAME, "api_key": API_KEY, **options})
        self.calls: list[str] = []
        """``"session user1@example.com"``, ``"stop user1@example.com user_disabled"``"""
        self.current: list[AppSession] = []
        """Every session so far."""
        self._script = script

    @property
    def session(self) -> AppSession:
        """The newest session."""
        return self.current[-1]

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        self.calls.append(f"session {user_id}")
        self.current.append(session)
        if self._script is not None:
            await self._script(session)

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        self.calls.append(f"stop {user_id} {reason}")


class World:
    """A local cloud with apps and users."""

    def __init__(self, network: Network, *, generation: Literal[2, 3] = 2) -> None:
        self.network = network
        self.cloud = LocalCloud(network, generation=generation)
        self._apps: list[AppServer] = []

    async def __aenter__(self) -> Self:
        await self.cloud.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for app in self._apps:
            await app.stop()
        await self.cloud.close()

    async def serve(
        self,
        app: App,
        *,
        settings: Sequence[Mapping[str, Any]] = (),
        permissions: Sequence[str] = ("ALL",),
        **installed: Any,
    ) -> App:
        """Start an app and install it in the cloud."""
        await app.start(
            network=self.network, host="127.0.0.1", port=0, hosted=True, user_token_key=self.cloud.user_token_key
        )
        self._apps.append(app)
        facts: dict[str, Any] = {
            "package_name": app.config.package_name,
            "api_key": app.config.api_key.reveal(),
            "public_url": app.url,
            "settings": tuple(settings),
            "permissions": tuple(permissions),
        }
        self.cloud.install(InstalledApp(**{**facts, **installed}))
        return app

    async def wear(self, app: AppServer, user_id: str = "user1@example.com", **options: Any) -> VirtualGlasses:
        """Put glasses on a user who starts the app."""
        glasses = self.cloud.connect_glasses(user_id, **options)
        await glasses.start(app.config.package_name)
        return glasses


@contextlib.asynccontextmanager
async def serving(app: App, network: Network | None, **options: Any) -> AsyncIterator[App]:
    """Run an app that trusts clouds on this machine; without a network, on sockets of its own."""
    await app.start(**{"network": network, "host": "127.0.0.1", "port": 0, "hosted": True, **options})
    try:
        yield app
    finally:
        await app.stop()

"""The cloud within ``mentra dev``. Nothing of it can be reached from outside."""

from mentra.localcloud import DEFAULT_MODEL, DEFAULT_USER, InstalledApp, LocalCloud
from mentra.protocol.permissions import Permission
from mentra.transport.base import HandleHttp, HttpReply, HttpRequest
from mentra.transport.memory import MemoryNetwork
from mentra_cli.dev.front_door import MAX_BODY_BYTES
from mentra_cli.dev.journal import Journal
from mentra_cli.dev.local_users import LocalApp, LocalUsers
from mentra_cli.dev.reports import Ready

_CLOUD_HOST = "local-cloud"
_APP_HOST = "app"


class BuiltInCloud:
    """A local cloud in memory that has one app: the code that serves.

    Args:
        model: The glasses of users who have not chosen others.
        faithful: Have the waits as well that only cost time.
    """

    def __init__(self, journal: Journal, *, model: str = DEFAULT_MODEL, faithful: bool = False) -> None:
        self.network = MemoryNetwork()
        self.cloud = LocalCloud(self.network, faithful=faithful)
        self.users = LocalUsers(self.cloud, journal, model=model)
        self._app_url = ""

    async def open(self, app: HandleHttp) -> None:
        """Open the cloud, and connect the first user's glasses to it.

        Args:
            app: Answers the cloud's webhooks.
        """
        self._app_url = (await self.network.listen(_APP_HOST, 80, app, max_body_bytes=MAX_BODY_BYTES)).url
        await self.cloud.open(_CLOUD_HOST, 443)
        self.users.connect(DEFAULT_USER)

    async def close(self) -> None:
        """Close the cloud."""
        await self.cloud.close()

    async def wear(self, ready: Ready) -> None:
        """Install an app in place of the one before, and start it for everybody for whom it does not run."""
        for before in self.users.apps:
            if before.package_name != ready.package_name:
                await self.users.remove(before.package_name)
        self.users.install(self._local_app(ready))
        await self.users.start_all()

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a REST request as the cloud."""
        return await self.network.request(
            request.method, self.cloud.url + request.path, headers=request.headers, body=request.body, timeout=10.0
        )

    def _local_app(self, ready: Ready) -> LocalApp:
        installed = InstalledApp(
            package_name=ready.package_name,
            api_key=ready.api_key,
            public_url=self._app_url,
            name=ready.name,
            webhook_path=ready.webhook_path,
            permissions=(Permission.ALL,) if ready.permissions is None else tuple(ready.permissions),
            settings=tuple(ready.settings or ()),
        )
        tools = None if ready.tools is None else tuple(ready.tools)
        return LocalApp(installed=installed, page=ready.page, tools=tools)

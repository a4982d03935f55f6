"""What exists between the start of a server and its stop."""

import asyncio
from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from mentra.clock import utc_now
from mentra.config import CONSOLE, ServerConfig
from mentra.errors import MentraError
from mentra.protocol.webhooks import SessionRequest
from mentra.server.clouds import Clouds
from mentra.server.door import Door
from mentra.server.lifespan import SHUTDOWN_WITHIN_S, Lifespan
from mentra.server.routes import Routes
from mentra.server.sessions import CANCEL_WITHIN_S, Hooks, Sessions
from mentra.server.timestamps import Timestamps
from mentra.server.tool_calls import ToolCalls, ToolHook
from mentra.server.tools import Tool
from mentra.server.trust import PRODUCTION
from mentra.server.web.site import Pages, Site
from mentra.server.workers import Workers, ownership
from mentra.session.core import SessionCore
from mentra.session.declared_settings import Settings
from mentra.session.handlers import Failed
from mentra.session.hardware import KnownGlasses
from mentra.session.published import Published
from mentra.session.session import AppSession
from mentra.session.silence import PATIENCE_S, Silence
from mentra.session.storage import Storage
from mentra.session.storages import STOP_WITHIN_S as STORE_WITHIN_S
from mentra.session.storages import Storages
from mentra.session.uploads import Uploads
from mentra.transport.base import Listener, Network
from mentra.transport.binding import Obstacle, obstacle


class CannotListen(OSError):
    """The port is taken, or may not be used; or the address is none of this machine."""

    @property
    def obstacle(self) -> Obstacle:
        """Which of these it is."""
        return obstacle(self.__cause__ if isinstance(self.__cause__, OSError) else self)


class ServedApp(Hooks, ToolHook, Protocol):
    """An app."""

    settings: ClassVar[type[Settings]]
    """The class that declares its settings."""
    tool_timeout: ClassVar[float]
    """Seconds until a tool is cancelled."""

    def session_for(self, user_id: str) -> AppSession | None:
        """Return the session of a user."""
        ...


class Serving:
    """One start of a server, and what has to be ended with it.

    Args:
        pages: What its web site consists of.
        network: How bytes travel; real sockets of its own if there is none.
        workers: Those that serve the app, if it is more than this process.
        hosted: Whether a tool runs it, for its developer.
        cloud: The WebSocket URL of the cloud of users who have no session, if a host has one.
        failed: Told each exception of the app's hooks, handlers, tasks and timers, after it was logged.
    """

    def __init__(
        self,
        app: ServedApp,
        config: ServerConfig,
        tools: Mapping[str, Tool],
        lifespan: Lifespan,
        pages: Pages,
        *,
        network: Network | None,
        workers: Workers | None = None,
        hosted: bool = False,
        cloud: str | None,
        failed: Failed | None = None,
    ) -> None:
        self.listener: Listener | None = None
        self.closing: asyncio.Task[None] | None = None
        self.over = asyncio.Event()
        """Set when the end is wanted."""
        self._own_network = network is None
        self._network = _sockets() if network is None else network
        self._workers = workers
        self.published = Published(config.public_url, ownership(workers))
        self.uploads = Uploads(ownership(workers))
        self._storages = Storages()
        self._lifespan = lifespan
        self._failed = failed
        self._cloud = cloud
        self._settings = app.settings
        # A test or a developer is told at once; a server in production has better things to do at its start.
        in_production = (self._own_network or workers is not None) and not hosted
        self._silence = Silence(CONSOLE, patience_s=PATIENCE_S if in_production else 0.0)
        self._glasses = KnownGlasses()
        self._timestamp = Timestamps().now
        self._clouds = Clouds(config, self._network)
        self._api_key = config.api_key.reveal  # One bound method for all sessions, which keep it.
        self.sessions = Sessions(app, self._make_session)
        self._config = config
        self._tool_timeout_s = app.tool_timeout
        self._tool_calls = ToolCalls(tools, app, timeout_s=app.tool_timeout)
        exchanging = config.mentraos_websocket_url or cloud or (None if config.development else PRODUCTION)
        self._site = Site(config, self._network, pages, app.session_for, cloud=exchanging, now=utc_now, workers=workers)
        self._routes = Routes(config, self.sessions, self._tool_calls, self.published, self.uploads, self._site)
        self._one_at_a_time = asyncio.Lock()

    async def open(self) -> None:
        """Have the app start, and listen. After an exception nothing is left over.

        Raises:
            CannotListen: The port is taken, or may not be used.
            Exception: Whatever the app raised.
        """
        async with self._one_at_a_time:
            try:
                await self._lifespan.begin()
                await self._site.open()
                await self._listen()
            except BaseException:
                await self._leave(SHUTDOWN_WITHIN_S)
                raise

    async def _listen(self) -> None:
        config = self._config
        handle = self._routes.handle
        if self._workers is not None:
            await self._workers.open(handle)
            door = Door(
                config.webhook_path, self._routes, self._site, self._workers, tool_timeout_s=self._tool_timeout_s
            )
            handle = door.handle
        try:
            self.listener = await self._network.listen(
                config.host, config.port, handle, max_body_bytes=self._routes.body_limit
            )
        except OSError as error:
            raise CannotListen(error.errno, error.strerror or str(error)) from error

    async def close(self, reason: str, *, timeout: float) -> None:
        """End everything; see ``AppServer.stop``."""
        async with self._one_at_a_time:  # A stop during the start waits for it.
            await self.sessions.close(reason, timeout=timeout)
            await self._silence.close()
            await self._tool_calls.close()
            await self._site.end_streams()
            if self.listener is not None:
                await self.listener.close()
                await self._leave(min(timeout, SHUTDOWN_WITHIN_S))

    def storage_for(self, user_id: str) -> Storage:
        """Return what is kept for a user; see ``AppServer.storage_for``."""
        config = self._config
        api = None if config.mentraos_websocket_url else self.sessions.cloud_of(user_id)
        url = config.mentraos_websocket_url or self._cloud or ("" if config.development else PRODUCTION)
        if api is None and not url:
            raise MentraError(
                f"Nobody knows which cloud keeps the data of {user_id!r}, who had no session yet, as this app runs in "
                "development (MENTRA_DEV=1). Set MENTRAOS_WEBSOCKET_URL, or let the user start the app first."
            )
        if api is None:
            api = self._clouds.api(url)
        sessions = self.sessions.cores_of(user_id)
        data = self._storages.of(api, user_id, anew=not sessions)
        for session in sessions:
            if session.api.base == api.base:
                session.keep(data)
        return Storage(data)

    def _make_session(self, request: SessionRequest, on_over: Callable[[SessionCore, str], None]) -> SessionCore:
        config = self._config
        cloud = self._clouds.of(request)
        self._storages.refresh(cloud.api, request.user_id)
        return SessionCore(
            session_id=request.session_id,
            user_id=request.user_id,
            package_name=config.package_name,
            api_key=self._api_key,
            api=cloud.api,
            connect=self._clouds.connect(cloud, request),
            on_over=on_over,
            now=utc_now,
            timestamp=self._timestamp,
            started_by=request.timestamp,
            generation=cloud.generation,
            published=self.published,
            uploads=self.uploads,
            storages=self._storages,
            settings=self._settings,
            silence=self._silence,
            glasses=self._glasses,
            failed=self._failed,
        )

    async def _leave(self, within_s: float) -> None:
        if self._workers is not None:
            await self._workers.close()
        await self._site.close()
        await self._lifespan.end(within_s=within_s, failed=self._failed)
        await self._storages.close(timeout=min(max(within_s, CANCEL_WITHIN_S), STORE_WITHIN_S))
        await self._close_network()

    async def _close_network(self) -> None:
        if self._own_network:
            await self._network.close()


def _sockets() -> Network:
    # aiohttp and websockets take about 200 ms to import; an app that is only inspected does not need them.
    from mentra.transport.sockets import SocketNetwork

    return SocketNetwork()

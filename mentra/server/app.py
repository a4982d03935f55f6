"""``AppServer``: the class that every app extends. Options, hooks, start, run, stop."""

import asyncio
import dataclasses
import logging
import os
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from mentra.config import ServerConfig, read_config, read_public_url
from mentra.errors import MentraError
from mentra.protocol.app_config import AppConfig
from mentra.protocol.tools import ToolSchema
from mentra.server.app_config import app_config, check_declarations
from mentra.server.hooks import check_hooks
from mentra.server.hosts import captured_runs, fallbacks
from mentra.server.lifespan import Lifespan
from mentra.server.process import event_loop, leave_tasks, rare_collections, signals
from mentra.server.routes import reserved_paths
from mentra.server.serving import CannotListen, Serving
from mentra.server.tool_calls import call_tool, reply_text
from mentra.server.tools import ToolCall, tools_of
from mentra.server.trust import is_in_clear
from mentra.server.web.asgi import AsgiApplication
from mentra.server.web.routing import PAGE, routes_of
from mentra.server.web.sign_in import HostKey
from mentra.server.web.site import Pages
from mentra.server.web.static_files import StaticFiles
from mentra.server.workers import Workers
from mentra.session.declared_settings import Settings
from mentra.session.handlers import check_callable
from mentra.session.session import AppSession
from mentra.session.stop_reason import StopReason
from mentra.session.storage import Storage
from mentra.transport.base import Network
from mentra.transport.binding import Obstacle
from mentra.transport.late_import import import_when_quiet
from mentra.wrong_names import named_options, unknown_name

STOP_WITHIN_S = 10.0
"""How long ``stop`` waits for the sessions' ``on_stop``."""

_logger = logging.getLogger("mentra.server")


_ADVICE = {
    Obstacle.ADDRESS: "Set HOST to an address of this machine, such as 127.0.0.1, or to 0.0.0.0 for all of them.",
    Obstacle.RIGHT: "Ports below 1024 are reserved for the system: set PORT to another one, with a proxy before it.",
    Obstacle.PORT: "Stop the program that does, or set PORT to another one.",
}
_OPTIONS = {
    "mentraOSWebsocketUrl": "write 'mentraos_websocket_url'",
    "cloudApiUrl": "REST calls go to the cloud of the session",
    "healthCheck": "GET /health is always there: the cloud asks for it",
    "appInstructions": "no cloud shows them",
}


class AppServer:
    """One MentraOS app: serves the cloud's webhooks and makes an ``AppSession`` for each user who starts the app.

    Extend it and write ``on_session``. Then ``MyApp().run()``, or ``await app.start()``, or ``async with app:``. Each
    option is the argument, else the environment variable, else the default.

    Args:
        package_name: The app's name in the developer console (``PACKAGE_NAME``).
        api_key: The app's key from the developer console (``API_KEY``, or ``MENTRAOS_API_KEY``). Never shown.
        port: Where to listen (``PORT``, default 3000); 0 picks a free port.
        host: The address to listen on (``HOST``, default 0.0.0.0, all of them).
        webhook_path: Where the cloud posts start and stop (``WEBHOOK_PATH``, default ``/webhook``).
        mentraos_websocket_url: Connect every session to this cloud (``MENTRAOS_WEBSOCKET_URL``). By default each
            session connects to the cloud that started it.
        public_url: Where the server is reached from outside (``PUBLIC_URL``), as in the developer console. Needed to
            hand out files, as ``session.audio.play_file`` does.
        public_dir: Serve the files of this folder at ``/``, behind the app's own routes.
        cookie_secret: At least eight characters, to sign the cookies of signed-in users (``COOKIE_SECRET``). By default
            they are signed with the API key, so that a new key signs everybody out.
        frontend_tokens: Believe the tokens that pages made with the official SDK for React send as
            ``Authorization: Bearer``. They never expire, so a leaked one is valid for ever; without them such pages
            are known by their cookie.
        asgi: Another web application, such as one of FastAPI, for all paths that nothing else here answers. HTTP
            only, with bodies of up to 1 MB.

    Raises:
        ConfigError: An option is missing or malformed, or a ``@tool`` or ``@route`` method cannot be one.

    Source: MentraOS documentation, AppServer; @mentra/sdk 2.1.29 dist/app/server/index.d.ts
    """

    settings: ClassVar[type[Settings]] = Settings
    """The class that declares the app's settings: ``settings = CaptionSettings``. Read them with
    ``session.settings.of(CaptionSettings)``."""
    permissions: ClassVar[Collection[str] | None] = None
    """What the app has declared in the developer console, such as ``(Permission.MICROPHONE,)``. ``simulate`` and
    ``mentra dev`` keep to it. If it is ``None`` they allow everything, but for ``mentra dev`` beside an
    ``app_config.json`` that says."""
    tool_timeout: ClassVar[float] = 18.0
    """Seconds until a tool is cancelled, and the assistant told so. MentraOS Cloud gives up after 20."""

    @named_options(_OPTIONS)
    def __init__(
        self,
        *,
        package_name: str | None = None,
        api_key: str | None = None,
        port: int | None = None,
        host: str | None = None,
        webhook_path: str | None = None,
        mentraos_websocket_url: str | None = None,
        public_url: str | None = None,
        public_dir: str | os.PathLike[str] | None = None,
        cookie_secret: str | None = None,
        frontend_tokens: bool = False,
        asgi: AsgiApplication | None = None,
    ) -> None:
        self._config = read_config(
            {**fallbacks(), **os.environ},
            package_name=package_name,
            api_key=api_key,
            port=port,
            host=host,
            webhook_path=webhook_path,
            mentraos_websocket_url=mentraos_websocket_url,
            public_url=public_url,
            public_dir=public_dir,
            cookie_secret=cookie_secret,
            frontend_tokens=frontend_tokens,
        )
        self._tools = tools_of(self)
        self._web_routes = routes_of(self, reserved=reserved_paths(self._config.webhook_path))
        self._asgi = asgi
        self._serving: Serving | None = None
        self._lifespan = Lifespan(self)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        check_hooks(cls)
        check_declarations(cls)

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        """Called when a user starts the app. Register handlers and show something.

        Runs as a task of the session, which is cancelled when the session ends. An exception is logged; the session
        lives on with the handlers registered so far. Not called again when a lost connection comes back.
        """

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        """Called when a session ended, exactly once for each ``on_session``, whatever way it ended.

        The session can no longer show anything, and its tasks are over; storage can still be written. What the session
        wants cleaned up (``session.on_stop``) comes after this. The same session id can come back; its ``on_session``
        waits for all of it.

        Args:
            reason: A ``StopReason``, or another word of the cloud's.
        """

    async def on_startup(self) -> None:
        """Called when the server starts, before it listens: open here what all users share, such as a database.

        An exception ends the start, and is raised by it.
        """

    async def on_shutdown(self) -> None:
        """Called when the server stops, after all sessions have ended, if ``on_startup`` succeeded.

        It has ten seconds, or what ``stop`` was told. An exception is logged.
        """

    async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> Any:
        """Called for a tool that is not declared with ``@tool``, with or without a session of that user.

        Returns:
            The reply: text, anything that JSON can express, or ``None`` for no reply.
        """
        _logger.warning("The tool %r was called, but this app has no such @tool and no on_tool_call.", tool_name)

    @property
    def config(self) -> ServerConfig:
        """The options, resolved. The key in it is masked."""
        return self._config

    @property
    def sessions(self) -> Mapping[str, AppSession]:
        """The connected sessions by session id; a live, read-only view."""
        return self._serving.sessions.by_id if self._serving else {}

    def session_for(self, user_id: str) -> AppSession | None:
        """Return the session of a user, or ``None``. Upper and lower case do not matter."""
        found = self._serving.sessions.of_user(user_id) if self._serving else []
        return found[-1] if found else None

    def storage_for(self, user_id: str) -> Storage:
        """Return what the app keeps for a user, with or without a session: for tools, web pages, hooks.

        While the user has a session it is the same as ``session.storage``; what one writes, the other reads at once.
        Otherwise the data is fetched anew for each call of this method, so ask again instead of keeping it.

        It is kept by one cloud: the configured one (``mentraos_websocket_url``), else that of the user's session, else
        that of the last session of the user since the server started, else ``api.mentra.glass``.

        Raises:
            MentraError: The server has not been started; or it runs in development (``MENTRA_DEV=1``), the user had no
                session yet, and nobody said which cloud it is.
            ValueError: The user id is empty.
        """
        if self._serving is None:
            raise MentraError("The server has not been started: storage needs await app.start() first.")
        if not user_id:
            raise ValueError("user_id is empty: whose storage?")
        return self._serving.storage_for(user_id)

    def add_cleanup_handler(self, handler: Callable[[], object], /) -> None:
        """Call a function when the server stops next, after ``on_shutdown``; the last one first. It may be ``async``.

        Each of them runs, and has ten seconds, whatever the others raise. For the end of a session there is
        ``session.on_stop``.
        """
        check_callable(handler, "A clean-up handler")
        if self._serving is not None and self._serving.sessions.runs(asyncio.current_task()):
            _logger.warning(
                "add_cleanup_handler was called within a session: the handler will run when the server stops, and each "
                "session adds one. For the end of the session: session.on_stop(lambda reason: ...)."
            )
        self._lifespan.add(handler)

    @property
    def page_path(self) -> str | None:
        """Where users find the app's page; ``None`` if it has none.

        The route or file ``/webview``, else the shortest ``GET`` route with ``auth=True`` and without parameters that
        is not below ``/api``, else ``index.html`` of ``public_dir``, else ``/webview`` of the ``asgi`` application. The
        developer console has its whole address, as the webview URL.
        """
        route, folder = self._web_routes.page_path, self._config.public_dir
        files = StaticFiles(folder) if folder is not None and folder.is_dir() else None
        if route != PAGE and files is not None and files.has(PAGE):
            return PAGE
        if route is not None:
            return route
        if files is not None and files.has("/"):
            return "/"
        return None if self._asgi is None else PAGE

    @property
    def tools(self) -> list[ToolSchema]:
        """The declared tools, as the developer console describes them."""
        return [tool.schema for tool in self._tools.values()]

    async def call_tool(self, name: str, parameters: Mapping[str, Any] | None = None, *, user_id: str) -> str | None:
        """Call a tool as the assistant does, but without HTTP: for tests. The server need not be started.

        Args:
            user_id: Who asks the assistant.

        Returns:
            The reply, as the assistant gets it. What the tool raises is raised here, but for a ``ToolError``, which is
            a reply.
        """
        session = self.session_for(user_id)
        call = ToolCall(name=name, parameters=parameters or {}, user_id=user_id, session=session)
        return reply_text(await call_tool(self._tools, self, call))

    def app_config(self) -> AppConfig:
        """Return what the developer console should hold about this app, as far as its code says it."""
        return app_config(
            type(self),
            settings=self.settings,
            permissions=self.permissions,
            tools=self.tools,
            public_url=self._config.public_url,
        )

    @property
    def url(self) -> str:
        """Where the server listens: ``http://127.0.0.1:3000``.

        Raises:
            MentraError: It does not.
        """
        if self._serving is None or self._serving.listener is None:
            raise MentraError("The server has not been started: call await app.start() first.")
        return self._serving.listener.url

    async def start(
        self,
        *,
        host: str | None = None,
        port: int | None = None,
        network: Network | None = None,
        workers: Workers | None = None,
        hosted: bool = False,
        public_url: str | None = None,
        cloud: str | None = None,
        user_token_key: HostKey | None = None,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """Listen, and return. A program needs no arguments; they are for tools that host the app.

        Args:
            host: Listen here instead of on the configured address.
            port: Listen here instead of on the configured port.
            network: Travel by this instead of real sockets.
            workers: Serve the app together with other processes, which know where it listens, and say so.
            hosted: Connect where the host's webhooks say, on this machine, whatever the configuration says.
            public_url: Where the host lets phones reach the server; by default where it listens. Of hosts only.
            cloud: The WebSocket URL of the host's cloud, which keeps the storage of users who have no session yet, and
                knows who opens pages.
            user_token_key: Returns the public key, in PEM, with which the host's cloud signs tokens for pages, besides
                the configured one. Of hosts only.
            failed: Told each exception of the app's hooks, handlers, tasks and timers, after it was logged.

        Raises:
            OSError: The port is taken, or may not be used; or the address is none of this machine.
            MentraError: It is started already, or still stopping.
            Exception: Whatever ``on_startup`` raised.
        """
        if captured_runs() is not None:
            raise MentraError('The app starts while it is being imported. Put that under: if __name__ == "__main__":')
        if self._serving is not None:
            raise MentraError("The server is started already. Call await app.stop() before you start it again.")
        config = dataclasses.replace(
            self._config,
            host=host or self._config.host,
            port=self._config.port if port is None else port,
        )
        if hosted:
            config = dataclasses.replace(
                config, development=True, mentraos_websocket_url=None, public_url=read_public_url(public_url)
            )
        is_first = workers is None or workers.index == 0  # What is the same for all is said once.
        if is_first and config.mentraos_websocket_url and is_in_clear(config.mentraos_websocket_url):
            _logger.warning(
                "The API key travels to %r unencrypted: use wss:// unless the network between is your own.",
                config.mentraos_websocket_url,
            )
        serving = self._serving = Serving(
            self,
            config,
            self._tools,
            self._lifespan,
            Pages(self._web_routes, self._asgi, user_token_key if hosted else None),
            network=network,
            workers=workers,
            hosted=hosted,
            cloud=cloud,
            failed=failed,
        )
        try:
            await serving.open()
        except BaseException:
            self._serving = None
            raise
        if hosted:
            serving.published.public_url = config.public_url or self.url
            return  # The host says where the app is reached.
        if workers is None:
            _logger.info("%s listens on %s%s and waits for users.", config.package_name, self.url, config.webhook_path)

    async def stop(self, *, reason: str = StopReason.SERVER_STOPPED, timeout: float = STOP_WITHIN_S) -> None:
        """End all sessions, stop listening, and return. Stopping a stopped server does nothing.

        A second call while the first is under way waits for the same end. Called in ``on_stop``, which the end waits
        for, it returns at once.

        Args:
            reason: What ``on_stop`` is told.
            timeout: Seconds for all ``on_stop`` together; those still running then are cancelled. As long at most for
                ``on_shutdown`` and for each clean-up handler, and, up to five seconds, for data that is not stored yet.
        """
        serving = self._serving
        if serving is None:
            return
        if serving.closing is None:
            serving.closing = asyncio.create_task(self._close(serving, reason, timeout))
            serving.over.set()
        task = asyncio.current_task()
        if task is not serving.closing and not serving.sessions.ends_in(task):
            # Shielded: whoever stops the server from inside a session is ended by the stop, half-way through.
            await asyncio.shield(serving.closing)

    async def _close(self, serving: Serving, reason: str, timeout: float) -> None:
        try:
            await serving.close(reason, timeout=timeout)
        finally:
            self._serving = None

    def run(
        self,
        *,
        host: str | None = None,
        port: int | None = None,
        network: Network | None = None,
        workers: Workers | None = None,
    ) -> None:
        """Start, serve until SIGINT, SIGTERM, SIGHUP or ``stop``, stop, return. For the last line of a program.

        Sets up logging to stderr, unless the program has done so. The arguments are those of ``start``, and for tools;
        the network is closed at the end.
        """
        if (captured := captured_runs()) is not None:
            captured.append(self)
            return
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        try:
            with asyncio.Runner(loop_factory=event_loop) as runner:
                runner.run(self._run(host=host, port=port, network=network, workers=workers))
        except CannotListen as error:
            # The program's last line: a port that is taken is no bug in it, and needs no traceback.
            address = f"{host or self._config.host}:{self._config.port if port is None else port}"
            problem = f"{self._config.package_name} cannot listen on {address}: {error.strerror or error}."
            raise SystemExit(f"{problem} {_ADVICE[error.obstacle]}") from None

    async def _run(self, *, network: Network | None, **options: Any) -> None:
        options["network"] = network
        # Only what is given: an app may have a start of its own, without these.
        given = {name: value for name, value in options.items() if value is not None}

        told = False

        def end() -> None:
            nonlocal told
            told = True
            if self._serving is not None:
                self._serving.over.set()

        try:
            with signals(end):
                await self.start(**given)
                importing = asyncio.create_task(import_when_quiet(), name="import of aiohttp")
                if told:  # Perhaps before there was anything to end, by a start of the app's own.
                    end()
                try:
                    if self._serving is not None:
                        with rare_collections():
                            await self._serving.over.wait()
                finally:
                    importing.cancel()
                    await self.stop()
            if options["workers"] is None:
                _logger.info("%s has stopped.", self._config.package_name)
        finally:
            if network is not None:
                await network.close()
            await leave_tasks()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            # The last attribute of __init__. What a property of the class asks for comes by its own name.
            if "_lifespan" not in vars(self) and (name.startswith("_") or hasattr(AppServer, name)):
                raise AttributeError(
                    f"{type(self).__name__}.__init__ must call super().__init__() first; {name!r} needs it.",
                    obj=self,
                )
            raise unknown_name(self, name, moved=_MOVED)


_PLUMBING = "The camera does that by itself: await session.camera.request_photo()."
_NO_TOKENS = "Tokens of your own are no part of the flow: request.user_id, of a route with auth=True, is who asks."
_MOVED = {
    "getExpressApp": "@route.get(path) on a method, or AppServer(asgi=...),",
    "getHonoApp": "@route.get(path) on a method, or AppServer(asgi=...),",
    "get": "@route.get(path) on a method",
    "post": "@route.post(path) on a method",
    "mount": "AppServer(asgi=...)",
    "use": "AppServer(asgi=...)",
    "publicDir": "the option AppServer(public_dir=...)",
    "listen": "await app.start() or app.run()",
    "publish": "Channel.publish(user_id, event)",
    "getSessionByUserId": "session_for(user_id)",
    "getUserSession": "session_for(user_id)",
    "activeSessions": "sessions, by session id, or session_for(user_id)",
    "activeSessionsByUserId": "session_for(user_id)",
    "userSessions": "session_for(user_id), or sessions, by session id,",
    "userSessionsMap": "session_for(user_id), or sessions, by session id,",
    "packageName": "config.package_name",
    "apiKey": "config.api_key",
    "logger": "logging.getLogger(__name__), or session.logger in a session,",
    "storage": "storage_for(user_id)",
    "generateToken": _NO_TOKENS,
    **dict.fromkeys(
        ("registerPhotoRequest", "getPhotoRequest", "completePhotoRequest", "cleanupPhotoRequestsForSession"), _PLUMBING
    ),
}

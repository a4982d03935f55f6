"""A cloud in this process, for development and tests: it starts apps, and carries what glasses and apps say.

It keeps to what the cloud of December 2025 was seen to do, not to what our SDK expects. What it does otherwise:
docs/local-cloud.md.
"""

import asyncio
import weakref
from collections.abc import Callable
from datetime import datetime
from typing import Literal, Self
from urllib.parse import urlsplit

from mentra.clock import utc_now
from mentra.errors import NotConnected
from mentra.localcloud import rules
from mentra.localcloud.app_http import AppHttp
from mentra.localcloud.app_link import AppLink, Login, Refusal
from mentra.localcloud.app_run import AppRun
from mentra.localcloud.backend import Backend
from mentra.localcloud.catalogue import InstalledApp
from mentra.localcloud.glasses import DEFAULT_MODEL, DEFAULT_USER, VirtualGlasses
from mentra.localcloud.rest.routes import MAX_BODY_BYTES, Rest
from mentra.localcloud.rest.web_tokens import public_key
from mentra.localcloud.user import User
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import ConnectionInit, Reconnect
from mentra.protocol.base import iso_timestamp
from mentra.protocol.cloud_to_app import ConnectionRefusal, ReconnectRejected
from mentra.protocol.connection import SOCKET_PATH, SOCKET_PATH_3, RefusalCode, RejectionCode
from mentra.protocol.webhooks import PACKAGE_HEADER, SESSION_HEADER, USER_HEADER
from mentra.transport.base import Accept, Connection, HttpReply, HttpRequest, Listener, Network


class LocalCloud:
    """The cloud's half of everything that passes between MentraOS and an app's server.

    Use it as a context manager, or call ``open`` and ``close``. Apps and glasses may be added before it is open.

    Args:
        network: How to reach the servers of apps, and where to be reached. It is not closed with the cloud.
        now: The time in everything that is sent.
        generation: 2 is the cloud of December 2025, 3 that of June 2026; docs/protocol.md, Generation 3.
        faithful: Have the waits as well that only cost time: the card while an app starts, and the pace of the display.
    """

    def __init__(
        self,
        network: Network,
        *,
        now: Callable[[], datetime] = utc_now,
        generation: Literal[2, 3] = 2,
        faithful: bool = False,
    ) -> None:
        self._network = network
        self._now = now
        self._backend = Backend(http=AppHttp(network, now), now=now, generation=generation, faithful=faithful)
        self._rest = Rest(self._backend)
        self._users: dict[str, User] = {}
        self._left: weakref.WeakSet[User] = weakref.WeakSet()
        """Who is gone for good, as long as a restart of one of their apps goes on."""
        self._glasses: dict[str, VirtualGlasses] = {}
        self._address = ("127.0.0.1", 0)
        self._listener: Listener | None = None

    @property
    def url(self) -> str:
        """Where its REST routes are: ``http://127.0.0.1:8002``; empty while it is not open."""
        return self._listener.url if self._listener else ""

    @property
    def websocket_url(self) -> str:
        """Where apps connect: ``ws://127.0.0.1:8002/app-ws``; empty while it is not open."""
        return self._backend.websocket_url

    @staticmethod
    def user_token_key() -> str:
        """Return the public key, in PEM, with which an app checks the signed tokens of its pages."""
        return public_key()

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Start to listen; port 0 picks a free one. Phones that were there when it was closed connect again.

        Raises:
            OSError: The port is taken, or may not be used.
        """
        self._listener = await self._network.listen(
            host, port, self._rest.handle, self._handle_socket, max_body_bytes=MAX_BODY_BYTES
        )
        self._address = (host, urlsplit(self._listener.url).port or port)
        self._backend.websocket_url = "ws" + self._listener.url.removeprefix("http") + SOCKET_PATH
        for user in self._users.values():
            user.cloud_opened()

    async def close(self) -> None:
        """Stop listening. Connections break without a close frame, as when the cloud's process ends."""
        for user in (*self._users.values(), *self._left):
            user.cloud_closed()
        await self._backend.tasks.cancel()
        listener, self._listener = self._listener, None
        self._backend.websocket_url = ""
        if listener is not None:
            await listener.close()

    async def restart(self, *, down_s: float = 0.0) -> None:
        """End as a process that is killed, and come back at the same address.

        Connections break without a close frame. The phones that were there connect again, and the apps that ran are
        started by webhook. Settings and data are kept.

        Args:
            down_s: How long nobody answers.

        Raises:
            NotConnected: The cloud is not open.
            OSError: The port was taken meanwhile.
        """
        if self._listener is None:
            raise NotConnected("The local cloud is not open, so it cannot be restarted. Call open() first.")
        await self.close()
        await asyncio.sleep(down_s)
        await self.open(*self._address)

    async def __aenter__(self) -> Self:
        if self._listener is None:
            await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    def install(self, app: InstalledApp) -> None:
        """Make an app known, in place of one with the same package name. A running one keeps its old data."""
        self._backend.catalogue.add(app)

    def uninstall(self, package_name: str) -> None:
        """Forget an app. Where it is running it is stopped in the background, with its webhook."""
        self._backend.catalogue.remove(package_name)
        for user in self._users.values():
            if (run := user.run_of(package_name)) is not None:
                self._backend.tasks.spawn(run.stop())

    def connect_glasses(self, user_id: str = DEFAULT_USER, *, model: str = DEFAULT_MODEL) -> VirtualGlasses:
        """Put glasses on a user; asked again for the same user, it returns the same glasses, whatever the model.

        For a user who left, the apps that ran then are started again, in the background.

        Args:
            user_id: An e-mail address, which generation 3 writes in lower case. The cloud cannot serve one with a
                hyphen: no app will connect for it.
            model: The name of the glasses, as in ``mentra.localcloud.models.MODELS``; of any other name no
                capabilities are known.
        """
        if self._backend.generation == 3:
            user_id = user_id.lower()
        if user_id not in self._glasses:
            user = self._users[user_id] = User(user_id, model, self._backend)
            self._glasses[user_id] = VirtualGlasses(user, now=self._now, leave=self._user_leaves)
            if self._backend.running_apps.get(user_id):
                user.come_back()
        return self._glasses[user_id]

    def _user_leaves(self, user: User) -> None:
        if self._users.get(user.user_id) is user:
            del self._users[user.user_id], self._glasses[user.user_id]
            user.leave()
            self._left.add(user)

    def _handle_socket(self, request: HttpRequest) -> Accept | HttpReply | None:
        if request.path_only == SOCKET_PATH_3 and self._backend.generation == 3:
            return self._log_in(request)
        if request.path_only != SOCKET_PATH:
            return None
        if request.headers.get("authorization", "").startswith("Bearer "):
            return self._refused_login(request)
        return self._accept

    def _log_in(self, request: HttpRequest) -> Accept:
        login = Login(
            user_id=request.headers.get(USER_HEADER, ""),
            session_id=request.headers.get(SESSION_HEADER, ""),
            package_name=request.headers.get(PACKAGE_HEADER, ""),
        )
        return lambda connection: self._accept(connection, login)

    def _accept(self, connection: Connection, login: Login | None = None) -> AppLink:
        return AppLink(connection, self, self._now, login, answers_pings=self._backend.generation == 3)

    def resume(self, request: Reconnect, login: Login) -> AppRun | ReconnectRejected:
        """Decide whether an app of generation 3 goes on."""
        user = self._users.get(login.user_id)
        if user is None or not user.has_session:
            return ReconnectRejected(code=RejectionCode.SESSION_NOT_FOUND, message="Reconnect identity missing")
        return user.resume(request, login.package_name)

    def admit(self, init: ConnectionInit, login: Login | None) -> AppRun | Refusal:
        """Decide whether an app may connect."""
        user_id = login.user_id if login else rules.user_of(init.session_id or "")
        if user_id is None:
            return Refusal(None, "Invalid session ID format")
        user = self._users.get(user_id)
        if user is None or not user.has_session:
            return Refusal(RefusalCode.SESSION_NOT_FOUND, "Session not found")
        return user.admit(init)

    def _refused_login(self, request: HttpRequest) -> HttpReply:
        """Refuse a login by header. The cloud reads the header as a token of its own, which nobody has here."""
        if "x-user-id" not in request.headers or "x-session-id" not in request.headers:
            code, message = RefusalCode.MISSING_HEADERS, "Missing userId or sessionId in request headers"
        else:
            code, message = RefusalCode.JWT_INVALID, "Invalid JWT token: jwt malformed"
        refusal = ConnectionRefusal(code=code, message=message, timestamp=iso_timestamp(self._now()))
        return HttpReply(401, codec.encode(refusal))

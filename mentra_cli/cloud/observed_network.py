"""A network that writes down what the cloud and the apps say to each other, and changes nothing of it."""

import time
from collections.abc import Mapping

from mentra.localcloud.rules import user_of
from mentra.protocol import codec, web_tokens
from mentra.protocol.app_to_cloud import ConnectionInit, Reconnect
from mentra.protocol.webhooks import PACKAGE_HEADER, SESSION_HEADER, USER_HEADER
from mentra.transport.base import (
    MAX_BODY_BYTES,
    Accept,
    BodyLimit,
    Closed,
    Connection,
    HandleHttp,
    HandleSocket,
    HttpError,
    HttpReply,
    HttpRequest,
    Listener,
    Network,
    Receiver,
    request_target,
)
from mentra_cli.dev.bodies import noted, noted_reply, without_key
from mentra_cli.dev.journal import CloudCall, Frame, HttpAnswer, HttpCall, Journal, Note

_BEARER = "Bearer "


class ObservedNetwork(Network):
    """Carries everything over another network.

    Args:
        apps: The package names of apps by the address of their server.
    """

    def __init__(self, network: Network, journal: Journal, apps: Mapping[str, str]) -> None:
        self._network = network
        self._journal = journal
        self._apps = apps
        self._sockets: dict[str, ObservedSocket] = {}

    @property
    def sockets(self) -> Mapping[str, "ObservedSocket"]:
        """The sockets that the cloud took for those of apps, by session id; of two of one session the newer one."""
        return self._sockets

    async def connect(
        self, url: str, receiver: Receiver, *, headers: Mapping[str, str] | None = None, timeout: float
    ) -> Connection:
        """Open a WebSocket. The cloud opens none; it is not observed."""
        return await self._network.connect(url, receiver, headers=headers, timeout=timeout)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        """Send a request to the server of an app."""
        began = time.monotonic()
        path, app = web_tokens.masked(request_target(url)), self._app_at(url)
        self._journal.add(HttpCall(method=method, path=path, body=noted(body, headers or {}), app=app))
        try:
            reply = await self._network.request(method, url, headers=headers, body=body, timeout=timeout)
        except HttpError as error:
            who = app or "The app"
            self._journal.add(Note(text=f"{who} did not answer {method} {path}: {error}", is_problem=True))
            raise
        self._journal.add(
            HttpAnswer(
                method=method,
                path=path,
                status=reply.status,
                body=noted_reply(reply),
                took_s=time.monotonic() - began,
                app=app,
            )
        )
        return reply

    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        """Send a request whose answer is streamed. The cloud sends none; it is not observed."""
        return await self._network.stream(method, url, headers=headers, body=body, timeout=timeout)

    async def listen(
        self,
        host: str,
        port: int,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None = None,
        *,
        max_body_bytes: BodyLimit = MAX_BODY_BYTES,
    ) -> Listener:
        """Serve apps."""

        async def answer(request: HttpRequest) -> HttpReply:
            began = time.monotonic()
            reply = await handle_http(request)
            self._journal.add(
                CloudCall(
                    method=request.method,
                    path=web_tokens.masked(request.path),
                    body=noted(request.body, request.headers),
                    status=reply.status,
                    answer=noted_reply(reply),
                    took_s=time.monotonic() - began,
                    app=_caller(request),
                )
            )
            return reply

        def decide(request: HttpRequest) -> Accept | HttpReply | None:
            decision = handle_socket(request) if handle_socket else None
            return self._observed(request, decision) if callable(decision) else decision

        return await self._network.listen(host, port, answer, decide, max_body_bytes=max_body_bytes)

    async def close(self) -> None:
        """Close the network below."""
        await self._network.close()

    def keep(self, socket: "ObservedSocket") -> None:
        """Take note of a socket that the cloud has accepted."""
        self._sockets[socket.session_id] = socket

    def forget(self, socket: "ObservedSocket") -> None:
        """Take note of the end of a socket."""
        if self._sockets.get(socket.session_id) is socket:
            del self._sockets[socket.session_id]

    def _observed(self, request: HttpRequest, accept: Accept) -> Accept:
        def observe(connection: Connection) -> Receiver:
            socket = ObservedSocket(connection, self, self._journal)
            socket.learn(request.headers.get(SESSION_HEADER, ""), request.headers.get(PACKAGE_HEADER, ""))
            socket.user_id = request.headers.get(USER_HEADER, socket.user_id)
            socket.receiver = accept(socket)
            return socket

        return observe

    def _app_at(self, url: str) -> str:
        return next((name for address, name in self._apps.items() if url.startswith(f"{address}/")), "")


class ObservedSocket(Connection, Receiver):
    """A socket of an app: the connection that the cloud sends on, and the receiver of what the app sends."""

    def __init__(self, connection: Connection, network: ObservedNetwork, journal: Journal) -> None:
        self.receiver: Receiver
        """The cloud."""
        self.session_id = ""
        """Empty until the app has said it."""
        self.user_id = ""
        self.app = ""
        self._connection = connection
        self._network = network
        self._journal = journal
        self._is_accepted = False
        self._is_over = False

    def learn(self, session_id: str, package_name: str) -> None:
        """Learn which session this is; what is not said is known from before."""
        self.app = package_name or self.app
        if session_id:
            self.session_id, self.user_id = session_id, user_of(session_id) or ""

    # From the cloud to the app.

    def send_text(self, text: bytes) -> None:
        """Write down and send."""
        self._record(text, from_app=False)
        self._connection.send_text(text)

    def send_binary(self, data: bytes) -> None:
        """Write down the size, and send."""
        self._record(b"", from_app=False, binary_bytes=len(data))
        self._connection.send_binary(data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Write down why, and close."""
        self._ended(f"The cloud closed the connection of {self._who}: {code} {reason}", is_problem=code != 1000)
        self._connection.close(code, reason)

    def abort(self) -> None:
        """Write it down, and break the connection."""
        self._ended(f"The connection of {self._who} was broken from here.", is_problem=False)
        self._connection.abort()

    async def wait_closed(self) -> None:
        """Wait until it is closed."""
        await self._connection.wait_closed()

    # From the app to the cloud.

    def text_received(self, text: str | bytes) -> None:
        """Write down and pass on."""
        raw = text.encode() if isinstance(text, str) else text
        if not self.session_id:
            self._listen_for_names(raw)
        self._record(without_key(raw) if b"apiKey" in raw else raw, from_app=True)
        self.receiver.text_received(text)
        if self.session_id and not self._is_accepted and not self._is_over:
            # The cloud refuses at once whatever comes before a greeting that it accepts.
            self._is_accepted = True
            self._network.keep(self)

    def binary_received(self, data: bytes) -> None:
        """Write down the size, and pass on."""
        self._record(b"", from_app=True, binary_bytes=len(data))
        self.receiver.binary_received(data)

    def connection_lost(self, closed: Closed) -> None:
        """Write it down, unless the cloud closed it, and pass on."""
        broke = closed.code == 1006
        ended = "broke" if broke else f"was closed by it: {closed.code} {closed.reason}"
        self._ended(f"The connection of {self._who} {ended}".rstrip(), is_problem=broke)
        self.receiver.connection_lost(closed)

    def _listen_for_names(self, raw: bytes) -> None:
        message = codec.decode_from_app(raw)
        if isinstance(message, ConnectionInit):
            self.learn(message.session_id or "", message.package_name)
        elif isinstance(message, Reconnect):
            self.learn(message.session_id, "")

    @property
    def _who(self) -> str:
        if not self.app:
            return "an app that did not say which it is"
        return f"{self.app} ({self.user_id})" if self.user_id else self.app

    def _record(self, text: bytes, *, from_app: bool, binary_bytes: int = 0) -> None:
        self._journal.add(
            Frame(
                session_id=self.session_id,
                user_id=self.user_id,
                from_app=from_app,
                text=text,
                binary_bytes=binary_bytes,
                app=self.app,
            )
        )

    def _ended(self, text: str, *, is_problem: bool) -> None:
        if not self._is_over:
            self._is_over = True
            self._network.forget(self)
            self._journal.add(Note(text=text, is_problem=is_problem))


def _caller(request: HttpRequest) -> str:
    """Return the package name in the header by which apps sign in; empty if there is none."""
    given = request.headers.get("authorization", "")
    name, colon, _ = given.removeprefix(_BEARER).partition(":")
    return name if given.startswith(_BEARER) and colon else ""

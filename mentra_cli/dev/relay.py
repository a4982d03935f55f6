"""Keeps each session's connection to its cloud while the code behind it changes.

The app's child connects here instead of to the cloud, because the start webhook it got says so. For each session the
relay holds the cloud's socket, and gives it to whichever child is current. The rules:

* The cloud notices nothing of a change of code: its socket stays open, and no webhook of its own is needed.
* What the cloud says while no child listens waits, and is delivered in order, once: when the new child has subscribed,
  or ``SUBSCRIBE_WITHIN_S`` after it connected.
* The child before may still answer what it was told, until the new one has connected; then it is not heard any more.
* A child that closes its socket with a close frame means it, and the cloud's socket is closed too. A socket that breaks
  is a child that died: the cloud's socket is kept for the next one.

Being protocol-level, it serves an app in any language.
"""

from collections.abc import Callable

import msgspec

from mentra.clock import utc_now
from mentra.errors import UntrustedCloud
from mentra.protocol.app_to_cloud import ConnectionInit
from mentra.protocol.base import iso_timestamp
from mentra.protocol.connection import SOCKET_PATH, RefusalCode
from mentra.protocol.webhooks import SessionRequest
from mentra.transport.base import (
    Accept,
    Connection,
    HandleHttp,
    HttpReply,
    HttpRequest,
    Listener,
    Network,
    Receiver,
)
from mentra_cli.dev.journal import Journal
from mentra_cli.dev.relayed_session import ChildSocket, RelayedSession

FindCloud = Callable[[SessionRequest], tuple[Network, str]]
"""Returns how to reach the cloud that sent a start webhook, and its WebSocket URL; raises ``UntrustedCloud``."""


class Relay:
    """All sessions, between their clouds and the current child."""

    def __init__(self, journal: Journal, find_cloud: FindCloud, is_key: Callable[[str], bool]) -> None:
        self._journal = journal
        self._find_cloud = find_cloud
        self._is_key = is_key
        self._sessions: dict[str, RelayedSession] = {}
        self._listener: Listener

    async def open(self, network: Network, handle_http: HandleHttp) -> None:
        """Listen on a free loopback port, for children only; what is not a socket goes to ``handle_http``."""
        self._listener = await network.listen("127.0.0.1", 0, handle_http, self.accept)

    async def close(self) -> None:
        """Drop all connections, and stop listening."""
        for session in list(self._sessions.values()):
            session.end()
        await self._listener.close()

    @property
    def http_url(self) -> str:
        """Where children, and tools on this machine, reach the cloud's REST interface."""
        return self._listener.url

    @property
    def socket_url(self) -> str:
        """Where children connect."""
        return self._listener.url.replace("http:", "ws:", 1) + SOCKET_PATH

    def admit(self, request: SessionRequest) -> SessionRequest:
        """Take in a start webhook; return it as the child is to see it, with this relay for a cloud.

        Raises:
            UntrustedCloud: The cloud that it names may not receive the API key.
        """
        network, url = self._find_cloud(request)
        session = self._sessions.get(request.session_id)
        if session is not None and session.request == request:
            return self._towards_here(session.given)  # The cloud repeats itself; the connection stays.
        if session is not None:
            session.end()
        self._sessions[request.session_id] = RelayedSession(request, network, url, self._journal, on_end=self._forget)
        return self._towards_here(request)

    def sessions(self) -> list["RelayedSession"]:
        """Return the sessions that have a child, or shall have one: connected to their cloud, or about to be."""
        return [session for session in self._sessions.values() if session.live or session.attached]

    def hand_over(self, session: "RelayedSession") -> SessionRequest:
        """Stop listening to a session's child; return the start webhook for the next one."""
        session.hold()
        session.given = msgspec.structs.replace(session.request, timestamp=iso_timestamp(utc_now()))
        return self._towards_here(session.given)

    def _towards_here(self, request: SessionRequest) -> SessionRequest:
        return msgspec.structs.replace(
            request,
            websocket_url=None,  # The newer handshake; every app knows the one spoken here.
            mentraos_websocket_url=self.socket_url,
            augmentos_websocket_url=self.socket_url,
        )

    def accept(self, request: HttpRequest) -> Accept | HttpReply | None:
        """Decide on a connection of a child."""
        # A page in a browser can open sockets to this machine, and would say where it comes from.
        return self._greet if request.path_only == SOCKET_PATH and "origin" not in request.headers else None

    def _greet(self, connection: Connection) -> Receiver:
        return ChildSocket(connection, self._session_for)

    def _session_for(self, greeting: ConnectionInit) -> "RelayedSession | RefusalCode":
        if not self._is_key(greeting.api_key):
            return RefusalCode.INVALID_API_KEY
        session = self._sessions.get(greeting.session_id or "")
        if session is None:
            return RefusalCode.SESSION_NOT_FOUND
        if session.needs_cloud:
            try:
                self._find_cloud(session.request)  # The key may be another one than when the session began.
            except UntrustedCloud:
                session.end()
                return RefusalCode.INVALID_API_KEY
        return session

    def _forget(self, session: "RelayedSession") -> None:
        if self._sessions.get(session.request.session_id) is session:
            del self._sessions[session.request.session_id]

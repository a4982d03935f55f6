"""TLS for a connection that called: OpenSSL, between a plain transport of asyncio and a protocol.

* It is not the TLS of asyncio or uvloop, which keep 256 KiB for each connection. A message that is answered
  takes 10 us of CPU less than with that of asyncio, and no more than with that of uvloop.
* A server gives a ticket, and who shows it the next time is spared the certificate: 140 us of 450.
  A ticket is for one host and one port. Only a connection that has verified the certificate takes one, and after an
  hour that is done again.
* A renegotiation, which TLS 1.3 does not know, is declined.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, NamedTuple, cast

MAX_RESUMED_S = 3600.0
"""How long a verified certificate stands for the connections after it."""
NO_RESUMPTION_S = 60.0
"""How long no ticket is shown to a server that refused one or gave none. One that is refused costs 150 us: some servers
take each only once, and those behind one address may not take each other's."""
_MAX_SERVERS = 64
_RECORD_BYTES = 16_384
_LEAST_BYTES = 1024
_PIECE_BYTES = 256 * 1024
"""How much of a long message is encrypted before it is passed on: OpenSSL keeps the memory that it once had."""

Server = tuple[str, int]
"""Host and port."""


class _Kept(NamedTuple):
    session: ssl.SSLSession | None
    until: float


class Tls:
    """What all connections share: the context, and a ticket for each server.

    Args:
        clock: Seconds from any moment.
    """

    def __init__(self, context: ssl.SSLContext, *, clock: Callable[[], float] = time.monotonic) -> None:
        context.options |= ssl.OP_NO_RENEGOTIATION
        self.context = context
        self._clock = clock
        self._kept: dict[Server, _Kept] = {}

    def offer(self, server: Server) -> ssl.SSLSession | None:
        """Return what to resume."""
        kept = self._kept.get(server)
        return kept.session if kept is not None and self._clock() < kept.until else None

    def learn(self, server: Server, tls: ssl.SSLObject, *, offered: bool) -> None:
        """Keep the ticket of a connection, if there is use for it.

        Args:
            tls: Has read its first data: TLS 1.3 sends tickets behind the handshake.
            offered: Whether this connection has shown a ticket.
        """
        if tls.session_reused:
            return
        now = self._clock()
        kept = self._kept.get(server)
        if offered:
            self._keep(server, None, now + NO_RESUMPTION_S)
        elif kept is None or now >= kept.until:
            session = tls.session  # A copy, for 70 us.
            if session is not None and session.has_ticket:
                self._keep(server, session, now + min(session.ticket_lifetime_hint or MAX_RESUMED_S, MAX_RESUMED_S))
            else:
                self._keep(server, None, now + NO_RESUMPTION_S)

    def _keep(self, server: Server, session: ssl.SSLSession | None, until: float) -> None:
        self._kept.pop(server, None)
        if len(self._kept) == _MAX_SERVERS:
            del self._kept[next(iter(self._kept))]
        self._kept[server] = _Kept(session, until)


class _State(Enum):
    SHAKING_HANDS = auto()
    SILENT = auto()
    """Open, and nothing was read yet."""
    OPEN = auto()
    CLOSED = auto()
    """By us: nothing more is read or written."""
    FAILED = auto()
    """The handshake."""


_OPEN = _State.OPEN  # Looking into an enumeration takes 0.05 us.


class TlsTransport(asyncio.Protocol, asyncio.Transport):
    """The protocol of a plain transport, and the transport of a protocol that speaks TLS with it.

    The protocol learns of the connection when the handshake is done, and of nothing if that fails.

    Args:
        failed: Called instead of ``connection_made``, with why not: an ``OSError``.

    Raises:
        ValueError: The name of the host is impossible.
    """

    __slots__ = (
        "_failed",
        "_incoming",
        "_offered",
        "_outgoing",
        "_protocol",
        "_server",
        "_shared",
        "_state",
        "_tls",
        "_transport",
    )

    def __init__(
        self, protocol: asyncio.Protocol, shared: Tls, server: Server, failed: Callable[[Exception], None]
    ) -> None:
        self._protocol = protocol
        self._shared = shared
        self._server = server
        self._failed = failed
        self._state = _State.SHAKING_HANDS
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = shared.offer(server)
        self._offered = session is not None
        self._tls = shared.context.wrap_bio(self._incoming, self._outgoing, server_hostname=server[0], session=session)

    # What the plain transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._transport = cast(asyncio.Transport, transport)
        self._shake_hands()

    def data_received(self, data: bytes) -> None:
        """Pass on what this makes whole."""
        self._incoming.write(data)
        if self._state is not _OPEN and not self._open_up():
            return
        # What is asked for is allocated: no more than there can be.
        size = max(len(data), _LEAST_BYTES)
        while True:
            try:
                plain = self._tls.read(size)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError:
                self.abort()
                return
            if self._state is _State.SILENT:
                self._state = _OPEN
                self._shared.learn(self._server, self._tls, offered=self._offered)
            if not plain:
                self._protocol.eof_received()
                self.close()
                return
            self._protocol.data_received(plain)
            if self._state is not _OPEN:
                return
            # OpenSSL reads one record at a time, and holds nothing of one that was shorter than what was asked for.
            if len(plain) < size and not self._incoming.pending:
                break
            size = _RECORD_BYTES
        if self._outgoing.pending:  # OpenSSL answers by itself, too: a change of keys, for instance.
            self._flush()

    def pause_writing(self) -> None:
        """Pass on that more waits than the plain transport likes."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the other end has caught up."""
        self._protocol.resume_writing()

    def eof_received(self) -> None:
        """Learn that nothing more comes, announced or not; asyncio closes the connection."""
        if self._state in (_State.SILENT, _OPEN):
            self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the connection is gone."""
        if self._state is _State.SHAKING_HANDS:
            self._fail(exc or ConnectionResetError("the connection was closed in the TLS handshake"))
        elif self._state is not _State.FAILED:
            self._state = _State.CLOSED
            self._protocol.connection_lost(exc)
        del self._tls, self._incoming, self._outgoing  # Now, not when the garbage is collected: 40 kB.

    # What the protocol calls.

    def write(self, data: Any) -> None:
        """Encrypt and send."""
        if len(data) > _PIECE_BYTES:
            for at in range(0, len(data), _PIECE_BYTES):
                self.write(memoryview(data)[at : at + _PIECE_BYTES])
            return
        if self._state is _State.CLOSED:
            return
        try:
            self._tls.write(data)  # All of it: there is always room in memory.
        except ssl.SSLError:
            self.abort()
        else:
            self._transport.write(self._outgoing.read())

    def get_write_buffer_size(self) -> int:
        """Return how much waits to be sent."""
        return self._transport.get_write_buffer_size()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Change who is told."""
        self._protocol = cast(asyncio.Protocol, protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who is told."""
        return self._protocol

    def is_closing(self) -> bool:
        """Return whether nothing more is sent."""
        return self._state is _State.CLOSED or self._transport.is_closing()

    def close(self) -> None:
        """Say that nothing more comes, and close once that is sent."""
        if self._state in (_State.SILENT, _OPEN):
            with contextlib.suppress(ssl.SSLError):  # They have not said the same yet.
                self._tls.unwrap()
            self._flush()
            self._state = _State.CLOSED
        self._transport.close()

    def abort(self) -> None:
        """Drop the connection."""
        if self._state is not _State.FAILED:
            self._state = _State.CLOSED
        self._transport.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the plain transport knows."""
        return self._transport.get_extra_info(name, default)

    def _open_up(self) -> bool:
        """Return whether there may be something to read."""
        if self._state is _State.SHAKING_HANDS:
            self._shake_hands()
        return self._state in (_State.SILENT, _OPEN)

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._flush()  # What OpenSSL says to them.
            self._fail(error)
            return
        else:
            self._state = _State.SILENT
            del self._failed  # It leads to an opening that is soon over.
            self._protocol.connection_made(self)  # What it writes goes out in one piece with the end of the handshake.
        self._flush()

    def _fail(self, error: Exception) -> None:
        self._state = _State.FAILED
        self._transport.close()
        self._failed(error)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._transport.write(self._outgoing.read())

"""One session's connection to the cloud: opened, greeted, kept, brought back.

The states and their order are the ``APP`` table of ``mentra.protocol.connection``. The rules:

* One socket at a time. The old one is closed before a new one opens, because the cloud forgets the new one when the
  old one closes after it (docs/protocol.md, Life of a connection).
* What an old socket still says is not heard.
* A cancellation does not leave a socket half closed: it takes effect once the socket is closed.
* A request that the cloud refuses costs the socket, not the session: the link comes back, as the cloud's grace allows,
  but not more often than ``FORGIVEN_REFUSALS`` in ``FORGIVEN_WITHIN_S``.
* The owner hears ``link_over`` exactly once, unless it closed the link itself. Once closed, the link holds neither the
  owner nor a socket.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, cast

from mentra.errors import (
    AppNotStarted,
    ConnectionRefused,
    InvalidApiKey,
    NotConnected,
    RequestTimeout,
    SessionNotFound,
)
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import AppMessage, Ping
from mentra.protocol.cloud_to_app import (
    AppStopped,
    CloudMessage,
    ConnectionAck,
    ConnectionRefusal,
    DataStream,
    Pong,
    ReconnectAck,
    ReconnectDeferred,
    ReconnectRejected,
)
from mentra.protocol.connection import (
    APP,
    CONNECT_WITHIN_S,
    RECONNECT_DELAYS_S,
    Event,
    Meaning,
    RefusalCode,
    RejectionCode,
    State,
    what_follows,
)
from mentra.session.stop_reason import StopReason
from mentra.session.tasks import uninterrupted
from mentra.transport.base import Closed, Connection, Receiver

CLOSE_WITHIN_S = 2.0
"""How long a closing handshake may take before the socket is dropped."""

DEFERRED_WITHIN_S = 60.0
"""How long a cloud may put off the answer to a greeting, whatever it says."""
FORGIVEN_REFUSALS = 5
"""How many refused requests a session survives within ``FORGIVEN_WITHIN_S``: whoever goes on asking gets no more."""
FORGIVEN_WITHIN_S = 60.0

Connect = Callable[[Receiver], Awaitable[Connection]]
"""Opens a WebSocket, within ``CONNECT_WITHIN_S``; raises an ``OSError``, such as ``TimeoutError``, if it cannot."""

_REASONS = {
    Meaning.APP_STOPPED: StopReason.APP_STOPPED,
    Meaning.USER_LEFT: StopReason.USER_SESSION_ENDED,
    Meaning.REFUSED: StopReason.CONNECTION_REFUSED,
    Meaning.CLOSED: StopReason.CONNECTION_CLOSED,
}

_REFUSALS: dict[str, type[ConnectionRefused]] = {
    RefusalCode.INVALID_API_KEY: InvalidApiKey,
    RefusalCode.SESSION_NOT_FOUND: SessionNotFound,
    RefusalCode.APP_NOT_STARTED: AppNotStarted,
}


# The cloud does not know the session any more, but would begin it anew.
_GREET_ANEW = frozenset({RejectionCode.SESSION_NOT_FOUND, RejectionCode.SESSION_EXPIRED, RejectionCode.SESSION_STOPPED})

Ack = ConnectionAck | ReconnectAck


class LinkOwner(Protocol):
    """Whom a link serves."""

    __slots__ = ()

    def greeting(self) -> AppMessage:
        """Return the first frame for a new socket."""
        ...

    def resume_rejected(self) -> None:
        """The cloud does not resume the session: the next greeting must begin it anew."""

    def link_acknowledged(self, ack: Ack) -> None:
        """The connection is up, for the first time or again."""

    def link_lost(self, closed: Closed) -> None:
        """The connection is lost, and the link tries to come back."""

    def request_refused(self, refusal: ConnectionRefusal) -> None:
        """The cloud did not do what the app asked for, and did not say which request it means."""

    def event_received(self, event: DataStream, frame: bytes | str) -> None:
        """An event of a stream that was not taken, and what it was decoded from."""

    def message_received(self, message: CloudMessage) -> None:
        """Another message that is not the link's own business."""

    def audio_received(self, data: bytes) -> None:
        """A binary frame."""

    def link_over(self, reason: str) -> None:
        """The connection is gone for good."""


_NOBODY = cast(LinkOwner, object())
"""The owner of a link that is closed for good, and asks nothing of anybody."""


class Link:
    """The connection of one session.

    Args:
        take: Deals with a frame that is an event of a known stream; returns whether it was one.
    """

    __slots__ = (
        "_app_stopped",
        "_comeback",
        "_connect",
        "_delays_s",
        "_doomed",
        "_logger",
        "_owner",
        "_patience",
        "_ping_due",
        "_ping_every_s",
        "_refusal",
        "_refused_at",
        "_socket",
        "_take",
        "closed",
        "live",
        "state",
        "up",
    )

    def __init__(
        self,
        connect: Connect,
        owner: LinkOwner,
        logger: logging.LoggerAdapter[Any],
        *,
        take: Callable[[bytes], bool],
        delays_s: Sequence[float] = RECONNECT_DELAYS_S,
        ping_every_s: float | None = None,
    ) -> None:
        self.state = State.IDLE
        self._connect = connect
        self._owner = owner
        self._take = take
        self._logger = logger
        self._delays_s = delays_s
        self._ping_every_s = ping_every_s
        self._ping_due: asyncio.TimerHandle | None = None
        self._refusal: str | None = None
        """The code of the last refused request on the current socket."""
        self._doomed: asyncio.TimerHandle | None = None
        """Set once the cloud has refused a request: it is about to close, and hears nothing more on this socket."""
        self._refused_at: tuple[float, ...] = ()
        self._patience: asyncio.TimerHandle | None = None
        """Ends the wait for the answer to a greeting."""
        self._socket: _Socket | None = None
        self.live: _Socket | None = None
        """The socket in use, once it is acknowledged: the only one that is heard."""
        self.up: Connection | None = None
        """Its connection, as long as what is sent on it is heard."""
        self.closed: Closed | None = None
        """How the last connection ended; ``None`` while there is one."""
        self._app_stopped = False
        self._comeback: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect for the first time; one attempt.

        Raises:
            ConnectionRefused: The cloud said no, and why.
            RequestTimeout: The cloud did not acknowledge within five seconds.
            NotConnected: The cloud could not be reached, or closed the socket.
        """
        self._to(Event.CONNECT)
        try:
            await self._greet()
        except BaseException:
            self._to(Event.OVER)
            await uninterrupted(self.close())  # It may have been acknowledged, lost and on its way back already.
            raise

    @property
    def is_up(self) -> bool:
        """Whether what is sent now is heard."""
        return self.up is not None

    def send(self, message: AppMessage) -> bool:
        """Send a message if the connection is up; return whether it was."""
        if self.up is None:
            return False
        self.up.send_text(codec.encode(message))
        return True

    async def close(self) -> None:
        """Close for good, without telling the owner."""
        self._to(Event.OVER)
        if self._comeback is not None and self._comeback is not asyncio.current_task():
            self._comeback.cancel()
            await asyncio.wait([self._comeback])
        try:
            await self._drop_socket()
        finally:
            self.forget_owner()

    def forget_owner(self) -> None:
        """Ask nothing of the owner any more, and do not hold it: the link is closed, or was never opened."""
        self._owner = _NOBODY

    async def _greet(self) -> None:
        """Open a socket and shake hands on it; the state is LIVE when the cloud has acknowledged."""
        loop = asyncio.get_running_loop()
        try:
            await self._drop_socket()
            over = loop.time() + CONNECT_WITHIN_S
            greeted: asyncio.Future[None] = loop.create_future()
            socket = _Socket(self, self._take, greeted)
            socket.connection = await self._connect(socket)
            self._socket = socket
            self._to(Event.OPENED)
            socket.send(self._owner.greeting())
            # As asyncio.timeout around all of it, which would take 4 us of each start more.
            self._patience = loop.call_at(over, socket.give_up)
            try:
                await greeted
            finally:
                del greeted  # It would hold the error in it, which holds this frame.
        except TimeoutError as error:
            raise RequestTimeout(
                f"The cloud did not acknowledge the connection within {CONNECT_WITHIN_S:g} s."
            ) from error
        except NotConnected:
            raise
        except OSError as error:
            raise NotConnected(f"The cloud could not be reached: {error}") from error
        finally:
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

    async def _drop_socket(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None and socket.connection is not None:
            await _close(socket.connection)
            socket.connection = None

    def acknowledged(self, ack: Ack) -> None:
        """Go live. Called as the frame arrives, so that an event right behind it finds its handlers."""
        self._to(Event.ACKNOWLEDGED)
        self.live = self._socket
        self.up = None if self._socket is None else self._socket.connection
        self._refusal = None
        self.closed = None
        self._ping_later()
        self._owner.link_acknowledged(ack)

    def put_off(self, wait_s: float) -> None:
        """Give the answer to the greeting so many more seconds."""
        if self._patience is not None and self._socket is not None:
            self._patience.cancel()
            self._patience = asyncio.get_running_loop().call_later(wait_s, self._socket.give_up)

    def heard(self, message: CloudMessage) -> None:
        """Pass on what the current socket said."""
        match message:
            case ConnectionRefusal():
                self._refusal = message.code or ""
                if message.code != RefusalCode.STREAM_CREATE_FAILED:
                    self._expect_close()
                self._logger.error("The cloud refused a request: %r (%r).", message.message, message.code)
                self._owner.request_refused(message)
            case Pong():
                pass
            case _:
                self._app_stopped = self._app_stopped or isinstance(message, AppStopped)
                self._owner.message_received(message)

    def heard_event(self, event: DataStream, frame: bytes | str) -> None:
        """Pass on an event of a stream that the current socket brought."""
        self._owner.event_received(event, frame)

    def heard_audio(self, data: bytes) -> None:
        """Pass on a binary frame of the current socket."""
        self._owner.audio_received(data)

    def lost(self, closed: Closed) -> None:
        """Act on the loss of the current, live socket."""
        self._socket = None
        self.closed = closed
        meaning = what_follows(closed.code, closed.reason, refusal=self._refusal)
        if self._app_stopped and meaning in (Meaning.LOST, Meaning.CLOSED):
            meaning = Meaning.APP_STOPPED  # It said so; however the connection ends then.
        if meaning is Meaning.REQUEST_REFUSED and not self._is_forgiven():
            meaning = Meaning.REFUSED
        if meaning in (Meaning.LOST, Meaning.REQUEST_REFUSED):
            self._to(Event.LOST)
            self._logger.warning("The connection was lost (%d %r); coming back.", closed.code, closed.reason)
            self._comeback = asyncio.create_task(self._come_back(), name="come back")
            self._owner.link_lost(closed)
        else:
            self._over(_REASONS[meaning])

    def _is_forgiven(self) -> bool:
        """Count a refused request; return whether the session may go on after so many."""
        now = asyncio.get_running_loop().time()
        full = len(self._refused_at) == FORGIVEN_REFUSALS
        too_many = full and now - self._refused_at[0] < FORGIVEN_WITHIN_S
        self._refused_at = (*self._refused_at, now)[-FORGIVEN_REFUSALS:]
        return not too_many

    def _expect_close(self) -> None:
        if self._socket is not None and self._socket.connection is not None and self._doomed is None:
            self._doomed = asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self._socket.connection.abort)
            self.up = None

    def _ping_later(self) -> None:
        if self._ping_every_s is not None:
            self._ping_due = asyncio.get_running_loop().call_later(self._ping_every_s, self._ping)

    def _ping(self) -> None:
        if self.send(Ping()):
            self._ping_later()

    async def _come_back(self) -> None:
        for delay_s in self._delays_s:
            await asyncio.sleep(delay_s)
            self._to(Event.CONNECT)
            try:
                await self._greet_or_begin_anew()
            except ConnectionRefused as error:
                self._logger.warning("%s", error)
                self._over(StopReason.CONNECTION_REFUSED)
                return
            except (NotConnected, RequestTimeout) as error:
                self._logger.info("Could not come back: %s", error)
                self._to(Event.LOST)
            else:
                return
        self._over(StopReason.CONNECTION_LOST)

    async def _greet_or_begin_anew(self) -> None:
        try:
            await self._greet()
        except ConnectionRefused as error:
            if not isinstance(error, _Rejected) or error.code not in _GREET_ANEW:
                raise
            self._owner.resume_rejected()
            self._to(Event.LOST)
            self._to(Event.CONNECT)
            await self._greet()

    def _over(self, reason: StopReason) -> None:
        self._to(Event.OVER)
        self._owner.link_over(reason)

    def _to(self, event: Event) -> None:
        self.state = APP[self.state][event]
        if self.state is State.LIVE:
            return
        self.live = self.up = None
        if self._ping_due is not None:
            self._ping_due.cancel()
            self._ping_due = None
        if self._doomed is not None:
            self._doomed.cancel()
            self._doomed = None


class _Rejected(ConnectionRefused):
    """The cloud does not resume the session."""


class _Socket(Receiver):
    """One socket of a link. Heard only while it is the link's current one."""

    __slots__ = ("_greeted", "_link", "_take", "connection")

    def __init__(self, link: Link, take: Callable[[bytes], bool], greeted: asyncio.Future[None]) -> None:
        self.connection: Connection | None = None
        self._greeted: asyncio.Future[None] | None = greeted
        """Waits for the end of the handshake. Then it is forgotten, or each session would keep one."""
        self._link = link
        self._take = take

    def send(self, message: AppMessage) -> None:
        if self.connection is not None:
            self.connection.send_text(codec.encode(message))

    def text_received(self, text: str | bytes) -> None:
        # Nearly all that comes are events of few streams. Read as what others are, each would take 2 us more.
        link = self._link
        is_current = link.live is self
        if is_current and type(text) is bytes:
            take = self._take  # Called as an attribute in a slot, it takes 0.05 us more.
            if take(text):
                return
        message = codec.decode_from_cloud(text)
        if isinstance(message, DataStream) and is_current:
            link.heard_event(message, text)
        elif isinstance(message, codec.Unknown | codec.Malformed):
            _logger.debug("Ignored a frame: %s", message)
        elif is_current:
            link.heard(message)
        elif self.connection is not None and (greeted := self._waiting()) is not None:
            self._shake_hands(message, greeted)

    def binary_received(self, data: bytes) -> None:
        if self._link.live is self:
            self._link.heard_audio(data)

    def connection_lost(self, closed: Closed) -> None:
        self.connection = None  # It holds this receiver.
        if self._link.live is self:
            self._link.lost(closed)
        elif (greeted := self._waiting()) is not None:
            self._refuse(_refusal(closed), greeted)

    def give_up(self) -> None:
        """Wait no longer for the answer to the greeting."""
        if (greeted := self._waiting()) is not None:
            self._refuse(TimeoutError(), greeted)

    def _waiting(self) -> asyncio.Future[None] | None:
        """Return what waits for the handshake, if it does still."""
        return None if self._greeted is None or self._greeted.done() else self._greeted

    def _shake_hands(self, message: CloudMessage, greeted: asyncio.Future[None]) -> None:
        match message:
            case ConnectionAck() | ReconnectAck():
                self._greeted = None
                greeted.set_result(None)
                self._link.acknowledged(message)
            case ConnectionRefusal():
                self._refuse(_refused(message.code or "", message.message), greeted)
            case ReconnectRejected():
                problem = f"The cloud did not resume the session: {message.message}."
                self._refuse(_Rejected(problem, code=message.code), greeted)
            case ReconnectDeferred():
                self._link.put_off(min(message.timeout_ms / 1000, DEFERRED_WITHIN_S))
            case _:
                pass

    def _refuse(self, error: Exception, greeted: asyncio.Future[None]) -> None:
        self._greeted = None
        greeted.set_exception(error)
        greeted.exception()  # Marks it as seen: nobody waits any more after a time-out.


async def _close(connection: Connection) -> None:
    """Close a connection, to the end; a cancellation that comes meanwhile is raised then."""
    connection.close()
    cancelled: asyncio.CancelledError | None = None
    over = asyncio.get_running_loop().time() + CLOSE_WITHIN_S
    while True:
        try:
            async with asyncio.timeout_at(over):
                await connection.wait_closed()
            break
        except TimeoutError:
            connection.abort()
            break
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _refused(code: str, message: str) -> ConnectionRefused:
    """Return the most specific error for a code of ``tpa_connection_error``."""
    kind = _REFUSALS.get(code, ConnectionRefused)
    return kind(f"The cloud refused the connection: {message or code or 'no reason given'}.", code=code)


def _refusal(closed: Closed) -> Exception:
    if what_follows(closed.code, closed.reason) is Meaning.REFUSED:
        return _refused("", closed.reason)
    return NotConnected(f"The cloud closed the connection during the handshake ({closed.code} {closed.reason}).")


_logger = logging.getLogger("mentra.wire")

"""One session in the relay: the cloud's socket, the child's socket, and what waits between them.

The rules are those at the top of ``relay.py``.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from mentra.protocol import codec
from mentra.protocol.app_to_cloud import AudioPlayRequest, ConnectionInit, DisplayEvent, SubscriptionUpdate
from mentra.protocol.audio import read_speech
from mentra.protocol.cloud_to_app import ConnectionAck, ConnectionRefusal, DashboardModeChanged, DeviceStateUpdate
from mentra.protocol.connection import (
    BROKEN,
    CONNECT_WITHIN_S,
    INTERNAL_ERROR,
    NO_CODE,
    POLICY_VIOLATION,
    Meaning,
    RefusalCode,
    what_follows,
)
from mentra.protocol.rest import SPEECH
from mentra.protocol.webhooks import SessionRequest
from mentra.transport.base import Closed, Connection, Network, Receiver, http_base, is_loopback
from mentra_cli.dev.bodies import without_key
from mentra_cli.dev.journal import Frame, Journal, Note

SUBSCRIBE_WITHIN_S = 5.0
"""How long waiting events wait for a new child that subscribes to nothing."""
MAX_WAITING = 10_000
"""Frames that may wait for a child, per session; beyond that the oldest are dropped and a note says so."""


class RelayedSession:
    """One session: the cloud's socket, the child's socket, and what waits between them."""

    def __init__(
        self,
        request: SessionRequest,
        network: Network,
        url: str,
        journal: Journal,
        *,
        on_end: Callable[["RelayedSession"], None],
    ) -> None:
        self.request = request
        self.given = request
        """The request that the present child got: ours, if it took over from another."""
        self._network = network
        self._url = url
        self._journal = journal
        self._on_end = on_end
        self._cloud: _CloudSocket | None = None
        self._child: ChildSocket | None = None
        self._leaving: ChildSocket | None = None
        """The child, while another one is about to take its place."""
        self._before: list[ChildSocket] = []
        """The children that were replaced, the newest last, as long as they are there. They are not heard."""
        self._refusal: str | None = None
        """The code of the last request that the cloud refused on its present socket."""
        self._ack: bytes | None = None
        """As the cloud would write it now: with what changed since it did."""
        self._device_state: dict[str, Any] = {}
        """What the cloud has said of the glasses, as far as it is still true."""
        self._dashboard_mode: bytes | None = None
        """What the cloud said last of the dashboard."""
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._holding = True
        self._overflowed = False
        self._release: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def live(self) -> bool:
        """Whether the cloud is connected and has acknowledged the session."""
        return self._ack is not None and not self._ended

    @property
    def attached(self) -> bool:
        """Whether there is a child."""
        return self._child is not None and not self._ended

    @property
    def needs_cloud(self) -> bool:
        """Whether the next greeting opens a connection to the cloud."""
        return self._cloud is None

    def hold(self) -> None:
        """Keep what the cloud says from now on for the next child. The present one may finish its answers."""
        self._leaving = self._child
        self._holding = True
        self._cancel_release()

    def end(self) -> None:
        """Close both sides."""
        if self._ended:
            return
        self._ended = True
        self._cancel_release()
        if self._opening is not None:
            self._opening.cancel()
        if self._cloud is not None:
            self._cloud.connection.close()
        for child in (self._child, *self._before):
            if child is not None:
                child.connection.close()
        self._on_end(self)

    def take_back(self) -> bool:
        """Give the session back to the child before, which noticed nothing; return whether it is still there."""
        if self._ended:
            return False
        if self._leaving is not None and self._leaving is self._child:
            self._leaving = None  # Nobody came to take its place.
        elif self._before:
            self._child, self._leaving = self._before.pop(), None
            for news in self._news():
                self._child.send(news, is_text=True)
            for frame in (*self._child.shown.values(), self._child.subscribed):
                self._say_again(frame)
        else:
            return False
        self._deliver_waiting()
        return True

    def _say_again(self, frame: bytes | None) -> None:
        """Tell the cloud what this child wants: the one after it may have said something else."""
        if frame is not None and self._cloud is not None:
            self._record(frame, from_app=True)
            self._cloud.connection.send_text(frame)

    # The child's side.

    def attach(self, child: "ChildSocket", greeting: bytes) -> None:
        """Give the session to a child that said its greeting."""
        if self._leaving is not None:
            self._before.append(self._leaving)
        self._child, self._leaving = child, None
        if self._ack is not None:
            for frame in (self._ack, *self._news()):
                self._record(frame, from_app=False)
                child.send(frame, is_text=True)
            loop = asyncio.get_running_loop()
            self._release = loop.call_later(SUBSCRIBE_WITHIN_S, self._listens_to_nothing, greeting)
        elif self._cloud is None and (self._opening is None or self._opening.done()):
            self._opening = asyncio.create_task(self._open(greeting))

    def _news(self) -> Iterator[bytes]:
        """Return what the cloud tells once, and no acknowledgement has: another child cannot know it."""
        if self._device_state:
            yield codec.encode(DeviceStateUpdate(state=self._device_state, full_snapshot=True))
        if self._dashboard_mode is not None:
            yield self._dashboard_mode

    def _listens_to_nothing(self, greeting: bytes) -> None:
        """Take back for a new child what the one before subscribed to, and deliver what waits."""
        init = codec.decode_from_app(greeting)
        if isinstance(init, ConnectionInit) and self._child is not None and self._child.subscribed is None:
            nothing = SubscriptionUpdate(
                package_name=init.package_name, session_id=init.session_id, subscriptions=[], timestamp=init.timestamp
            )
            self._say_again(codec.encode(nothing))
        self._deliver_waiting()

    def from_child(self, child: "ChildSocket", text: bytes) -> None:
        """Pass a child's frame on to the cloud."""
        child.remember(text)
        if child is not self._child:
            return
        text = _speech_from(self._url, text)
        self._record(text, from_app=True)
        if self._cloud is not None:
            self._cloud.connection.send_text(text)
        if self._holding and child is not self._leaving:
            message = codec.decode_from_app(text)
            if isinstance(message, SubscriptionUpdate) and message.subscriptions:
                self._deliver_waiting()

    def binary_from_child(self, child: "ChildSocket", data: bytes) -> None:
        """Pass a child's binary frame on to the cloud."""
        if child is self._child and self._cloud is not None:
            self._cloud.connection.send_binary(data)

    def child_lost(self, child: "ChildSocket", closed: Closed) -> None:
        """The child closed its socket, or died."""
        if child in self._before:
            self._before.remove(child)
        if child is not self._child:
            return
        if child is self._leaving or (closed.code == BROKEN and self.live):
            self._child = None
            self.hold()
        else:
            self._child = None
            self.end()

    # The cloud's side.

    async def _open(self, greeting: bytes) -> None:
        receiver = _CloudSocket(self)
        try:
            receiver.connection = await self._network.connect(self._url, receiver, timeout=CONNECT_WITHIN_S)
        except OSError as error:
            self._journal.add(Note(text=f"The cloud at {self._url} could not be reached: {error}", is_problem=True))
            if self._child is not None:  # Not always the one that greeted: the code may have changed meanwhile.
                self._child.connection.close(INTERNAL_ERROR, "The cloud could not be reached")
            return
        self._cloud = receiver
        self._record(without_key(greeting), from_app=True)
        receiver.connection.send_text(greeting)

    def from_cloud(self, text: bytes) -> None:
        """Pass a frame of the cloud on to the child, now or later."""
        message = codec.decode_from_cloud(text)
        if isinstance(message, ConnectionRefusal) and self._ack is not None:
            self._refusal = message.code or ""
        if isinstance(message, ConnectionAck):
            self._ack = text
            self._refusal = None
            if self._child is None or self._leaving is not None:
                self._record(text, from_app=False)
                return  # The next child gets it when it comes.
            self._holding = False
        elif self._ack is not None and codec.changes_ack(message):
            self._ack = codec.resumed_ack(self._ack, [text])
        elif isinstance(message, DeviceStateUpdate):
            self._device_state |= message.state
        elif isinstance(message, DashboardModeChanged):
            self._dashboard_mode = text
        self._record(text, from_app=False)
        # A refusal is for the child that asked, not for the next one.
        self._to_child(text, is_text=True, may_wait=not isinstance(message, ConnectionRefusal))

    def binary_from_cloud(self, data: bytes) -> None:
        """Pass a binary frame of the cloud on to the child, now or later."""
        self._journal.add(
            Frame(
                session_id=self.request.session_id,
                user_id=self.request.user_id,
                from_app=False,
                text=b"",
                binary_bytes=len(data),
            )
        )
        self._to_child(data, is_text=False, may_wait=True)

    def cloud_lost(self, closed: Closed) -> None:
        """The cloud closed its socket, or cannot be reached any more: the child is to know it in the same way."""
        self._cloud = None
        self._ack = None
        self._deliver_waiting()
        child, self._child = self._child, None
        before, self._before = self._before, []
        broken = closed.code in (NO_CODE, BROKEN)
        for one in before:
            # Closed in any case: it must not come back instead of the one that serves.
            one.connection.close(1000 if broken else closed.code, closed.reason)
        if child is not None and not self._ended:
            if broken:
                child.connection.abort()
            else:
                child.connection.close(closed.code, closed.reason)
        meaning = what_follows(closed.code, closed.reason, refusal=self._refusal)
        if meaning not in (Meaning.LOST, Meaning.REQUEST_REFUSED):
            self.end()

    def _to_child(self, data: bytes, *, is_text: bool, may_wait: bool) -> None:
        if self._holding and self.live and may_wait:
            self._waiting.append((data, is_text))
            self._limit_waiting()
        elif self._child is not None:
            self._child.send(data, is_text=is_text)

    def _limit_waiting(self) -> None:
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()
            if not self._overflowed:
                self._overflowed = True
                self._journal.add(
                    Note(
                        text=f"More than {MAX_WAITING} events wait for {self.request.user_id}; the oldest are dropped.",
                        is_problem=True,
                    )
                )

    def _deliver_waiting(self) -> None:
        self._cancel_release()
        self._holding = False
        while self._waiting:
            data, is_text = self._waiting.popleft()
            if self._child is not None:
                self._child.send(data, is_text=is_text)

    def _cancel_release(self) -> None:
        if self._release is not None:
            self._release.cancel()
            self._release = None

    def _record(self, text: bytes, *, from_app: bool) -> None:
        self._journal.add(
            Frame(
                session_id=self.request.session_id,
                user_id=self.request.user_id,
                from_app=from_app,
                text=text,
            )
        )


class _CloudSocket(Receiver):
    """The cloud's end of a session."""

    def __init__(self, session: RelayedSession) -> None:
        self.connection: Connection
        self._session = session

    def text_received(self, text: str | bytes) -> None:
        self._session.from_cloud(_bytes(text))

    def binary_received(self, data: bytes) -> None:
        self._session.binary_from_cloud(data)

    def connection_lost(self, closed: Closed) -> None:
        self._session.cloud_lost(closed)


class ChildSocket(Receiver):
    """A child's end. Which session it is for, its first frame tells."""

    def __init__(self, connection: Connection, find: Callable[[ConnectionInit], RelayedSession | RefusalCode]) -> None:
        self.connection = connection
        self.shown: dict[str, bytes] = {}
        """The last layout that it asked for, by view."""
        self.subscribed: bytes | None = None
        """The last list of subscriptions that it sent."""
        self._find = find
        self._session: RelayedSession | None = None

    def send(self, data: bytes, *, is_text: bool) -> None:
        """Send a frame of either kind."""
        if is_text:
            self.connection.send_text(data)
        else:
            self.connection.send_binary(data)

    def remember(self, frame: bytes) -> None:
        """Keep what has to be said again if it is the current child once more."""
        if b'"display_event"' not in frame and b'"subscription_update"' not in frame:
            return  # Every frame of an app passes here; only these are decoded.
        match codec.decode_from_app(frame):
            case DisplayEvent(view=view):
                self.shown[view or ""] = frame
            case SubscriptionUpdate():
                self.subscribed = frame
            case _:
                pass

    def text_received(self, text: str | bytes) -> None:
        """Find the session by the first frame; pass on the others."""
        frame = _bytes(text)
        if self._session is not None:
            self._session.from_child(self, frame)
        else:
            self._greet(frame)

    def binary_received(self, data: bytes) -> None:
        """Pass on a binary frame."""
        if self._session is not None:
            self._session.binary_from_child(self, data)

    def connection_lost(self, closed: Closed) -> None:
        """Tell the session, if it has one."""
        if self._session is not None:
            self._session.child_lost(self, closed)

    def _greet(self, frame: bytes) -> None:
        message = codec.decode_from_app(frame)
        found = self._find(message) if isinstance(message, ConnectionInit) else RefusalCode.SESSION_NOT_FOUND
        if isinstance(found, RelayedSession):
            self._session = found
            found.attach(self, frame)
            return
        refusal = ConnectionRefusal(code=found, message=f"mentra dev refuses the connection: {found}")
        self.connection.send_text(codec.encode(refusal))
        self.connection.close(POLICY_VIOLATION, refusal.message)


def _speech_from(cloud_url: str, text: bytes) -> bytes:
    """Let the phone fetch speech from the cloud itself: the child takes the relay for it, which no phone can reach."""
    if SPEECH.encode() not in text:
        return text
    message = codec.decode_from_app(text)
    if not isinstance(message, AudioPlayRequest) or read_speech(message.audio_url) is None:
        return text
    here = urlsplit(message.audio_url)
    if not is_loopback(here.hostname):
        return text
    # Replaced as text: an app in another language may have put more into the frame than we know of.
    taken_for_it = f"{here.scheme}://{here.netloc}{SPEECH}"
    return text.replace(taken_for_it.encode(), f"{http_base(cloud_url)}{SPEECH}".encode())


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text

"""The inside of a session: joins the parts of this package and owns their tasks.

``AppSession`` is what app code gets of it; the rest is for ``mentra.server``.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, TypedDict, TypeVar

import msgspec

from mentra.errors import NotConnected
from mentra.protocol.app_to_cloud import (
    AppMessage,
    ConnectionInit,
    DisplayEvent,
    LocationStream,
    OwnershipRelease,
    SubscriptionUpdate,
)
from mentra.protocol.base import Timestamp, iso_timestamp
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import (
    CapabilitiesUpdate,
    CloudMessage,
    ConnectionAck,
    CustomMessage,
    DataStream,
    SettingsUpdate,
    SystemSettingsUpdate,
)
from mentra.protocol.layouts import Layout, View
from mentra.protocol.streams import AudioChunk
from mentra.session.cloud_api import CloudApi
from mentra.session.link import Connect, Link, LinkOwner
from mentra.session.logger import SessionLogger
from mentra.session.requests import Requests
from mentra.session.router import Router
from mentra.session.settings import SettingsState
from mentra.session.tasks import LoopThread, SessionTasks

CUSTOM_MESSAGE = "custom_message"
"""The stream under which handlers listen to custom messages, which are no stream on the wire."""

M = TypeVar("M", bound=CloudMessage)


class Envelope(TypedDict):
    """What every message of a session says of its sender."""

    package_name: str
    session_id: str
    timestamp: str


class SessionCore(LinkOwner):
    """One user of one app.

    What a capability (``session.camera``, ``session.audio``, ...) needs is here: ``send``, ``ask`` and ``hears``.

    Attributes:
        started_by: The timestamp of the start webhook: a repetition of it is recognised by this.
        begun: Whether ``on_session`` was called.
        disconnected: Set once the socket is closed after the end of the session.
        capabilities: What the connected glasses can do.
        stop_reason: Why the session ended; ``None`` while it has not.
    """

    def __init__(
        self,
        *,
        session_id: str,
        user_id: str,
        package_name: str,
        api_key: Callable[[], str],
        api: CloudApi,
        connect: Connect,
        on_over: Callable[["SessionCore", str], None],
        now: Callable[[], datetime],
        started_by: Timestamp | None = None,
    ) -> None:
        self.session_id = session_id
        self.user_id = user_id
        self.package_name = package_name
        self.started_by = started_by
        self.begun = False
        self.disconnected = asyncio.Event()
        self.stopped = asyncio.Event()
        self.capabilities: Capabilities | None = None
        self.stop_reason: str | None = None
        self.logger = SessionLogger(session_id=session_id, user_id=user_id, package_name=package_name)
        self.tasks = SessionTasks(self.logger)
        self.link = Link(connect, self, self.logger)
        self.router = Router(self._subscriptions_changed, self.tasks, self.logger)
        self.settings = SettingsState(self.tasks, self.logger)
        self.requests = Requests()
        self.api = api
        self._receivers: dict[type[Any], list[Callable[[Any], object]]] = {}
        self._loop_thread = LoopThread()
        self._api_key = api_key
        self._on_over = on_over
        self._now = now
        self._update_due: asyncio.Handle | None = None
        self._subscribed: list[str | LocationStream] = []
        self._unsent: dict[View, tuple[Layout, int | None]] = {}

    # What the server does with a session.

    async def open(self) -> None:
        """Connect to the cloud. Raises what ``Link.open`` raises."""
        await self.link.open()

    def run(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run a coroutine as a task of this session."""
        self.tasks.start(work, name=f"{name} of {self.session_id}")

    def end(self, reason: str) -> bool:
        """Mark the session as ended; return whether it was alive. From now on nothing is sent."""
        if self.stop_reason is not None:
            return False
        self.stop_reason = reason
        self.requests.close(reason)
        if self._update_due is not None:
            self._update_due.cancel()
        return True

    async def close(self, *, release: bool = False) -> None:
        """Close the connection, then end everything that runs in the session.

        Args:
            release: Tell the cloud that the session moves elsewhere, so that it does not start the app again.
        """
        if release:
            self.link.send(OwnershipRelease(**self.envelope(), reason="switching_clouds"))
        try:
            await self.link.close()
        finally:
            self.disconnected.set()
        self.router.close()
        await self.tasks.close()

    # What the link tells (LinkOwner).

    def greeting(self) -> AppMessage:
        """Return the first frame for a new socket."""
        return ConnectionInit(
            session_id=self.session_id,
            package_name=self.package_name,
            api_key=self._api_key(),
            timestamp=self._timestamp(),
        )

    def link_acknowledged(self, ack: ConnectionAck) -> None:
        """Take over what the cloud said, then repeat what it may have forgotten."""
        if ack.capabilities is not msgspec.UNSET:
            self.capabilities = ack.capabilities
        self.settings.update_system(ack.system_settings)
        if ack.settings is not None:
            self.settings.update(ack.settings)
        self._subscribed = []
        self._subscriptions_changed()
        unsent, self._unsent = self._unsent, {}
        for view, (layout, duration_ms) in unsent.items():
            self.show(layout, view, duration_ms)

    def message_received(self, message: CloudMessage) -> None:
        """Act on one message."""
        match message:
            case DataStream():
                self.router.dispatch(message)
            case SettingsUpdate():
                self.settings.update(message.settings)
            case SystemSettingsUpdate():
                self.settings.update_system(message.settings)
            case CapabilitiesUpdate():
                self.capabilities = message.capabilities
            case CustomMessage():
                self.router.deliver(CUSTOM_MESSAGE, message)
            case _:
                pass
        for receive in self._receivers.get(type(message), ()):
            receive(message)

    def audio_received(self, data: bytes) -> None:
        """Act on one binary frame."""
        self.router.deliver(AudioChunk.stream, AudioChunk(data=data))

    def link_over(self, reason: str) -> None:
        """End the session: its connection is gone for good."""
        self._on_over(self, reason)

    # What the session says to the cloud.

    def hears(self, kind: type[M], receive: Callable[[M], object]) -> None:
        """Call a function with each message of one kind, after the session itself took note. It must not raise."""
        self._receivers.setdefault(kind, []).append(receive)

    def envelope(self) -> Envelope:
        """Return the fields of a message that are the same for all: ``PhotoRequest(**core.envelope(), ...)``."""
        return {"package_name": self.package_name, "session_id": self.session_id, "timestamp": self._timestamp()}

    def send(self, message: AppMessage) -> bool:
        """Send a message, and return whether it was: not while the connection is lost, nor after the end.

        Raises:
            RuntimeError: This is not the thread of the session's event loop.
        """
        self._loop_thread.check()
        return self.stop_reason is None and self.link.send(message)

    async def ask(
        self, message: AppMessage, key: str, *, what: str, timeout: float | None, about: tuple[str, ...] = ()
    ) -> Any:
        """Send a message and wait for its answer; see ``Requests.wait``.

        Raises:
            NotConnected: There is no connection to the cloud at this moment; nothing was sent.
            SessionStopped: The session has ended, or ends before the answer.
            RequestTimeout: No answer came.
        """

        def send() -> None:
            if not self.send(message):
                raise NotConnected(f"{what} was not asked for: the connection to the cloud is lost at the moment.")

        return await self.requests.wait(key, what=what, timeout=timeout, about=about, send=send)

    def show(self, layout: Layout, view: View, duration_ms: int | None) -> None:
        """Send a layout; while the connection is lost, keep the newest one of each view until it is back."""
        sent = self.send(DisplayEvent(**self.envelope(), view=view, layout=layout, duration_ms=duration_ms))
        if not sent and self.stop_reason is None:
            self._unsent[view] = (layout, duration_ms)

    def _subscriptions_changed(self) -> None:
        if self._update_due is None and self.stop_reason is None:
            self._update_due = asyncio.get_running_loop().call_soon(self._update_subscriptions)

    def _update_subscriptions(self) -> None:
        self._update_due = None
        names = self.router.names()
        if names == self._subscribed:
            return
        if self.link.send(SubscriptionUpdate(**self.envelope(), subscriptions=names)):
            self._subscribed = names

    def _timestamp(self) -> str:
        return iso_timestamp(self._now())

"""The inside of a session: joins the parts of this package and owns their tasks.

``AppSession`` is what app code gets of it; the rest is for ``mentra.server``.
"""

from collections.abc import Callable, Coroutine, Hashable
from datetime import datetime
from typing import Any, Literal, TypedDict, TypeVar

import msgspec

from mentra.errors import NotConnected, PermissionDenied, RequestFailed
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import (
    AppMessage,
    ConnectionInit,
    DisplayEvent,
    OwnershipRelease,
    Reconnect,
    SubscriptionUpdate,
)
from mentra.protocol.base import Timestamp, iso_timestamp
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import (
    CapabilitiesUpdate,
    CloudMessage,
    ConnectionRefusal,
    CustomMessage,
    DataStream,
    PermissionProblem,
    SettingsUpdate,
    SystemSettingsUpdate,
)
from mentra.protocol.connection import EMPTY_LIST_IGNORED_S, NORMAL_CLOSURE, PING_EVERY_S, SDK_VERSION_3, RefusalCode
from mentra.protocol.layouts import Layout, TextWall, View
from mentra.protocol.permissions import Permission
from mentra.protocol.streams import AudioChunk
from mentra.session.cloud_api import CloudApi
from mentra.session.connection_news import ConnectionNews
from mentra.session.declared_settings import Settings
from mentra.session.durations import Durations
from mentra.session.handlers import Failed
from mentra.session.hardware import Hardware
from mentra.session.link import Ack, Connect, Link, LinkOwner
from mentra.session.logger import SessionLogger
from mentra.session.news import CAPABILITIES, ERROR, PERMISSION_DENIED, PERMISSION_ERROR, STOPPED, Stopped
from mentra.session.once import Once
from mentra.session.published import Published
from mentra.session.requests import Requests
from mentra.session.router import Router
from mentra.session.settings import SettingsState
from mentra.session.silence import Explainer, Silence
from mentra.session.storages import Storages
from mentra.session.stored_data import StoredData
from mentra.session.subscription_list import EMPTY_LIST_MARGIN_S, Names, SubscriptionList
from mentra.session.tasks import LoopThread, SessionTasks
from mentra.session.uploads import Uploads
from mentra.session.wishes import Wishes
from mentra.session.work import SessionWork
from mentra.transport.base import Closed

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
        connection: Whether the cloud can be reached, and who is told of that.
        hardware: What the connected glasses have.
        stop_reason: Why the session ended; ``None`` while it has not.
        published: What the app's server hands out to phones.
        uploads: What phones and glasses bring to it.
        data: What the app keeps for the user.
        work: What runs in the session, and what is to be done at its end.
        durations: Doubts those that look like milliseconds.
        failed: Told each exception of app code, after it was logged.
    """

    __slots__ = (  # More than 30 attributes would take 1.4 kB more as a dict: Python shares no keys beyond that.
        "_api_key",
        "_before_close",
        "_explainer",
        "_generation",
        "_loop_thread",
        "_now",
        "_on_over",
        "_receivers",
        "_resumable",
        "_subscription_list",
        "_text_wall",
        "_timestamp",
        "_wishes",
        "api",
        "begun",
        "connection",
        "data",
        "disconnected",
        "durations",
        "failed",
        "hardware",
        "link",
        "logger",
        "package_name",
        "published",
        "requests",
        "router",
        "session_id",
        "settings",
        "started_by",
        "stop_reason",
        "stopped",
        "tasks",
        "uploads",
        "user_id",
        "work",
    )

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
        timestamp: Callable[[], str] | None = None,
        started_by: Timestamp | None = None,
        generation: Literal[2, 3] = 2,
        settings: type[Settings] = Settings,
        published: Published | None = None,
        uploads: Uploads | None = None,
        silence: Silence | None = None,
        data: StoredData | None = None,
        failed: Failed | None = None,
    ) -> None:
        self.session_id = session_id
        self.user_id = user_id
        self.package_name = package_name
        self.started_by = started_by
        self.begun = False
        self.disconnected = Once()
        self.stopped = Once()
        self.hardware = Hardware()
        self.stop_reason: str | None = None
        self.logger = SessionLogger(session_id=session_id, user_id=user_id, package_name=package_name)
        self.tasks = SessionTasks(self.logger)
        self.failed = failed
        self.router = Router(lambda: self._subscription_list.changed(), self.tasks, self.logger, failed=failed)
        ping_every_s = PING_EVERY_S if generation == 3 else None
        self.link = Link(connect, self, self.logger, take=self.router.take, ping_every_s=ping_every_s)
        self.settings = SettingsState(self.router, self.logger, declared=settings)
        self.requests = Requests()
        self.api = api
        self.published = published or Published()
        self.uploads = Uploads() if uploads is None else uploads
        self.data = data or Storages().of(api, user_id)
        self._receivers: dict[type[Any], tuple[Callable[[Any], object], ...]] = {}
        self._loop_thread = LoopThread()
        self.work = SessionWork(self.tasks, self._loop_thread, self.logger, failed=self._work_failed)
        self._api_key = api_key
        self._generation = generation
        self._resumable: str | None = None
        """The session id under which a cloud of generation 3 resumes this session; ``None`` where it does not."""
        self._on_over = on_over
        self._now = now
        self._timestamp = timestamp or (lambda: iso_timestamp(now()))
        silence = silence or Silence()
        self.durations = Durations(self.logger, silence.is_news)
        self._explainer = Explainer(
            silence,
            api,
            self.logger,
            start=lambda work: self.tasks.start(work, name="look-up of permissions"),
            denied=lambda refused: self.router.tell(PERMISSION_DENIED, refused),
        )
        self.connection = ConnectionNews(self.router, self.logger)
        self._before_close: list[Callable[[], object]] = []
        self._subscription_list = SubscriptionList(
            self.router.names,
            self._send_subscriptions,
            empty_ignored_s=0.0 if generation == 3 else EMPTY_LIST_IGNORED_S + EMPTY_LIST_MARGIN_S,
        )
        self._wishes = Wishes(self.send)
        self._text_wall: codec.Blank | None = None

    @property
    def capabilities(self) -> Capabilities | None:
        """What the connected glasses can do; ``None`` while their model is unknown."""
        return self.hardware.capabilities

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
        self.hardware.close(reason)
        self.work.end(reason)
        self._subscription_list.end()
        self.connection.over(self.link.closed or Closed(NORMAL_CLOSURE, reason))
        self.router.tell(STOPPED, Stopped(reason=reason))
        return True

    async def close(self, *, release: bool = False) -> None:
        """Close the connection, then end everything that runs in the session.

        Args:
            release: Tell the cloud that the session moves elsewhere, so that it does not start the app again.
        """
        for tidy_up in self._before_close:
            tidy_up()
        if release:
            self.link.send(OwnershipRelease(**self.envelope(), reason="switching_clouds"))
        try:
            try:
                await self.link.close()
            finally:
                self.disconnected.set()
            await self.connection.farewell()
        finally:
            self.router.close()
            await self.tasks.close()

    async def clean_up(self) -> None:
        """Do what the app wants done at the end, then store what is not stored yet, without waiting for that."""
        try:
            await self.work.clean_up()
        finally:
            self.data.flush_soon()

    # What the link tells (LinkOwner).

    def greeting(self) -> AppMessage:
        """Return the first frame for a new socket."""
        if self._resumable is not None:
            return Reconnect(session_id=self._resumable, sdk_version=SDK_VERSION_3, timestamp=self._timestamp())
        third = self._generation == 3
        return ConnectionInit(
            session_id=None if third else self.session_id,
            package_name=self.package_name,
            api_key=self._api_key(),
            sdk_version=SDK_VERSION_3 if third else None,
            timestamp=self._timestamp(),
        )

    def resume_rejected(self) -> None:
        """Begin the session anew with the next greeting."""
        self._resumable = None

    def link_lost(self, closed: Closed) -> None:
        """Take note that the connection is lost for the moment."""
        self.connection.lost(closed)

    def request_refused(self, refusal: ConnectionRefusal) -> None:
        """Fail the calls that the refusal is about."""
        error = _request_error(refusal)
        self.requests.refuse(refusal.message, error)
        self.router.tell(ERROR, error)

    def link_acknowledged(self, ack: Ack) -> None:
        """Take over what the cloud said, then repeat what it may have forgotten."""
        if self._generation == 3:
            self._resumable = ack.session_id or self.session_id
        if ack.capabilities is not msgspec.UNSET:
            self.hardware.capabilities = ack.capabilities
        self.router.options_work = ack.is_of_2026
        self._subscription_list.connected()
        self._wishes.send_waiting()  # Before handlers are called: what they show is newer.
        self.settings.update_system(ack.system_settings)
        if ack.settings is not None:
            self.settings.update(ack.settings)
        self.connection.came()

    def event_received(self, event: DataStream, frame: bytes | str) -> None:
        """Act on one event of a stream."""
        self.router.dispatch(event, frame)

    def message_received(self, message: CloudMessage) -> None:
        """Act on one message that is no event of a stream."""
        match message:
            case SettingsUpdate():
                self.settings.update(message.settings)
            case SystemSettingsUpdate():
                self.settings.update_system(message.settings)
            case CapabilitiesUpdate():
                self.hardware.capabilities = message.capabilities
                self._explain_silence(again=True)
                self.router.tell(CAPABILITIES, message)
            case CustomMessage():
                self.router.deliver(CustomMessage.stream, message)
            case PermissionProblem():
                self.router.tell(PERMISSION_ERROR, message)
                for refused in message.details:
                    self.router.tell(PERMISSION_DENIED, refused)
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
        self._receivers[kind] = (*self._receivers.get(kind, ()), receive)

    def before_close(self, tidy_up: Callable[[], object]) -> None:
        """Call a function when the session has ended and ``link.send`` may still reach the cloud. It must not raise."""
        self._before_close.append(tidy_up)

    def now(self) -> datetime:
        """Return the present moment."""
        return self._now()

    def envelope(self) -> Envelope:
        """Return the fields of a message that are the same for all: ``PhotoRequest(**core.envelope(), ...)``."""
        return {"package_name": self.package_name, "session_id": self.session_id, "timestamp": self._timestamp()}

    def send(self, message: AppMessage) -> bool:
        """Send a message, and return whether it was: not while the connection is lost, nor after the end.

        Raises:
            RuntimeError: This is not the thread of the session's event loop.
        """
        self._loop_thread.check()
        # Whoever answers what is shown now must reach the handlers that were registered before.
        self._subscription_list.tell_now()
        return self.stop_reason is None and self.link.send(message)

    async def ask(
        self, message: AppMessage, key: str, *, what: str, timeout: float | None, about: tuple[str, ...] = ()
    ) -> Any:
        """Send a message, once the connection is up, and wait for its answer; see ``Requests.wait``.

        Raises:
            NotConnected: The connection did not come back in time; nothing was sent.
            SessionStopped: The session has ended, or ends before the answer.
            RequestTimeout: No answer came.
        """

        def send() -> None:
            if not self.send(message):
                raise NotConnected(f"{what} was not asked for: the connection to the cloud is lost.")

        waited = await self.wait_until_up(what, timeout)
        return await self.requests.wait(key, what=what, timeout=timeout, waited=waited, about=about, send=send)

    async def wait_until_up(self, what: str, timeout: float | None) -> float:
        """Wait until what is sent is heard, or the session ends; return how many seconds that took.

        A lost connection comes back within seconds, or the session ends. After a refused request it is always lost, and
        whoever then says so by voice is to be heard.

        Raises:
            NotConnected: It did not come back in time.
        """
        if self.link.is_up or self.stop_reason is not None:
            return 0.0
        return await self.connection.wait(what, timeout)

    def wish(self, key: Hashable, message: Callable[[], AppMessage]) -> None:
        """Send a message; while the connection is lost, keep the newest one of each key until it is back.

        Args:
            message: Makes it as it is sent, with the time of that moment.
        """
        if self.stop_reason is None:
            self._wishes.add(key, message)

    def show(self, layout: Layout, view: View, duration_ms: int | None, force: bool) -> None:
        """Wish for a layout in a view."""
        if self.stop_reason is not None:
            return

        def message() -> DisplayEvent:
            return self._display_event(layout, view, self._timestamp(), duration_ms=duration_ms, force=force)

        self._wishes.add(("layout", view), message)

    def show_text(self, text: str) -> None:
        """Wish for a text wall in the main view, for as long as nothing else is shown.

        Apps show little else: hence a way of its own, which takes a third of the time of ``show``: 3 us less.
        """
        if self._text_wall is None:
            self._text_wall = codec.Blank(
                lambda text, timestamp: self._display_event(TextWall(text=text), View.MAIN, timestamp)
            )
        self._loop_thread.check()
        self._subscription_list.tell_now()
        if (
            self.stop_reason is not None
            or self._wishes.waiting
            or not self.link.send_frame(self._text_wall.filled(text, self._timestamp()))
        ):
            self.show(TextWall(text=text), View.MAIN, None, False)

    def _display_event(
        self, layout: Layout, view: View, timestamp: str, *, duration_ms: int | None = None, force: bool = False
    ) -> DisplayEvent:
        return DisplayEvent(
            package_name=self.package_name,
            session_id=self.session_id,
            timestamp=timestamp,
            view=view,
            layout=layout,
            duration_ms=duration_ms,
            force_display=True if force else None,
        )

    def _send_subscriptions(self, names: Names) -> bool:
        sent = self.link.send(SubscriptionUpdate(**self.envelope(), subscriptions=names))
        if sent:
            self._explain_silence()
        return sent

    def _work_failed(self, error: Exception) -> None:
        self.router.tell(ERROR, error)
        if self.failed is not None:
            self.failed(error)

    def _explain_silence(self, *, again: bool = False) -> None:
        self._explainer.look_at(
            self.router.calls(), self.capabilities, options_work=self.router.options_work, again=again
        )


def _request_error(refusal: ConnectionRefusal) -> RequestFailed:
    """Return the error for a refusal, which says in words only what it is about."""
    code = refusal.code or ""
    message = f"The cloud refused: {refusal.message}"
    if code != RefusalCode.PERMISSION_DENIED:
        return RequestFailed(message, code=code)
    # As in "Camera permission required to take photos."
    first = refusal.message.partition(" ")[0].upper()
    return PermissionDenied(message, code=code, permission=first if first in set(Permission) else "")

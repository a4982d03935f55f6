"""The inside of a session: joins the parts of this package and owns their tasks.

``AppSession`` is what app code gets of it; the rest is for ``mentra.server``.
"""

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from threading import get_ident
from types import MappingProxyType
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
    RefusedStream,
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
from mentra.session.hardware import Hardware, KnownGlasses
from mentra.session.link import Ack, Connect, Link, LinkOwner
from mentra.session.logger import SessionLogger
from mentra.session.news import CAPABILITIES, ERROR, PERMISSION_DENIED, PERMISSION_ERROR, STOPPED, Stopped
from mentra.session.once import Once
from mentra.session.published import Published
from mentra.session.requests import Requests
from mentra.session.router import Router, nothing
from mentra.session.settings import SettingsState
from mentra.session.silence import Explainer, Silence
from mentra.session.storages import Storages
from mentra.session.stored_data import StoredData
from mentra.session.subscription_list import EMPTY_LIST_MARGIN_S, Names, SubscriptionList
from mentra.session.tasks import SessionTasks
from mentra.session.uploads import Uploads
from mentra.session.wishes import Wishes
from mentra.session.work import SessionWork
from mentra.transport.base import Closed

M = TypeVar("M", bound=CloudMessage)

_Receivers = Mapping[type[Any], tuple[Callable[[Any], object], ...]]
_NO_RECEIVERS: _Receivers = MappingProxyType({})


class Envelope(TypedDict):
    """What every message of a session says of its sender."""

    package_name: str
    session_id: str
    timestamp: str


class _EachMessage:
    """What is looked at for each message, side by side, so that it is in fewer lines of the processor's cache.

    With those of ``ClientSocket`` and ``AppSession`` that saves 0.3 us with 1,000 sessions, 0.5 with 5,000.
    That is how it is with slots of a base class; those of one class are in the order of the alphabet.
    """

    __slots__ = (
        "_loop_thread",
        "_subscription_list",
        "_text_wall",
        "_timestamp",
        "_wishes",
        "link",
        "stop_reason",
    )


class SessionCore(_EachMessage, LinkOwner):
    """One user of one app.

    What a capability (``session.camera``, ``session.audio``, ...) needs is here: ``send``, ``ask`` and ``hears``.

    Most sessions use few of these, so what they need is made when it is used, or when there is something to keep in it:
    a session that only listens takes 5 kB instead of 17.

    After ``close`` nothing in it leads back to the core. So an ended session goes at once, and not when the garbage
    collector finds it, which for thousands of sessions would take a third of the CPU of their starts.

    Attributes:
        started_by: The timestamp of the start webhook: a repetition of it is recognised by this.
        begun: Whether ``on_session`` was called.
        disconnected: Set once the socket is closed after the end of the session.
        connection: Whether the cloud can be reached, and who is told of that.
        hardware: What the connected glasses have.
        stop_reason: Why the session ended; ``None`` while it has not.
        published: What the app's server hands out to phones.
        uploads: What phones and glasses bring to it.
        failed: Told each exception of app code, after it was logged.
        unheard: Called with the class of a message, before it is looked up who ``hears`` it.
    """

    __slots__ = (  # More than 30 attributes would take 1.4 kB more as a dict: Python shares no keys beyond that.
        "__weakref__",
        "_api_key",
        "_before_close",
        "_closed",
        "_data",
        "_explainer",
        "_generation",
        "_glasses",
        "_now",
        "_on_over",
        "_receivers",
        "_requests",
        "_resumable",
        "_silence",
        "_storages",
        "_work",
        "api",
        "begun",
        "connection",
        "disconnected",
        "failed",
        "hardware",
        "logger",
        "package_name",
        "published",
        "router",
        "session_id",
        "settings",
        "started_by",
        "stopped",
        "tasks",
        "unheard",
        "uploads",
        "user_id",
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
        glasses: KnownGlasses | None = None,
        storages: Storages | None = None,
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
        self.router = Router(self._subscriptions_changed, self.tasks, self.logger, failed=failed)
        ping_every_s = PING_EVERY_S if generation == 3 else None
        self.link = Link(connect, self, self.logger, take=self.router.take, ping_every_s=ping_every_s)
        self.settings = SettingsState(self.router, self.logger, declared=settings)
        self.api = api
        self.published = published or Published()
        self.uploads = Uploads() if uploads is None else uploads
        self.unheard: Callable[[Hashable], object] = nothing
        self.connection = ConnectionNews(self.router, self.logger)
        self._receivers: _Receivers = _NO_RECEIVERS
        self._before_close: tuple[Callable[[], object], ...] = ()
        self._closed = False
        self._loop_thread = self.router.loop_thread
        self._api_key = api_key
        self._generation = generation
        self._resumable: str | None = None
        """The session id under which a cloud of generation 3 resumes this session; ``None`` where it does not."""
        self._on_over = on_over
        self._now = now
        self._timestamp = timestamp or (lambda: iso_timestamp(now()))
        self._silence = silence or Silence()
        self._glasses = glasses
        self._storages = storages or Storages()
        self._data: StoredData | None = None
        self._requests: Requests | None = None
        self._work: SessionWork | None = None
        self._explainer: Explainer | None = None
        self._subscription_list = SubscriptionList(
            self.router.names,
            self._send_subscriptions,
            empty_ignored_s=0.0 if generation == 3 else EMPTY_LIST_IGNORED_S + EMPTY_LIST_MARGIN_S,
        )
        self._wishes = Wishes(self.send)
        self._text_wall: codec.Blank | None = None

    @property
    def requests(self) -> Requests:
        """The calls that wait for an answer."""
        if self._requests is None:
            self._requests = Requests()
            if self.stop_reason is not None:
                self._requests.close(self.stop_reason)
        return self._requests

    @property
    def work(self) -> SessionWork:
        """What runs in the session, and what is to be done at its end."""
        if self._work is None:
            self._work = SessionWork(self.tasks, self._loop_thread, self.logger, failed=self.router.report)
            if self.stop_reason is not None:
                self._work.end(self.stop_reason)
        return self._work

    @property
    def data(self) -> StoredData:
        """What the app keeps for the user."""
        if self._data is None:
            self._data = self._storages.of(self.api, self.user_id)
        return self._data

    def keep(self, data: StoredData) -> None:
        """Hold on to this user's data on this cloud, which somebody uses: so it is fetched once in a session."""
        self._data = data

    @property
    def durations(self) -> Durations:
        """Doubts those that look like milliseconds."""
        return Durations(self.logger, self._silence.is_news)

    @property
    def capabilities(self) -> Capabilities | None:
        """What the connected glasses can do; ``None`` while their model is unknown."""
        return self.hardware.capabilities

    # What the server does with a session.

    async def open(self) -> None:
        """Connect to the cloud. Raises what ``Link.open`` raises; then nothing is left over."""
        try:
            await self.link.open()
        except BaseException:
            self.give_up()
            raise

    def give_up(self) -> None:
        """Forget a session that is not to be opened, or could not be."""
        self.link.forget_owner()
        self.router.close()
        self._let_go()

    def end(self, reason: str) -> bool:
        """Mark the session as ended; return whether it was alive. From now on nothing is sent."""
        if self.stop_reason is not None:
            return False
        self.stop_reason = reason
        if self._requests is not None:
            self._requests.close(reason)
        self.hardware.close(reason)
        if self._work is not None:
            self._work.end(reason)
        self._end_explaining()
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
            self._let_go()
            await self.tasks.close()

    async def clean_up(self) -> None:
        """Do what the app wants done at the end, then store what is not stored yet, without waiting for that."""
        try:
            if self._work is not None:
                await self._work.clean_up()
        finally:
            self._storages.flush_soon(self.api, self.user_id)

    def _let_go(self) -> None:
        """Drop what leads back to this object."""
        self._closed = True
        self.unheard = nothing
        self._receivers = _NO_RECEIVERS
        self._before_close = ()
        self._end_explaining()
        self._subscription_list.end()
        self._wishes = Wishes(_unsent)
        self._text_wall = None

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
            self._learn(ack.capabilities)
        self.router.options_work = ack.is_of_2026
        self._subscription_list.connected()
        if self._wishes.waiting is not None:
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
                self._learn(message.capabilities)
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
        self.unheard(type(message))
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
        if not self._closed:
            self._receivers = {**self._receivers, kind: (*self._receivers.get(kind, ()), receive)}

    def before_close(self, tidy_up: Callable[[], object]) -> None:
        """Call a function when the session has ended and ``link.send`` may still reach the cloud. It must not raise."""
        if not self._closed:
            self._before_close += (tidy_up,)

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
        # Looked at here, and not there, which saves 0.1 us each.
        if get_ident() != self._loop_thread.ident:
            self._loop_thread.check()
        if self._subscription_list.due is not None:
            self._subscription_list.tell_now()
        connection = self.link.up
        if connection is None or self.stop_reason is not None or self._wishes.waiting:
            self.show(TextWall(text=text), View.MAIN, None, False)
            return
        if self._text_wall is None:
            self._text_wall = codec.Blank(
                lambda text, timestamp: self._display_event(TextWall(text=text), View.MAIN, timestamp)
            )
        timestamp = self._timestamp  # Called as an attribute in a slot, it takes 0.05 us more.
        connection.send_text(self._text_wall.filled(text, timestamp()))

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

    def _subscriptions_changed(self) -> None:
        self._subscription_list.changed()

    def _send_subscriptions(self, names: Names) -> bool:
        sent = self.link.send(SubscriptionUpdate(**self.envelope(), subscriptions=names))
        if sent and names:
            self._explain_silence()
        return sent

    def _learn(self, capabilities: Capabilities | None) -> None:
        if capabilities is not None and self._glasses is not None:
            capabilities = self._glasses.shared(capabilities)
        self.hardware.capabilities = capabilities

    def _explain_silence(self, *, again: bool = False) -> None:
        if self.stop_reason is not None:
            return
        calls, capabilities, options_work = self.router.calls(), self.hardware.capabilities, self.router.options_work
        unsure = self._silence.unsure_of(self.api, calls, capabilities, options_work=options_work)
        if unsure == ():
            return
        if self._explainer is None:
            self._explainer = Explainer(self._silence, self.api, self.logger, denied=self._permission_denied)
        if unsure is None:
            self._explainer.look_at(calls, capabilities, options_work=options_work, again=again)
        else:
            self._explainer.ask_for(unsure)

    def _end_explaining(self) -> None:
        if self._explainer is not None:
            self._explainer.close()
            self._explainer = None

    def _permission_denied(self, refused: RefusedStream) -> None:
        self.router.tell(PERMISSION_DENIED, refused)


def _request_error(refusal: ConnectionRefusal) -> RequestFailed:
    """Return the error for a refusal, which says in words only what it is about."""
    code = refusal.code or ""
    message = f"The cloud refused: {refusal.message}"
    if code != RefusalCode.PERMISSION_DENIED:
        return RequestFailed(message, code=code)
    # As in "Camera permission required to take photos."
    first = refusal.message.partition(" ")[0].upper()
    return PermissionDenied(message, code=code, permission=first if first in set(Permission) else "")


def _unsent(_: AppMessage) -> bool:
    return False

"""One app of one user: started by webhook, connected, lost, restarted, stopped.

Every change of state goes through the table ``mentra.protocol.connection.CLOUD``. A timer belongs to the state it
was set in, and leaving the state cancels it. That is on purpose unlike the cloud of December 2025, where the timer
of a lost connection survives a stop and brings the app back against the user's will.

Source: MentraOS cloud/packages/cloud/src/services/session/AppManager.ts (Dec 2025);
docs/protocol.md, Life of a connection.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Literal, Protocol

import msgspec

from mentra.errors import MentraError
from mentra.localcloud.app_http import AppHttp
from mentra.localcloud.app_link import AppFrame, AppLink
from mentra.localcloud.catalogue import InstalledApp, NotInstalled
from mentra.localcloud.rules import permitted, read_subscriptions
from mentra.protocol.app_to_cloud import AppMessage, DashboardContentUpdate, DisplayEvent
from mentra.protocol.cloud_to_app import AppStopped, ConnectionAck, DeviceState, DeviceStateUpdate, ReconnectAck
from mentra.protocol.connection import (
    APP_STOPPED,
    CLOUD,
    CONNECT_WITHIN_S,
    EMPTY_LIST_IGNORED_S,
    GRACE_S,
    USER_SESSION_ENDED,
    RunEvent,
    RunState,
)

Stage = Literal["WEBHOOK", "CONNECTION", "AUTHENTICATION", "TIMEOUT"]

_logger = logging.getLogger(__name__)


class StartFailed(MentraError):
    """An app did not start. It is not running, and nothing more is tried.

    Attributes:
        stage: Where it failed: ``"WEBHOOK"`` (its server did not agree), ``"AUTHENTICATION"`` (it connected with
            a wrong key), ``"TIMEOUT"`` (it did not connect within five seconds) or ``"CONNECTION"`` (it was
            stopped before it connected).
    """

    def __init__(self, stage: Stage, message: str) -> None:
        super().__init__(message)
        self.stage: Stage = stage


class Owner(Protocol):
    """What a run needs from its user."""

    @property
    def user_id(self) -> str:
        """The user's id."""
        ...

    @property
    def http(self) -> AppHttp:
        """How to call the app's server."""
        ...

    @property
    def websocket_url(self) -> str:
        """Where the app shall connect."""
        ...

    @property
    def generation(self) -> int:
        """How the cloud speaks to apps; docs/protocol.md, Generation 3."""
        ...

    @property
    def device_state(self) -> DeviceState:
        """What is known of the glasses."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background until the local cloud is closed."""
        ...

    def timestamp(self) -> str:
        """Return the present moment as the wire writes it."""
        ...

    def acknowledgement(self, app: InstalledApp, session_id: str) -> ConnectionAck:
        """Return the answer to an app that connected."""
        ...

    def permissions_of(self, package_name: str) -> tuple[str, ...]:
        """Return what an app has declared by now; raises ``NotInstalled`` for one that is gone."""
        ...

    def note(self, package_name: str, frame: AppFrame) -> None:
        """Remember a frame of an app."""

    def show(self, event: DisplayEvent) -> None:
        """Show something."""

    def set_dashboard_line(self, update: DashboardContentUpdate) -> None:
        """Put an app's line on the dashboard."""

    def ask(self, run: "AppRun", message: AppMessage) -> None:
        """Do what an app asks for."""

    def subscribed(self, run: "AppRun", before: tuple[str, ...]) -> None:
        """Learn that an app sent a list of subscriptions; ``before`` are those until then."""

    def forget_views(self, package_name: str) -> None:
        """Take everything off the glasses that an app put there."""


class AppRun:
    """One app of one user, over all its starts."""

    def __init__(self, app: InstalledApp, owner: Owner) -> None:
        self.app = app
        self.state = RunState.STOPPED
        self.subscriptions: tuple[str, ...] = ()
        """What the app receives now, after the cloud's rules."""
        self.dropped: tuple[str, ...] = ()
        """What it asked for with its last list, and has no permission for."""
        self._owner = owner
        self._link: AppLink | None = None
        self._connected_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._starting: asyncio.Future[StartFailed | None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        """The last stop, under way or done."""

    @property
    def package_name(self) -> str:
        """The app's package name."""
        return self.app.package_name

    @property
    def is_running(self) -> bool:
        """Whether the app connected and was not stopped since; also while the cloud waits for it to come back."""
        return self.state not in (RunState.STOPPED, RunState.STARTING)

    @property
    def accepts_connection(self) -> bool:
        """Whether the cloud expects the app to connect now."""
        return RunEvent.CONNECTED in CLOUD[self.state]

    @property
    def is_connected(self) -> bool:
        """Whether what is sent now reaches the app."""
        return self._link is not None

    async def start(self, app: InstalledApp) -> None:
        """Start the app and wait until it is connected; a start under way is shared, a running app left alone.

        Args:
            app: What the console holds about it now.

        Raises:
            StartFailed: It did not connect.
        """
        if self._stopping is not None:
            await asyncio.wait([self._stopping])
        if self.state is RunState.STOPPED:
            self.app = app
            self._begin()
        if self._starting is not None:
            failure = await asyncio.shield(self._starting)
            if failure is not None:
                raise StartFailed(failure.stage, str(failure))

    async def stop(self) -> None:
        """Stop the app: its webhook first, then ``app_stopped``, then the close. A stop under way is shared."""
        if self.state is not RunState.STOPPED:
            link = self._leave(StartFailed("CONNECTION", f"{self.package_name} was stopped before it connected."))
            self._stopping = self._owner.spawn(self._finish(link))
        if self._stopping is not None:
            await asyncio.wait([self._stopping])

    def user_left(self) -> None:
        """End the session because the phone is gone: no webhook, only the socket says it."""
        link = self._leave(StartFailed("CONNECTION", f"The user left before {self.package_name} connected."))
        if link is not None:
            self._say_goodbye(link, USER_SESSION_ENDED)

    def cloud_closed(self) -> None:
        """End the session because the local cloud is being closed. Nobody is told."""
        self._leave(StartFailed("CONNECTION", f"The cloud was closed before {self.package_name} connected."))

    def refused_key(self) -> None:
        """Learn that the app tried to connect with a wrong key. A start under way fails at once."""
        if self.state is RunState.STARTING:
            self._fail("AUTHENTICATION", f"{self.package_name} connected with a key that is not its own.")

    def connected(self, link: AppLink, session_id: str, *, resumed: bool = False) -> None:
        """Take a link as the app's connection, in place of one there may be, and acknowledge it."""
        self._apply(RunEvent.CONNECTED)
        self._link = link
        self._connected_at = asyncio.get_running_loop().time()
        ack = self._owner.acknowledgement(self.app, session_id)
        link.send(ReconnectAck(**msgspec.structs.asdict(ack)) if resumed else ack)
        if self._owner.generation == 3:
            link.send(DeviceStateUpdate(state=msgspec.to_builtins(self._owner.device_state), full_snapshot=True))
        self._resolve(None)

    @property
    def permissions(self) -> tuple[str, ...]:
        """What the app has declared by now: the cloud looks at each list and each request anew."""
        try:
            return self._owner.permissions_of(self.package_name)
        except NotInstalled:
            return self.app.permissions

    def note(self, frame: AppFrame) -> None:
        """Remember a frame of the app."""
        self._owner.note(self.package_name, frame)

    def subscribe(self, value: Any) -> None:
        """Replace the app's subscriptions by those in a JSON value.

        Raises:
            ValueError: The value is neither a list nor text.
        """
        names = read_subscriptions(value)
        connected_for_s = asyncio.get_running_loop().time() - self._connected_at
        # An SDK that reconnects registers its handlers only afterwards; its empty list is not meant.
        if value or connected_for_s >= EMPTY_LIST_IGNORED_S or self._owner.generation == 3:
            before, self.subscriptions = self.subscriptions, permitted(names, self.permissions)
            self.dropped = tuple(name for name in names if name not in self.subscriptions)
            self._owner.subscribed(self, before)

    def show(self, event: DisplayEvent) -> None:
        """Show something for the app, while it runs; a socket that was replaced may still ask for it."""
        if self.is_running:
            self._owner.show(event)

    def set_dashboard_line(self, update: DashboardContentUpdate) -> None:
        """Put the app's line on the dashboard, while it runs."""
        if self.is_running:
            self._owner.set_dashboard_line(update)

    def ask(self, message: AppMessage) -> None:
        """Do what the app asks for, while it runs."""
        if self.is_running:
            self._owner.ask(self, message)

    def refuse(self, code: str, message: str) -> None:
        """Refuse what the app asked for: it loses its connection."""
        if self._link is not None:
            self._link.refuse(code, message)

    def lost(self) -> None:
        """Learn that a link of this app is closed.

        Which one is not asked: when a replaced socket closes, the cloud forgets the new one as well
        (docs/protocol.md, Life of a connection).
        """
        if self.state is RunState.RUNNING:
            self._apply(RunEvent.LOST)
            self._link = None
            self._timer = asyncio.get_running_loop().call_later(GRACE_S, self._grace_over)

    def drop_connection(self) -> None:
        """Break the app's connection as a bad network does."""
        if self._link is not None:
            self._link.drop()

    def send(self, message: msgspec.Struct) -> None:
        """Send a message to the app; it is lost when there is no connection."""
        if self._link is not None:
            self._link.send(message)

    def send_binary(self, data: bytes) -> None:
        """Send a binary frame to the app; it is lost when there is no connection."""
        if self._link is not None:
            self._link.send_binary(data)

    def _apply(self, event: RunEvent) -> None:
        self.state = CLOUD[self.state][event]
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.state in (RunState.STOPPED, RunState.RESTARTING):
            self.subscriptions = ()
            self._owner.forget_views(self.package_name)

    def _begin(self) -> None:
        self._apply(RunEvent.START)
        loop = asyncio.get_running_loop()
        # A restart has its future already; whoever starts the app meanwhile waits for that one.
        self._starting = self._starting or loop.create_future()
        late = f"{self.package_name} did not connect to {self._owner.websocket_url} within {CONNECT_WITHIN_S:g} s."
        self._timer = loop.call_later(CONNECT_WITHIN_S, self._fail, "TIMEOUT", late)
        self._owner.spawn(self._call_webhook(self._starting))

    async def _call_webhook(self, start: asyncio.Future[StartFailed | None]) -> None:
        def still_wanted() -> bool:
            # An app that connected gets the repetition as well, as it does from the cloud (docs/protocol.md, HTTP).
            return not start.done() or start.result() is None

        problem = await self._owner.http.session_request(
            self.app,
            self._owner.user_id,
            self._owner.websocket_url,
            generation=self._owner.generation,
            still_wanted=still_wanted,
        )
        # An app that connected all the same is not hurt, nor is a later start by the failure of this one.
        if problem is not None and self._starting is start:
            self._fail("WEBHOOK", f"The server of {self.package_name} did not accept the session: {problem}")

    def _fail(self, stage: Stage, message: str) -> None:
        self._leave(StartFailed(stage, message))

    def _grace_over(self) -> None:
        self._apply(RunEvent.GRACE_OVER)
        self._starting = asyncio.get_running_loop().create_future()
        self._owner.spawn(self._restart(self._starting))

    async def _restart(self, start: asyncio.Future[StartFailed | None]) -> None:
        if self._owner.generation == 2:
            await self._owner.http.stop_request(self.app, self._owner.user_id)
        if self._starting is start:
            self._begin()
        failure = await start
        if failure is not None and failure.stage != "CONNECTION":
            # Nobody asked for this start, so nobody else would hear that it failed.
            _logger.warning("%s was not restarted for %s: %s", self.package_name, self._owner.user_id, failure)

    async def _finish(self, link: AppLink | None) -> None:
        await self._owner.http.stop_request(self.app, self._owner.user_id)
        if link is not None:
            self._say_goodbye(link, APP_STOPPED)

    def _say_goodbye(self, link: AppLink, reason: str) -> None:
        link.send(AppStopped(timestamp=self._owner.timestamp()))
        link.end(reason)

    def _leave(self, failure: StartFailed) -> AppLink | None:
        """Be stopped from now on; a start under way fails. Returns the link that there was."""
        self._apply(RunEvent.STOP)
        self._resolve(failure)
        link, self._link = self._link, None
        return link

    def _resolve(self, outcome: StartFailed | None) -> None:
        start, self._starting = self._starting, None
        if start is not None and not start.done():
            start.set_result(outcome)

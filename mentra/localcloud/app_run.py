"""One app of one user: started by webhook, connected, lost, restarted, stopped.

The rules, which are those of the cloud of December 2025 with all that is odd about them:

* An app is *loading* from its start webhook until it connects or the start fails, and *running* from then on until it
  is stopped. Only in these states may it connect.
* A start fails by its webhook (two attempts), by five seconds without a connection, or by a wrong key. After a wrong
  key the app stays loading: with the right one it is still let in.
* Each closed socket of the app begins a grace of five seconds, whichever socket it was: when one that was replaced
  closes, the cloud forgets the new one. Who has no connection at the end is stopped and started again.
* A stop ends no grace, nor does a new connection. So an app that was lost and then stopped comes back.
* A restart that is done makes the cloud forget the grace of a socket that closed meanwhile: it runs on, and the next
  socket that closes begins another one beside it.
* The end of the user's session ends neither a stop nor a restart under way, and leaves a socket open that was replaced.
  When that one closes later the app is restarted as well, though it will find no session, or the next one.
* An app that is being stopped goes on hearing what happens until it is told goodbye.

With ``generation`` 3 it is the cloud of June 2026: a stop or a connection ends the grace, an app of generation 3 keeps
its subscriptions over a restart and gets no stop webhook, one that released its session is left alone until the phone
comes back, and so is one that was lost while the phone is away. Nothing is sent to an app that is being stopped.

Source: MentraOS cloud/packages/cloud/src/services/session/AppManager.ts (Dec 2025), AppSession.ts (Jun 2026);
docs/protocol.md, Life of a connection.
"""

import asyncio
import logging
import math
from enum import StrEnum
from typing import Any

import msgspec

from mentra.localcloud.app_link import AppFrame, AppLink, DisplayWish
from mentra.localcloud.app_start import Stage, Start, StartFailed
from mentra.localcloud.catalogue import InstalledApp, NotInstalled
from mentra.localcloud.hardware import missing_hardware
from mentra.localcloud.loose_requests import LooseRequest, read_request
from mentra.localcloud.rules import location_rate, permitted, read_subscriptions
from mentra.localcloud.run_owner import RunOwner
from mentra.localcloud.traffic import Direction
from mentra.protocol.app_to_cloud import AppMessage, DisplayEvent
from mentra.protocol.cloud_to_app import AppStopped, DeviceStateUpdate, ReconnectAck
from mentra.protocol.connection import (
    APP_STOPPED,
    CONNECT_WITHIN_3_S,
    CONNECT_WITHIN_S,
    EMPTY_LIST_IGNORED_S,
    GRACE_S,
    USER_SESSION_ENDED,
)

GOODBYE_AFTER_S = 0.02
"""From the answer to the stop webhook to the goodbye on the socket. An app that closes its socket inside the webhook is
always faster (docs/protocol.md, W-CONN-6)."""

_logger = logging.getLogger(__name__)


class _Phase(StrEnum):
    """What the cloud thinks of an app's connection. It decides on nothing but what this file says."""

    NEW = "new"
    RUNNING = "running"
    GRACE = "grace"
    """A socket closed; the app has five seconds to come back."""
    RESTARTING = "restarting"
    """The webhooks of a start, first or repeated, are on their way."""
    STOPPING = "stopping"
    """Also once it is stopped."""
    DISCONNECTED = "disconnected"
    """A start failed."""
    DORMANT = "dormant"
    """Left alone until the phone comes back, or the app by itself. Generation 3 only."""


_MAY_COME_BACK = frozenset({_Phase.GRACE, _Phase.RESTARTING, _Phase.DORMANT})


class AppRun:
    """One app of one user, over all its starts while the user is there."""

    def __init__(self, app: InstalledApp, owner: RunOwner) -> None:
        self.app = app
        self.is_running = False
        """Whether the app connected and was not stopped since; also while the cloud waits for it to come back."""
        self.subscriptions: tuple[str, ...] = ()
        """What the app receives now, after the cloud's rules."""
        self.dropped: tuple[str, ...] = ()
        """What it asked for with its last list, and has no permission for."""
        self.location_rate: str | None = None
        """How exact it wants the stream of locations, if it said so with its last list."""
        self._owner = owner
        self._phase = _Phase.NEW
        self._is_loading = False
        self._session_ended = False
        self._is_over = False
        """Whether nothing more comes of what is under way."""
        self._speaks_3 = False
        self._released = False
        self._link: AppLink | None = None
        self._asked_on: AppLink | None = None
        self._greeted_at = -math.inf
        """When the app sent its last init; in generation 2 also one that was refused."""
        self._start: Start | None = None
        self._grace: asyncio.TimerHandle | None = None
        self._stopping: asyncio.Task[None] | None = None
        """The last stop, under way or done."""

    @property
    def package_name(self) -> str:
        """The app's package name."""
        return self.app.package_name

    @property
    def accepts_connection(self) -> bool:
        """Whether the cloud expects the app to connect now."""
        if self.is_running or self._is_loading:
            return True
        return self._owner.generation == 3 and self._phase in _MAY_COME_BACK

    @property
    def is_connected(self) -> bool:
        """Whether what is sent now reaches the app."""
        return self._link is not None

    @property
    def is_dormant(self) -> bool:
        """Whether the app is to be started again when the phone comes back."""
        return self._phase is _Phase.DORMANT

    @property
    def permissions(self) -> tuple[str, ...]:
        """What the app has declared by now: the cloud looks at each list and each request anew."""
        try:
            return self._owner.registered(self.package_name).permissions
        except NotInstalled:
            return self.app.permissions

    async def start(self, app: InstalledApp) -> None:
        """Start the app and wait until it is connected; a start under way is shared, a running app left alone.

        Args:
            app: What the console holds about it now.

        Raises:
            StartFailed: It did not connect.
        """
        if self.is_running:
            return
        missing = missing_hardware(app.hardware_requirements, self._owner.capabilities)
        if missing:
            parts = ", ".join(part.lower() for part in missing)
            raise StartFailed("HARDWARE_CHECK", f"{app.package_name} requires what these glasses lack: {parts}.")
        if not self._session_ended:
            await self._owner.make_room(self)
        if self._is_over:
            raise StartFailed("CONNECTION", f"The session ended before {app.package_name} was asked to connect.")
        start = self._start if self._is_loading and self._start is not None else self._begin(app)
        failure = await asyncio.shield(start.outcome)
        if failure is not None:
            raise StartFailed(failure.stage, str(failure))

    async def stop(self) -> None:
        """Stop the app: its webhook first, then ``app_stopped``, then the close. A stop under way is shared."""
        if self.is_running or self._is_loading or self.is_dormant:
            if self._owner.generation == 3:
                self._end_grace()
            if self._start is not None:
                self._start.resolve(StartFailed("CONNECTION", f"{self.package_name} was stopped before it connected."))
            self._leave(_Phase.STOPPING)
            self._stopping = self._owner.spawn(self._finish_stop())
        if self._stopping is not None:
            await asyncio.wait([self._stopping])

    def user_left(self) -> None:
        """End the session because the phone is gone: no webhook, only the socket says it."""
        phase = self._phase
        link = self._end(f"The user left before {self.package_name} connected.")
        if link is not None:
            self._say_goodbye(link, USER_SESSION_ENDED)
        elif self._owner.generation == 2:
            self._phase = phase

    def cloud_closed(self) -> None:
        """End the session because the local cloud is being closed. Nobody is told; the connection breaks."""
        link = self._end(f"The cloud was closed before {self.package_name} connected.")
        self._is_over = True
        if link is not None:
            link.drop()

    def refused_key(self) -> None:
        """Learn that the app tried to connect with a wrong key. A start under way fails at once."""
        self._note_refused_init()
        self._fail_start("AUTHENTICATION", f"{self.package_name} connected with a key that is not its own.")

    def refused_early(self) -> None:
        """Learn that the app tried to connect while it was not expected. A start that is still waited for fails."""
        self._note_refused_init()
        self._fail_start("CONNECTION", f"{self.package_name} connected when it was not expected.")

    def connected(self, link: AppLink, session_id: str, *, resumed: bool = False, speaks_3: bool = False) -> None:
        """Take a link as the app's connection, in place of one there may be, and acknowledge it."""
        self._link = link
        self._phase = _Phase.RUNNING
        self._is_loading, self.is_running = False, True
        self._greeted_at = asyncio.get_running_loop().time()
        self._speaks_3, self._released = speaks_3, False
        if self._owner.generation == 3:
            self._end_grace()
        ack = self._owner.acknowledgement(self, session_id)
        link.send(ReconnectAck(**msgspec.structs.asdict(ack)) if resumed else ack)
        if self._owner.generation == 3:
            state = msgspec.to_builtins(self._owner.device_state)
            link.send(DeviceStateUpdate(state=state, full_snapshot=True, timestamp=self._owner.timestamp()))
        self._owner.remember(self.package_name)
        start, self._start = self._start, None
        if start is not None:
            start.stop_clock()
            start.resolve(None)

    def note(self, frame: AppFrame) -> None:
        """Remember a frame of the app."""
        self._owner.note(self.package_name, frame)

    def passed(self, direction: Direction, frame: str | bytes, *, is_sound: bool = False) -> None:
        """Remember what went over the app's socket, as it was."""
        self._owner.passed(self.package_name, direction, frame, is_sound=is_sound)

    def subscribe(self, value: Any) -> None:
        """Replace the app's subscriptions by those in a JSON value.

        Raises:
            ValueError: The value is neither a list nor text.
        """
        names = read_subscriptions(value)
        since_init_s = asyncio.get_running_loop().time() - self._greeted_at
        # An SDK that reconnects registers its handlers only afterwards; its empty list is not meant.
        if names or since_init_s > EMPTY_LIST_IGNORED_S or self._speaks_3:
            self.subscriptions = permitted(names, self.permissions, generation=self._owner.generation)
            self.location_rate = location_rate(value)
            self.dropped = tuple(name for name in names if name not in self.subscriptions)
            if not self._session_ended:
                self._owner.subscribed(self)

    def show(self, wish: DisplayWish) -> None:
        """Show something that the app asks for, also on a socket that was replaced, or in the name of another app."""
        if self._session_ended:
            return
        if isinstance(wish, DisplayEvent):
            self._owner.show(wish)
        else:
            self._owner.ask(self, wish)

    def ask(self, message: AppMessage, link: AppLink) -> None:
        """Do what the app asks for on one of its sockets, while it runs."""
        if self.is_running:
            self._asked_on = link
            self._owner.ask(self, message)

    def read_loosely(self, text: str | bytes) -> LooseRequest | None:
        """Return what an app asks for in a frame that our Structs do not allow, or do not know."""
        return read_request(text, generation=self._owner.generation)

    def of_same_user(self, package_name: str) -> "AppRun | None":
        """Return this app or another one of the same session, by its name."""
        if self._session_ended:
            return self if package_name == self.package_name else None
        return self._owner.installed_run(package_name)

    def reply(self, message: msgspec.Struct) -> None:
        """Answer what the app asked for on the socket on which it did, which may have been replaced since."""
        if self._asked_on is not None:
            self._asked_on.send(message)

    def take_sound(self, frame: bytes) -> bool:
        """Take a binary frame; return False where the cloud expects none."""
        return self._owner.take_sound(frame)

    def release(self) -> None:
        """Learn that another cloud has the app's session from now on. The cloud of 2025 does not know that message."""
        self._released = self._owner.generation == 3

    def refuse(self, code: str, message: str) -> None:
        """Refuse what the app asked for: it loses the connection on which it did."""
        if self._asked_on is not None:
            self._asked_on.refuse(code, message)

    def lost(self) -> None:
        """Learn that a link of this app is closed, whichever it was and whoever closed it."""
        self._link = None
        if self._is_over or self._phase is _Phase.STOPPING:
            return
        if self._released:
            self._go_dormant()
            return
        self._phase = _Phase.GRACE
        self._end_grace()
        self._grace = asyncio.get_running_loop().call_later(GRACE_S, self._grace_over)

    def drop_connection(self) -> None:
        """Break the app's connection as a bad network does."""
        if self._link is not None:
            self._link.drop()

    def send(self, message: msgspec.Struct) -> None:
        """Send a message to the app; it is lost when there is no connection."""
        if self._link is not None and self._hears:
            self._link.send(message)

    def send_binary(self, data: bytes) -> None:
        """Send a binary frame to the app; it is lost when there is no connection."""
        if self._link is not None and self._hears:
            self._link.send_binary(data)

    @property
    def _hears(self) -> bool:
        return self._owner.generation == 2 or self._phase is not _Phase.STOPPING

    def _note_refused_init(self) -> None:
        if self._owner.generation == 2:
            self._greeted_at = asyncio.get_running_loop().time()

    # A start.

    def _begin(self, app: InstalledApp) -> Start:
        self.app = app
        displaced, start = self._start, Start()
        if displaced is not None:
            # The cloud forgets the earlier one, so nothing but this one will tell who waits for it.
            start.outcome.add_done_callback(lambda outcome: displaced.resolve(outcome.result()))
        self._start = start
        within_s = CONNECT_WITHIN_3_S if self._owner.generation == 3 else CONNECT_WITHIN_S
        start.timer = asyncio.get_running_loop().call_later(within_s, self._late, start, within_s)
        self._is_loading = True
        self._phase = _Phase.RESTARTING
        if not self._session_ended:
            self._owner.booting(self)
        self._owner.spawn(self._call_webhook(start))
        return start

    async def _call_webhook(self, start: Start) -> None:
        problem = await self._owner.http.session_request(
            self.app, self._owner.user_id, self._owner.websocket_url, generation=self._owner.generation
        )
        if problem is None or self._is_over:
            return
        # The cloud does not ask whether it still wants this start: an app that connected meanwhile, or again, is
        # cleaned up like one that did not. Its connection is not touched.
        failure = StartFailed("WEBHOOK", f"The server of {self.package_name} did not accept the session: {problem}")
        newest = self._give_up(start, failure)
        if newest is not None:
            newest.stop_clock()
        self._clean_up()

    def _late(self, start: Start, within_s: float) -> None:
        if self._start is None:
            return  # It connected, or has failed already.
        self._owner.forget(self.package_name)
        late = f"{self.package_name} did not connect to {self._owner.websocket_url} within {within_s:g} s."
        # The clock of a later start runs on: when it is over, it ends whatever start there is by then.
        self._give_up(start, StartFailed("TIMEOUT", late))

    def _give_up(self, start: Start, failure: StartFailed) -> Start | None:
        """End a start, and with it the one that came after it, if there is one: the cloud keeps them in one place."""
        newest, self._start = self._start, None
        self._is_loading = False
        self._phase = _Phase.DISCONNECTED
        for each in (start, newest):
            if each is not None:
                each.resolve(failure)
        return newest

    def _fail_start(self, stage: Stage, message: str) -> None:
        start, self._start = self._start, None
        if start is not None:
            start.stop_clock()
            start.resolve(StartFailed(stage, message))

    # A lost connection.

    def _grace_over(self) -> None:
        if self._is_over:
            return
        if self._link is not None:
            self._grace = None
            return
        if self._owner.generation == 3 and not self._owner.phone_online:
            self._go_dormant()
            return
        self._phase = _Phase.RESTARTING
        self._owner.spawn(self._restart())

    async def _restart(self) -> None:
        if self._owner.generation == 3 and self._speaks_3:
            self.is_running = False
        else:
            self._leave(_Phase.RESTARTING)
            await self._finish_stop()
        if self._is_over:
            return
        try:
            await self.start(self._owner.registered(self.package_name))
        except (StartFailed, NotInstalled) as error:
            if self._phase is not _Phase.STOPPING:
                # Nobody asked for this start, so nobody else would hear that it failed.
                _logger.warning("%s was not restarted for %s: %s", self.package_name, self._owner.user_id, error)
        if self._owner.generation == 2:
            self._grace = None  # Whichever it is by now, it is not cancelled.

    def _go_dormant(self) -> None:
        self._end_grace()
        self._phase = _Phase.DORMANT
        self.is_running = False
        self.subscriptions = ()
        self._owner.clean_up(self.package_name)

    def _end_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    # An end.

    def _leave(self, phase: _Phase) -> None:
        self._phase = phase
        self.is_running = self._is_loading = False

    async def _finish_stop(self) -> None:
        await self._owner.http.stop_request(self.app, self._owner.user_id)
        await asyncio.sleep(GOODBYE_AFTER_S)
        if self._is_over:
            return
        self.subscriptions = ()
        # Whichever connection there is by now: an app that was started again meanwhile loses its new one.
        link, self._link = self._link, None
        if link is not None:
            self._say_goodbye(link, APP_STOPPED)
        self._owner.forget(self.package_name)
        self._clean_up()

    def _clean_up(self) -> None:
        if not self._session_ended:
            self._owner.clean_up(self.package_name)

    def _end(self, why: str) -> AppLink | None:
        """End with the session of the user. Returns the link that there was."""
        self._is_over = self._is_over or self._owner.generation == 3
        self._end_grace()
        self._fail_start("CONNECTION", why)
        self._leave(_Phase.STOPPING)
        self.subscriptions = ()
        self._clean_up()
        self._session_ended = True
        link, self._link = self._link, None
        return link

    def _say_goodbye(self, link: AppLink, reason: str) -> None:
        link.send(AppStopped(timestamp=self._owner.timestamp()))
        link.end(reason)

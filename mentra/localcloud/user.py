"""One user of the local cloud: their session, and the apps that run in it.

A user has a session while the phone is connected, and for a minute after it went away. What the cloud keeps for good is
in the ``Backend``: settings, data, and which apps are to be started again when the user comes back.

Source: MentraOS cloud/packages/cloud/src/services/session/UserSession.ts (Dec 2025);
docs/protocol.md, Life of a connection.
"""

import asyncio
import logging
import weakref
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from mentra.errors import NotConnected
from mentra.localcloud import rules
from mentra.localcloud.account import Account
from mentra.localcloud.app_http import AppHttp
from mentra.localcloud.app_link import AppFrame, Refusal
from mentra.localcloud.app_run import AppRun
from mentra.localcloud.app_start import StartFailed
from mentra.localcloud.backend import Backend
from mentra.localcloud.catalogue import InstalledApp, NotInstalled
from mentra.localcloud.display.rules import DisplayRules
from mentra.localcloud.display.screen import Screen
from mentra.localcloud.events import Events
from mentra.localcloud.history import Recent
from mentra.localcloud.phone.network import PhoneNetwork, Way
from mentra.localcloud.phone.sound_relays import SoundRelays
from mentra.localcloud.phone.streamed_video import ManagedVideo
from mentra.localcloud.storage import changed_system_settings, system_settings
from mentra.localcloud.traffic import Direction, Traffic
from mentra.localcloud.worn_glasses import WornGlasses
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import AppMessage, ConnectionInit, DisplayEvent, Reconnect
from mentra.protocol.base import iso_timestamp
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import (
    ConnectionAck,
    DeviceState,
    ReconnectRejected,
    SettingsUpdate,
    SystemSettingsUpdate,
)
from mentra.protocol.connection import RefusalCode, RejectionCode, session_id_of
from mentra.protocol.settings import METRIC_UNITS, Setting

M = TypeVar("M", bound=AppMessage)

ABSENCE_S = 60.0
"""How long the cloud waits for a phone that went away."""

_logger = logging.getLogger(__name__)


class User:
    """The cloud's side of one user with a phone and glasses."""

    def __init__(self, user_id: str, model: str, backend: Backend) -> None:
        self.user_id = user_id
        self.screen = Screen(backend.history.recent())
        self.system_settings = system_settings(backend.generation)
        self.phone_network = PhoneNetwork()
        self.traffic = Traffic(backend.now, backend.history.recent())
        self._backend = backend
        self.phone_online = True
        """Whether the phone is connected to the cloud."""
        self._has_session = True
        self._waits_for_cloud = False
        """Whether the phone connects as soon as there is a cloud."""
        self._absence: asyncio.TimerHandle | None = None
        self._runs: dict[str, AppRun] = {}
        self._runs_of_earlier_sessions: weakref.WeakSet[AppRun] = weakref.WeakSet()
        """Those of which a socket or a webhook is left."""
        self._frames: dict[str, Recent[AppFrame]] = {}
        self.worn = WornGlasses(model, backend, lambda: tuple(self._runs.values()))
        self.account = Account(user_id, backend)
        self.events = Events(user_id, backend, lambda: self.reachable)
        self._answers: dict[type[Any], Callable[[AppRun, Any], object]] = {}
        self._when_stopped: list[Callable[[AppRun], object]] = [self.events.app_stopped]
        self._when_subscribed: list[Callable[[AppRun], object]] = [self.events.repeat]
        self._when_over: list[Callable[[], object]] = [self.events.clear]
        self._display_rules = DisplayRules(
            self._show_now, is_running=self._is_running, timestamp=self.timestamp, faithful=backend.faithful
        )

    def recent(self) -> Recent[Any]:
        """Return a new list of which only the newest entries are kept."""
        return self._backend.history.recent()

    @property
    def http(self) -> AppHttp:
        """How to call the servers of apps."""
        return self._backend.http

    @property
    def websocket_url(self) -> str:
        """Where apps shall connect."""
        return self._backend.websocket_url

    @property
    def generation(self) -> int:
        """How the cloud speaks to apps."""
        return self._backend.generation

    @property
    def managed_videos(self) -> dict[str, ManagedVideo]:
        """The managed videos of all users, by the id of the stream."""
        return self._backend.managed_videos

    @property
    def sound_relays(self) -> SoundRelays:
        """The relays for sound of all users."""
        return self._backend.sound_relays

    @property
    def model(self) -> str:
        """The model of the glasses."""
        return self.worn.model

    @property
    def device_state(self) -> DeviceState:
        """What is known of the glasses."""
        return self.worn.state

    @property
    def capabilities(self) -> Capabilities | None:
        """What the glasses can do; ``None`` when the cloud does not know the model."""
        return self.worn.capabilities

    @property
    def running(self) -> tuple[AppRun, ...]:
        """The apps that connected and were not stopped since, in the order of their first start."""
        return tuple(run for run in self._runs.values() if run.is_running)

    @property
    def reachable(self) -> list[AppRun]:
        """The apps that have a connection, also those that are just being stopped."""
        return [run for run in self._runs.values() if run.is_connected]

    def run_of(self, package_name: str) -> AppRun | None:
        """Return the run of an app; ``None`` when it was never started for this user."""
        return self._runs.get(package_name)

    def installed_run(self, package_name: str) -> AppRun | None:
        """Return the run of an app, also of one that was never started; ``None`` when there is no such app."""
        run = self._runs.get(package_name)
        if run is None and (app := self._backend.catalogue.find(package_name)):
            run = self._runs[package_name] = AppRun(app, self)
        return run

    def frames_of(self, package_name: str) -> list[AppFrame]:
        """Return what an app sent, oldest first."""
        return list(self._frames.get(package_name, ()))

    async def start(self, package_name: str) -> None:
        """Start an app; see ``VirtualGlasses.start``."""
        if not self.websocket_url:
            raise NotConnected("The local cloud is not open, so no app can connect to it. Call open() first.")
        if not self._has_session:
            raise NotConnected(f"The phone of {self.user_id} is not connected to the cloud. Call go_online() first.")
        app = self._backend.catalogue.get(package_name)
        await self._runs.setdefault(package_name, AppRun(app, self)).start(app)

    async def make_room(self, run: AppRun) -> None:
        """Stop the standard app that runs, if another one is about to start."""
        if self.registered(run.package_name).app_type != "standard":
            return
        # Of several, the first by name: they are looked up in an index.
        for other in sorted(self.running, key=lambda each: each.package_name):
            if other is not run and other.app.app_type == "standard":
                await other.stop()
                return

    def booting(self, run: AppRun) -> None:
        """Learn that an app is about to get its start webhook."""
        app = run.app
        name, is_standard = app.name or app.package_name, app.app_type == "standard"
        self._display_rules.app_started(app.package_name, name=name, is_standard=is_standard)

    def registered(self, package_name: str) -> InstalledApp:
        """Return what the console holds about an app; raises ``NotInstalled`` for one that is gone."""
        return self._backend.catalogue.get(package_name)

    def remember(self, package_name: str) -> None:
        """Remember an app as one to be started again when the user comes back."""
        self._backend.running_apps.setdefault(self.user_id, {})[package_name] = None

    def forget(self, package_name: str) -> None:
        """Do not start an app again when the user comes back."""
        self._backend.running_apps.get(self.user_id, {}).pop(package_name, None)

    def admit(self, init: ConnectionInit) -> AppRun | Refusal:
        """Decide whether an app may connect for this user."""
        run = self._runs.get(init.package_name)
        if not self._backend.catalogue.accepts(init.package_name, init.api_key):
            if run is not None:
                run.refused_key()
            return Refusal(RefusalCode.INVALID_API_KEY, "Invalid API key")
        if run is None or not run.accepts_connection:
            if run is not None:
                run.refused_early()
            return Refusal(RefusalCode.APP_NOT_STARTED, "App not started for this session")
        return run

    def resume(self, request: Reconnect, package_name: str) -> AppRun | ReconnectRejected:
        """Decide whether an app may go on; the cloud does not look at the key again."""
        run = self._runs.get(package_name)
        if request.session_id != session_id_of(self.user_id, package_name):
            return ReconnectRejected(code=RejectionCode.SESSION_EXPIRED, message="Session expired")
        if run is None or not run.accepts_connection:
            return ReconnectRejected(code=RejectionCode.NOT_RUNNING, message="App not running")
        return run

    @property
    def has_session(self) -> bool:
        """Whether the cloud knows the user at this moment: the phone is there, or went less than a minute ago."""
        return self._has_session

    def go_offline(self) -> None:
        """Lose the connection between the phone and the cloud; the cloud waits for a minute."""
        self._waits_for_cloud = False
        if self.phone_online:
            self.phone_online = False
            self._absence = asyncio.get_running_loop().call_later(ABSENCE_S, self.leave)

    def go_online(self) -> None:
        """Connect the phone to the cloud again."""
        if self.phone_online:
            return
        if not self._has_session:
            self.come_back()
            return
        self._arrive()
        self.worn.tell_capabilities()
        self._start_again([run.package_name for run in self._runs.values() if run.is_dormant])

    def come_back(self) -> None:
        """Begin a new session, as a phone that was away for long: the apps that ran are started again.

        While the cloud is not open the phone waits for it.
        """
        self._waits_for_cloud = not self.websocket_url
        if self._waits_for_cloud:
            return
        self._arrive()
        self._has_session = True
        self._start_again(list(self._backend.running_apps.get(self.user_id, ())))

    def leave(self) -> None:
        """End the session: the phone is gone for good. Apps hear it on their sockets, and get no webhook."""
        self._end_session(AppRun.user_left)

    def cloud_closed(self) -> None:
        """End the session without a word: the process of the cloud ends. A phone that was there waits for it."""
        self._waits_for_cloud = self._waits_for_cloud or self.phone_online
        self._end_session(AppRun.cloud_closed)
        for run in list(self._runs_of_earlier_sessions):
            run.cloud_closed()

    def cloud_opened(self) -> None:
        """Learn that the cloud is there: a phone that waited for it connects."""
        if self._waits_for_cloud:
            self.come_back()

    def _end_session(self, end: Callable[[AppRun], None]) -> None:
        self._stop_waiting()
        self.phone_online = self._has_session = False
        for run in self._runs.values():
            end(run)
        self._runs_of_earlier_sessions.update(self._runs.values())
        self._runs.clear()
        self._display_rules.close()
        self.phone_network.close()
        for forget in self._when_over:
            forget()

    def _arrive(self) -> None:
        self._stop_waiting()
        self.phone_online = True

    def _stop_waiting(self) -> None:
        if self._absence is not None:
            self._absence.cancel()
            self._absence = None

    def _start_again(self, package_names: Iterable[str]) -> None:
        for package_name in package_names:
            self.spawn(self._start_quietly(package_name))

    async def _start_quietly(self, package_name: str) -> None:
        try:
            await self.start(package_name)
        except (StartFailed, NotInstalled) as error:
            # Nobody asked for this start, so nobody else would hear that it failed.
            _logger.warning("%s was not started again for %s: %s", package_name, self.user_id, error)
        except NotConnected:
            pass  # The phone or the cloud is gone again. Who comes back next starts it.

    def subscribed(self, run: AppRun) -> None:
        """Learn that an app sent a list of subscriptions."""
        for learn in self._when_subscribed:
            learn(run)

    async def change_settings(self, package_name: str, values: Mapping[str, Any]) -> None:
        """Store choices in an app's settings and tell the app, on its socket and then by HTTP."""
        settings = self.account.save_settings(package_name, values)
        run = self._runs.get(package_name)
        if run is not None and run.is_running:
            run.send(self._settings_update(run, settings))
        await self.http.settings(self.registered(package_name), self.user_id, settings)

    def change_system_settings(self, values: Mapping[str, Any]) -> None:
        """Change settings of MentraOS, and tell the apps that the cloud tells of it.

        The cloud of 2025 tells of the units of measurement only, and only those who asked for them; that of
        generation 3 tells everything, to all who asked for anything (docs/protocol.md, Cloud to app).
        """
        before, self.system_settings = self.system_settings, changed_system_settings(self.system_settings, values)
        told = self.system_settings
        if self.generation == 2:
            told = {METRIC_UNITS: self.system_settings[METRIC_UNITS]}
            if before[METRIC_UNITS] == self.system_settings[METRIC_UNITS]:
                return
        for run in self.reachable:
            if rules.hears_system_setting(run.subscriptions, METRIC_UNITS, generation=self.generation):
                run.send(
                    SystemSettingsUpdate(settings=told, session_id=self._session_id(run), timestamp=self.timestamp())
                )

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background until the local cloud is closed."""
        return self._backend.tasks.spawn(work)

    def timestamp(self) -> str:
        """Return the present moment as the wire writes it."""
        return iso_timestamp(self._backend.now())

    def acknowledgement(self, run: AppRun, session_id: str) -> ConnectionAck:
        """Return the answer to an app that connected.

        Args:
            session_id: The app's own, unread. The cloud of 2025 repeats it.
        """
        common = ConnectionAck(
            session_id=session_id,
            settings=self._backend.app_settings.list_for(self.user_id, run.app),
            capabilities=self.capabilities,
            timestamp=self.timestamp(),
        )
        if self.generation == 2:
            return msgspec.structs.replace(common, augmentos_settings=self.system_settings)
        return msgspec.structs.replace(
            common,
            session_id=self._session_id(run),
            mentraos_settings=self.system_settings,
            subscriptions=list(run.subscriptions),
            user_id=self.user_id,
        )

    def note(self, package_name: str, frame: AppFrame) -> None:
        """Remember a frame of an app."""
        if package_name not in self._frames:
            self._frames[package_name] = self.recent()
        self._frames[package_name].append(frame)

    def passed(self, package_name: str, direction: Direction, frame: str | bytes, *, is_sound: bool = False) -> None:
        """Remember what went over an app's socket, or to the glasses."""
        if is_sound:
            self.traffic.note_sound(direction, package_name, len(frame))
        else:
            self.traffic.note(direction, package_name, frame)

    def show(self, event: DisplayEvent) -> None:
        """Show something on the glasses, if it may be shown and when it is its turn."""
        self._display_rules.request(event)

    def answers(self, kind: type[M], answer: Callable[[AppRun, M], object]) -> None:
        """Have a part of the phone or the glasses do what apps ask for with messages of one kind."""
        self._answers[kind] = answer

    def when_stopped(self, forget: Callable[[AppRun], object]) -> None:
        """Have a part of the phone or the glasses end what it does for an app that was stopped."""
        self._when_stopped.append(forget)

    def when_subscribed(self, learn: Callable[[AppRun], object]) -> None:
        """Have a part of the phone learn that an app sent a list of subscriptions."""
        self._when_subscribed.append(learn)

    def when_over(self, forget: Callable[[], object]) -> None:
        """Have a part of the cloud forget what it knows of the user when their session ends."""
        self._when_over.append(forget)

    def ask(self, run: AppRun, message: AppMessage) -> None:
        """Do what an app asks for, if there is a part for it here."""
        if answer := self._answers.get(type(message)):
            answer(run, message)

    def to_phone(self, arrive: Callable[[], object]) -> None:
        """Call ``arrive`` when the network has carried a request of the cloud to the phone."""
        self.phone_network.carry(Way.TO_PHONE, arrive, may_be_lost=False)

    def to_cloud(self, arrive: Callable[[], object]) -> None:
        """Call ``arrive`` when the network has carried an answer of the phone to the cloud; an offline one has none."""
        if self.phone_online:
            self.phone_network.carry(Way.TO_CLOUD, arrive, may_be_lost=False)

    def take_sound(self, frame: bytes) -> bool:
        """Take a binary frame of an app; return False where the cloud expects none."""
        if self.generation == 3:
            self.sound_relays.take(self.user_id, frame)
        return self.generation == 3

    def clean_up(self, package_name: str) -> None:
        """Take off the glasses what an app put there, and end what is done for it."""
        self._display_rules.app_stopped(package_name)
        if run := self._runs.get(package_name):
            for forget in self._when_stopped:
                forget(run)

    def _show_now(self, event: DisplayEvent) -> bool:
        """Pass a display on to the glasses, if there are any."""
        is_reached = self.phone_online and self.device_state.connected is True
        if is_reached:
            self.passed(event.package_name, "to glasses", codec.encode(event))
            self.phone_network.carry(Way.TO_PHONE, lambda: self.screen.show(event), may_be_lost=True)
        return is_reached

    def _is_running(self, package_name: str) -> bool:
        run = self._runs.get(package_name)
        return run is not None and run.is_running

    def _settings_update(self, run: AppRun, settings: list[Setting]) -> SettingsUpdate:
        return SettingsUpdate(
            package_name=run.package_name,
            session_id=self._session_id(run),
            settings=settings,
            timestamp=self.timestamp(),
        )

    def _session_id(self, run: AppRun) -> str:
        return session_id_of(self.user_id, run.package_name)

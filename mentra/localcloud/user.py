"""One user of the local cloud: the apps they run, and who hears what happens to their glasses.

A user has a session while the phone is connected, and for a minute after it went away. What the cloud keeps for good is
in the ``Backend``: settings, data, and which apps are to be started again when the user comes back.

Source: MentraOS cloud/packages/cloud/src/services/session/UserSession.ts, DeviceManager.ts (Dec 2025);
docs/protocol.md, Life of a connection.
"""

import asyncio
import copy
import dataclasses
import logging
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from mentra.errors import NotConnected
from mentra.localcloud import rules
from mentra.localcloud.app_http import AppHttp
from mentra.localcloud.app_link import AppFrame, Refusal
from mentra.localcloud.app_run import AppRun, StartFailed
from mentra.localcloud.backend import Backend
from mentra.localcloud.catalogue import InstalledApp, NotInstalled
from mentra.localcloud.display import HISTORY, Screen
from mentra.localcloud.hardware import missing_hardware
from mentra.localcloud.models import MODELS
from mentra.localcloud.storage import SYSTEM_SETTINGS, Fault
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import AppMessage, ConnectionInit, DashboardContentUpdate, DisplayEvent, Reconnect
from mentra.protocol.base import iso_timestamp
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.chosen_settings import chosen_values
from mentra.protocol.cloud_to_app import (
    CapabilitiesUpdate,
    ConnectionAck,
    CustomMessage,
    DataStream,
    DeviceState,
    DeviceStateUpdate,
    ReconnectRejected,
    SettingsUpdate,
    SystemSettingsUpdate,
    merge_device_state,
)
from mentra.protocol.connection import RefusalCode, RejectionCode, session_id_of
from mentra.protocol.settings import METRIC_UNITS, Setting
from mentra.protocol.streams import AudioChunk, CalendarEvent, TouchEvent, Transcription
from mentra.protocol.subscriptions import system_setting_stream
from mentra.transport.base import http_base

M = TypeVar("M", bound=AppMessage)

CALENDAR_SIZE = 100
"""Entries of the calendar that the cloud keeps for those who subscribe later."""
UPDATE_DATETIME = "update_datetime"
"""The one custom message that the cloud knows, with the local date and time as text."""
ABSENCE_S = 60.0
"""How long the cloud waits for a phone that went away."""

_logger = logging.getLogger(__name__)


class User:
    """The cloud's side of one user with a phone and glasses."""

    def __init__(self, user_id: str, model: str, backend: Backend) -> None:
        self.user_id = user_id
        self.model = model
        self.screen = Screen()
        self.system_settings: dict[str, Any] = msgspec.to_builtins(SYSTEM_SETTINGS)
        self._backend = backend
        self.phone_online = True
        """Whether the phone is connected to the cloud."""
        self._has_session = True
        self._absence: asyncio.TimerHandle | None = None
        self._reported = DeviceState()
        self._calendar: deque[bytes] = deque(maxlen=CALENDAR_SIZE)
        self._datetime_message: CustomMessage | None = None
        self._runs: dict[str, AppRun] = {}
        self._frames: dict[str, deque[AppFrame]] = {}
        self._answers: dict[type[Any], Callable[[AppRun, Any], object]] = {}
        self._when_stopped: list[Callable[[AppRun], object]] = []

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
    def device_state(self) -> DeviceState:
        """What is known of the glasses."""
        connected = self._reported.connected is not False  # Unless the phone said otherwise.
        return msgspec.structs.replace(self._reported, connected=connected, model_name=self.model)

    @property
    def capabilities(self) -> Capabilities | None:
        """What the glasses can do; ``None`` when the cloud does not know the model."""
        return MODELS.get(self.model)

    @property
    def running(self) -> tuple[AppRun, ...]:
        """The apps that connected and were not stopped since, in the order of their first start."""
        return tuple(run for run in self._runs.values() if run.is_running)

    def run_of(self, package_name: str) -> AppRun | None:
        """Return the run of an app; ``None`` when it was never started for this user."""
        return self._runs.get(package_name)

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
        for other in self.running:
            if other is not run and other.app.app_type == "standard":
                await other.stop()
                return

    def booting(self, run: AppRun) -> None:
        """Learn that an app is about to get its start webhook."""

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
        self._tell_capabilities()
        self._start_again([run.package_name for run in self._runs.values() if run.is_dormant])

    def come_back(self) -> None:
        """Begin a new session, as a phone that was away for long: the apps that ran are started again."""
        self._arrive()
        self._has_session = True
        self._start_again(list(self._backend.running_apps.get(self.user_id, ())))

    def leave(self) -> None:
        """End the session: the phone is gone for good. Apps hear it on their sockets, and get no webhook."""
        self._end_session(AppRun.user_left)

    def cloud_closed(self) -> None:
        """End the session without a word: the process of the cloud ends."""
        self._end_session(AppRun.cloud_closed)

    def _end_session(self, end: Callable[[AppRun], None]) -> None:
        self._stop_waiting()
        self.phone_online = self._has_session = False
        for run in self._runs.values():
            end(run)
        self._runs.clear()
        self._calendar.clear()
        self._datetime_message = None
        self.screen.close()

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

    def deliver(self, stream: str, data: Mapping[str, Any]) -> None:
        """Send an event to every running app that subscribed to it."""
        payload = codec.encode(data)
        for run, name in self.listeners(stream, payload):
            run.send(self._event(run, name, payload))

    def listeners(self, stream: str, payload: bytes) -> list[tuple[AppRun, str]]:
        """Return the running apps that an event reaches, each with the ``streamType`` under which it does."""
        event = codec.decode_stream(stream, payload)
        language = event.language if isinstance(event, Transcription) else None
        gesture = event.gesture_name if isinstance(event, TouchEvent) else None
        names = (
            (run, rules.delivered_as(run.subscriptions, stream, language=language, gesture=gesture))
            for run in self.running
        )
        return [(run, name) for run, name in names if name is not None]

    def note_calendar_event(self, payload: Mapping[str, Any]) -> None:
        """Remember an entry of the calendar for those who subscribe later."""
        self._calendar.append(codec.encode(payload))

    def send_custom_message(self, action: str, payload: Any) -> None:
        """Send a message of the cloud to the running apps that subscribed to such messages."""
        message = CustomMessage(action=action, payload=payload, timestamp=self.timestamp())
        if action == UPDATE_DATETIME:
            self._datetime_message = message
        for run in self.running:
            if CustomMessage.stream in run.subscriptions:
                run.send(message)

    def subscribed(self, run: AppRun, before: tuple[str, ...]) -> None:
        """Send what the cloud repeats to who subscribes (docs/protocol.md, Streams)."""
        if CalendarEvent.stream in run.subscriptions and CalendarEvent.stream not in before:
            for payload in self._calendar:
                run.send(self._event(run, CalendarEvent.stream, payload))
        if CustomMessage.stream in run.subscriptions and self._datetime_message is not None:
            run.send(self._datetime_message)

    def deliver_audio(self, data: bytes) -> None:
        """Send sound to every running app that subscribed to it."""
        for run in self.audio_listeners():
            run.send_binary(data)

    def audio_listeners(self) -> list[AppRun]:
        """Return the running apps that sound reaches."""
        return [run for run in self.running if rules.delivered_as(run.subscriptions, AudioChunk.stream)]

    async def change_model(self, model: str) -> None:
        """Put other glasses on, tell every running app, and stop those for which the glasses lack something."""
        self.model = model
        self._tell_capabilities()
        lacking = [run for run in self.running if missing_hardware(run.app.hardware_requirements, self.capabilities)]
        await asyncio.gather(*(run.stop() for run in lacking))

    def _tell_capabilities(self) -> None:
        for run in self.running:
            run.send(CapabilitiesUpdate(capabilities=self.capabilities, model_name=self.model))

    def report(self, state: DeviceState) -> None:
        """Have the phone tell how the glasses are; every running app hears it."""
        changes = msgspec.to_builtins(state)
        self._reported = merge_device_state(self._reported, changes)
        for run in self.running:
            run.send(DeviceStateUpdate(state=changes, full_snapshot=False, timestamp=self.timestamp()))

    async def change_settings(self, package_name: str, values: Mapping[str, Any]) -> None:
        """Store choices in an app's settings and tell the app, on its socket and then by HTTP."""
        app = self._backend.catalogue.get(package_name)
        settings = self._backend.app_settings.save(self.user_id, app, chosen_values(app.schema(), values))
        run = self._runs.get(package_name)
        if run is not None and run.is_running:
            run.send(self._settings_update(run, settings))
        await self.http.settings(app, self.user_id, settings)

    def change_system_settings(self, values: Mapping[str, Any]) -> None:
        """Change settings of MentraOS, and tell the apps that the cloud tells of it.

        The cloud of 2025 tells of the units of measurement only, and only those who asked for just that; that of
        generation 3 tells everything, to all who asked for anything (docs/protocol.md, Cloud to app).
        """
        before, self.system_settings = self.system_settings, {**self.system_settings, **values}
        if self.generation == 3:
            told, asked = self.system_settings, system_setting_stream("")
        else:
            told, asked = {METRIC_UNITS: self.system_settings[METRIC_UNITS]}, system_setting_stream(METRIC_UNITS)
        if all(before.get(key) == value for key, value in told.items()):
            return
        for run in self.running:
            if any(name.startswith(asked) for name in run.subscriptions):
                run.send(
                    SystemSettingsUpdate(settings=told, session_id=self._session_id(run), timestamp=self.timestamp())
                )

    def permissions_of(self, package_name: str) -> tuple[str, ...]:
        """Return what an app has declared."""
        return self._backend.catalogue.get(package_name).permissions

    def change_permissions(self, package_name: str, permissions: Collection[str]) -> None:
        """Change what an app has declared; requests are judged by it at once, subscriptions with the next list."""
        app = dataclasses.replace(self._backend.catalogue.get(package_name), permissions=tuple(permissions))
        self._backend.catalogue.add(app)

    def settings_of(self, package_name: str) -> list[Setting]:
        """Return this user's settings of an app."""
        return self._backend.app_settings.list_for(self.user_id, self._backend.catalogue.get(package_name))

    def stored(self, package_name: str) -> dict[str, Any]:
        """Return what an app keeps for this user."""
        return copy.deepcopy(self._backend.storage.read(self.user_id, package_name))

    def store(self, package_name: str, values: Mapping[str, str]) -> None:
        """Put values into what an app keeps for this user."""
        self._backend.storage.write(self.user_id, package_name, values)

    def fail_storage(self, fault: Fault, *, times: int) -> None:
        """Refuse the next requests of apps about their data of this user."""
        self._backend.storage.fail(self.user_id, fault, times=times)

    async def call_tool(self, package_name: str, tool_id: str, parameters: Mapping[str, Any]) -> Any:
        """Call a tool of an app in this user's name."""
        return await self.http.tool(self._backend.catalogue.get(package_name), self.user_id, tool_id, parameters)

    def webview_url(self, package_name: str, path: str, *, server_url: str | None, cloud_url: str | None) -> str:
        """Return the address at which the phone opens a page of an app."""
        app = self._backend.catalogue.get(package_name)
        query = self._backend.web_tokens.query(self.user_id, app, cloud_url or http_base(self.websocket_url))
        before, mark, fragment = path.partition("#")
        return f"{server_url or app.public_url}{before}{'&' if '?' in before else '?'}{query}{mark}{fragment}"

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background until the local cloud is closed."""
        return self._backend.tasks.spawn(work)

    def timestamp(self) -> str:
        """Return the present moment as the wire writes it."""
        return iso_timestamp(self._backend.now())

    def acknowledgement(self, run: AppRun, session_id: str) -> ConnectionAck:
        """Return the answer to an app that connected; the session id is the app's own, unread."""
        return ConnectionAck(
            session_id=session_id,
            settings=self._backend.app_settings.list_for(self.user_id, run.app),
            # Both names, because the clouds of 2025 and of 2026 use one each.
            mentraos_settings=self.system_settings,
            augmentos_settings=self.system_settings,
            capabilities=self.capabilities,
            timestamp=self.timestamp(),
        )

    def note(self, package_name: str, frame: AppFrame) -> None:
        """Remember a frame of an app."""
        self._frames.setdefault(package_name, deque(maxlen=HISTORY)).append(frame)

    def show(self, event: DisplayEvent) -> None:
        """Show something on the glasses."""
        self.screen.show(event)

    def set_dashboard_line(self, update: DashboardContentUpdate) -> None:
        """Put an app's line on the dashboard."""
        self.screen.set_dashboard_line(update)

    def answers(self, kind: type[M], answer: Callable[[AppRun, M], object]) -> None:
        """Have a part of the phone or the glasses do what apps ask for with messages of one kind."""
        self._answers[kind] = answer

    def when_stopped(self, forget: Callable[[AppRun], object]) -> None:
        """Have a part of the phone or the glasses end what it does for an app that was stopped."""
        self._when_stopped.append(forget)

    def ask(self, run: AppRun, message: AppMessage) -> None:
        """Do what an app asks for, if there is a part for it here."""
        if answer := self._answers.get(type(message)):
            answer(run, message)

    def forget_views(self, package_name: str) -> None:
        """Take everything off the glasses that an app put there."""
        self.screen.remove_app(package_name)
        if run := self._runs.get(package_name):
            for forget in self._when_stopped:
                forget(run)

    def _settings_update(self, run: AppRun, settings: list[Setting]) -> SettingsUpdate:
        return SettingsUpdate(
            package_name=run.package_name,
            session_id=self._session_id(run),
            settings=settings,
            timestamp=self.timestamp(),
        )

    def _event(self, run: AppRun, name: str, payload: bytes) -> DataStream:
        return DataStream(
            stream_type=name,
            data=msgspec.Raw(payload),
            session_id=self._session_id(run),
            timestamp=self.timestamp(),
        )

    def _session_id(self, run: AppRun) -> str:
        return session_id_of(self.user_id, run.package_name)

"""The users of a local cloud, with virtual glasses, so that apps can be tried without a phone."""

import asyncio
import dataclasses
import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mentra.bitmaps.bitmap import Bitmap
from mentra.errors import NotConnected
from mentra.localcloud import (
    DEFAULT_MODEL,
    DEFAULT_USER,
    InstalledApp,
    LocalCloud,
    StartFailed,
    StreamedVideo,
    VirtualGlasses,
)
from mentra.localcloud.rules import delivered_as
from mentra.protocol.app_to_cloud import ManagedStreamRequest
from mentra.protocol.cloud_to_app import CustomMessage
from mentra.protocol.layouts import BitmapAnimation
from mentra.protocol.streams import (
    STREAMS,
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    GlassesBattery,
    GlassesConnection,
    HeadPosition,
    Location,
    PhoneBattery,
    PhoneNotification,
    PhoneNotificationDismissed,
    PhotoTaken,
    TouchEvent,
    Transcription,
    Translation,
    VoiceActivity,
    VpsCoordinates,
    is_known,
    permission_for,
)
from mentra.protocol.subscriptions import DEFAULT_LANGUAGE, parse_stream, transcription_stream
from mentra_cli.dev.control_messages import FailedStart, UserStatus, Video
from mentra_cli.dev.journal import DisplayChange, HttpAnswer, Journal, Note, Speech
from mentra_cli.dev.views.messages import host_of

LISTENS_WITHIN_S = 2.0
"""How long an event waits for an app to subscribe."""
SUBSCRIBES_WITHIN_S = 0.3
"""How long it waits for one that has subscribed to something else."""
_LOOK_EVERY_S = 0.02
_REFUSED_FROM = 300
"""The first HTTP status with which a server refuses to start, as the cloud sees it."""
_ANSWER_SHOWN = 400
"""How many characters of the answer of a server are repeated."""
_AFTER = {
    "AUTHENTICATION": "Start it with the key that is known here.",
    "TIMEOUT": "Have it connect to where the start webhook says, at once.",
    "HARDWARE_CHECK": "Wear others: mentra wear MODEL.",
}
"""What helps after a start that failed at a stage."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """Why an event reached no app, and what to do."""

    problem: str
    fix: str


@dataclass(frozen=True, slots=True)
class Perceived:
    """What a wearer perceives besides text."""

    bitmap: Bitmap | None = None
    """The image on the main view."""
    moves: bool = False
    """Whether it is one of several that follow each other."""
    light: str | None = None
    """The colour in which the light of the glasses is lit."""
    sound: str | None = None
    """The last sound that was played: the text if it is spoken, else the address, without its query."""
    video: Video | None = None
    """The video that is streamed."""


def perceived(glasses: VirtualGlasses) -> Perceived:
    """Return what a wearer perceives at this moment, besides text."""
    sound = glasses.sounds[-1] if glasses.sounds else None
    return Perceived(
        bitmap=glasses.bitmap,
        moves=isinstance(glasses.layout, BitmapAnimation),
        light=glasses.leds.color,
        sound=(sound.text or _without_query(sound.url)) if sound else None,
        video=_video(glasses.video.current),
    )


def _video(streamed: StreamedVideo | None) -> Video | None:
    if streamed is None:
        return None
    if not isinstance(streamed.request, ManagedStreamRequest):
        return Video(kind="rtmp", to=host_of(streamed.url), status=streamed.status)
    also_to = tuple(host_of(each.url) for each in streamed.request.restream_destinations or ())
    return Video(kind="managed", to=streamed.url, also_to=also_to, status=streamed.status)


def _without_query(url: str) -> str:
    return url.partition("?")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalApp:
    """An app that the users have, and what is known of its code."""

    installed: InstalledApp
    page: str | None = None
    """The path of its page for users; empty if there is none, ``None`` when nobody knows."""
    tools: tuple[str, ...] | None = None
    """The names of its tools; ``None`` when any may be one."""

    @property
    def package_name(self) -> str:
        """The app's package name."""
        return self.installed.package_name

    @property
    def is_standard(self) -> bool:
        """Whether it is one of those of which only one runs at a time."""
        return self.installed.app_type == "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What helps an app, in words: it depends on who runs its code."""

    start_again: str = "Save a file to try again, once that is mended."
    load_again: str = "mentra restart"
    register: str = "Register a handler in on_session:"
    declare: str = "Declare it in the app, permissions = (Permission.{permission},)"


class LocalUsers:
    """People with virtual glasses on a local cloud, and the apps that run for them.

    There is one from the start; others come with the first thing that they do. For everybody run all background apps
    and one of the standard apps: the first, until another one is started.

    Args:
        model: The glasses of who has not chosen others.
        starts_apps: Whether apps run for a user without being asked for.
    """

    def __init__(
        self,
        cloud: LocalCloud,
        journal: Journal,
        *,
        model: str = DEFAULT_MODEL,
        starts_apps: bool = True,
        advice: Advice | None = None,
    ) -> None:
        self.cloud = cloud
        self._journal = journal
        self._apps: dict[str, LocalApp] = {}
        self._glasses: dict[str, VirtualGlasses] = {}
        self._wanted: dict[str, dict[str, None]] = {}
        """The package names of what shall run for each user, also for one who left."""
        self._model = model
        self._models: dict[str, str] = {}
        """The glasses of users who have chosen some; they keep them while they are away."""
        self._permissions: dict[str, tuple[str, ...]] = {}
        """Those of apps for which somebody has changed them."""
        self._failed: dict[tuple[str, str], FailedStart] = {}
        """By user and package name, what did not start when it was tried last."""
        self._starts_apps = starts_apps
        self._advice = advice or Advice()
        self._looked_away = False

    @property
    def apps(self) -> list[LocalApp]:
        """What is installed; nothing before the first code was loaded."""
        return list(self._apps.values())

    @property
    def glasses(self) -> VirtualGlasses:
        """The first user's virtual glasses, with everything they can do."""
        return self.connect(DEFAULT_USER)

    @property
    def display(self) -> str:
        """The text on the first user's glasses."""
        return self.glasses.display

    @property
    def all_glasses(self) -> list[VirtualGlasses]:
        """Everybody's, in the order in which they came."""
        return list(self._glasses.values())

    def perceived(self, user_id: str) -> Perceived:
        """Return what somebody perceives at this moment, besides text."""
        glasses = self._glasses.get(user_id)
        return perceived(glasses) if glasses else Perceived()

    def status(self) -> list[UserStatus]:
        """Return how everybody is, as it is told to other programs."""
        return [_status(glasses, self.failed(glasses)) for glasses in self.all_glasses]

    def failed(self, glasses: VirtualGlasses) -> list[FailedStart]:
        """Return which apps shall run for somebody, and did not start when that was tried last."""
        wanted = self._wanted[glasses.user_id]
        failed = (self._failed.get((glasses.user_id, name)) for name in wanted if name not in glasses.running)
        return [each for each in failed if each]

    def look_away(self) -> None:
        """Report no more what glasses show: the end of an app clears them, and that is no news."""
        self._looked_away = True

    def install(self, app: LocalApp) -> None:
        """Install an app, in place of one of the same name, for everybody who is there."""
        permissions = self._permissions.get(app.package_name, app.installed.permissions)
        self._apps[app.package_name] = app
        self.cloud.install(dataclasses.replace(app.installed, permissions=permissions))
        if self._starts_apps:
            for wanted in self._wanted.values():
                self._want_unless_another(wanted, app)

    async def remove(self, package_name: str) -> None:
        """Stop an app for everybody, and forget it."""
        await asyncio.gather(*(glasses.stop(package_name) for glasses in self.all_glasses))
        self.cloud.uninstall(package_name)
        self._apps.pop(package_name, None)
        for wanted in self._wanted.values():
            wanted.pop(package_name, None)

    async def start_all(self) -> None:
        """Start what shall run and does not, for everybody."""
        await asyncio.gather(*(self._start(glasses) for glasses in self.all_glasses))

    def connect(self, user_id: str) -> VirtualGlasses:
        """Return a user's glasses; a new user puts them on, and nothing is started.

        Raises:
            ValueError: The cloud cannot serve a user of this name.
        """
        if not user_id or "-" in user_id:
            raise ValueError(
                f"{user_id!r} cannot be a user: MentraOS Cloud serves nobody whose address has a hyphen. "
                "Use one such as bob@example.com."
            )
        if user_id not in self._glasses:
            self._glasses[user_id] = self.cloud.connect_glasses(user_id, model=self._models.get(user_id, self._model))
            self._glasses[user_id].on_display(self._displayed)
            wanted = self._wanted.setdefault(user_id, {})
            for app in self.apps if self._starts_apps else ():
                self._want_unless_another(wanted, app)
        return self._glasses[user_id]

    async def glasses_of(self, user_id: str) -> VirtualGlasses:
        """Return a user's glasses. For a new user, the apps are started first, and have a moment to subscribe.

        Raises:
            ValueError: The cloud cannot serve a user of this name.
        """
        if user_id not in self._glasses:
            await self.start(user_id)
            await self._let_all_subscribe(self.connect(user_id))
        return self.connect(user_id)

    async def _let_all_subscribe(self, glasses: VirtualGlasses) -> None:
        waited_s = 0.0
        while waited_s < SUBSCRIBES_WITHIN_S and not all(map(glasses.subscriptions, glasses.connected)):
            await asyncio.sleep(_LOOK_EVERY_S)
            waited_s += _LOOK_EVERY_S

    async def start(self, user_id: str, app: LocalApp | None = None) -> str:
        """Start an app for a user, unless it runs; return why it did not start, or nothing.

        Args:
            app: Of standard apps, it runs in place of the one before from now on. Left out: all that shall run.

        Raises:
            ValueError: The cloud cannot serve a user of this name.
        """
        glasses = self.connect(user_id)
        if not self._apps:
            return "No code of the app is loaded."
        if app is None:
            return await self._start(glasses)
        wanted = self._wanted[user_id]
        if app.is_standard:
            for other in [name for name in wanted if name in self._apps and self._apps[name].is_standard]:
                del wanted[other]
        wanted[app.package_name] = None
        return await self._start_one(glasses, app.package_name)

    def lacking(self, package_name: str) -> list[VirtualGlasses]:
        """Return the glasses of those who are online and for whom an app shall run, and does not."""
        return [
            glasses
            for user_id, glasses in self._glasses.items()
            if glasses.is_online and package_name in self._wanted[user_id] and package_name not in glasses.running
        ]

    def choose(self, user_id: str, model: str) -> bool:
        """Let a user have other glasses from the next start on. Return whether they wear some now, to be changed."""
        self._models[user_id] = model
        return user_id in self._glasses

    async def leave(self, user_id: str) -> bool:
        """Be gone, as a phone that was away for a minute. Return whether there was such a user."""
        glasses = self._glasses.pop(user_id, None)
        if glasses is not None:
            await glasses.leave()
        return glasses is not None

    def permissions(self, package_name: str) -> tuple[str, ...]:
        """Return the permissions that an installed app has."""
        return self.glasses.permissions(package_name)

    def change_permissions(self, package_name: str, permissions: Collection[str]) -> None:
        """Let an installed app have these permissions, whatever it declares, now and when it is installed anew."""
        self._permissions[package_name] = tuple(permissions)
        for glasses in self.all_glasses:
            glasses.change_permissions(package_name, permissions)

    async def say(self, text: str) -> None:
        """Speak to the apps as the first user, as soon as one listens."""
        glasses = await self.glasses_of(DEFAULT_USER)
        self.spoke(DEFAULT_USER, text)
        await self.unheard(glasses, [transcription_stream()])
        await glasses.say(text)

    def spoke(self, user_id: str, text: str) -> None:
        """Write down that somebody speaks."""
        self._journal.add(Speech(user_id=user_id, text=text))

    async def unheard(
        self, glasses: VirtualGlasses, streams: Sequence[str], data: Mapping[str, Any] | None = None
    ) -> Unheard | None:
        """Wait a moment for an app to listen to what is to happen, by any of its streams; return why none does."""
        if glasses.is_online and await self.listens(glasses, streams, data):
            return None
        unheard = self._why(glasses, streams[0])
        self.tell(unheard)
        return unheard

    def tell(self, unheard: Unheard) -> None:
        """Write down why something reached no app."""
        self._journal.add(Note(text=unheard.problem, fix=unheard.fix, is_problem=True))

    def _want_unless_another(self, wanted: dict[str, None], app: LocalApp) -> None:
        """Let an app run for a user; of standard ones only if no other shall."""
        others = (self._apps[name] for name in wanted if name in self._apps and name != app.package_name)
        if not app.is_standard or not any(other.is_standard for other in others):
            wanted[app.package_name] = None

    async def _start(self, glasses: VirtualGlasses) -> str:
        names = list(self._wanted[glasses.user_id])
        problems = await asyncio.gather(*(self._start_one(glasses, package_name) for package_name in names))
        return " ".join(filter(None, problems))

    async def _start_one(self, glasses: VirtualGlasses, package_name: str) -> str:
        self._failed.pop((glasses.user_id, package_name), None)
        try:
            await glasses.start(package_name)
        except NotConnected:
            return (
                f"{self._the_app(package_name)} cannot start: the phone of {glasses.user_id}, or the cloud, is offline."
            )
        except StartFailed as error:
            reason = f"{error}{self._refusal(error, package_name)}"
            text = f"{self._the_app(package_name)} did not start for {glasses.user_id}: {reason}"
            fix = " ".join(filter(None, (_AFTER.get(error.stage), self._advice.start_again)))
            self._failed[glasses.user_id, package_name] = FailedStart(app=package_name, problem=text, fix=fix)
            self._journal.add(Note(text=text, fix=fix, is_problem=True))
            return text
        return ""

    def _refusal(self, error: StartFailed, package_name: str) -> str:
        """Return what the server said when it refused to start, which the cloud keeps to itself."""
        answers = [
            entry for entry in self._journal if isinstance(entry, HttpAnswer) and entry.app in ("", package_name)
        ]
        if error.stage != "WEBHOOK" or not answers or answers[-1].status < _REFUSED_FROM:
            return ""
        return f". It answered: {answers[-1].body.decode(errors='replace').strip()[:_ANSWER_SHOWN]}"

    def _the_app(self, package_name: str) -> str:
        return "The app" if len(self._apps) == 1 else package_name

    def _why(self, glasses: VirtualGlasses, stream: str) -> Unheard:
        if not glasses.is_online:
            return Unheard(
                f"Nobody heard it: the phone of {glasses.user_id} is offline.",
                "Bring it back: mentra network online",
            )
        several = len(self._apps) > 1
        running = [package_name for package_name in glasses.running if package_name in self._apps]
        if not running and (failed := self.failed(glasses)):
            return Unheard(f"Nobody heard it: {failed[0].problem}", failed[0].fix)
        if not running:
            return Unheard(
                f"Nobody heard it: {'no app runs' if several else 'the app does not run'} for {glasses.user_id}.",
                "See what keeps it from running: mentra status",
            )
        if not glasses.connected:
            return Unheard(
                f"Nobody heard it: {'every app' if several else 'the app'} has lost its connection, "
                "and the cloud waits for it to come back.",
                "It has five seconds, then it is started again. See what happens: mentra logs",
            )
        if not is_known(stream):
            return Unheard(f"Nobody heard it. There is no stream {stream!r}, as far as is known.", _meant(stream))
        lacking = [package_name for package_name in running if delivered_as(glasses.dropped(package_name), stream)]
        if lacking:
            permission = permission_for(stream)
            app, option = (lacking[0], f" --app {lacking[0]}") if several else ("the app", "")
            return Unheard(
                f"Nobody heard it: {app} has subscribed to {stream}, and lacks the permission {permission}.",
                f"{self._advice.declare.format(permission=permission)}, or grant it here: "
                f"mentra permissions --grant {permission}{option}, then {self._advice.load_again}",
            )
        return Unheard(
            f"Nobody heard it: {'no running app' if several else 'the app'} "
            f"has {'' if several else 'not '}subscribed to {stream}.",
            f"{self._advice.register} {registration(stream)}",
        )

    async def listens(self, glasses: VirtualGlasses, streams: Sequence[str], data: Mapping[str, Any] | None) -> bool:
        """Wait a moment for an app that is just being started to subscribe; return whether one does."""
        waited_s = 0.0
        # The cloud tells nobody of subscriptions.
        while not any(glasses.listeners(stream, data) for stream in streams):
            has_begun = any(glasses.subscriptions(package_name) for package_name in glasses.connected)
            if waited_s >= (SUBSCRIBES_WITHIN_S if has_begun else LISTENS_WITHIN_S):
                return False
            await asyncio.sleep(_LOOK_EVERY_S)
            waited_s += _LOOK_EVERY_S
        return True

    def _displayed(self, glasses: VirtualGlasses) -> None:
        if not self._looked_away:
            self._journal.add(DisplayChange(user_id=glasses.user_id, text=glasses.display, dashboard=glasses.dashboard))


def _status(glasses: VirtualGlasses, failed: list[FailedStart]) -> UserStatus:
    now, network = perceived(glasses), glasses.network
    return UserStatus(
        user=glasses.user_id,
        glasses=glasses.model,
        worn=glasses.is_worn,
        online=glasses.is_online,
        latency_s=network.latency_s,
        jitter_s=network.jitter_s,
        loss=network.loss,
        display=glasses.display,
        light=now.light,
        sound=now.sound,
        video=now.video,
        running=bool(glasses.running),
        apps=list(glasses.running),
        failed=failed,
    )


def registration(stream: str) -> str:
    """Return the call by which an app hears of a stream."""
    base, detail, _ = parse_stream(stream)
    if base == Transcription.stream:
        language = f', language="{detail}"' if detail not in ("", DEFAULT_LANGUAGE) else ""
        return f"session.events.on_transcription(handler{language})"
    if base == Translation.stream:
        return f'session.events.on_translation(handler, target="{detail.rpartition("-to-")[2]}")'
    if base == TouchEvent.stream:
        gesture = f', "{detail}"' if detail else ""
        return f"session.events.on_touch_event(handler{gesture})"
    if base in _METHODS:
        return f"session.events.{_METHODS[base]}(handler)"
    return f'session.events.on("{stream}", handler)'


def _meant(stream: str) -> str:
    near = difflib.get_close_matches(stream, STREAMS, n=1) or [each for each in STREAMS if stream in each]
    return f"Did you mean {min(near, key=len)!r}?" if near else f"There are {', '.join(STREAMS)}."


_METHODS = {
    AudioChunk.stream: "on_audio_chunk",
    ButtonPress.stream: "on_button_press",
    CalendarEvent.stream: "on_calendar_event",
    CustomMessage.stream: "on_custom_message",
    GlassesBattery.stream: "on_glasses_battery",
    GlassesConnection.stream: "on_glasses_connection",
    HeadPosition.stream: "on_head_position",
    Location.stream: "on_location",
    PhoneBattery.stream: "on_phone_battery",
    PhoneNotification.stream: "on_phone_notification",
    PhoneNotificationDismissed.stream: "on_phone_notification_dismissed",
    PhotoTaken.stream: "on_photo_taken",
    VoiceActivity.stream: "on_voice_activity",
    VpsCoordinates.stream: "on_vps_coordinates",
}
"""The method of ``session.events`` for a stream, of those that need nothing but a handler."""

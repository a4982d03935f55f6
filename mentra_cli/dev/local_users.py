"""The built-in users: a local cloud with virtual glasses, so that an app can be tried without a phone."""

import asyncio
import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mentra.bitmaps.bitmap import Bitmap
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
from mentra.protocol.permissions import Permission
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
from mentra.transport.base import HandleHttp, HttpReply, HttpRequest
from mentra.transport.memory import MemoryNetwork
from mentra_cli.dev.control_messages import Video
from mentra_cli.dev.front_door import MAX_BODY_BYTES
from mentra_cli.dev.journal import DisplayChange, Journal, Note, Speech
from mentra_cli.dev.reports import Ready
from mentra_cli.dev.views.messages import host_of

LISTENS_WITHIN_S = 2.0
"""How long an event waits for an app to subscribe."""
SUBSCRIBES_WITHIN_S = 0.3
"""How long it waits for one that has subscribed to something else."""
_LOOK_EVERY_S = 0.02
_CLOUD_HOST = "local-cloud"
_APP_HOST = "app"


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


class LocalUsers:
    """People with virtual glasses on a cloud inside this process. Nothing of it can be reached from outside.

    There is one from the start; others come with the first thing that they do.

    Args:
        model: The glasses of who has not chosen others.
    """

    def __init__(self, journal: Journal, *, model: str = DEFAULT_MODEL) -> None:
        self.network = MemoryNetwork()
        self.cloud = LocalCloud(self.network)
        self._journal = journal
        self._app: Ready | None = None
        self._glasses: dict[str, VirtualGlasses] = {}
        self._model = model
        self._models: dict[str, str] = {}
        """The glasses of users who have chosen some; they keep them while they are away."""
        self._permissions: dict[str, tuple[str, ...]] = {}
        """Those of apps for which somebody has changed them."""
        self._app_url = ""
        self._looked_away = False

    async def open(self, app: HandleHttp) -> None:
        """Open the cloud, and connect the first user's glasses to it.

        Args:
            app: Answers the cloud's webhooks.
        """
        self._app_url = (await self.network.listen(_APP_HOST, 80, app, max_body_bytes=MAX_BODY_BYTES)).url
        await self.cloud.open(_CLOUD_HOST, 443)
        self._connect(DEFAULT_USER)

    async def close(self) -> None:
        """Close the cloud."""
        await self.cloud.close()

    @property
    def app(self) -> Ready | None:
        """The app that is installed; ``None`` before the first one was loaded."""
        return self._app

    @property
    def package_name(self) -> str | None:
        """Of the app that is installed; ``None`` before the first one was loaded."""
        return self._app.package_name if self._app else None

    @property
    def glasses(self) -> VirtualGlasses:
        """The first user's virtual glasses, with everything they can do."""
        return self._connect(DEFAULT_USER)

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

    def look_away(self) -> None:
        """Report no more what glasses show: the end of an app clears them, and that is no news."""
        self._looked_away = True

    async def wear(self, app: Ready) -> None:
        """Install an app and start it for everybody for whom it does not run."""
        before, self._app = self._app, app
        if before is not None and before.package_name != app.package_name:
            await asyncio.gather(*(glasses.stop(before.package_name) for glasses in self.all_glasses))
            self.cloud.uninstall(before.package_name)
        self.cloud.install(
            InstalledApp(
                package_name=app.package_name,
                api_key=app.api_key,
                public_url=self._app_url,
                name=app.name,
                webhook_path=app.webhook_path,
                permissions=self._permissions.get(
                    app.package_name, (Permission.ALL,) if app.permissions is None else tuple(app.permissions)
                ),
                settings=tuple(app.settings or ()),
            )
        )
        await asyncio.gather(*(self._start(glasses) for glasses in self.all_glasses))

    async def glasses_of(self, user_id: str) -> VirtualGlasses:
        """Return a user's glasses. For a new user, the app is started first.

        Raises:
            ValueError: The cloud cannot serve a user of this name.
        """
        if user_id not in self._glasses:
            await self.start(user_id)
        return self._connect(user_id)

    async def start(self, user_id: str) -> str:
        """Start the app for a user, unless it runs; return why it did not start, or nothing.

        Raises:
            ValueError: The cloud cannot serve a user of this name.
        """
        if not user_id or "-" in user_id:
            raise ValueError(
                f"{user_id!r} cannot be a user: MentraOS Cloud serves nobody whose address has a hyphen. "
                "Use one such as bob@example.com."
            )
        return await self._start(self._connect(user_id))

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
        """Return the permissions that the installed app has."""
        return self.glasses.permissions(package_name)

    def change_permissions(self, package_name: str, permissions: Collection[str]) -> None:
        """Let the installed app have these permissions, whatever its code declares, now and when it is loaded anew."""
        self._permissions[package_name] = tuple(permissions)
        for glasses in self.all_glasses:
            glasses.change_permissions(package_name, permissions)

    async def say(self, text: str) -> None:
        """Speak to the app as the first user, as soon as it listens."""
        self.spoke(DEFAULT_USER, text)
        await self.unheard(self.glasses, [transcription_stream()])
        await self.glasses.say(text)

    def spoke(self, user_id: str, text: str) -> None:
        """Write down that somebody speaks."""
        self._journal.add(Speech(user_id=user_id, text=text))

    async def unheard(
        self, glasses: VirtualGlasses, streams: Sequence[str], data: Mapping[str, Any] | None = None
    ) -> Unheard | None:
        """Wait a moment for the app to listen to what is to happen, by any of its streams; return why it does not."""
        if await self.listens(glasses, streams, data):
            return None
        unheard = self._why(glasses, streams[0])
        self.tell(unheard)
        return unheard

    def tell(self, unheard: Unheard) -> None:
        """Write down why something reached no app."""
        self._journal.add(Note(text=unheard.problem, fix=unheard.fix, is_problem=True))

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a REST request as the cloud."""
        return await self.network.request(
            request.method, self.cloud.url + request.path, headers=request.headers, body=request.body, timeout=10.0
        )

    def _connect(self, user_id: str) -> VirtualGlasses:
        if user_id not in self._glasses:
            self._glasses[user_id] = self.cloud.connect_glasses(user_id, model=self._models.get(user_id, self._model))
            self._glasses[user_id].on_display(self._displayed)
        return self._glasses[user_id]

    async def _start(self, glasses: VirtualGlasses) -> str:
        if self._app is None:
            return "No code of the app is loaded."
        try:
            await glasses.start(self._app.package_name)
        except StartFailed as error:
            text = f"The app did not start for {glasses.user_id}: {error}"
            fix = "Save a file to try again, once that is mended."
            self._journal.add(Note(text=text, fix=fix, is_problem=True))
            return text
        return ""

    def _why(self, glasses: VirtualGlasses, stream: str) -> Unheard:
        if self.package_name not in glasses.running:
            return Unheard(
                f"Nobody heard it: the app does not run for {glasses.user_id}.",
                "See what keeps it from running: mentra status",
            )
        if not is_known(stream):
            return Unheard(f"Nobody heard it. There is no stream {stream!r}, as far as is known.", _meant(stream))
        if self.package_name and delivered_as(glasses.dropped(self.package_name), stream):
            permission = permission_for(stream)
            return Unheard(
                f"Nobody heard it: the app has subscribed to {stream}, and lacks the permission {permission}.",
                f"Declare it in the app, permissions = (Permission.{permission},), "
                f"or grant it here: mentra permissions --grant {permission}, then mentra restart",
            )
        return Unheard(
            f"Nobody heard it: the app has not subscribed to {stream}.",
            f"Register a handler in on_session: {registration(stream)}",
        )

    async def listens(self, glasses: VirtualGlasses, streams: Sequence[str], data: Mapping[str, Any] | None) -> bool:
        """Wait a moment for an app that is just being started to subscribe; return whether it does."""
        waited_s = 0.0
        # The cloud tells nobody of subscriptions.
        while not any(glasses.listeners(stream, data) for stream in streams):
            has_begun = any(glasses.subscriptions(package_name) for package_name in glasses.running)
            if waited_s >= (SUBSCRIBES_WITHIN_S if has_begun else LISTENS_WITHIN_S):
                return False
            await asyncio.sleep(_LOOK_EVERY_S)
            waited_s += _LOOK_EVERY_S
        return True

    def _displayed(self, glasses: VirtualGlasses) -> None:
        if not self._looked_away:
            self._journal.add(DisplayChange(user_id=glasses.user_id, text=glasses.display, dashboard=glasses.dashboard))


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

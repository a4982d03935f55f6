"""One user's phone and glasses, to be driven by a test, a terminal or a page.

What the wearer does are methods here (``say``, ``press``, ``start``); what the wearer sees are properties.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from mentra.bitmaps.bitmap import Bitmap
from mentra.errors import NotConnected
from mentra.localcloud.app_link import AppFrame
from mentra.localcloud.display.dashboard import Dashboard
from mentra.localcloud.display.panels import panel_of
from mentra.localcloud.happenings import Happenings
from mentra.localcloud.phone.camera import VirtualCamera
from mentra.localcloud.phone.leds import Leds
from mentra.localcloud.phone.location import VirtualLocation
from mentra.localcloud.phone.network import NetworkQuality, Way
from mentra.localcloud.phone.recordings import RecordingSource, frames, read_recording, seconds
from mentra.localcloud.phone.speaker import PlayedSound, Speaker
from mentra.localcloud.phone.speech import Recogniser, growing
from mentra.localcloud.phone.video import VirtualVideo
from mentra.localcloud.phone.wifi import WifiScreen, WifiSetup
from mentra.localcloud.storage import Fault
from mentra.localcloud.traffic import PassedFrame
from mentra.localcloud.user import User
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.base import Wire, iso_timestamp, wire_name
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import DeviceState
from mentra.protocol.layouts import Layout
from mentra.protocol.settings import setting_values
from mentra.protocol.streams import (
    LOCAL_TRANSCRIPTION,
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    GlassesConnection,
    HeadPosition,
    Location,
    PayloadType,
    PhoneNotification,
    StreamData,
    TouchEvent,
    Transcription,
    Translation,
)
from mentra.protocol.subscriptions import parse_stream, transcription_stream

DEFAULT_USER = "you@example.com"
DEFAULT_MODEL = "Even Realities G1"

REACTION_TURNS = 20
"""How many turns of the event loop an app gets to react to something before the method that did it returns."""

# Streams whose payload the cloud makes itself and puts no ``timestamp`` into (docs/protocol.md, Conventions).
_UNTIMED = frozenset({Transcription.stream, Translation.stream, CalendarEvent.stream})
# What the cloud fills in where the phone says nothing.
_DEFAULTS = {PhoneNotification.stream: {wire_name(PhoneNotification, "priority"): "normal"}}


class VirtualGlasses(Happenings):
    """The phone and the glasses of one user. Get them from ``LocalCloud.connect_glasses``.

    Methods by which something happens (``say``, ``press``, ``send`` and so on) send it to every running app that
    subscribed to it, and return after the app had some turns of the event loop to react. An app in this process
    that answers without waiting for anything has answered by then; for one that takes its time, or runs elsewhere,
    use ``wait_for_display``.

    Of what happened, the last thousand things of each kind are remembered; fewer on a cloud with many users.

    Attributes:
        speaker: Plays what apps ask for, and decides how long it takes and whether it works.
        location: Where the phone is, and how polls are answered.
        camera: Takes photos for apps, and decides what is on them and whether it works.
        video: Streams video for apps.
        leds: The light of the glasses: its colour now, and what apps asked of it.
    """

    def __init__(self, user: User, *, now: Callable[[], datetime], leave: Callable[[User], None]) -> None:
        self._user = user
        self._now = now
        self._leave = leave
        self._odd_byte = b""
        self._recogniser = Recogniser(now, generation=user.generation)
        self.speaker = Speaker(user)
        self.location = VirtualLocation(user, now)
        self.camera = VirtualCamera(user)
        self.video = VirtualVideo(user, now)
        self.leds = Leds(user, now)
        self._wifi = WifiScreen(user)
        self._dashboard = Dashboard(user)

    def __repr__(self) -> str:
        return f"<VirtualGlasses of {self.user_id}: {self.model}, {self.display!r}>"

    @property
    def user_id(self) -> str:
        """The user's e-mail address."""
        return self._user.user_id

    @property
    def model(self) -> str:
        """The model of the glasses."""
        return self._user.model

    @property
    def capabilities(self) -> Capabilities | None:
        """What the glasses can do; ``None`` when the cloud does not know the model."""
        return self._user.capabilities

    @property
    def running(self) -> tuple[str, ...]:
        """The package names of the apps that connected and were not stopped since.

        An app whose connection was lost is one of them while the cloud waits for it.
        """
        return tuple(run.package_name for run in self._user.running)

    @property
    def display(self) -> str:
        """The text of the main view; empty when it is clear."""
        return self._user.screen.text

    @property
    def dashboard(self) -> str:
        """The text of the dashboard view, which the wearer sees when looking up; empty when it is clear."""
        return self._user.screen.dashboard

    @property
    def dashboard_mode(self) -> str:
        """``"main"``, ``"expanded"`` or ``"none"``; see ``change_dashboard_mode``."""
        return self._dashboard.mode

    @property
    def view(self) -> str:
        """What the wearer sees: ``"main"``, or ``"dashboard"`` while looking up."""
        return self._user.screen.view

    @property
    def bitmap(self) -> Bitmap | None:
        """The image that the main view shows now, of the size that the app sent; ``None`` when it shows none.

        ``glasses.bitmap.trimmed().to_rows()`` has what is lit as lines of text.
        """
        return self._user.screen.bitmap

    def screenshot(self, path: str | os.PathLike[str] | None = None) -> bytes:
        """Return a picture of what the wearer sees at this moment.

        Lines are broken as on the glasses, so far as that is known, in another font; docs/local-cloud.md tells what is
        not. An image is there pixel for pixel.

        Args:
            path: Where to store it, too. What is there is replaced.

        Returns:
            The contents of a PNG file of the size of the display, green on black.

        Raises:
            HardwareUnavailable: These glasses have no display.
            OSError: It cannot be stored there.
        """
        # 25 ms that whoever takes no picture does not need.
        from mentra.localcloud.display.drawing import draw

        picture = draw(self._user.screen.seen, panel_of(self.model, self.capabilities))
        if path is not None:
            Path(path).write_bytes(picture)
        return picture

    @property
    def wifi_setups(self) -> Sequence[WifiSetup]:
        """The last thousand wishes of apps for Wi-Fi, oldest first. Nobody answers them; see ``report``."""
        return tuple(self._wifi.setups)

    @property
    def layout(self) -> Layout | None:
        """What the main view shows; ``None`` when it is clear, or something that no glasses know."""
        return self._user.screen.layout

    @property
    def shown(self) -> Sequence[DisplayEvent]:
        """The last thousand frames that were shown, oldest first, with those by which the cloud cleared a view."""
        return tuple(self._user.screen.shown)

    @property
    def sounds(self) -> Sequence[PlayedSound]:
        """The last thousand sounds that apps had played, oldest first, with those that failed."""
        return tuple(self.speaker.sounds)

    @property
    def spoken(self) -> Sequence[str]:
        """The texts among them that the cloud speaks, oldest first. A long one comes in parts."""
        return tuple(sound.text for sound in self.speaker.sounds if sound.text is not None)

    def now(self) -> datetime:
        """Return the present moment, with which events are stamped."""
        return self._now()

    def subscriptions(self, package_name: str) -> tuple[str, ...]:
        """Return what an app receives now: without what its permissions do not allow, languages written out."""
        run = self._user.run_of(package_name)
        return run.subscriptions if run else ()

    def dropped(self, package_name: str) -> tuple[str, ...]:
        """Return what an app asked to receive, and does not because it lacks the permission."""
        run = self._user.run_of(package_name)
        return run.dropped if run else ()

    def listeners(self, stream: str, data: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """Return the package names of the running apps that would hear of an event now; see ``send``."""
        if parse_stream(stream).base == AudioChunk.stream:
            return tuple(run.package_name for run in self._user.audio_listeners())
        payload = codec.encode(self._payload(stream, data or {}))
        return tuple(run.package_name for run, _ in self._user.listeners(stream, payload))

    def settings(self, package_name: str) -> dict[str, Any]:
        """Return the settings of an app: what the user chose, else what the console's schema has.

        Raises:
            NotInstalled: There is no such app.
        """
        return setting_values(self._user.settings_of(package_name))

    def stored(self, package_name: str) -> dict[str, Any]:
        """Return what an app has stored for the wearer, by key: text; a mapping where a key with a dot has nested."""
        return self._user.stored(package_name)

    def store(self, package_name: str, values: Mapping[str, str]) -> None:
        """Have something stored for the wearer, as if the app had stored it another day."""
        self._user.store(package_name, values)

    def fail_storage(self, status: int = 503, *, times: int = 1, retry_after_s: float | None = None) -> None:
        """Refuse the next requests by which apps read or store the wearer's data.

        Args:
            status: The HTTP status: 500 or 503 as a cloud in trouble, 413 as a full one, 429 as a busy one.
            times: How many requests.
            retry_after_s: What the answer says in ``Retry-After``; nothing if left out.
        """
        self._user.fail_storage(Fault(status, retry_after_s), times=times)

    def frames(self, package_name: str) -> list[AppFrame]:
        """Return the last thousand frames that an app sent on accepted connections, oldest first.

        A frame that the cloud does not know is an ``Unknown``, one that it cannot read a ``Malformed``.
        """
        return self._user.frames_of(package_name)

    @property
    def network(self) -> NetworkQuality:
        """How the network between the phone and the cloud is; see ``set_network``."""
        return self._user.phone_network.quality

    @property
    def is_online(self) -> bool:
        """Whether the phone is connected to the cloud; see ``go_offline``."""
        return self._user.phone_online

    @property
    def traffic(self) -> Sequence[PassedFrame]:
        """The last thousand frames that passed, oldest first: from apps, to apps, and layouts to the glasses.

        Of sound there is one record for each app between two messages, with its size only.
        """
        return tuple(self._user.traffic)

    async def start(self, package_name: str) -> None:
        """Start an app and wait until it is connected.

        Another running app of type ``standard`` is stopped first, if this one is of that type. A start that is under
        way is shared, and a running app is left alone.

        Raises:
            StartFailed: The app did not connect; it is stopped, and what it does later is refused.
            NotInstalled: There is no such app.
            NotConnected: The local cloud is not open.
        """
        await self._user.start(package_name)
        await self._settle()

    async def stop(self, package_name: str) -> None:
        """Stop an app and wait until its server took note; nothing happens when it is not running."""
        run = self._user.run_of(package_name)
        if run is not None:
            await run.stop()
            await self._settle()

    async def say(
        self, text: str, *, language: str = "en-US", is_final: bool = True, word_by_word: bool = False
    ) -> None:
        """Speak.

        Args:
            language: What the recogniser hears: ``"en-US"``, ``"es-ES"``. Only subscribers of it are told.
            is_final: False for an interim result, which repeats the whole utterance so far.
            word_by_word: Have an interim result after each word first, as a recogniser does. It takes no time.

        Raises:
            ValueError: The cloud has no such language.
        """
        stream = transcription_stream(language)
        for so_far in growing(text) if word_by_word else ():
            await self._send(stream, self._recogniser.hear(so_far, language=language, is_final=False))
        await self._send(stream, self._recogniser.hear(text, language=language, is_final=is_final))

    async def press(self, button_id: str = "main", press_type: str = "short") -> None:
        """Press a button, ``"short"`` or ``"long"``."""
        await self._send(ButtonPress.stream, ButtonPress(button_id=button_id, press_type=press_type))

    async def move(self, lat: float, lng: float, *, accuracy_m: float | None = None) -> None:
        """Be somewhere else. Apps that asked where the phone is, and had no answer yet, get it now.

        Args:
            lat: Degrees, WGS 84.
            lng: Degrees, WGS 84.
            accuracy_m: Radius within which that is true; ``None`` says nothing of it.
        """
        await self._send(Location.stream, Location(lat=lat, lng=lng, accuracy_m=accuracy_m))

    async def send(self, stream: str, data: Mapping[str, Any]) -> None:
        """Let any event happen.

        Args:
            stream: The event's own name: ``"head_position"``, ``"translation:en-US-to-es-ES"``,
                ``"touch_event:double_tap"``; ``"transcription"`` alone is speech that the phone recognised.
            data: The payload as on the wire. ``type`` and ``timestamp`` are filled in as the cloud does.

        Raises:
            ValueError: The stream is sound, which has no payload; use ``send_audio``.
        """
        if parse_stream(stream).base == AudioChunk.stream:
            raise ValueError(f"{AudioChunk.stream!r} is sent as binary frames. Use send_audio(data).")
        payload = self._payload(stream, data)
        if stream == Location.stream:
            self._note_location(payload)
        if stream == GlassesConnection.stream:
            await self._tell_connection(payload)
        else:
            self._tell(lambda: self._arrived(stream, payload))
        await self._settle()

    def _arrived(self, stream: str, payload: Mapping[str, Any]) -> None:
        if stream == HeadPosition.stream:
            self._dashboard.head_moved(payload.get("position"))
        if stream == CalendarEvent.stream:
            self._user.deliver_calendar_event(payload)
        else:
            self._user.deliver(stream, payload)

    def _tell(self, arrive: Callable[[], object], *, may_be_lost: bool = True) -> None:
        """Have the phone tell the cloud something, if it is connected."""
        if self._user.phone_online:
            self._user.phone_network.carry(Way.TO_CLOUD, arrive, may_be_lost=may_be_lost)

    async def _tell_connection(self, payload: Mapping[str, Any]) -> None:
        """Tell it, and wait until the cloud has done all that follows; behind a slow network that is not waited for."""
        following: list[asyncio.Task[None]] = []

        async def follow() -> None:
            news = codec.decode_stream(GlassesConnection.stream, codec.encode(payload))
            if isinstance(news, GlassesConnection):
                await self._user.glasses_connection(news)
            self._user.deliver(GlassesConnection.stream, payload)

        self._tell(lambda: following.append(self._user.spawn(follow())), may_be_lost=False)
        if following:
            await asyncio.wait(following)

    def _note_location(self, payload: Mapping[str, Any]) -> None:
        location = codec.decode_stream(Location.stream, codec.encode(payload))
        if isinstance(location, Location) and location.correlation_id is None:
            self.location.moved(location)

    def _payload(self, stream: str, data: Mapping[str, Any]) -> dict[str, Any]:
        base, detail, _ = parse_stream(stream)
        filled_in: list[Wire] = [PayloadType(type=LOCAL_TRANSCRIPTION if stream == Transcription.stream else base)]
        if base not in _UNTIMED:
            # A location is stamped by the cloud, everything else by the phone.
            stamp = iso_timestamp(self._now()) if base == Location.stream else self._now_ms()
            filled_in.append(StreamData(timestamp=stamp))
        if base == TouchEvent.stream and detail:
            filled_in.append(TouchEvent(gesture_name=detail))
        payload: dict[str, Any] = dict(_DEFAULTS.get(base, {}))
        for part in filled_in:
            payload |= msgspec.to_builtins(part)
        return {**payload, **data}

    async def send_audio(self, data: bytes) -> None:
        """Let the microphone hear something.

        Args:
            data: 16-bit little-endian mono PCM, 16 000 samples a second. An odd byte at the end is kept for the
                next call, so that every frame has whole samples.
        """
        data = self._odd_byte + data
        whole = len(data) & ~1
        self._odd_byte = data[whole:]
        if whole:
            self._tell(lambda: self._user.deliver_audio(data[:whole]))
        await self._settle()

    async def hear(self, recording: RecordingSource, *, real_time: bool = False) -> None:
        """Let the microphone hear a recording, in frames of 100 ms.

        Args:
            recording: A WAV file of plain samples, its path or its contents. Any rate, any number of channels and 8,
                16, 24 or 32 bits become what the microphone has.
            real_time: Take as long as the recording, instead of no time at all.

        Raises:
            ValueError: It is no such file; the message says what it is.
            OSError: It cannot be read.
        """
        loop = asyncio.get_running_loop()
        due = loop.time()
        for frame in frames(read_recording(recording)):
            if real_time:
                due += seconds(frame)
                await asyncio.sleep(due - loop.time())
            await self.send_audio(frame)

    async def call_tool(self, package_name: str, tool_id: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Have the assistant call a tool of an app; the app need not be running.

        Returns:
            The app's answer, decoded. When it failed twice: an object with ``error`` true and a ``message``, as the
            assistant gets it.

        Raises:
            NotInstalled: There is no such app.
        """
        return await self._user.call_tool(package_name, tool_id, parameters or {})

    async def trigger_tool(self, package_name: str, request: Mapping[str, Any]) -> Any:
        """Have something else than the assistant call a tool of an app, with just these fields of the wire.

        The cloud checks none of them and adds nothing, so an app may get a call without a user, or of a tool that it
        does not have.

        Returns:
            As ``call_tool``.

        Raises:
            NotInstalled: There is no such app.
        """
        return await self._user.trigger_tool(package_name, request)

    def webview_url(
        self, package_name: str, path: str = "/", *, server_url: str | None = None, cloud_url: str | None = None
    ) -> str:
        """Return the address at which the phone opens a page of an app, with fresh tokens for this user.

        They are valid for a minute and for ten minutes. The signed one is made with a key of this process, which the
        app has to be told: ``LocalCloud.user_token_key``.

        Args:
            server_url: Where the app's server is reached by who opens the page; by default its public URL.
            cloud_url: Where the app's server reaches the REST routes of this cloud; by default ``LocalCloud.url``.

        Raises:
            NotInstalled: There is no such app.
        """
        return self._user.webview_url(package_name, path, server_url=server_url, cloud_url=cloud_url)

    async def change_settings(self, package_name: str, values: Mapping[str, Any]) -> None:
        """Change settings of an app, by key.

        The app is told on its socket, if it runs, and then by HTTP; each time the full list. The first change stores
        every default of the schema as well.

        Args:
            values: As the schema has them; also members of an ``Enum``, and ``time(7, 30)`` or ``"07:30"`` for a time
                of day.

        Raises:
            NotInstalled: There is no such app.
            ValueError: There is no such setting, or it cannot have such a value. Nothing was changed. An app without
                settings takes any.
        """
        await self._user.change_settings(package_name, values)
        await self._settle()

    @property
    def system_settings(self) -> dict[str, Any]:
        """The settings of MentraOS itself, by the cloud's keys."""
        return dict(self._user.system_settings)

    async def change_system_settings(self, values: Mapping[str, Any]) -> None:
        """Change settings of MentraOS itself, by the cloud's keys, such as ``metricSystemEnabled``.

        Apps hear of that one if they subscribed to it, and of the others when they connect next.
        """
        self._user.change_system_settings(values)
        await self._settle()

    async def report(self, state: DeviceState) -> None:
        """Have the phone tell how the glasses are: ``await glasses.report(DeviceState(battery_level=80))``.

        Every running app hears it, though the cloud of December 2025 passes on nothing of the kind.
        """
        self._user.report(state)
        await self._settle()

    async def change_dashboard_mode(self, mode: str) -> None:
        """Have the dashboard shown in another mode, ``"main"``, ``"expanded"`` or ``"none"``; running apps are told."""
        self._dashboard.show_mode(mode)
        await self._settle()

    def permissions(self, package_name: str) -> tuple[str, ...]:
        """Return what an app has declared in the developer console.

        Raises:
            NotInstalled: There is no such app.
        """
        return self._user.permissions_of(package_name)

    def change_permissions(self, package_name: str, permissions: Collection[str]) -> None:
        """Have an app declare other permissions in the developer console: ``("CAMERA", "MICROPHONE")``.

        What it asks for is judged by them at once, what it subscribes to with its next list.

        Raises:
            NotInstalled: There is no such app.
        """
        self._user.change_permissions(package_name, permissions)

    def set_network(self, *, latency_s: float = 0.0, jitter_s: float = 0.0, loss: float = 0.0, seed: int = 0) -> None:
        """Have a network between the phone and the cloud that is slow or loses things; without arguments a perfect one.

        Things keep their order, and what apps ask for arrives, late. What is lost are events, sound and layouts.
        Methods that let something happen do not wait for it to arrive.

        Args:
            latency_s: How long everything takes, in each direction.
            jitter_s: How much longer at most, by chance.
            loss: Which part is lost, 0.0 to 1.0.
            seed: With the same one, the same is lost.

        Raises:
            ValueError: A number is out of its range.
        """
        self._user.phone_network.change(NetworkQuality(latency_s=latency_s, jitter_s=jitter_s, loss=loss, seed=seed))

    def drop_connection(self, package_name: str) -> None:
        """Break the connection of an app as a bad network does: both ends see 1006.

        Raises:
            NotConnected: The app has no connection.
        """
        run = self._user.run_of(package_name)
        if run is None or not run.is_connected:
            raise NotConnected(f"{package_name} has no connection to the local cloud that could be dropped.")
        run.drop_connection()

    async def go_offline(self) -> None:
        """Lose the connection between the phone and the cloud.

        Apps notice nothing for a minute. Then every session ends: apps hear it on their socket and get no webhook.
        """
        self._user.go_offline()
        await self._settle()

    async def go_online(self) -> None:
        """Connect the phone to the cloud again.

        Within the minute apps hear no more than what the glasses can do. Later, those that ran are started again.
        """
        self._user.go_online()
        await self._settle()

    async def leave(self) -> None:
        """Be gone for good, as a phone that was away for a minute.

        Every app hears it on its socket and gets no webhook. The cloud forgets the user but not what is stored for
        them; ``connect_glasses`` makes new glasses, with no app running.
        """
        self._leave(self._user)
        await self._settle()

    def on_display(self, callback: Callable[["VirtualGlasses"], object]) -> Callable[[], None]:
        """Call ``callback`` each time something is shown, also when it looks as before, and when the view changes.

        Returns:
            What undoes it.
        """
        return self._user.screen.on_change(lambda: callback(self))

    async def wait_for_display(self, text: str, *, timeout: float = 5.0) -> str:
        """Wait until the main view shows a text, alone or among other text.

        Args:
            timeout: Seconds.

        Returns:
            The whole text of the main view at that moment, even if it was replaced at once.

        Raises:
            TimeoutError: It was not shown; the message says what is.
        """
        if text in self.display:
            return self.display
        seen: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def look(_: VirtualGlasses) -> None:
            if text in self.display and not seen.done():
                seen.set_result(self.display)

        undo = self.on_display(look)
        try:
            async with asyncio.timeout(timeout):
                return await seen
        except TimeoutError:
            raise TimeoutError(
                f"The glasses of {self.user_id} did not show {text!r} within {timeout:g} s. "
                f"They show {self.display!r}; running: {', '.join(self.running) or 'no app'}."
            ) from None
        finally:
            undo()

    async def send_custom_message(self, action: str, payload: Any = None) -> None:
        """Have the cloud send a message of its own to the apps that subscribed ``custom_message``.

        The only one that clouds ever sent is ``"update_datetime"``. The last of those comes again after each list of
        subscriptions with ``custom_message``.
        """
        self._user.send_custom_message(action, payload)
        await self._settle()

    async def _send(self, stream: str, data: StreamData) -> None:
        await self.send(stream, codec.plain(data))

    async def _settle(self) -> None:
        for _ in range(REACTION_TURNS):
            await asyncio.sleep(0)

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)

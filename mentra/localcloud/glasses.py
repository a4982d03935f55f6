"""One user's phone and glasses, to be driven by a test, a terminal or a page.

What the wearer does are methods here (``say``, ``press``, ``start``), and what happens to them in ``happenings.py``.
What the wearer sees are properties in ``observations.py``.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from mentra.errors import NotConnected
from mentra.localcloud.happenings import Happenings
from mentra.localcloud.observations import Observations
from mentra.localcloud.payloads import payload_of
from mentra.localcloud.phone.network import NetworkQuality, Way
from mentra.localcloud.phone.recordings import RecordingSource, frames, read_recording, seconds
from mentra.localcloud.phone.speech import Recogniser, growing
from mentra.localcloud.storage import Fault
from mentra.localcloud.user import User
from mentra.protocol import codec
from mentra.protocol.cloud_to_app import DeviceState
from mentra.protocol.streams import (
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    GlassesConnection,
    HeadPosition,
    Location,
    StreamData,
)
from mentra.protocol.subscriptions import parse_stream, transcription_stream

DEFAULT_USER = "you@example.com"
DEFAULT_MODEL = "Even Realities G1"

REACTION_TURNS = 20
"""How many turns of the event loop an app gets to react to something before the method that did it returns."""


class VirtualGlasses(Observations, Happenings):
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
        super().__init__(user, now=now)
        self._leave = leave
        self._odd_byte = b""
        self._recogniser = Recogniser(now, generation=user.generation)

    def __repr__(self) -> str:
        return f"<VirtualGlasses of {self.user_id}: {self.model}, {self.display!r}>"

    def store(self, package_name: str, values: Mapping[str, str]) -> None:
        """Have something stored for the wearer, as if the app had stored it another day."""
        self._user.account.store(package_name, values)

    def fail_storage(self, status: int = 503, *, times: int = 1, retry_after_s: float | None = None) -> None:
        """Refuse the next requests by which apps read or store the wearer's data.

        Args:
            status: The HTTP status: 500 or 503 as a cloud in trouble, 413 as a full one, 429 as a busy one.
            times: How many requests.
            retry_after_s: What the answer says in ``Retry-After``; nothing if left out.
        """
        self._user.account.fail_storage(Fault(status, retry_after_s), times=times)

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
        payload = payload_of(stream, data, self.now())
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
            self._user.events.deliver_calendar_event(payload)
        else:
            self._user.events.deliver(stream, payload)

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
                await self._user.worn.connection_changed(news)
            self._user.events.deliver(GlassesConnection.stream, payload)

        self._tell(lambda: following.append(self._user.spawn(follow())), may_be_lost=False)
        if following:
            await asyncio.wait(following)

    def _note_location(self, payload: Mapping[str, Any]) -> None:
        location = codec.decode_stream(Location.stream, codec.encode(payload))
        if isinstance(location, Location) and location.correlation_id is None:
            self.location.moved(location)

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
            self._tell(lambda: self._user.events.deliver_audio(data[:whole]))
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
        return await self._user.account.call_tool(package_name, tool_id, parameters or {})

    async def trigger_tool(self, package_name: str, request: Mapping[str, Any]) -> Any:
        """Have something else than the assistant call a tool of an app, with just these fields of the wire.

        The cloud checks none of them and adds nothing, so an app may get a call without a user, or of a tool that it
        does not have.

        Returns:
            As ``call_tool``.

        Raises:
            NotInstalled: There is no such app.
        """
        return await self._user.account.trigger_tool(package_name, request)

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
        return self._user.account.webview_url(package_name, path, server_url=server_url, cloud_url=cloud_url)

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
        self._user.worn.report(state)
        await self._settle()

    async def change_dashboard_mode(self, mode: str) -> None:
        """Have the dashboard shown in another mode, ``"main"``, ``"expanded"`` or ``"none"``; running apps are told."""
        self._dashboard.show_mode(mode)
        await self._settle()

    def change_permissions(self, package_name: str, permissions: Collection[str]) -> None:
        """Have an app declare other permissions in the developer console: ``("CAMERA", "MICROPHONE")``.

        What it asks for is judged by them at once, what it subscribes to with its next list.

        Raises:
            NotInstalled: There is no such app.
        """
        self._user.account.change_permissions(package_name, permissions)

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
        them; ``connect_glasses`` makes new glasses, and has the apps that ran started again.
        """
        self._leave(self._user)
        await self._settle()

    async def send_custom_message(self, action: str, payload: Any = None) -> None:
        """Have the cloud send a message of its own to the apps that subscribed ``custom_message``.

        The only one that clouds ever sent is ``"update_datetime"``. The last of those comes again after each list of
        subscriptions with ``custom_message``.
        """
        self._user.events.send_custom_message(action, payload)
        await self._settle()

    async def _send(self, stream: str, data: StreamData) -> None:
        await self.send(stream, codec.plain(data))

    async def _settle(self) -> None:
        for _ in range(REACTION_TURNS):
            await asyncio.sleep(0)

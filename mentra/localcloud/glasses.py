"""One user's phone and glasses, to be driven by a test, a terminal or a page.

What the wearer does are methods here (``say``, ``press``, ``start``); what the wearer sees are properties.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from mentra.errors import NotConnected
from mentra.localcloud.app_link import AppFrame
from mentra.localcloud.user import User
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.base import Wire, iso_timestamp
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.layouts import Layout
from mentra.protocol.settings import setting_values
from mentra.protocol.streams import (
    LOCAL_TRANSCRIPTION,
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    Location,
    PayloadType,
    StreamData,
    TouchEvent,
    Transcription,
    Translation,
)
from mentra.protocol.subscriptions import parse_stream, transcription_stream

DEFAULT_USER = "you@example.com"
DEFAULT_MODEL = "Even Realities G1"

SPEECH_MS = 1000
"""The cloud calls every utterance this long, whatever was said."""
INTERIM_CONFIDENCE = 0.95
REACTION_TURNS = 20
"""How many turns of the event loop an app gets to react to something before the method that did it returns."""

# Streams whose payload the cloud makes itself and puts no ``timestamp`` into (docs/protocol.md, Conventions).
_UNTIMED = frozenset({Transcription.stream, Translation.stream, CalendarEvent.stream})


class VirtualGlasses:
    """The phone and the glasses of one user. Get them from ``LocalCloud.connect_glasses``.

    Methods by which something happens (``say``, ``press``, ``send`` and so on) send it to every running app that
    subscribed to it, and return after the app had some turns of the event loop to react. An app in this process
    that answers without waiting for anything has answered by then; for one that takes its time, or runs elsewhere,
    use ``wait_for_display``.
    """

    def __init__(self, user: User, *, now: Callable[[], datetime], leave: Callable[[User], None]) -> None:
        self._user = user
        self._now = now
        self._leave = leave
        self._odd_byte = b""

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

        An app whose connection was lost is one of them while the cloud waits for it, or restarts it.
        """
        return tuple(run.package_name for run in self._user.running)

    @property
    def display(self) -> str:
        """The text of the main view; empty when it is clear."""
        return self._user.screen.text

    @property
    def dashboard(self) -> str:
        """The text of the dashboard: what is on its view, then one line per app; empty when it is clear."""
        return self._user.screen.dashboard

    @property
    def layout(self) -> Layout | None:
        """What the main view shows; ``None`` when it is clear, or something that no glasses know."""
        return self._user.screen.layout

    @property
    def shown(self) -> Sequence[DisplayEvent]:
        """The last thousand frames that were shown, oldest first, with those by which the cloud cleared a view."""
        return tuple(self._user.screen.shown)

    def subscriptions(self, package_name: str) -> tuple[str, ...]:
        """Return what an app receives now: without what its permissions do not allow, languages written out."""
        run = self._user.run_of(package_name)
        return run.subscriptions if run else ()

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

    def frames(self, package_name: str) -> list[AppFrame]:
        """Return the last thousand frames that an app sent on accepted connections, oldest first.

        A frame that the cloud does not know is an ``Unknown``, one that it cannot read a ``Malformed``.
        """
        return self._user.frames_of(package_name)

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

    async def say(self, text: str, *, language: str = "en-US", is_final: bool = True) -> None:
        """Speak.

        Args:
            language: What the recogniser hears: ``"en-US"``, ``"es-ES"``. Only subscribers of it are told.
            is_final: False for an interim result, which repeats the whole utterance so far.

        Raises:
            ValueError: The cloud has no such language.
        """
        start_ms = self._now_ms()
        speech = Transcription(
            text=text,
            is_final=is_final,
            confidence=None if is_final else INTERIM_CONFIDENCE,
            start_ms=start_ms,
            end_ms=start_ms + SPEECH_MS,
            language=language,
            provider="local",
        )
        await self._send(transcription_stream(language), speech)

    async def press(self, button_id: str = "main", press_type: str = "short") -> None:
        """Press a button, ``"short"`` or ``"long"``."""
        await self._send(ButtonPress.stream, ButtonPress(button_id=button_id, press_type=press_type))

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
        self._user.deliver(stream, self._payload(stream, data))
        await self._settle()

    def _payload(self, stream: str, data: Mapping[str, Any]) -> dict[str, Any]:
        base, detail, _ = parse_stream(stream)
        filled_in: list[Wire] = [PayloadType(type=LOCAL_TRANSCRIPTION if stream == Transcription.stream else base)]
        if base not in _UNTIMED:
            # A location is stamped by the cloud, everything else by the phone.
            stamp = iso_timestamp(self._now()) if base == Location.stream else self._now_ms()
            filled_in.append(StreamData(timestamp=stamp))
        if base == TouchEvent.stream and detail:
            filled_in.append(TouchEvent(gesture_name=detail))
        payload: dict[str, Any] = {}
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
            self._user.deliver_audio(data[:whole])
        await self._settle()

    async def call_tool(self, package_name: str, tool_id: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Have the assistant call a tool of an app; the app need not be running.

        Returns:
            The app's answer, decoded. When it failed twice: an object with ``error`` true and a ``message``, as the
            assistant gets it.

        Raises:
            NotInstalled: There is no such app.
        """
        return await self._user.call_tool(package_name, tool_id, parameters or {})

    async def change_settings(self, package_name: str, values: Mapping[str, Any]) -> None:
        """Change settings of an app, by key.

        The app is told on its socket, if it runs, and then by HTTP; each time the full list. The first change stores
        every default of the schema as well.

        Raises:
            NotInstalled: There is no such app.
        """
        await self._user.change_settings(package_name, values)
        await self._settle()

    async def change_model(self, model: str) -> None:
        """Put on other glasses; every running app is told what they can do, or ``None`` if nobody knows."""
        self._user.change_model(model)
        await self._settle()

    def drop_connection(self, package_name: str) -> None:
        """Break the connection of an app as a bad network does: both ends see 1006.

        Raises:
            NotConnected: The app has no connection.
        """
        run = self._user.run_of(package_name)
        if run is None or not run.is_connected:
            raise NotConnected(f"{package_name} has no connection to the local cloud that could be dropped.")
        run.drop_connection()

    async def leave(self) -> None:
        """Be gone for good, as a phone that was away for a minute.

        Every app hears it on its socket and gets no webhook. The cloud forgets the user but not what is stored for
        them; ``connect_glasses`` makes new glasses, with no app running.
        """
        self._leave(self._user)
        await self._settle()

    def on_display(self, callback: Callable[["VirtualGlasses"], object]) -> Callable[[], None]:
        """Call ``callback`` each time something is shown or cleared, also when it looks the same as before.

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

    async def _send(self, stream: str, data: StreamData) -> None:
        await self.send(stream, msgspec.to_builtins(data))

    async def _settle(self) -> None:
        for _ in range(REACTION_TURNS):
            await asyncio.sleep(0)

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)

"""Test an app without network, account, phone or glasses.

    from mentra.testing import simulate

    async def test_speech_appears_on_the_glasses():
        async with simulate(CaptionsApp) as glasses:
            await glasses.say("hello world")
            assert "hello world" in glasses.display

The app, a local cloud and a pair of virtual glasses run in one process and talk through memory.
"""

import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from mentra.bitmaps.bitmap import Bitmap
from mentra.errors import HardwareUnavailable, ToolError
from mentra.localcloud import (
    DEFAULT_MODEL,
    DEFAULT_USER,
    InstalledApp,
    Leds,
    LocalCloud,
    PlayedSound,
    StartFailed,
    StreamedVideo,
    VirtualGlasses,
    WifiSetup,
)
from mentra.localcloud.happenings import MOVED, Happenings
from mentra.localcloud.models import missing_part, models_for
from mentra.localcloud.phone.recordings import RecordingSource
from mentra.localcloud.phone.web_view import PageEvent, WebReply, WebView
from mentra.protocol import codec
from mentra.protocol.cloud_to_app import DeviceState
from mentra.protocol.layouts import Layout
from mentra.protocol.permissions import Permission
from mentra.protocol.streams import ButtonPress, StreamData
from mentra.server.app import AppServer
from mentra.server.hosts import fallback_environment
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from mentra.wrong_names import Part, public_names, unknown_name

__all__ = ["PACKAGE_NAME", "PageEvent", "SimulatedGlasses", "StartFailed", "WebReply", "WifiSetup", "simulate"]


PACKAGE_NAME = "com.example.simulated"
"""The package name of an app that is given to ``simulate`` as a class."""


class SimulatedGlasses(Happenings):
    """A user who wears virtual glasses and has started the app.

    Attributes:
        app: The app under test.
        glasses: The virtual glasses with everything they can do.
        cloud: The local cloud, which can be restarted, and have more users.
        errors: What the app's hooks, handlers, tasks and timers raised so far, oldest first; ``simulate`` raises it at
            the end of its block.
    """

    def __init__(
        self,
        app: AppServer,
        glasses: VirtualGlasses,
        cloud: LocalCloud,
        network: Network,
        errors: Sequence[Exception],
    ) -> None:
        self.app = app
        self.glasses = glasses
        self.cloud = cloud
        self.errors = errors
        self._phone = WebView(app.config.package_name, glasses, network)

    @property
    def model(self) -> str:
        """The model of the glasses."""
        return self.glasses.model

    def now(self) -> datetime:
        """Return the present moment, with which events are stamped."""
        return self.glasses.now()

    @property
    def user_id(self) -> str:
        """The user's id."""
        return self.glasses.user_id

    @property
    def display(self) -> str:
        """The text on the glasses now; empty when they show nothing."""
        return self.glasses.display

    @property
    def layout(self) -> Layout | None:
        """What the glasses show now, as the app sent it."""
        return self.glasses.layout

    @property
    def dashboard(self) -> str:
        """The text that the wearer sees when looking up; empty when there is none."""
        return self.glasses.dashboard

    @property
    def bitmap(self) -> Bitmap | None:
        """The image on the glasses now; ``None`` when they show none. See ``Bitmap.trimmed`` and ``to_rows``."""
        return self.glasses.bitmap

    def screenshot(self, path: str | os.PathLike[str] | None = None) -> bytes:
        """Return what the wearer sees now as a PNG, and store it as a file if a path is given.

        Raises:
            HardwareUnavailable: These glasses have no display.
        """
        return self.glasses.screenshot(path)

    @property
    def leds(self) -> Leds:
        """The light of the glasses: ``glasses.leds.color``. Wear ``model="Mentra Live"``: the default has none."""
        return self.glasses.leds

    @property
    def sounds(self) -> Sequence[PlayedSound]:
        """What was played on the glasses, oldest first, with those that failed."""
        return self.glasses.sounds

    @property
    def spoken(self) -> Sequence[str]:
        """The texts that were spoken, oldest first."""
        return self.glasses.spoken

    @property
    def stored(self) -> dict[str, Any]:
        """What the cloud keeps for the user, by key; a write gets there three seconds later, or by ``flush``."""
        return self.glasses.stored(self.app.config.package_name)

    async def wait_for_display(self, text: str, *, timeout: float = 5.0) -> str:
        """Wait until the glasses show a text, as a part of what they show; return all they show.

        Raises:
            TimeoutError: They did not; the message says what they show instead.
        """
        return await self.glasses.wait_for_display(text, timeout=timeout)

    async def say(
        self, text: str, *, language: str = "en-US", is_final: bool = True, word_by_word: bool = False
    ) -> None:
        """Speak to the app, and give it a moment to react.

        The moment is a few turns of the event loop. If the app waits for anything, use ``wait_for_display`` next.

        Args:
            text: What is said.
            language: The language it is said in.
            is_final: False for an interim result, which repeats the whole utterance so far.
            word_by_word: Have an interim result after each word first, as a recogniser does. It takes no time.
        """
        await self.glasses.say(text, language=language, is_final=is_final, word_by_word=word_by_word)

    async def press(self, button_id: str = "main", press_type: str = "short") -> None:
        """Press a button of the glasses, ``"short"`` or ``"long"``.

        Raises:
            HardwareUnavailable: They have none, as the default model. Wear ``model="Simulated Glasses"``, or others.
        """
        self._check_part(ButtonPress.stream)
        await self.glasses.press(button_id, press_type)

    async def move(self, lat: float, lng: float, *, accuracy_m: float | None = None) -> None:
        """Be somewhere else. Latitude and longitude are in degrees, WGS 84, the radius of accuracy in metres."""
        await self.glasses.move(lat, lng, accuracy_m=accuracy_m)

    async def report(self, state: DeviceState) -> None:
        """Have the phone tell how the glasses are, as with clouds of 2026: ``DeviceState(wifi_connected=True)``."""
        await self.glasses.report(state)

    @property
    def wifi_setups(self) -> Sequence[WifiSetup]:
        """How the app asked for Wi-Fi, oldest first. Nobody answers that; see ``report``."""
        return self.glasses.wifi_setups

    @property
    def video(self) -> StreamedVideo | None:
        """The video that the glasses stream now; ``None`` if there is none."""
        return self.glasses.video.current

    def photo(self, photo: bytes | str | os.PathLike[str]) -> None:
        """Let each photo be this one from now on: the contents of an image file, or its path.

        Without it, photos are plain grey. Only glasses with a camera take any: ``simulate(app, model="Mentra Live")``.
        """
        self.glasses.camera.load(photo)

    def fail_photos(self, code: str | None = "CAMERA_BUSY", message: str = "") -> None:
        """Let each photo fail from now on, for a reason such as those of ``PhotoErrorCode``; ``None`` ends that."""
        if code is None:
            self.glasses.camera.work()
        else:
            self.glasses.camera.fail(code, message)

    def fail_sounds(self, reason: str | None = "The phone cannot play this.") -> None:
        """Let each sound fail from now on, in the words of the phone; ``None`` ends that."""
        self.glasses.speaker.failure = reason

    def fail_storage(self, status: int = 503, *, times: int = 1, retry_after_s: float | None = None) -> None:
        """Refuse the next requests by which the app reads or stores the user's data.

        Args:
            status: The HTTP status: 500 or 503 as a cloud in trouble, 413 as a full one, 429 as a busy one.
            times: How many requests.
            retry_after_s: What a busy cloud asks for; nothing if left out.
        """
        self.glasses.fail_storage(status, times=times, retry_after_s=retry_after_s)

    def deny(self, *permissions: str) -> None:
        """Take permissions from the app, as if it had never declared them: ``glasses.deny("CAMERA")``.

        What it asks for is judged by that at once, what it subscribes to with its next change.
        """
        package_name = self.app.config.package_name
        declared = self.glasses.permissions(package_name)
        everything = set(Permission) - {Permission.ALL} if Permission.ALL in declared else set(declared)
        self.glasses.change_permissions(package_name, sorted(everything - set(permissions)))

    async def send_audio(self, data: bytes) -> None:
        """Let the microphone hear something: 16-bit little-endian mono PCM, 16 000 samples a second."""
        await self.glasses.send_audio(data)

    async def hear(self, recording: RecordingSource, *, real_time: bool = False) -> None:
        """Let the microphone hear a WAV file of plain samples, its path or its contents, in frames of 100 ms.

        Args:
            recording: Any rate, any number of channels and 8, 16, 24 or 32 bits become what the microphone has.
            real_time: Take as long as the recording, instead of no time at all.

        Raises:
            ValueError: It is no such file; the message says what it is.
        """
        await self.glasses.hear(recording, real_time=real_time)

    async def send_custom_message(self, action: str, payload: Any = None) -> None:
        """Have the cloud send a message of its own, such as ``"update_datetime"``."""
        await self.glasses.send_custom_message(action, payload)

    def set_network(self, *, latency_s: float = 0.0, jitter_s: float = 0.0, loss: float = 0.0, seed: int = 0) -> None:
        """Have a network between the phone and the cloud that is slow or loses things; without arguments a perfect one.

        Args:
            latency_s: How long everything takes, in each direction.
            jitter_s: How much longer at most, by chance.
            loss: Which part of the events, the sound and the layouts is lost, 0.0 to 1.0.
            seed: With the same one, the same is lost.
        """
        self.glasses.set_network(latency_s=latency_s, jitter_s=jitter_s, loss=loss, seed=seed)

    async def go_offline(self) -> None:
        """Lose the connection between the phone and the cloud. The app notices nothing for a minute, and then ends."""
        await self.glasses.go_offline()

    async def go_online(self) -> None:
        """Connect the phone to the cloud again. After more than a minute the app is started again."""
        await self.glasses.go_online()

    def drop_connection(self) -> None:
        """Break the app's connection as a bad network does."""
        self.glasses.drop_connection(self.app.config.package_name)

    async def send(self, stream: str, data: Mapping[str, Any]) -> None:
        """Send an event of any stream, with the field names of the wire."""
        await self.glasses.send(stream, data)

    async def change_settings(self, values: Mapping[str, Any]) -> None:
        """Change settings of the app, by key, as the user does on the phone.

        Values are those that the declared types have: ``{"size": Size.LARGE, "quiet_from": time(22, 0)}``; also what
        stands for them on the wire, and ``"22:00"``. An app that declares none has any.

        Raises:
            ValueError: The app has no such setting, or it cannot have such a value; the message says what it can.
        """
        await self.glasses.change_settings(self.app.config.package_name, values)

    async def change_system_settings(self, values: Mapping[str, Any]) -> None:
        """Change settings of MentraOS itself, such as ``{"metricSystemEnabled": True}``, as the user does."""
        await self.glasses.change_system_settings(values)

    async def fetch(
        self,
        path: str,
        *,
        method: str = "GET",
        json: Any = None,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
        signed_in: bool = True,
        timeout: float = 10.0,
    ) -> WebReply:
        """Ask the app's server for a page, as the web view of the phone does: the user is signed in there.

        The first request brings the tokens that the phone puts behind the address; later ones the cookie that the app
        set then. Redirects are not followed.

        Args:
            path: The path, with a query if need be: ``"/api/notes?sort=date"``.
            method: The HTTP method.
            json: What is sent as JSON; nothing if ``None``.
            body: What is sent instead, as it is.
            headers: Headers of the request.
            signed_in: False for a stranger, without tokens and without cookies.
            timeout: Seconds until all of the answer is there. For what has no end use ``open_events``.

        Raises:
            TimeoutError: It was not.
        """
        body = codec.encode(json) if json is not None else body.encode() if isinstance(body, str) else body
        sent = {"content-type": "application/json"} if json is not None else {}
        return await self._phone.fetch(
            method, path, body, {**sent, **(headers or {})}, signed_in=signed_in, timeout=timeout
        )

    def open_events(
        self, path: str, *, signed_in: bool = True
    ) -> AbstractAsyncContextManager[AsyncIterator[PageEvent]]:
        """Open a stream of events of the app's server, as a page does with ``EventSource``.

        ::

            async with glasses.open_events("/api/live") as events:
                event = await anext(events)

        Raises:
            WebError: The server answered with something else.
        """
        return self._phone.open_events(path, signed_in=signed_in)

    async def call_tool(self, name: str, parameters: Mapping[str, Any] | None = None) -> str | None:
        """Call a tool of the app, as the AI assistant does, and return its reply.

        Raises:
            ToolError: The tool raised an exception, and the app's log has its traceback; or there is no such tool.
        """
        tools = [tool.id for tool in self.app.tools]
        if name not in tools and type(self.app).on_tool_call is AppServer.on_tool_call:
            raise ToolError(
                f"The app has no tool {name!r} and no on_tool_call. Its tools: {', '.join(tools) or 'none'}."
            )
        answer = await self.glasses.call_tool(self.app.config.package_name, name, parameters)
        if answer.get("status") != "success":
            raise ToolError(f"The tool {name!r} failed: {answer}")
        reply: str | None = answer.get("reply")
        return reply

    async def _happen(self, event: StreamData) -> None:
        self._check_part(event.stream)
        await super()._happen(event)

    def _check_part(self, stream: str) -> None:
        """Refuse what these glasses cannot do; those that nobody knows can do everything."""
        part = missing_part(stream, self.glasses.capabilities)
        if part is not None:
            others = " or ".join(map(repr, models_for(stream)))
            raise HardwareUnavailable(
                f"The {self.model} have no {part}, so this cannot happen. Wear others, such as "
                f"simulate(..., model={others}).",
                feature=part,
                model_name=self.model,
            )

    async def stop(self) -> None:
        """Stop the app, as the user does on the phone."""
        await self.glasses.stop(self.app.config.package_name)

    async def start(self) -> None:
        """Start the app again."""
        await self.glasses.start(self.app.config.package_name)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            parts = {"glasses.glasses": Part(public_names(vars(self).get("glasses")), {})}
            raise unknown_name(self, name, moved=MOVED | _MOVED, parts=parts)


_MOVED = {
    "session": "glasses.app.session_for(glasses.user_id)",
    "sessions": "glasses.app.sessions",
    "storage": "stored, which has what the app has stored,",
    "settings": "change_settings({...})",
    "permissions": 'deny("CAMERA") or simulate(..., permissions=(...))',
    "camera": "photo(path) and fail_photos(code)",
}


@contextlib.asynccontextmanager
async def simulate(
    app: Callable[[], AppServer] | AppServer,
    *,
    user_id: str = DEFAULT_USER,
    model: str = DEFAULT_MODEL,
    permissions: Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    schema: Sequence[Mapping[str, Any]] | None = None,
    stored: Mapping[str, str] | None = None,
    faithful: bool = False,
    raise_errors: bool = True,
) -> AsyncGenerator[SimulatedGlasses, None]:
    """Run an app with one user who wears virtual glasses; the app is started when the block begins.

    What the app's hooks, handlers, tasks and timers raise does not stop the app, and is raised when the block ends: an
    exception alone as it is, several as an ``ExceptionGroup``. An exception of the block itself goes first, with a note
    of them. What a tool or a page raises is told by ``call_tool`` and ``fetch``.

    Args:
        app: The class, or anything else that makes the app when it is called without arguments, such as
            ``lambda: MyApp(database)``; or an instance that is not started. Without credentials in the environment a
            made one gets some, an instance has its own.
        user_id: The user's e-mail address.
        model: The glasses, such as ``"Even Realities G1"`` or ``"Mentra Live"``.
        permissions: What the app has declared in the developer console, if not what its class declares. If neither is
            said, it has all.
        settings: What the user has chosen before, by key, as ``change_settings`` takes it. The others have their
            defaults.
        schema: The app's settings as the developer console describes them (type, key, label, defaultValue), if not
            what its class declares.
        stored: What the app has stored for the user before, as ``session.storage`` finds it.
        faithful: Have the waits as well that only cost time: the card while an app starts, the pace of the display.
        raise_errors: False leaves what the app raises to the test: it is in ``glasses.errors``.

    Raises:
        ConfigError: The app could not be made.
        StartFailed: The app did not connect.
        ValueError: The app has no such setting, or it cannot have such a value.
        Exception: Whatever the app raised, at the end of the block.
    """
    _check_values(settings)
    with fallback_environment({"PACKAGE_NAME": PACKAGE_NAME, "API_KEY": "simulated"}):
        server = app if isinstance(app, AppServer) else app()
    network = MemoryNetwork()
    errors: list[Exception] = []
    async with LocalCloud(network, faithful=faithful) as cloud:
        await server.start(
            network=network,
            host="127.0.0.1",
            port=0,
            hosted=True,
            cloud=cloud.websocket_url,
            user_token_key=cloud.user_token_key,
            failed=lambda error: _add_new(errors, error),
        )
        try:
            package_name = server.config.package_name
            cloud.install(_installed(server, permissions, schema))
            glasses = cloud.connect_glasses(user_id, model=model)
            glasses.store(package_name, stored or {})
            if settings:
                await glasses.change_settings(package_name, settings)
            await glasses.start(package_name)
            yield SimulatedGlasses(server, glasses, cloud, network, errors)
        except BaseException as error:
            for raised in errors:
                if raised is not error:
                    error.add_note(f"The app raised, too: {raised!r}")
            raise
        finally:
            await server.stop()
    if raise_errors and errors:
        raise errors[0] if len(errors) == 1 else ExceptionGroup(f"The app raised {len(errors)} exceptions.", errors)


def _installed(
    server: AppServer, permissions: Sequence[str] | None, schema: Sequence[Mapping[str, Any]] | None
) -> InstalledApp:
    declared = server.app_config()
    return InstalledApp(
        package_name=server.config.package_name,
        api_key=server.config.api_key.reveal(),
        public_url=server.url,
        webhook_path=server.config.webhook_path,
        permissions=declared.permission_names if permissions is None else tuple(permissions),
        settings=tuple(declared.settings or () if schema is None else schema),
    )


def _check_values(settings: object) -> None:
    if not isinstance(settings, Mapping | None):
        raise TypeError('settings are values by key, {"lines": 2}. What the console has is schema=[...].')


def _add_new(errors: list[Exception], error: Exception) -> None:
    """Add an exception, unless it came before: a handler that waits for a task raises what the task did."""
    if not any(error is known for known in errors):
        errors.append(error)

"""``AppSession``: one user of one app, as app code sees it."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine, Hashable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import (
    AudioPlayReply,
    DashboardModeChanged,
    DeviceStateUpdate,
    ManagedStreamStatus,
    PhotoReply,
    RtmpStreamStatus,
    StreamStatus,
    StreamStatusReply,
)
from mentra.protocol.streams import GlassesBattery, GlassesConnection, Location
from mentra.session import hardware, moved_names
from mentra.session.audio import Audio
from mentra.session.camera import Camera
from mentra.session.core import SessionCore
from mentra.session.dashboard import Dashboard
from mentra.session.device import Device
from mentra.session.events import Events
from mentra.session.hardware import Feature
from mentra.session.layouts import Layouts
from mentra.session.led import Led
from mentra.session.location import SessionLocation
from mentra.session.recording import Recording
from mentra.session.settings import SessionSettings
from mentra.session.storage import Storage
from mentra.session.timers import Timer
from mentra.wrong_names import Part, public_names, snake_case, unknown_name

T = TypeVar("T")


class AppSession:
    """One user's connection to the app, from ``on_session`` to ``on_stop``.

    Attributes:
        events: Listen to speech, buttons and everything else.
        layouts: Show something.
        dashboard: Write a line on the screen that the wearer sees when looking up.
        led: The light of the glasses.
        device: How the glasses are right now, and their Wi-Fi.
        settings: The user's settings of this app.
        audio: Play sounds, and speak.
        camera: Take photos, and stream video.
        location: Where the phone is.
        storage: Text under keys that the cloud keeps for this user, beyond the session.
        state: Yours: any attributes, such as ``session.state.count = 0``, which end with the session.
    """

    # Looked up for each message: a dict would be more lines of the processor's cache (core.py, _EachMessage).
    __slots__ = (
        "__weakref__",
        "_core",
        "audio",
        "camera",
        "dashboard",
        "device",
        "events",
        "layouts",
        "led",
        "location",
        "settings",
        "state",
        "storage",
    )

    events: Events
    layouts: Layouts
    dashboard: Dashboard
    led: Led
    device: Device
    settings: SessionSettings
    audio: Audio
    camera: Camera
    location: SessionLocation
    storage: Storage
    state: SimpleNamespace

    def __init__(self, core: SessionCore) -> None:
        self._core: SessionCore
        object.__setattr__(self, "_core", core)  # Past our own __setattr__.
        core.unheard = core.router.unheard = self._hear

    @property
    def session_id(self) -> str:
        """The cloud's id, ``<user>-<package>``: the same each time this user starts this app."""
        return self._core.session_id

    @property
    def user_id(self) -> str:
        """The user's e-mail address, as the cloud wrote it."""
        return self._core.user_id

    @property
    def package_name(self) -> str:
        """The app's."""
        return self._core.package_name

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """Logs with user and session attached."""
        return self._core.logger

    @property
    def capabilities(self) -> Capabilities | None:
        """What the connected glasses can do; ``None`` while their model is unknown. Changes with the glasses."""
        return self._core.capabilities

    async def wait_capabilities(self, *, timeout: float | None = 5.0) -> Capabilities:
        """Wait until it is known what the glasses can do: the phone may be quicker than the glasses.

        Args:
            timeout: Seconds; ``None`` waits until the session ends.

        Raises:
            RequestTimeout: Nobody said so; the cloud does not know each model.
            SessionStopped: The session has ended, or ends before.
        """
        return await self._core.hardware.wait(timeout)

    def require(self, feature: Feature) -> None:
        """Check that the glasses have something: ``session.require("camera")``. While nobody knows, they may.

        Raises:
            HardwareUnavailable: They lack it.
            ValueError: There is no such thing to have.
        """
        hardware.require(self._core.capabilities, feature)

    @property
    def has_camera(self) -> bool:
        """Whether the glasses have a camera; false while nobody knows what they have, as with the others."""
        return hardware.has(self._core.capabilities, "camera")

    @property
    def has_display(self) -> bool:
        """Whether the glasses have a display."""
        return hardware.has(self._core.capabilities, "display")

    @property
    def has_microphone(self) -> bool:
        """Whether the glasses have a microphone."""
        return hardware.has(self._core.capabilities, "microphone")

    @property
    def has_speaker(self) -> bool:
        """Whether the glasses have a speaker. Without one the phone plays."""
        return hardware.has(self._core.capabilities, "speaker")

    @property
    def has_button(self) -> bool:
        """Whether the glasses have a button."""
        return hardware.has(self._core.capabilities, "button")

    @property
    def has_light(self) -> bool:
        """Whether the glasses have a light; see ``led``."""
        return hardware.has(self._core.capabilities, "light")

    @property
    def has_wifi(self) -> bool:
        """Whether the glasses have Wi-Fi; see ``device.wifi``."""
        return hardware.has(self._core.capabilities, "wifi")

    @property
    def connected(self) -> bool:
        """Whether the cloud can be reached right now. A lost connection comes back by itself, or the session ends."""
        return self._core.link.is_up

    @property
    def stop_reason(self) -> str | None:
        """Why the session ended; ``None`` while it has not. See ``StopReason``."""
        return self._core.stop_reason

    async def wait_stopped(self) -> str:
        """Wait until the session has ended, ``on_stop`` has run and all is cleaned up; return the reason."""
        await self._core.stopped.wait()
        return self._core.stop_reason or ""

    def record(self, path: str | os.PathLike[str], /) -> Recording:
        """Record the sound of the microphone while a block runs: ``with session.record("speech.wav"):``.

        Needs the permission MICROPHONE. The WAV file is complete at any moment; one that was there is overwritten.

        Raises:
            OSError: When the block begins: the file cannot be written. When it ends: writing failed on the way, and
                was given up; what was recorded before is in the file.
        """
        return Recording(self._core, path)

    def start_soon(self, work: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
        """Run a coroutine beside everything else, at most until the session ends: ``session.start_soon(poll())``.

        At the end it is cancelled and waited for, before ``on_stop``; one that does not end within five seconds is left
        behind with a warning. What it raises is logged with its traceback, and told to ``events.on_error``, also if
        somebody awaits the task; but not the ``SessionStopped`` of a call that the end has interrupted.

        Args:
            name: The task's name, for logs; that of the function if left out.

        Raises:
            SessionStopped: The session has ended. The coroutine is closed.
        """
        return self._core.work.start_soon(work, name)

    @overload
    def every(self, seconds: float, function: Callable[[], object], /) -> Timer: ...
    @overload
    def every(self, seconds: float, /) -> Callable[[Callable[[], object]], Timer]: ...
    def every(
        self, seconds: float, function: Callable[[], object] | None = None, /
    ) -> Timer | Callable[[Callable[[], object]], Timer]:
        """Call a function again and again until the session ends; the first time after ``seconds``.

        Use it as a call, ``every(30, look)``, or as a decorator, ``@session.every(30)``. The function may be ``async``.
        It keeps to the beat, whatever a call takes, and never runs twice at once: while it runs, beats are left out.
        What it raises is logged with its traceback, told to ``events.on_error``, and the next call comes all the same.

        Raises:
            ValueError: The seconds are not more than 0, or endless.
            SessionStopped: The session has ended.
        """
        if function is None:
            return lambda decorated: self.every(seconds, decorated)
        return self._core.work.timer(function, seconds, again=True)

    def call_later(self, seconds: float, function: Callable[[], object], /) -> Timer:
        """Call a function once, unless the session ends before. It may be ``async``.

        Raises:
            ValueError: The seconds are negative, or endless.
            SessionStopped: The session has ended.
        """
        return self._core.work.timer(function, seconds, again=False)

    def on_stop(self, function: Callable[[str], T], /) -> Callable[[str], T]:
        """Call a function with the reason when the session has ended: ``session.on_stop(lambda reason: file.close())``.

        Also a decorator, ``@session.on_stop``. It may be ``async``, and has ten seconds. These functions run after
        ``AppServer.on_stop``, which may so still use what they close, and after the tasks and timers of the session are
        over; the last one first, each whatever the others raise. Storage can still be written.

        Raises:
            SessionStopped: They have run already.
        """
        self._core.work.on_stop(function)
        return function

    @overload
    async def enter(self, manager: AbstractAsyncContextManager[T], /) -> T: ...
    @overload
    async def enter(self, manager: AbstractContextManager[T], /) -> T: ...
    async def enter(self, manager: AbstractAsyncContextManager[T] | AbstractContextManager[T], /) -> T:
        """Enter a context manager for the life of the session: ``http = await session.enter(ClientSession())``.

        It is left in its turn among the functions of ``on_stop``, as if nothing had been raised.

        Returns:
            What ``async with manager as ...`` gives.

        Raises:
            SessionStopped: The session has ended; the context manager was not entered, or is left again.
        """
        return await self._core.work.enter(manager)

    def _hear(self, kind: Hashable) -> None:
        """Make the part that takes a message or an event of this kind, unless it is there."""
        if (part := _HEARD_BY.get(kind)) is not None:
            getattr(self, part)

    def __copy__(self) -> Self:
        """Return the session itself: there is but one."""
        return self

    def __repr__(self) -> str:
        return f"<AppSession {self.session_id} {self._core.link.state}>"

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> None:
            own = "count" if name == "state" else snake_case(name)
            raise AttributeError(
                f"session.{name} cannot be set. Your own attributes are those of session.state: "
                f"write session.state.{own} = ...",
                obj=self,
            )

        def __getattr__(self, name: str) -> Any:
            # Asked for what is not there, or not yet. An app uses a few of the parts; all of them would take 20 us of
            # each start, and 4 kB of each session.
            if name in _PARTS:
                part = _PARTS[name](self._core)
                with _keeping:  # Of two threads that come at once, both get what the first one made.
                    try:
                        return object.__getattribute__(self, name)
                    except AttributeError:
                        object.__setattr__(self, name, part)  # Past our own __setattr__.
                        return part
            if name.startswith("_"):
                raise unknown_name(self, name)
            parts = {
                f"session.{part}": Part(public_names(getattr(self, part)), moved) for part, moved in _MOVED.items()
            }
            raise unknown_name(self, name, moved=moved_names.SESSION, parts=parts)


_keeping = threading.RLock()

_PARTS: dict[str, Callable[[SessionCore], object]] = {
    "events": Events,
    "layouts": lambda core: Layouts(core.show, core.show_text, lambda: core.capabilities, durations=core.durations),
    "dashboard": Dashboard,
    "led": Led,
    "device": Device,
    "settings": lambda core: SessionSettings(core.settings),
    "audio": Audio,
    "camera": Camera,
    "location": SessionLocation,
    "storage": lambda core: Storage(core.data),
    "state": lambda _: SimpleNamespace(),
}
"""How each part is made, when it is used for the first time."""

_HEARD_BY: dict[Hashable, str] = {
    DashboardModeChanged: "dashboard",
    DeviceStateUpdate: "device",
    GlassesBattery.stream: "device",
    GlassesConnection.stream: "device",
    Location.stream: "location",
    AudioPlayReply: "audio",
    **dict.fromkeys(
        (PhotoReply, StreamStatus, RtmpStreamStatus, ManagedStreamStatus, StreamStatusReply),
        "camera",
    ),
}
"""The part that has to be there when the cloud says something of this kind without being asked: kinds of messages by
their class, events of streams by their name."""

_MOVED = {
    "events": moved_names.EVENTS,
    "layouts": moved_names.LAYOUTS,
    "audio": moved_names.AUDIO,
    "camera": moved_names.CAMERA,
    "led": moved_names.LED,
    "device": moved_names.DEVICE,
    "settings": moved_names.SETTINGS,
    "storage": moved_names.STORAGE,
    "location": moved_names.LOCATION,
    "dashboard": moved_names.DASHBOARD,
}
"""The parts that may have what somebody looks for in the session itself, and what their names are elsewhere."""

"""What can be read of one user's phone and glasses: what the wearer sees and hears, and what passed.

Nothing here lets anything happen.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from mentra.bitmaps.bitmap import Bitmap
from mentra.localcloud.app_link import AppFrame
from mentra.localcloud.display.dashboard import Dashboard
from mentra.localcloud.display.panels import panel_of
from mentra.localcloud.payloads import payload_of
from mentra.localcloud.phone.camera import VirtualCamera
from mentra.localcloud.phone.leds import Leds
from mentra.localcloud.phone.location import VirtualLocation
from mentra.localcloud.phone.network import NetworkQuality
from mentra.localcloud.phone.speaker import PlayedSound, Speaker
from mentra.localcloud.phone.video import VirtualVideo
from mentra.localcloud.phone.wifi import WifiScreen, WifiSetup
from mentra.localcloud.traffic import PassedFrame
from mentra.localcloud.user import User
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.layouts import Layout
from mentra.protocol.settings import setting_values
from mentra.protocol.streams import AudioChunk
from mentra.protocol.subscriptions import parse_stream


class Observations:
    """The half of ``VirtualGlasses`` that only looks.

    Args:
        user: Whose phone and glasses they are.
        now: The present moment, with which events are stamped.
    """

    def __init__(self, user: User, *, now: Callable[[], datetime]) -> None:
        self._user = user
        self._now = now
        self.speaker = Speaker(user)
        self.location = VirtualLocation(user, now)
        self.camera = VirtualCamera(user)
        self.video = VirtualVideo(user, now)
        self.leds = Leds(user, now)
        self._wifi = WifiScreen(user)
        self._dashboard = Dashboard(user)

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
    def connected(self) -> tuple[str, ...]:
        """The package names of the apps that have a connection at this moment."""
        return tuple(run.package_name for run in self._user.reachable)

    @property
    def is_worn(self) -> bool:
        """Whether the glasses are connected to the phone; see ``take_off``."""
        return self._user.device_state.connected is True

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

    @property
    def layout(self) -> Layout | None:
        """What the main view shows; ``None`` when it is clear, or something that no glasses know."""
        return self._user.screen.layout

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
    def shown(self) -> Sequence[DisplayEvent]:
        """The last thousand frames that were shown, oldest first, with those by which the cloud cleared a view."""
        return tuple(self._user.screen.shown)

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

        def look(_: Self) -> None:
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

    def on_display(self, callback: Callable[[Self], object]) -> Callable[[], None]:
        """Call ``callback`` each time something is shown, also when it looks as before, and when the view changes.

        Returns:
            What undoes it.
        """
        return self._user.screen.on_change(lambda: callback(self))

    @property
    def sounds(self) -> Sequence[PlayedSound]:
        """The last thousand sounds that apps had played, oldest first, with those that failed."""
        return tuple(self.speaker.sounds)

    @property
    def spoken(self) -> Sequence[str]:
        """The texts among them that the cloud speaks, oldest first. A long one comes in parts."""
        return tuple(sound.text for sound in self.speaker.sounds if sound.text is not None)

    @property
    def wifi_setups(self) -> Sequence[WifiSetup]:
        """The last thousand wishes of apps for Wi-Fi, oldest first. Nobody answers them; see ``report``."""
        return tuple(self._wifi.setups)

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
            return tuple(run.package_name for run in self._user.events.audio_listeners())
        payload = codec.encode(payload_of(stream, data or {}, self.now()))
        return tuple(run.package_name for run, _ in self._user.events.listeners(stream, payload))

    def frames(self, package_name: str) -> list[AppFrame]:
        """Return the last thousand frames that an app sent on accepted connections, oldest first.

        A frame that the cloud does not know is an ``Unknown``, one that it cannot read a ``Malformed``.
        """
        return self._user.frames_of(package_name)

    @property
    def traffic(self) -> Sequence[PassedFrame]:
        """The last thousand frames that passed, oldest first: from apps, to apps, and layouts to the glasses.

        Of sound there is one record for each app between two messages, with its size only.
        """
        return tuple(self._user.traffic)

    def settings(self, package_name: str) -> dict[str, Any]:
        """Return the settings of an app: what the user chose, else what the console's schema has.

        Raises:
            NotInstalled: There is no such app.
        """
        return setting_values(self._user.account.settings(package_name))

    @property
    def system_settings(self) -> dict[str, Any]:
        """The settings of MentraOS itself, by the cloud's keys."""
        return dict(self._user.system_settings)

    def permissions(self, package_name: str) -> tuple[str, ...]:
        """Return what an app has declared in the developer console.

        Raises:
            NotInstalled: There is no such app.
        """
        return self._user.account.permissions(package_name)

    def stored(self, package_name: str) -> dict[str, Any]:
        """Return what an app has stored for the wearer, by key: text; a mapping where a key with a dot has nested."""
        return self._user.account.stored(package_name)

    @property
    def network(self) -> NetworkQuality:
        """How the network between the phone and the cloud is; see ``set_network``."""
        return self._user.phone_network.quality

    @property
    def is_online(self) -> bool:
        """Whether the phone is connected to the cloud; see ``go_offline``."""
        return self._user.phone_online

    def now(self) -> datetime:
        """Return the present moment, with which events are stamped."""
        return self._now()

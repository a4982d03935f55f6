"""What the life of an app asks of the user whose app it is."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from mentra.localcloud.app_http import AppHttp
from mentra.localcloud.app_link import AppFrame
from mentra.localcloud.catalogue import InstalledApp
from mentra.localcloud.traffic import Direction
from mentra.protocol.app_to_cloud import AppMessage, DisplayEvent
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import ConnectionAck, DeviceState

if TYPE_CHECKING:
    from mentra.localcloud.app_run import AppRun


class RunOwner(Protocol):
    """A user, as their apps see it."""

    @property
    def user_id(self) -> str:
        """The user's id."""
        ...

    @property
    def http(self) -> AppHttp:
        """How to call the app's server."""
        ...

    @property
    def websocket_url(self) -> str:
        """Where the app shall connect."""
        ...

    @property
    def generation(self) -> int:
        """How the cloud speaks to apps; docs/protocol.md, Generation 3."""
        ...

    @property
    def capabilities(self) -> Capabilities | None:
        """What the glasses can do; ``None`` when the cloud does not know the model."""
        ...

    @property
    def device_state(self) -> DeviceState:
        """What is known of the glasses."""
        ...

    @property
    def phone_online(self) -> bool:
        """Whether the phone is connected to the cloud."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background until the local cloud is closed."""
        ...

    def timestamp(self) -> str:
        """Return the present moment as the wire writes it."""
        ...

    def acknowledgement(self, run: "AppRun", session_id: str) -> ConnectionAck:
        """Return the answer to an app that connected."""
        ...

    def registered(self, package_name: str) -> InstalledApp:
        """Return what the console holds about an app by now; raises ``NotInstalled`` for one that is gone."""
        ...

    async def make_room(self, run: "AppRun") -> None:
        """Stop what may not run beside an app that is about to start."""

    def booting(self, run: "AppRun") -> None:
        """Learn that an app is about to get its start webhook."""

    def remember(self, package_name: str) -> None:
        """Remember an app as one to be started again when the user comes back."""

    def forget(self, package_name: str) -> None:
        """Do not start an app again when the user comes back."""

    def note(self, package_name: str, frame: AppFrame) -> None:
        """Remember a frame of an app."""

    def passed(self, package_name: str, direction: Direction, frame: str | bytes, *, is_sound: bool) -> None:
        """Remember what went over an app's socket, as it was."""

    def show(self, event: DisplayEvent) -> None:
        """Show something."""

    def ask(self, run: "AppRun", message: AppMessage) -> None:
        """Do what an app asks for."""

    def take_sound(self, frame: bytes) -> bool:
        """Take a binary frame of an app; return False where the cloud expects none."""
        ...

    def subscribed(self, run: "AppRun") -> None:
        """Learn that an app sent a list of subscriptions."""

    def installed_run(self, package_name: str) -> "AppRun | None":
        """Return an app of this user, by its name, also one that was never started; ``None`` when there is none."""
        ...

    def clean_up(self, package_name: str) -> None:
        """Take off the glasses what an app put there, and end what is done for it."""

"""The screen of the virtual phone that asks for a Wi-Fi network for the glasses.

Nobody answers an app's wish for it. While the phone is away it is lost without a word.

Source: docs/protocol.md, Device state.
"""

from dataclasses import dataclass

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.history import Recent
from mentra.localcloud.user import User
from mentra.protocol.app_to_cloud import WifiSetupRequest


@dataclass(frozen=True, slots=True)
class WifiSetup:
    """A wish of an app that the wearer brings the glasses into a Wi-Fi network."""

    package_name: str
    reason: str
    """As the wearer reads it; empty when the app gave none."""


class WifiScreen:
    """Shows what apps ask for.

    Attributes:
        setups: The last thousand wishes, oldest first.
    """

    def __init__(self, user: User) -> None:
        self.setups: Recent[WifiSetup] = user.recent()
        self._user = user
        user.answers(WifiSetupRequest, self._ask)

    def _ask(self, run: AppRun, request: WifiSetupRequest) -> None:
        if self._user.phone_online:
            setup = WifiSetup(run.package_name, request.reason or "")
            self._user.to_phone(lambda: self.setups.append(setup))

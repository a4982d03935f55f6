"""The lights of the virtual glasses.

The rules:

* While the phone is away the cloud refuses a signal, and the app loses its connection.
* A new signal ends the one before, whichever app it is from.
* Glasses without a light, or without a connection to the phone, show nothing and answer nothing. What an app asked for
  is remembered all the same.
* The answer of glasses with one goes to the apps that subscribed to ``rgb_led_control_response``, as an event.

Source: docs/protocol.md, Lights.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.history import Recent
from mentra.localcloud.refusals import refuse_without_phone
from mentra.localcloud.user import User
from mentra.protocol.app_to_cloud import LedControl
from mentra.protocol.streams import LedResponse, PayloadType


@dataclass(frozen=True, slots=True)
class LedSignal:
    """What an app asked of the light."""

    package_name: str
    color: str | None
    """``None`` turns it off."""
    on_s: float = 0.0
    off_s: float = 0.0
    count: int = 0
    """How often it is on."""


class Leds:
    """Shows what apps ask for.

    Attributes:
        signals: The last thousand, oldest first.
    """

    def __init__(self, user: User, now: Callable[[], datetime]) -> None:
        self.signals: Recent[LedSignal] = user.recent()
        self._user = user
        self._now = now
        self._began_at = 0.0
        user.answers(LedControl, self._control)

    @property
    def color(self) -> str | None:
        """What is lit at this moment; ``None`` when nothing is."""
        if not self.signals or not self._has_light:
            return None
        signal = self.signals[-1]
        period_ms = round((signal.on_s + signal.off_s) * 1000)
        if not period_ms:
            return None
        number, since_ms = divmod(round((asyncio.get_running_loop().time() - self._began_at) * 1000), period_ms)
        return signal.color if number < signal.count and since_ms < signal.on_s * 1000 else None

    @property
    def _has_light(self) -> bool:
        if self._user.device_state.connected is False:
            return False
        capabilities = self._user.capabilities
        return capabilities is None or capabilities.has_light

    def _control(self, run: AppRun, request: LedControl) -> None:
        if not refuse_without_phone(self._user, run):
            self._user.to_phone(lambda: self._light(run, request))

    def _light(self, run: AppRun, request: LedControl) -> None:
        if request.action == "on":
            signal = LedSignal(
                run.package_name,
                request.color,
                on_s=(request.on_ms or 0) / 1000,
                off_s=(request.off_ms or 0) / 1000,
                count=request.count or 0,
            )
        else:
            signal = LedSignal(run.package_name, None)
        self.signals.append(signal)
        self._began_at = asyncio.get_running_loop().time()
        if self._has_light:
            stamp = int(self._now().timestamp() * 1000)
            response = LedResponse(request_id=request.request_id, success=True, timestamp=stamp)
            kind = PayloadType(type=LedResponse.stream)
            data = msgspec.to_builtins(kind) | msgspec.to_builtins(response)
            self._user.to_cloud(lambda: self._user.events.deliver(LedResponse.stream, data))

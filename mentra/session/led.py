"""``session.led``: the light of the glasses that the wearer sees.

Plain calls that send and return at once. While the connection is lost, and after the end of the session, they do
nothing: a light that comes later says something else. What the glasses answer comes as events of the stream
``rgb_led_control_response``, to those who listen to it.

Source: @mentra/sdk 2.1.29 dist/app/session/modules/led.js; docs/protocol.md, Lights.
"""

import math
from typing import TYPE_CHECKING, NoReturn

from mentra.protocol.app_to_cloud import LedColor, LedControl
from mentra.session import moved_names
from mentra.session.core import SessionCore
from mentra.session.durations import LIGHT_S
from mentra.session.requests import new_id
from mentra.wrong_names import named_options, unknown_name

_OPTIONS = {
    "brightness": "the glasses have none",
    "intensity": "the glasses have none",
    "ontime": "on() takes duration and blink() takes on, in seconds",
    "offtime": "blink() takes off, in seconds",
    "duration_ms": "on() takes duration, in seconds",
}


class Led:
    """Turns the light on and off."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._told_of_no_light = False

    @named_options(_OPTIONS)
    def on(self, color: LedColor | str = LedColor.RED, *, duration: float = 1.0) -> None:
        """Turn the light on for a while.

        Args:
            color: ``"red"``, ``"green"``, ``"blue"``, ``"orange"`` or ``"white"``.
            duration: Seconds.

        Raises:
            ValueError: There is no such colour, or the duration is not more than 0.
        """
        self._light(color, on=("duration", duration), off=0, count=1)

    @named_options(_OPTIONS)
    def blink(self, color: LedColor | str = LedColor.RED, *, on: float = 0.5, off: float = 0.5, count: int = 3) -> None:
        """Turn the light on and off again, several times.

        Args:
            color: As in ``on``.
            on: Seconds that it is on each time.
            off: Seconds that it is off after each time; may be 0.
            count: How often it is on.

        Raises:
            ValueError: There is no such colour, or a number is impossible.
        """
        self._light(color, on=("on", on), off=off, count=count)

    def off(self) -> None:
        """Turn the light off, also if it was to blink."""
        self._send("off")

    def _light(self, color: LedColor | str, *, on: tuple[str, float], off: float, count: int) -> None:
        try:
            shown = LedColor(color)
        except ValueError:
            raise ValueError(f"The light has no colour {color!r}. It has: {', '.join(LedColor)}.") from None
        name, on_s = on
        if not 0 < on_s < math.inf:
            raise ValueError(f"{name} must be more than 0 seconds, not {on_s!r}.")
        if not 0 <= off < math.inf:
            raise ValueError(f"off must be 0 or more seconds, not {off!r}.")
        if count < 1:
            raise ValueError(f"count must be 1 or more, not {count!r}.")
        self._core.durations.doubt(name, on_s, above_s=LIGHT_S)
        self._core.durations.doubt("off", off, above_s=LIGHT_S)
        self._send("on", color=shown.value, on_ms=_ms(on_s), off_ms=_ms(off), count=count)

    def _send(
        self,
        action: str,
        *,
        color: str | None = None,
        on_ms: int | None = None,
        off_ms: int | None = None,
        count: int | None = None,
    ) -> None:
        capabilities = self._core.capabilities
        if capabilities is not None and not capabilities.has_light and not self._told_of_no_light:
            self._told_of_no_light = True
            self._core.logger.info("The %s have no light, so session.led shows nothing.", capabilities.model_name)
        self._core.send(
            LedControl(
                **self._core.envelope(),
                request_id=new_id("led_req"),
                action=action,
                color=color,
                on_ms=on_ms,
                off_ms=off_ms,
                count=count,
            )
        )

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=moved_names.LED)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)

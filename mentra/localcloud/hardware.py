"""Whether glasses have what an app requires.

Source: MentraOS (Jun-2026) cloud/packages/cloud/src/services/session/HardwareCompatibilityService.ts;
docs/protocol.md, Capabilities.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from mentra.protocol.capabilities import Capabilities

HardwareType = Literal["CAMERA", "DISPLAY", "MICROPHONE", "SPEAKER", "IMU", "BUTTON", "LIGHT", "WIFI"]
"""A part of glasses, as the developer console names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareRequirement:
    """A part of glasses that an app needs, as declared in the developer console."""

    type: HardwareType
    level: Literal["REQUIRED", "OPTIONAL"] = "REQUIRED"
    """Without an optional part the app is started all the same."""


def missing_hardware(
    requirements: Sequence[HardwareRequirement], capabilities: Capabilities | None
) -> tuple[HardwareType, ...]:
    """Return the parts that an app requires and the glasses lack; none when nobody knows what the glasses can do."""
    if capabilities is None:
        return ()
    required: list[HardwareType] = [requirement.type for requirement in requirements if requirement.level == "REQUIRED"]
    return tuple(part for part in required if not _HAS[part](capabilities))


_HAS: dict[HardwareType, Callable[[Capabilities], bool]] = {
    "CAMERA": lambda can: can.has_camera,
    "DISPLAY": lambda can: can.has_display,
    "MICROPHONE": lambda can: can.has_microphone,
    "SPEAKER": lambda can: can.has_speaker,
    "IMU": lambda can: can.has_imu,
    "BUTTON": lambda can: can.has_button,
    "LIGHT": lambda can: can.has_light,
    "WIFI": lambda can: can.has_wifi,
}

"""What a pair of glasses can do, and the models that the cloud knows.

A missing part is ``None`` with its ``has_...`` flag false. The numbers are the cloud's own, including where a
device differs (the display of the G1 is 576 pixels wide in practice).

Source: MentraOS cloud/packages/cloud/src/config/capabilities/*.ts (Dec 2025); docs/protocol.md, Capabilities.
"""

from types import MappingProxyType

import msgspec

from mentra.protocol.base import Number, Wire


class Resolution(Wire, frozen=True, kw_only=True):
    """Pixels."""

    width: Number
    height: Number


class FieldOfView(Wire, frozen=True, kw_only=True):
    """Degrees."""

    horizontal: Number | None = None
    vertical: Number | None = None


class VideoSupport(Wire, frozen=True, kw_only=True):
    """What the camera does with video."""

    can_record: bool
    can_stream: bool
    supported_stream_types: list[str] | None = None
    supported_resolutions: list[Resolution] | None = None


class Camera(Wire, frozen=True, kw_only=True):
    """The camera."""

    resolution: Resolution | None = None
    has_hdr: bool | None = msgspec.field(name="hasHDR", default=None)
    has_focus: bool | None = None
    video: VideoSupport | None = None


class Display(Wire, frozen=True, kw_only=True):
    """The display."""

    count: Number | None = None
    is_color: bool | None = None
    color: str | None = None
    can_display_bitmap: bool | None = None
    resolution: Resolution | None = None
    field_of_view: FieldOfView | None = None
    max_text_lines: Number | None = None
    adjust_brightness: bool | None = None


class Microphone(Wire, frozen=True, kw_only=True):
    """The microphone."""

    count: Number | None = None
    has_vad: bool | None = msgspec.field(name="hasVAD", default=None)


class Speaker(Wire, frozen=True, kw_only=True):
    """The speaker."""

    count: Number | None = None
    is_private: bool | None = None


class Imu(Wire, frozen=True, kw_only=True):
    """The motion sensors."""

    axis_count: Number | None = None
    has_accelerometer: bool | None = None
    has_compass: bool | None = None
    has_gyroscope: bool | None = None


class ButtonInfo(Wire, frozen=True, kw_only=True):
    """One button."""

    type: str
    """``"press"``, ``"swipe1d"`` or ``"swipe2d"``."""
    events: list[str]
    is_capacitive: bool | None = None


class Buttons(Wire, frozen=True, kw_only=True):
    """The buttons."""

    count: Number | None = None
    buttons: list[ButtonInfo] | None = None


class LightInfo(Wire, frozen=True, kw_only=True):
    """One light."""

    id: str
    purpose: str
    """``"privacy"``, ``"user_feedback"`` or ``"general"``."""
    is_full_color: bool
    color: str | None = None
    position: str | None = None


class Lights(Wire, frozen=True, kw_only=True):
    """The lights."""

    count: Number | None = None
    lights: list[LightInfo] | None = None


class Power(Wire, frozen=True, kw_only=True):
    """The power supply."""

    has_external_battery: bool


class Capabilities(Wire, frozen=True, kw_only=True):
    """What the connected glasses can do."""

    _moved = MappingProxyType(
        {
            "hasLocation": "session.location: it is the phone that knows where it is",
            "has_location": "session.location: it is the phone that knows where it is",
        }
    )

    model_name: str
    has_camera: bool
    camera: Camera | None
    has_display: bool
    display: Display | None
    has_microphone: bool
    microphone: Microphone | None
    has_speaker: bool
    speaker: Speaker | None
    has_imu: bool = msgspec.field(name="hasIMU")
    imu: Imu | None
    has_button: bool
    button: Buttons | None
    has_light: bool
    light: Lights | None
    power: Power | None
    has_wifi: bool

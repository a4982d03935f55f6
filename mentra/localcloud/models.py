"""The glasses that the cloud knows, and what each can do.

The numbers are the cloud's own, also where a device differs. A model that is not here has no capabilities: the
cloud then sends ``null``.

Source: MentraOS cloud/packages/cloud/src/config/capabilities/*.ts (Dec 2025, for the last two Jun 2026);
docs/protocol.md, Capabilities.
"""

from collections.abc import Callable

from mentra.protocol.capabilities import (
    ButtonInfo,
    Buttons,
    Camera,
    Capabilities,
    Display,
    FieldOfView,
    Imu,
    LightInfo,
    Lights,
    Microphone,
    Power,
    Resolution,
    Speaker,
    VideoSupport,
)
from mentra.protocol.streams import ButtonPress, HeadPosition, PhotoTaken


def _model(
    name: str,
    *,
    camera: Camera | None = None,
    display: Display | None = None,
    microphone: Microphone | None = None,
    speaker: Speaker | None = None,
    has_imu: bool = False,
    imu: Imu | None = None,
    button: Buttons | None = None,
    light: Lights | None = None,
    has_wifi: bool = False,
) -> Capabilities:
    return Capabilities(
        model_name=name,
        has_camera=camera is not None,
        camera=camera,
        has_display=display is not None,
        display=display,
        has_microphone=microphone is not None,
        microphone=microphone,
        has_speaker=speaker is not None,
        speaker=speaker,
        has_imu=has_imu,
        imu=imu,
        has_button=button is not None,
        button=button,
        has_light=light is not None,
        light=light,
        power=Power(has_external_battery=False),
        has_wifi=has_wifi,
    )


_G1_DISPLAY = Display(
    count=2,
    is_color=False,
    color="green",
    can_display_bitmap=True,
    resolution=Resolution(width=640, height=200),
    field_of_view=FieldOfView(horizontal=25),
    max_text_lines=5,
    adjust_brightness=True,
)
_Z100_DISPLAY = Display(
    count=1,
    is_color=False,
    color="green",
    can_display_bitmap=False,
    resolution=Resolution(width=640, height=480),
    field_of_view=FieldOfView(horizontal=30),
    max_text_lines=7,
    adjust_brightness=True,
)
_PLAIN_MICROPHONE = Microphone(count=1, has_vad=False)
_OPEN_SPEAKER = Speaker(count=1, is_private=False)

_MENTRA_LIVE = _model(
    "Mentra Live",
    camera=Camera(
        resolution=Resolution(width=1920, height=1080),
        has_hdr=False,
        has_focus=True,
        video=VideoSupport(
            can_record=True,
            can_stream=True,
            supported_stream_types=["rtmp"],
            supported_resolutions=[
                Resolution(width=1920, height=1080),
                Resolution(width=1280, height=720),
                Resolution(width=640, height=480),
            ],
        ),
    ),
    microphone=Microphone(count=1, has_vad=True),
    speaker=_OPEN_SPEAKER,
    has_imu=True,
    imu=Imu(axis_count=6, has_accelerometer=True, has_compass=False, has_gyroscope=True),
    button=Buttons(
        count=1,
        buttons=[ButtonInfo(type="press", events=["press", "double_press", "long_press"], is_capacitive=False)],
    ),
    light=Lights(
        count=2,
        lights=[
            LightInfo(id="privacy", purpose="privacy", is_full_color=False, color="white", position="front_facing"),
            LightInfo(
                id="user_feedback", purpose="user_feedback", is_full_color=True, color="rgb", position="user_facing"
            ),
        ],
    ),
    has_wifi=True,
)

_G2_GESTURES = ["TAP", "DOUBLE_TAP", "TRIPLE_TAP", "PRESS_HOLD", "SWIPE_UP", "SWIPE_DOWN"]

# The G1 and its kin claim motion sensors and describe none.
MODELS: dict[str, Capabilities] = {
    model.model_name: model
    for model in (
        _model("Even Realities G1", display=_G1_DISPLAY, microphone=_PLAIN_MICROPHONE, has_imu=True),
        _MENTRA_LIVE,
        _model("Vuzix Z100", display=_Z100_DISPLAY),
        _model(
            "Simulated Glasses",
            display=_Z100_DISPLAY,
            microphone=_PLAIN_MICROPHONE,
            speaker=_OPEN_SPEAKER,
            button=Buttons(count=1, buttons=[ButtonInfo(type="press", events=["press"], is_capacitive=False)]),
        ),
        _model(
            "Even Realities G2",
            display=_G1_DISPLAY,
            microphone=_PLAIN_MICROPHONE,
            has_imu=True,
            button=Buttons(count=1, buttons=[ButtonInfo(type="swipe1d", events=_G2_GESTURES, is_capacitive=True)]),
        ),
        _model("Mentra Display", display=_G1_DISPLAY, microphone=_PLAIN_MICROPHONE, has_imu=True),
    )
}
"""What the known models can do, by name."""

_PARTS: dict[str, tuple[Callable[[Capabilities], bool], str]] = {
    ButtonPress.stream: (lambda can: can.has_button, "button"),
    HeadPosition.stream: (lambda can: can.has_imu, "motion sensors"),
    PhotoTaken.stream: (lambda can: can.has_camera, "camera"),
}
"""Which part of the glasses an event comes from."""


def missing_part(stream: str, capabilities: Capabilities | None) -> str | None:
    """Return which part glasses lack for the events of a stream; ``None`` if none, or if nobody knows the glasses."""
    if capabilities is None or stream not in _PARTS:
        return None
    has, part = _PARTS[stream]
    return None if has(capabilities) else part


def models_for(stream: str) -> list[str]:
    """Return the models that can have the events of a stream."""
    return [name for name, capabilities in MODELS.items() if missing_part(stream, capabilities) is None]

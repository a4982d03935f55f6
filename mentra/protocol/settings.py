"""An app's settings and the system's, as the cloud writes them.

The list of an app's settings has two shapes. Until the user saved anything it is the schema of the developer
console: entries with ``defaultValue`` and no ``value``, groups without ``key``. Afterwards it is nothing but
``{"key", "value"}`` pairs, always the full list.

Source: docs/protocol.md, Settings; @mentra/sdk 2.1.29 dist/types/models.d.ts.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from mentra.protocol.base import Number, Wire, wire_name

SECONDS_OF_A_DAY = 24 * 60 * 60


class SettingType(StrEnum):
    """How the phone shows an entry."""

    TOGGLE = "toggle"
    TEXT = "text"
    TEXT_NO_SAVE_BUTTON = "text_no_save_button"
    SELECT = "select"
    SELECT_WITH_SEARCH = "select_with_search"
    MULTISELECT = "multiselect"
    SLIDER = "slider"
    NUMERIC_INPUT = "numeric_input"
    TIME_PICKER = "time_picker"
    """Its value is a number of seconds since midnight."""
    GROUP = "group"
    TITLE_VALUE = "titleValue"


class SettingOption(Wire, frozen=True, kw_only=True):
    """One of the values that a setting can have."""

    label: str
    value: Any


class Setting(Wire, frozen=True, kw_only=True):
    """One entry of an app's settings."""

    key: str | None = None
    """Absent on groups and titles."""
    value: Any = msgspec.UNSET
    """The user's choice; absent until there is one."""
    default_value: Any = msgspec.UNSET
    type: str | None = None
    """A ``SettingType``, or a newer one."""
    label: str | None = None
    title: str | None = None
    options: list[SettingOption] | None = None
    min: Number | None = None
    max: Number | None = None
    step: Number | None = None
    placeholder: str | None = None
    max_lines: Number | None = None
    show_seconds: bool | None = None


class SystemSettings(Wire, frozen=True, kw_only=True):
    """The settings of MentraOS itself, as a cloud acknowledges a connection with them."""

    use_onboard_mic: bool
    contextual_dashboard: bool
    metric_system_enabled: bool
    head_up_angle: Number
    brightness: Number
    auto_brightness: bool
    sensing_enabled: bool
    always_on_status_bar: bool
    bypass_vad: bool
    bypass_audio_encoding: bool
    dashboard_height: Number | None = None
    """On clouds of 2025, as the next two."""
    dashboard_depth: Number | None = None
    enforce_local_transcription: bool | None = None
    preferred_mic: str | None = None
    """On clouds of 2026, as the next one: ``"auto"``, ``"glasses"``, ``"phone"``, ..."""
    user_timezone: str | msgspec.UnsetType | None = msgspec.UNSET
    """An IANA name, such as ``"Europe/Vienna"``; ``None`` when the phone has not told it."""


def setting_values(settings: Iterable[Setting]) -> dict[str, Any]:
    """Return what each setting is now: the user's choice, else the default; without either it is left out."""
    values: dict[str, Any] = {}
    for setting in settings:
        value = setting.default_value if setting.value is msgspec.UNSET else setting.value
        if setting.key is not None and value is not msgspec.UNSET:
            values[setting.key] = value
    return values


def uses_metric_units(system: Mapping[str, Any]) -> bool | None:
    """Return whether the user wants metric units, from the settings of MentraOS; ``None`` when they do not say."""
    value = system.get(METRIC_UNITS)
    return value if isinstance(value, bool) else None


def timezone_name(system: Mapping[str, Any]) -> str | None:
    """Return the name of the user's time zone, such as ``"Europe/Vienna"``; ``None`` when it is not told."""
    value = system.get(TIMEZONE)
    return value if isinstance(value, str) else None


METRIC_UNITS = wire_name(SystemSettings, "metric_system_enabled")
"""The only setting of MentraOS whose change the cloud of 2025 tells."""
TIMEZONE = wire_name(SystemSettings, "user_timezone")
PREFERRED_MIC = wire_name(SystemSettings, "preferred_mic")
"""Which microphone the user wants; ``ONBOARD_MIC`` follows from it."""
ONBOARD_MIC = wire_name(SystemSettings, "use_onboard_mic")
GLASSES_MIC = "glasses"
"""The preferred microphone of who wants that of the glasses."""

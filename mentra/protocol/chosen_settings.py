"""What a user can choose in an app's settings: from Python, or from JSON, to the wire.

The rules:

* The schema of the developer console decides. An entry without a type, or of a newer one, takes anything.
* Numbers may come as text, as forms send them. An option may, too, and becomes the option.
* ``None`` stands for "nothing chosen", where the phone can show that.

Source: @mentra/sdk 2.1.29 dist/types/models.d.ts (AppSetting); docs/protocol.md, Settings.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import time
from enum import Enum
from typing import Any, cast

import msgspec

from mentra.protocol.base import Number
from mentra.protocol.settings import SECONDS_OF_A_DAY, Setting, SettingType


def chosen_values(schema: Iterable[Setting], choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a user chose, by key, as the wire has it.

    Args:
        schema: What the developer console holds. One without keys says nothing about what can be chosen.
        choices: Values of the wire, and what stands for them in Python: members of an ``Enum``, ``time(7, 30)`` or
            ``"07:30"`` for a time of day.

    Raises:
        ValueError: There is no such setting, or it cannot have such a value; the message says what there is.
    """
    entries = {entry.key: entry for entry in schema if entry.key is not None}
    return {key: _chosen_value(key, entries, value) for key, value in choices.items()}


def _chosen_value(key: str, entries: Mapping[str, Setting], value: Any) -> Any:
    entry = entries.get(key)
    if entry is None:
        if entries:
            raise ValueError(f"There is no setting {key!r}. There are: {', '.join(entries)}.")
        return _plain(value)
    read, takes = _TAKES.get(entry.type or "", (_anything, ""))
    if value is None and entry.type not in _NEVER_EMPTY:
        return None
    try:
        return read(entry, _plain(value))
    except (TypeError, ValueError):
        options = " or ".join(repr(option.value) for option in entry.options or ())
        limits = f" from {entry.min}" * (entry.min is not None) + f" to {entry.max}" * (entry.max is not None)
        expected = takes.format(options=options, limits=limits)
        raise ValueError(f"The setting {key!r} takes {expected}, not {value!r}.") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in cast("Iterable[Any]", value)]
    return value


def _anything(_: Setting, value: Any) -> Any:
    return value


def _switch(_: Setting, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _text(_: Setting, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


def _number(entry: Setting, value: Any) -> Any:
    if isinstance(value, bool):
        raise TypeError
    number = float(value)  # A form may send a number as text.
    if number - number != 0 or not _above(entry.min, number) or not _above(number, entry.max):
        raise ValueError
    return value


def _above(low: Number | None, high: Number | None) -> bool:
    return low is None or high is None or low <= high


def _option(entry: Setting, value: Any) -> Any:
    for option in entry.options or ():
        if (value == option.value and not isinstance(value, bool)) or value == str(option.value):
            return option.value
    if entry.options is None:
        return value
    raise ValueError


def _options(entry: Setting, values: Any) -> list[Any]:
    return [_option(entry, value) for value in msgspec.convert(values, list[Any])]


def _time_of_day(_: Setting, value: Any) -> int:
    if isinstance(value, str) and ":" in value:
        value = time.fromisoformat(value)
    if isinstance(value, time):
        if value.tzinfo is not None or value.microsecond:
            raise ValueError
        return value.hour * 3600 + value.minute * 60 + value.second
    seconds = int(value) if isinstance(value, str) else value
    if isinstance(seconds, bool) or not 0 <= seconds < SECONDS_OF_A_DAY or seconds != int(seconds):
        raise ValueError
    return int(seconds)


_NEVER_EMPTY = (SettingType.TOGGLE, SettingType.SLIDER, SettingType.MULTISELECT)
_TAKES: dict[str, tuple[Callable[[Setting, Any], Any], str]] = {
    SettingType.TOGGLE: (_switch, "True or False"),
    SettingType.TEXT: (_text, "text"),
    SettingType.TEXT_NO_SAVE_BUTTON: (_text, "text"),
    SettingType.SELECT: (_option, "{options}"),
    SettingType.SELECT_WITH_SEARCH: (_option, "{options}"),
    SettingType.MULTISELECT: (_options, "a list of {options}"),
    SettingType.SLIDER: (_number, "a number{limits}"),
    SettingType.NUMERIC_INPUT: (_number, "a number{limits}"),
    SettingType.TIME_PICKER: (_time_of_day, "a time of day, such as '07:30' or its seconds since midnight"),
}
"""How a choice is read by the type of its entry, and what it must be, for messages."""

"""From an annotation of an app's settings to an entry of the developer console, and from the wire to the annotation.

| Annotation | Entry of the console |
|---|---|
| ``bool`` | toggle |
| ``str`` | text; without a save button if ``multiline`` |
| ``int``, ``float`` | slider if there are ``min`` and ``max``, else numeric input |
| ``Literal[...]``, an ``Enum`` | select; with a search above 12 options |
| ``list`` of one of these | multiselect |
| ``datetime.time`` | time picker; seconds since midnight on the wire |

All but toggle, slider and multiselect may be ``| None``: nothing is chosen then.

Source: @mentra/sdk 2.1.29 dist/types/models.d.ts (AppSetting); docs/protocol.md, Settings.
"""

import contextlib
import enum
import types
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields
from datetime import time
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from mentra.protocol.base import Number
from mentra.protocol.settings import SECONDS_OF_A_DAY, Setting, SettingOption, SettingType

SEARCH_ABOVE = 12
"""With more options than this, a select gets a search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands behind ``=`` in the class: a default, with what ``setting(...)`` says besides."""

    default: Any
    key: str | None = None
    label: str | None = None
    min: Number | None = None
    max: Number | None = None
    step: Number | None = None
    placeholder: str | None = None
    multiline: bool | None = None
    max_lines: int | None = None
    labels: Mapping[Any, str] | None = None
    show_seconds: bool | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a class.

    Attributes:
        default: As the annotation has it.
        entry: As the developer console has it.
        expected: What a value must be, for messages: ``"a whole number from 1 to 5"``.
    """

    key: str
    default: Any
    entry: Setting
    expected: str
    _kind: "_Kind"

    def read(self, value: Any) -> Any:
        """Return a value of the wire as the annotation has it.

        Raises:
            ValueError: It is impossible.
        """
        return self._kind.read(value)

    def checked(self, value: Any) -> Any:
        """Return a value that code has written.

        Raises:
            ValueError: It is not as the annotation has it.
        """
        return self._kind.read(self._kind.write(value))

    def fresh_default(self) -> Any:
        """Return the default, which nobody else holds."""
        return copy(self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    type: SettingType
    expected: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    """From the annotation to the wire; raises ``ValueError`` for what is no such value."""
    options: list[SettingOption] | None = None
    nullable: bool = False
    takes: tuple[str, ...] = ()
    """Which fields of ``Written`` mean something here, besides those that all have."""


def make_field(name: str, hint: Any, written: Written) -> Field:
    """Return the setting that stands as ``name: hint = written`` in a class.

    Raises:
        TypeError: It cannot be one; the text says why, without the name.
    """
    kind = _kind_of(hint, written)
    unused = [
        option.name
        for option in fields(Written)
        if option.name not in ("default", "key", "label", *kind.takes) and getattr(written, option.name) is not None
    ]
    if unused:
        raise TypeError(f"{unused[0]} means nothing to a setting of this type ({kind.type})")
    if written.default is None and not kind.nullable:
        raise TypeError(f"the default must be {kind.expected}, not None")
    try:
        default_value = msgspec.UNSET if written.default is None else kind.write(written.default)
    except ValueError as error:
        raise TypeError(f"the default must be {kind.expected}, not {written.default!r}") from error
    key = written.key or name
    entry = Setting(
        type=kind.type,
        key=key,
        label=written.label or _words(name),
        default_value=default_value,
        options=kind.options,
        min=written.min,
        max=written.max,
        step=written.step,
        placeholder=written.placeholder,
        max_lines=written.max_lines,
        show_seconds=written.show_seconds,
    )
    default = None if written.default is None else kind.read(default_value)
    return Field(key, default, entry, kind.expected, kind)


def _kind_of(hint: Any, written: Written) -> _Kind:
    if get_origin(hint) in (Union, types.UnionType):
        inner = [part for part in get_args(hint) if part is not type(None)]
        if len(inner) == 1 and len(inner) < len(get_args(hint)):
            return _nullable(_kind_of(inner[0], written))
        raise TypeError(_UNSUPPORTED.format(hint=hint))
    if hint is bool:
        return _Kind(type=SettingType.TOGGLE, expected="True or False", read=_bool, write=_only(bool))
    if hint is str:
        return _text(written)
    if hint in (int, float):
        return _number(hint, written)
    if hint is time:
        return _Kind(
            type=SettingType.TIME_PICKER,
            expected="a time of day",
            read=_time,
            write=_seconds,
            takes=("show_seconds",),
        )
    if get_origin(hint) is list and (options := _options_of(get_args(hint)[0])):
        return _multiselect(options, written)
    if options := _options_of(hint):
        return _select(options, written)
    raise TypeError(_UNSUPPORTED.format(hint=hint))


_UNSUPPORTED = (
    "{hint} is no type of a setting; use bool, str, int, float, Literal[...], an Enum, a list of one of these two, or "
    "datetime.time"
)


def _nullable(kind: _Kind) -> _Kind:
    if kind.type in (SettingType.TOGGLE, SettingType.SLIDER, SettingType.MULTISELECT):
        raise TypeError(f"a setting of this type ({kind.type}) always has a value, so it cannot be None")
    return _Kind(
        type=kind.type,
        expected=f"{kind.expected}, or None",
        read=lambda value: None if value is None else kind.read(value),
        write=lambda value: None if value is None else kind.write(value),
        options=kind.options,
        nullable=True,
        takes=kind.takes,
    )


def _text(written: Written) -> _Kind:
    if written.max_lines is not None and not written.multiline:
        raise TypeError("max_lines needs multiline=True")
    return _Kind(
        type=SettingType.TEXT_NO_SAVE_BUTTON if written.multiline else SettingType.TEXT,
        expected="text",
        read=_read_text,
        write=_only(str),
        takes=("multiline", "max_lines"),
    )


def _number(hint: type[int] | type[float], written: Written) -> _Kind:
    low, high = written.min, written.max
    if low is not None and high is not None and low > high:
        raise TypeError(f"min={low} is above max={high}")
    limited: Any = Annotated[hint, msgspec.Meta(ge=low, le=high)]
    limits = f" from {low}" * (low is not None) + f" to {high}" * (high is not None)
    is_slider = low is not None and high is not None

    def read(value: Any) -> Any:
        number = msgspec.convert(value, limited, strict=False)
        if number - number != 0:
            raise ValueError("Neither infinity nor NaN is a setting.")
        return number

    def write(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("Not a number.")
        return read(value)

    return _Kind(
        type=SettingType.SLIDER if is_slider else SettingType.NUMERIC_INPUT,
        expected=("a whole number" if hint is int else "a number") + limits,
        read=read,
        write=write,
        takes=("min", "max") if is_slider else ("min", "max", "step", "placeholder"),
    )


def _select(options: "_Options", written: Written) -> _Kind:
    with_search = len(options.values) > SEARCH_ABOVE
    return _Kind(
        type=SettingType.SELECT_WITH_SEARCH if with_search else SettingType.SELECT,
        expected=options.expected,
        read=options.read,
        write=options.write,
        options=options.entries(written.labels or {}),
        takes=("labels",),
    )


def _multiselect(options: "_Options", written: Written) -> _Kind:
    def write(values: Any) -> list[Any]:
        return [options.write(value) for value in msgspec.convert(values, list[Any])]

    return _Kind(
        type=SettingType.MULTISELECT,
        expected=f"a list of {options.expected}",
        read=options.read_list,
        write=write,
        options=options.entries(written.labels or {}),
        takes=("labels",),
    )


@dataclass(frozen=True, slots=True)
class _Options:
    """The values of a select: what code sees, what the wire has, what the user reads."""

    values: tuple[tuple[Any, str | Number, str], ...]

    @property
    def expected(self) -> str:
        return " or ".join(repr(wire) for _, wire, _ in self.values)

    def read(self, value: Any) -> Any:
        for meant, wire, _ in self.values:
            # As text, too: a form may make "3" of 3. And True is no 1.
            if (value == wire and not isinstance(value, bool)) or value == str(wire):
                return meant
        raise ValueError("Not one of the options.")

    def read_list(self, values: Any) -> list[Any]:
        """Read what is chosen; an option that does not exist any more is not."""
        chosen: list[Any] = []
        for value in msgspec.convert(values, list[Any]):
            with contextlib.suppress(ValueError):
                chosen.append(self.read(value))
        return chosen

    def write(self, value: Any) -> str | Number:
        for meant, wire, _ in self.values:
            if meant == value and type(meant) is type(value):
                return wire
        raise ValueError("Not one of the options.")

    def entries(self, labels: Mapping[Any, str]) -> list[SettingOption]:
        if strangers := [label for label in labels if not any(label == meant for meant, _, _ in self.values)]:
            raise TypeError(f"labels has {strangers[0]!r}, which is no option")
        return [SettingOption(label=labels.get(meant, label), value=wire) for meant, wire, label in self.values]


def _options_of(hint: Any) -> _Options | None:
    if get_origin(hint) is Literal:
        values: Sequence[Any] = get_args(hint)
        options = _Options(tuple((value, value, str(value)) for value in values))
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        options = _Options(tuple((member, member.value, _words(member.name.lower())) for member in hint))
    else:
        return None
    if not all(type(wire) in (str, int, float) for _, wire, _ in options.values):
        raise TypeError(f"the options of {hint} must be text or numbers")
    return options


def _bool(value: Any) -> bool:
    return msgspec.convert(value, bool, strict=False)


def _read_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("Not text.")
    return str(value)


def _time(value: Any) -> time:
    seconds = msgspec.convert(value, Annotated[int, msgspec.Meta(ge=0, lt=SECONDS_OF_A_DAY)], strict=False)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def _seconds(value: Any) -> int:
    if not isinstance(value, time) or value.tzinfo is not None or value.microsecond:
        raise ValueError("Not a time of day in whole seconds, without a time zone.")
    return value.hour * 3600 + value.minute * 60 + value.second


def _only(kind: type[Any]) -> Callable[[Any], Any]:
    def write(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"Not a {kind.__name__}.")
        return value

    return write


def _words(name: str) -> str:
    """Return ``word_wrap`` as ``Word wrap``."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]

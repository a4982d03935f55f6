"""The settings of an app, declared in a class.

    class CaptionSettings(Settings):
        language: Literal["en-US", "es-ES"] = "en-US"
        looks = group("Looks")
        lines: int = setting(3, min=1, max=5, label="Lines that stay")

What each annotation becomes in the developer console: ``mentra/session/setting_fields.py``. A name that begins with an
underscore, a method and a property are no settings.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    NoReturn,
    TypeVar,
    cast,
    dataclass_transform,
    get_origin,
    get_type_hints,
)

from mentra.protocol.base import Number
from mentra.protocol.settings import Setting, SettingType
from mentra.session.setting_fields import Field, Written, make_field
from mentra.wrong_names import unknown_name

T = TypeVar("T")


def setting(
    default: T,
    *,
    label: str | None = None,
    key: str | None = None,
    min: Number | None = None,  # noqa: A002 - the developer console's own word.
    max: Number | None = None,  # noqa: A002 - the developer console's own word.
    step: Number | None = None,
    placeholder: str | None = None,
    multiline: bool | None = None,
    max_lines: int | None = None,
    labels: Mapping[Any, str] | None = None,
    show_seconds: bool | None = None,
) -> T:
    """Return a default that says more about its setting.

    ``lines: int = setting(3, min=1, max=5, label="Lines that stay")``

    Args:
        label: What the user reads; the name in words if left out.
        key: The key on the wire, where it is not the name, as ``"line-width"`` cannot be one.
        min: The smallest number. With ``max`` the user gets a slider.
        max: The largest number.
        step: Of a number without a slider.
        placeholder: What a number without a slider shows while it is empty.
        multiline: Text that is saved while it is written, in a field of several lines.
        max_lines: How many.
        labels: What the user reads for each option; without, an option of text is shown as it is.
        show_seconds: Whether a time of day has seconds; the phone shows them if this is left out.

    Returns:
        Something that the class reads, and that type checkers take for the default.
    """
    written = Written(
        default=default,
        label=label,
        key=key,
        min=min,
        max=max,
        step=step,
        placeholder=placeholder,
        multiline=multiline,
        max_lines=max_lines,
        labels=labels,
        show_seconds=show_seconds,
    )
    return cast(T, written)


@dataclass(frozen=True, slots=True)
class SettingsItem:
    """An entry on the settings screen that is no setting."""

    entry: Setting


def group(title: str) -> SettingsItem:
    """Return a title for the settings that follow in the class.

    ``looks = group("Looks")``
    """
    return SettingsItem(Setting(type=SettingType.GROUP, title=title))


def note(label: str, value: str) -> SettingsItem:
    """Return a line that the user can only read.

    ``version = note("Version", "1.2")``
    """
    return SettingsItem(Setting(type=SettingType.TITLE_VALUE, label=label, value=value))


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Settings:
    """Base of a class that declares the settings of an app. ``AppServer.settings`` names it.

    ``session.settings.of(CaptionSettings)`` returns one that shows what the user has chosen, at any time. One that is
    made by a call, ``CaptionSettings(lines=2)``, has these values and else the defaults: for tests. On the class itself
    a setting is its default.

    Raises:
        TypeError: The class declares what cannot be a setting; the text says which, and why.
    """

    _declared: ClassVar[Mapping[str, Field | SettingsItem]] = {}
    """By name, in the order of the settings screen."""
    _declared_fields: ClassVar[Mapping[str, Field]] = {}
    """Those that have a value, by name: each session asks for them."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        declared: dict[str, Field | SettingsItem] = {}
        for base in reversed(cls.__mro__[1:]):
            if issubclass(base, Settings):
                declared |= base._declared
        cls._declared = declared | _declarations(cls)
        cls._declared_fields = {name: found for name, found in cls._declared.items() if isinstance(found, Field)}
        keys = [field.key for field in fields_of(cls).values()]
        if twice := [key for key in keys if keys.count(key) > 1]:
            raise TypeError(f"{cls.__name__} has two settings with the key {twice[0]!r}.")
        for name, declaration in cls._declared.items():
            if isinstance(declaration, Field) and name in vars(cls):
                setattr(cls, name, _Attribute(declaration))

    def __init__(self, **values: Any) -> None:
        fields = fields_of(type(self))
        own = {field.key: field.fresh_default() for field in fields.values()}
        for name, value in values.items():
            if name not in fields:
                raise TypeError(
                    f"{type(self).__name__} has no setting {name!r}. It has: {', '.join(fields) or 'none'}."
                )
            try:
                own[fields[name].key] = fields[name].checked(value)
            except ValueError as error:
                raise ValueError(f"{name} must be {fields[name].expected}, not {value!r}.") from error
        self.__dict__["_look_up"] = own.__getitem__

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{name} cannot be set: settings are the user's, who changes them on the phone.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and type(other) is type(self) and values_of(other) == values_of(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in values_of(self).items())})"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, fields_of(type(self)))


S = TypeVar("S", bound=Settings)


class _Attribute:
    """A setting as an attribute of its class."""

    def __init__(self, field: Field) -> None:
        self._field = field

    def __get__(self, settings: Settings | None, _: type[Settings]) -> Any:
        if settings is None:
            return self._field.fresh_default()
        return settings.__dict__["_look_up"](self._field.key)


def view(kind: type[S], look_up: Callable[[str], Any]) -> S:
    """Return an object of a class that asks for each value, by its key, whenever it is read."""
    settings = kind.__new__(kind)
    settings.__dict__["_look_up"] = look_up
    return settings


def fields_of(kind: type[Settings]) -> Mapping[str, Field]:
    """Return the settings of a class by their names."""
    return kind._declared_fields  # pyright: ignore[reportPrivateUsage] - the class is in this file.


def schema_of(kind: type[Settings]) -> list[Setting]:
    """Return what the developer console holds about a class of settings."""
    declared = kind._declared  # pyright: ignore[reportPrivateUsage] - the class is in this file.
    return [declaration.entry for declaration in declared.values()]


def values_of(settings: Settings) -> dict[str, Any]:
    """Return the values by name."""
    return {name: getattr(settings, name) for name in fields_of(type(settings))}


def _declarations(kind: type[Settings]) -> dict[str, Field | SettingsItem]:
    hints, others = _hints(kind)
    own = {name: value for name, value in vars(kind).items() if not name.startswith("_") and name not in others}
    for name in hints:
        if name not in own:
            raise TypeError(f"{kind.__name__}.{name} needs a default: write {name}: ... = value.")
    declared: dict[str, Field | SettingsItem] = {}
    for name, value in own.items():
        if isinstance(value, SettingsItem):
            declared[name] = value
        elif name in hints:
            written = value if isinstance(value, Written) else Written(default=value)
            try:
                declared[name] = make_field(name, hints[name], written)
            except TypeError as error:
                raise TypeError(f"{kind.__name__}.{name} cannot be a setting: {error}.") from None
        elif isinstance(value, type):
            raise TypeError(f'{kind.__name__}.{name} is a class. A group is a title: {name.lower()} = group("{name}").')
        elif not _is_code(value):
            raise TypeError(f"{kind.__name__}.{name} needs a type: write {name}: {type(value).__name__} = {value!r}.")
    return declared


def _hints(kind: type[Settings]) -> tuple[dict[str, Any], set[str]]:
    """Return what the class itself annotates, and the names that are no settings: private, or a ``ClassVar``."""
    own: Iterable[str] = inspect.get_annotations(kind)
    try:
        hints = get_type_hints(kind)
    except NameError as error:
        raise TypeError(
            f"An annotation of {kind.__name__} cannot be read: {error}. What it names must stand above the class, at "
            "the top level of the file."
        ) from error
    others = {name for name in own if name.startswith("_") or get_origin(hints[name]) is ClassVar}
    return {name: hints[name] for name in own if name not in others}, others


def _is_code(value: object) -> bool:
    return callable(value) or isinstance(value, property | classmethod | staticmethod) or hasattr(value, "__get__")

"""``app_config.json``: an app as the developer console exports and imports it, and how code and file differ.

Source: @mentra/sdk 2.1.29 dist/types/models.d.ts (AppConfig); docs/protocol.md, App record.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

import msgspec

from mentra.protocol.base import Wire
from mentra.protocol.permissions import Permission
from mentra.protocol.rest import DeclaredPermission
from mentra.protocol.settings import Setting, SettingType
from mentra.protocol.tools import ToolParameter, ToolSchema

T = TypeVar("T", bound=msgspec.Struct)


class AppConfig(Wire, frozen=True, kw_only=True):
    """What code can say of its app. Settings, tools and permissions are the code's; the rest is a first proposal."""

    name: str
    description: str
    version: str | None = None
    public_url: str | None = None
    permissions: list[DeclaredPermission] | None = None
    """``None``: the code does not say."""
    settings: list[Setting]
    tools: list[ToolSchema]

    @property
    def permission_names(self) -> tuple[str, ...]:
        """The permissions by name; all of them if the code does not say."""
        return (Permission.ALL,) if self.permissions is None else tuple(one.type for one in self.permissions)


class Difference(msgspec.Struct, frozen=True):
    """One place where code and file disagree. What a side does not have is ``UNSET``."""

    where: str
    """``"settings.lines.max"``, ``"tools.add"``."""
    code: Any = msgspec.UNSET
    file: Any = msgspec.UNSET


class Unreadable(ValueError):
    """The file is no ``app_config.json``; the message says what is wrong with it."""


def merged(config: AppConfig, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file with what the code says: its own parts replaced, and the rest added where it is missing."""
    code: dict[str, Any] = msgspec.to_builtins(config)
    return {**code, **document, **{part: code[part] for part in _OWNED if part in code}}


def differences(config: AppConfig, document: Mapping[str, Any]) -> list[Difference]:
    """Return where a file differs from what the code says, in those parts that are the code's.

    What the console adds, such as ids, is not looked at.

    Raises:
        Unreadable: Something in these parts is not what the console would write.
    """
    found = [
        *_compared("settings", config.settings, _read(document, "settings", _setting), _name_of_setting),
        *_compared("tools", config.tools, _read(document, "tools", _tool), lambda tool: tool.id),
    ]
    if config.permissions is not None:
        file = _read(document, "permissions", lambda entry: msgspec.convert(entry, DeclaredPermission))
        found += _compared("permissions", config.permissions, file, lambda permission: permission.type)
    return found


def refused_by_the_console(config: AppConfig) -> list[str]:
    """Return the keys of settings whose types the console does not import; on its page they can be made by hand."""
    return [setting.key or "" for setting in config.settings if setting.type in _NOT_IMPORTED]


_OWNED = ("permissions", "settings", "tools")
_NOT_IMPORTED = (SettingType.NUMERIC_INPUT, SettingType.TIME_PICKER)
_TOOL = {field.name: field.encode_name for field in msgspec.structs.fields(ToolSchema)}
_PARAMETER = {field.name: field.encode_name for field in msgspec.structs.fields(ToolParameter)}


def _read(document: Mapping[str, Any], part: str, read: Callable[[Any], T]) -> list[T]:
    try:
        entries = msgspec.convert(document.get(part, []), list[Any])
    except msgspec.ValidationError as error:
        raise Unreadable(f"{part} is no list.") from error
    found: list[T] = []
    for number, entry in enumerate(entries, start=1):
        try:
            found.append(read(entry))
        except msgspec.ValidationError as error:
            raise Unreadable(f"Entry {number} of {part} cannot be read: {error}.") from error
    return found


def _setting(entry: Any) -> Setting:
    read = msgspec.convert(entry, Setting)
    # The console adds an empty list even to toggles.
    return read if read.options else msgspec.structs.replace(read, options=None)


def _tool(entry: Any) -> ToolSchema:
    """Read a tool; what may be left out is as if it were empty."""
    filled: Any = {_TOOL["activation_phrases"]: [], _TOOL["parameters"]: {}, **msgspec.convert(entry, dict[str, Any])}
    parameters = msgspec.convert(filled[_TOOL["parameters"]], dict[str, dict[str, Any]])
    filled[_TOOL["parameters"]] = {
        name: {_PARAMETER["required"]: False, **parameter} for name, parameter in parameters.items()
    }
    return msgspec.convert(filled, ToolSchema)


def _name_of_setting(setting: Setting) -> str:
    """Return what tells one entry from the others: its key, or the words on a group or a note."""
    return setting.key or setting.title or setting.label or ""


def _compared(part: str, code: list[T], file: list[T], name_of: Callable[[T], str]) -> Iterator[Difference]:
    here = {name_of(entry): entry for entry in code}
    there = {name_of(entry): entry for entry in file}
    for name in dict.fromkeys([*here, *there]):
        if name not in there:
            yield Difference(f"{part}.{name}", code=msgspec.to_builtins(here[name]))
        elif name not in here:
            yield Difference(f"{part}.{name}", file=msgspec.to_builtins(there[name]))
        else:
            yield from _in_fields(f"{part}.{name}", msgspec.to_builtins(here[name]), msgspec.to_builtins(there[name]))
    common = [name for name in here if name in there]
    in_file = [name for name in there if name in here]
    if part == "settings" and common != in_file:
        yield Difference("settings (their order)", code=common, file=in_file)


def _in_fields(where: str, code: Mapping[str, Any], file: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*code, *file]):
        here, there = code.get(name, msgspec.UNSET), file.get(name, msgspec.UNSET)
        if isinstance(here, dict) and isinstance(there, dict):
            yield from _in_fields(f"{where}.{name}", cast(dict[str, Any], here), cast(dict[str, Any], there))
        elif here != there:
            yield Difference(f"{where}.{name}", code=here, file=there)

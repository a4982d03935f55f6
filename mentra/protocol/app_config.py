"""``app_config.json``: an app as the developer console exports and imports it, and how code and file differ.

Source: @mentra/sdk 2.1.29 dist/types/models.d.ts (AppConfig); docs/protocol.md, App record.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import msgspec

from mentra.protocol.base import Wire
from mentra.protocol.permissions import Permission
from mentra.protocol.rest import DeclaredPermission
from mentra.protocol.settings import Setting, SettingType
from mentra.protocol.tools import ToolParameter, ToolSchema

T = TypeVar("T")


class AppConfig(Wire, frozen=True, kw_only=True):
    """What code says of its app: settings, tools and permissions as far as it declares them; the rest are proposals."""

    name: str
    description: str
    version: str | None = None
    public_url: str | None = None
    permissions: list[DeclaredPermission] | None = None
    """``None``: the code does not say."""
    settings: list[Setting] | None = None
    """``None``: the code does not say."""
    tools: list[ToolSchema]
    """Those of ``@tool``."""

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


def merged(config: AppConfig, document: Mapping[str, Any], *, other_tools: bool) -> dict[str, Any]:
    """Return a file with what the code says, and everything else that it holds.

    Of the parts that the code declares, entries are replaced, but for fields that code cannot express, such as the
    description of a permission; those that only the file has are left out, see ``removed``.

    Args:
        other_tools: Whether the app answers tools that its code does not declare: then those of the file stay.

    Raises:
        Unreadable: A part that the code declares is no list of entries.
    """
    code: dict[str, Any] = msgspec.to_builtins(config)
    declared = [name for name in _PARTS if name in code and (name != "tools" or config.tools)]
    parts = {name: _replaced(name, code[name], document) for name in declared}
    if config.tools and other_tools:
        parts["tools"] += [entry.file for entry in _only_in_file("tools", config, document)]
    missing = {name: value for name, value in code.items() if name not in document}
    # The official SDK takes no file without settings. The order of the file stays.
    return {**document, **missing, **parts} | ({} if "settings" in {*document, *parts} else {"settings": []})


def removed(config: AppConfig, document: Mapping[str, Any], *, other_tools: bool) -> list[Difference]:
    """Return the entries of a file that ``merged`` leaves out, whole.

    Raises:
        Unreadable: A part that the code declares is no list of entries.
    """
    found = [*_only_in_file("permissions", config, document), *_only_in_file("settings", config, document)]
    return found + (_only_in_file("tools", config, document) if config.tools and not other_tools else [])


def differences(config: AppConfig, document: Mapping[str, Any], *, other_tools: bool) -> list[Difference]:
    """Return where a file differs from what the code says, in what the code declares.

    What the console adds, such as ids, is not looked at.

    Args:
        other_tools: Whether the app answers tools that its code does not declare.

    Raises:
        Unreadable: Something in these parts is not what the console would write.
    """
    found: list[Difference] = []
    if config.settings is not None:
        found += _compared("settings", config.settings, read_settings(document) or [], _name_of_setting)
    if config.tools:
        tools = _read(document, "tools", _tool)
        if other_tools:
            declared = {tool.id for tool in config.tools}
            tools = [tool for tool in tools if tool.id in declared]
        found += _compared("tools", config.tools, tools, lambda tool: tool.id)
    if config.permissions is not None:
        permissions = read_permissions(document) or []
        found += _compared("permissions", config.permissions, permissions, lambda permission: permission.type)
    return found


def read_settings(document: Mapping[str, Any]) -> list[Setting] | None:
    """Return the settings of a file; ``None`` if it does not say.

    Raises:
        Unreadable: They are not what the console would write.
    """
    return _read(document, "settings", _setting) if "settings" in document else None


def read_permissions(document: Mapping[str, Any]) -> list[DeclaredPermission] | None:
    """Return the permissions of a file; ``None`` if it does not say.

    Raises:
        Unreadable: They are not what the console would write.
    """
    return _read(document, "permissions", _permission) if "permissions" in document else None


def refused_by_the_console(config: AppConfig) -> list[str]:
    """Return the keys of settings whose types the console does not import; on its page they can be made by hand."""
    return [setting.key or "" for setting in config.settings or () if setting.type in _NOT_IMPORTED]


@dataclass(frozen=True)
class _Part:
    """A list that the code may declare."""

    kind: type[msgspec.Struct]
    """What code can express of an entry."""
    names: tuple[str, ...]
    """What tells one entry from the others: the first of these fields that it has."""

    def name_of(self, entry: Mapping[str, Any]) -> str:
        return next((str(entry[name]) for name in self.names if entry.get(name)), "")


_PARTS = {
    "permissions": _Part(DeclaredPermission, ("type",)),
    "settings": _Part(Setting, ("key", "title", "label")),
    "tools": _Part(ToolSchema, ("id",)),
}
_NOT_IMPORTED = (SettingType.NUMERIC_INPUT, SettingType.TIME_PICKER)
_TOOL = {field.name: field.encode_name for field in msgspec.structs.fields(ToolSchema)}
_PARAMETER = {field.name: field.encode_name for field in msgspec.structs.fields(ToolParameter)}


def _replaced(part: str, code: list[dict[str, Any]], document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of the code, each with what only the file knows of it."""
    its = _PARTS[part]
    there = {its.name_of(entry): entry for entry in _entries(document, part)} if code else {}
    known = {field.encode_name for field in msgspec.structs.fields(its.kind)}
    unknown = {name: {key: entry[key] for key in entry if key not in known} for name, entry in there.items()}
    return [{**entry, **unknown.get(its.name_of(entry), {})} for entry in code]


def _only_in_file(part: str, config: AppConfig, document: Mapping[str, Any]) -> list[Difference]:
    """Return the entries that a file has and the code has not; none of a part that the code does not declare."""
    code: dict[str, Any] = msgspec.to_builtins(config)
    if part not in code:
        return []
    its = _PARTS[part]
    here = {its.name_of(entry) for entry in code[part]}
    there = [(its.name_of(entry), entry) for entry in _entries(document, part)]
    return [Difference(f"{part}.{name}", file=entry) for name, entry in there if name not in here]


def _entries(document: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    return _read(document, part, lambda entry: msgspec.convert(entry, dict[str, Any]))


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


def _permission(entry: Any) -> DeclaredPermission:
    return msgspec.convert(entry, DeclaredPermission)


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

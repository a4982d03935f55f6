"""What the cloud keeps for users: the settings of their apps, and the data that apps store for them.

Everything lives in memory and ends with the local cloud.

Source: docs/protocol.md, Settings; MentraOS cloud/packages/cloud/src/api/sdk/simple-storage.api.ts (Dec 2025).
"""

import copy
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from mentra.localcloud.catalogue import InstalledApp
from mentra.protocol import rest
from mentra.protocol.settings import (
    GLASSES_MIC,
    ONBOARD_MIC,
    PREFERRED_MIC,
    Setting,
    SettingType,
    SystemSettings,
    setting_values,
)

SYSTEM_SETTINGS_2 = SystemSettings(
    use_onboard_mic=False,
    contextual_dashboard=True,
    metric_system_enabled=False,
    head_up_angle=20,
    dashboard_height=4,
    dashboard_depth=5,
    brightness=50,
    auto_brightness=False,
    sensing_enabled=True,
    always_on_status_bar=False,
    bypass_vad=False,
    bypass_audio_encoding=False,
    enforce_local_transcription=False,
)
"""What a new user of the cloud of 2025 has."""
SYSTEM_SETTINGS_3 = SystemSettings(
    use_onboard_mic=False,
    contextual_dashboard=True,
    metric_system_enabled=False,
    head_up_angle=45,
    brightness=50,
    auto_brightness=True,
    sensing_enabled=True,
    always_on_status_bar=False,
    bypass_vad=False,
    bypass_audio_encoding=False,
    preferred_mic="auto",
    user_timezone=None,
)
"""What a new user of the cloud of 2026 has."""


def system_settings(generation: int) -> dict[str, Any]:
    """Return the settings of MentraOS that a new user has, by the cloud's keys."""
    settings: dict[str, Any] = msgspec.to_builtins(SYSTEM_SETTINGS_3 if generation == 3 else SYSTEM_SETTINGS_2)
    return settings


def changed_system_settings(current: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of MentraOS after a change, with what follows from it."""
    changed = {**current, **values}
    if PREFERRED_MIC in values:
        changed[ONBOARD_MIC] = values[PREFERRED_MIC] == GLASSES_MIC
    return changed


class AppSettings:
    """What each user chose in the settings of each app."""

    def __init__(self) -> None:
        self._saved: dict[tuple[str, str], dict[str, Any]] = {}

    def list_for(self, user_id: str, app: InstalledApp) -> list[Setting]:
        """Return the settings as an app is told them: the schema as registered until the user saved, then pairs."""
        saved = self._saved.get((user_id.lower(), app.package_name))
        if saved is None:
            return [_as_registered(setting) for setting in app.schema()]
        return [Setting(key=key, value=value) for key, value in saved.items()]

    def read_by_rest(self, user_id: str, app: InstalledApp | None, package_name: str) -> list[Setting] | None:
        """Return the settings as the REST route has them; ``None`` for an app that nobody knows.

        The first reading stores every default; only its answer has more than pairs.
        """
        if (user_id.lower(), package_name) in self._saved:
            saved = self._saved[user_id.lower(), package_name]
            return [Setting(key=key, value=value) for key, value in saved.items()]
        if app is None:
            return None
        self.save(user_id, app, {})
        return [_with_default(setting) for setting in app.schema() if setting.type != SettingType.GROUP]

    def save(self, user_id: str, app: InstalledApp, values: Mapping[str, Any]) -> list[Setting]:
        """Store choices, and with the first of them every default, and return the full list of pairs."""
        saved = self._saved.setdefault((user_id.lower(), app.package_name), setting_values(app.schema()))
        saved.update(values)
        return self.list_for(user_id, app)


def _with_default(setting: Setting) -> Setting:
    return Setting(
        key=setting.key,
        value=setting.default_value,
        default_value=setting.default_value,
        type=setting.type,
        label=setting.label,
        options=setting.options or [],
    )


def _as_registered(setting: Setting) -> Setting:
    """Return an entry as the database of the cloud has it: with a list of options, whether it can have any or not."""
    return setting if setting.options is not None else msgspec.structs.replace(setting, options=[])


class SimpleStorage:
    """The data that apps keep for their users: text under keys, per user and app. Users are told apart without case.

    The rules, which are those of the database of the cloud:

    * A dot in a key nests: ``a.b`` is stored as ``{"a": {"b": ...}}`` and is not found as ``a.b`` afterwards.
    * A part of a key that is empty or begins with ``$`` cannot be stored, nor anything below a text.
    * All of it is stored, or nothing.

    Args:
        limited: Whether there are limits for sizes, as in the cloud of 2026; that of 2025 has none.
    """

    def __init__(self, *, limited: bool = False) -> None:
        self._limited = limited
        self._data: dict[tuple[str, str], dict[str, Any]] = {}
        self._faults: dict[str, deque[Fault]] = {}

    def read(self, user_id: str, package_name: str) -> dict[str, Any]:
        """Return everything stored; empty when there is nothing."""
        return self._data.get((user_id.lower(), package_name), {})

    def write_one(self, user_id: str, package_name: str, key: str, value: str) -> None:
        """Store a value.

        Raises:
            NotStored: It, or all values together, would be too large, or the key is none. Nothing was stored.
        """
        data = self.read(user_id, package_name)
        if self._limited:
            _check_value(key, value)
            now, before = _size(data), data.get(key, "")
            if now is not None and now - rest.characters(before) + rest.characters(value) > rest.TOTAL_LIMIT:
                after = now - rest.characters(before) + rest.characters(value)
                problem = f"Total storage exceeds 1MB limit (current: {now}, new: {after}). "
                raise NotStored(413, problem + "Delete unused keys or use S3 storage.")
        self._data[user_id.lower(), package_name] = _with_values(data, {key: value})

    def write(self, user_id: str, package_name: str, values: Mapping[str, str]) -> None:
        """Store values beside those there are.

        Raises:
            NotStored: A value, or all of them together, would be too large, or a key is none. Nothing was stored.
        """
        if not values:
            return
        data = self.read(user_id, package_name)
        if self._limited:
            for key, value in values.items():
                _check_value(key, value)
            now, after = _size(data), _size({**data, **values})
            if after is not None and after > rest.TOTAL_LIMIT:
                sizes = f"current: {now}, adding: {_size(values)}, total: {after}"
                problem = f"Total storage would exceed 1MB limit ({sizes}). "
                raise NotStored(413, problem + "Delete unused keys or use S3 storage.")
        self._data[user_id.lower(), package_name] = _with_values(data, values)

    def delete(self, user_id: str, package_name: str, key: str) -> bool:
        """Remove a key, if it is there. Returns whether this user and app ever stored anything.

        Raises:
            NotStored: The key is none.
        """
        parents = _parts(key)
        last = parents.pop()
        data: Any = self._data.get((user_id.lower(), package_name))
        if data is None:
            return False
        for parent in parents:
            data = cast(dict[str, Any], data).get(parent)
            if not isinstance(data, dict):
                return True
        cast(dict[str, Any], data).pop(last, None)
        return True

    def clear(self, user_id: str, package_name: str) -> bool:
        """Remove everything. Returns whether this user and app ever stored anything."""
        if (user_id.lower(), package_name) not in self._data:
            return False
        self._data[user_id.lower(), package_name] = {}
        return True

    def fail(self, user_id: str, fault: "Fault", *, times: int) -> None:
        """Refuse the next requests about a user, whatever they are."""
        self._faults.setdefault(user_id.lower(), deque()).extend([fault] * times)

    def next_fault(self, user_id: str) -> "Fault | None":
        """Return what happens to a request, if it shall not succeed."""
        faults = self._faults.get(user_id.lower())
        return faults.popleft() if faults else None


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal that somebody ordered."""

    status: int
    retry_after_s: float | None


class NotStored(Exception):
    """The cloud does not store this.

    Attributes:
        status: The HTTP status with which it says so.
        problem: In its words; ``None`` when it is the database that fails, and the cloud says only what was tried.
    """

    def __init__(self, status: int, problem: str | None) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem


def _check_value(key: str, value: str) -> None:
    size = rest.characters(value)
    if size > rest.VALUE_LIMIT:
        problem = f'Value for key "{key}" exceeds 100KB limit ({size} bytes). '
        raise NotStored(400, problem + "Use your own S3 bucket storage for large files.")


def _size(data: Mapping[str, Any]) -> int | None:
    """Return the characters of all values; ``None`` where a key has nested, and the cloud cannot count any more."""
    if not all(isinstance(value, str) for value in data.values()):
        return None
    return sum(rest.characters(value) for value in data.values())


def _parts(key: str) -> list[str]:
    parts = key.split(".")
    if any(not part or part.startswith("$") for part in parts):
        raise NotStored(500, None)
    return parts


def _with_values(data: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Return data with values put into it, as the database would."""
    after = copy.deepcopy(dict(data))
    paths = [_parts(key) for key in values]
    if any(path[: len(other)] == other for path in paths for other in paths if path is not other):
        raise NotStored(500, None)  # One update cannot touch both a key and what is below it.
    for path, value in zip(paths, values.values(), strict=True):
        below: dict[str, Any] = after
        for part in path[:-1]:
            inner: Any = below.setdefault(part, {})
            if not isinstance(inner, dict):
                raise NotStored(500, None)
            below = cast(dict[str, Any], inner)
        below[path[-1]] = value
    return after

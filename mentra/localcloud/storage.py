"""What the cloud keeps for users: the settings of their apps, and the data that apps store for them.

Everything lives in memory and ends with the local cloud.

Source: docs/protocol.md, Settings; MentraOS cloud/packages/cloud/src/api/sdk/simple-storage.api.ts (Dec 2025).
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from mentra.localcloud.catalogue import InstalledApp
from mentra.protocol import rest
from mentra.protocol.settings import Setting, SystemSettings, setting_values

SYSTEM_SETTINGS = SystemSettings(
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
"""What a new user has."""


class AppSettings:
    """What each user chose in the settings of each app."""

    def __init__(self) -> None:
        self._saved: dict[tuple[str, str], dict[str, Any]] = {}

    def list_for(self, user_id: str, app: InstalledApp) -> list[Setting]:
        """Return the settings as an app is told them: the schema as registered until the user saved, then pairs."""
        saved = self._saved.get((user_id, app.package_name))
        if saved is None:
            return app.schema()
        return [Setting(key=key, value=value) for key, value in saved.items()]

    def save(self, user_id: str, app: InstalledApp, values: Mapping[str, Any]) -> list[Setting]:
        """Store choices, and with the first of them every default, and return the full list of pairs."""
        saved = self._saved.setdefault((user_id, app.package_name), setting_values(app.schema()))
        saved.update(values)
        return self.list_for(user_id, app)


class SimpleStorage:
    """The data that apps keep for their users: text under keys, per user and app. Users are told apart without case.

    A dot in a key nests, as in the database of the cloud: ``a.b`` is stored as ``{"a": {"b": ...}}`` and is not
    found as ``a.b`` afterwards. Sizes are limited as in the cloud of 2026; the one of 2025 has no limits.
    """

    def __init__(self) -> None:
        self._data: dict[tuple[str, str], dict[str, Any]] = {}
        self._faults: dict[str, deque[Fault]] = {}

    def read(self, user_id: str, package_name: str) -> dict[str, Any]:
        """Return everything stored; empty when there is nothing."""
        return self._data.get((user_id.lower(), package_name), {})

    def write(self, user_id: str, package_name: str, values: Mapping[str, str]) -> None:
        """Store values beside those there are.

        Raises:
            TooLarge: A value, or all of them together, would be too large. Nothing was stored.
        """
        for key, value in values.items():
            if rest.characters(value) > rest.VALUE_LIMIT:
                raise TooLarge(400, f'Value for key "{key}" exceeds {rest.VALUE_LIMIT} characters')
        data = self._data.setdefault((user_id.lower(), package_name), {})
        if _size({**data, **values}) > rest.TOTAL_LIMIT:
            raise TooLarge(413, f"Storage exceeds {rest.TOTAL_LIMIT} characters")
        for key, value in values.items():
            *parents, last = key.split(".")
            _descend(data, parents)[last] = value

    def delete(self, user_id: str, package_name: str, key: str) -> bool:
        """Remove a key, if it is there. Returns whether this user and app ever stored anything."""
        data = self._data.get((user_id.lower(), package_name))
        if data is None:
            return False
        *parents, last = key.split(".")
        _descend(data, parents).pop(last, None)
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


class TooLarge(Exception):
    """The cloud does not store so much."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


def _size(data: Mapping[str, Any]) -> int:
    return sum(
        rest.characters(value) if isinstance(value, str) else _size(cast(dict[str, Any], value))
        for value in data.values()
    )


def _descend(data: dict[str, Any], parents: list[str]) -> dict[str, Any]:
    for parent in parents:
        below = data.get(parent)
        if not isinstance(below, dict):
            below = data[parent] = {}
        data = cast(dict[str, Any], below)
    return data

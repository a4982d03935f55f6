"""The REST routes of the cloud that app servers call, what is posted there, and what is answered.

Source: MentraOS cloud/packages/cloud/src/routes and api (Dec 2025); docs/protocol.md, Simple storage, Checking
credentials.
"""

from typing import Any
from urllib.parse import quote

from mentra.protocol.base import Wire
from mentra.protocol.settings import Setting

PERMISSIONS = "/api/public/permissions"
"""Followed by a package name; needs no key."""
SDK_VERSION = "/api/sdk/version"
STORAGE = "/api/sdk/simple-storage"
"""Followed by a user id, and by a key unless all of them are meant."""
SETTINGS = "/appsettings/user"
OLD_SETTINGS = "/tpasettings/user"
"""Followed by a package name; the user stands where other routes have credentials."""
SPEECH = "/api/tts"
"""Speaks a text; fetched by the phone, needs no key. The query: ``mentra.protocol.audio``."""

OUTPUTS = "/api/streams"
"""Followed by the id of a managed video, ``outputs`` and perhaps the id of one."""
TOOLS = "/api/tools"
"""Followed by ``apps``, a package name and ``tool`` or ``tools``, or by ``users``, a user id and ``tools``."""

BEARER = "Bearer "
"""What the header ``authorization`` begins with."""

APP_NOT_FOUND = "App not found"
"""``error`` of an answer about a package that the cloud does not know."""
KEY_NOT_FOUND = "Key not found"
"""``message`` of an answer about a key of the storage under which nothing is stored."""
STORAGE_NOT_FOUND = "Storage not found"
"""``message`` of an answer to a removal for a user for whom the app never stored anything."""

VALUE_LIMIT = 100_000
"""Characters of one value in the storage, counted as JavaScript does: in UTF-16."""
TOTAL_LIMIT = 1_000_000
"""... and of all values together that an app stores for one user."""


def permissions_path(package_name: str) -> str:
    """Return the path of what an app has declared."""
    return f"{PERMISSIONS}/{quote(package_name, safe='')}"


def storage_path(user_id: str, key: str | None = None) -> str:
    """Return the path of one value that an app keeps for a user, or of all of them."""
    path = f"{STORAGE}/{quote(user_id, safe='')}"
    return path if key is None else f"{path}/{quote(key, safe='')}"


def characters(value: str) -> int:
    """Return the length of a value as the cloud counts it.

    Raises:
        UnicodeEncodeError: It has half a surrogate pair, which cannot be sent.
    """
    return len(value.encode("utf-16-le")) // 2


def bearer(package_name: str, api_key: str) -> str:
    """Return the value of the header ``authorization`` with which an app proves itself."""
    return f"{BEARER}{package_name}:{api_key}"


class DeclaredPermission(Wire, frozen=True, kw_only=True):
    """One permission that an app has declared."""

    type: str


class PermissionsReply(Wire, frozen=True, kw_only=True):
    """What an app has declared."""

    success: bool
    package_name: str | None = None
    permissions: list[DeclaredPermission]


class SettingsReply(Wire, frozen=True, kw_only=True):
    """The settings of an app for a user, as in the acknowledgement of a connection."""

    success: bool
    settings: list[Setting]


class SdkVersions(Wire, frozen=True, kw_only=True):
    """Versions of the official SDK."""

    required: str
    latest: str


class SdkVersionReply(Wire, frozen=True, kw_only=True):
    """Which versions of the official SDK the cloud wants."""

    success: bool
    data: SdkVersions
    timestamp: str


class StoredValue(Wire, frozen=True, kw_only=True):
    """One value of the storage, as it is put and as it is answered."""

    value: Any
    """Text; an object where a key with a dot has nested."""


class StoredValueReply(Wire, frozen=True, kw_only=True):
    """One value of the storage."""

    success: bool
    data: StoredValue


class StoredValues(Wire, frozen=True, kw_only=True):
    """Several values of the storage, to be put beside those there are."""

    data: dict[str, Any]


class StoredValuesReply(Wire, frozen=True, kw_only=True):
    """All values of the storage."""

    success: bool
    data: dict[str, Any]


class Outcome(Wire, frozen=True, kw_only=True):
    """Every other answer: done, or not and why. Any JSON object can be read as one."""

    success: bool | None = None
    error: str | None = None
    message: str | None = None
    detail: str | None = None


class NoRoute(Wire, frozen=True, kw_only=True):
    """There is nothing at this address; clouds of 2026."""

    error: str
    path: str
    timestamp: str


class ManagedVideoOutput(Wire, frozen=True, kw_only=True):
    """Another server that the cloud sends a managed video to."""

    output_id: str
    url: str
    name: str | None = None
    added_by: str
    """The package name of an app."""
    status: str


class ManagedVideoOutputs(Wire, frozen=True, kw_only=True):
    """All of them."""

    stream_id: str
    outputs: list[ManagedVideoOutput]
    total: int
    max_per_stream: int
    max_per_app: int


class OutputRequest(Wire, frozen=True, kw_only=True):
    """One more server for a managed video, and whose wish it is. Each may be missing or nonsense."""

    url: Any = None
    name: Any = None
    package_name: Any = None


class OutputAdded(Wire, frozen=True, kw_only=True):
    """The video goes to one more server."""

    success: bool
    output_id: str
    message: str


class ToolTrigger(Wire, frozen=True, kw_only=True):
    """What the cloud looks at in a call of a tool, before it passes it on."""

    tool_id: Any = None
    user_id: Any = None

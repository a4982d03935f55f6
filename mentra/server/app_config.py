"""What the class of an app declares besides its handlers: settings, permissions; and what the console makes of it."""

import inspect
import re
import sys
from collections.abc import Collection
from typing import Any

from mentra.protocol.app_config import AppConfig
from mentra.protocol.permissions import Permission
from mentra.protocol.rest import DeclaredPermission
from mentra.protocol.tools import ToolSchema
from mentra.session.declared_settings import Settings, schema_of


def check_declarations(kind: type[Any]) -> None:
    """Check what the class of an app declares.

    Raises:
        TypeError: It is not what it should be.
    """
    settings: object = kind.settings
    if not (isinstance(settings, type) and issubclass(settings, Settings)):
        raise TypeError(
            f"{kind.__name__}.settings must be a class that extends Settings, not {settings!r}: "
            f"settings = {kind.__name__}Settings"
        )
    permissions: Any = kind.permissions
    if permissions is None:
        return
    if isinstance(permissions, str) or not hasattr(permissions, "__iter__"):
        raise TypeError(f"{kind.__name__}.permissions must be several, such as (Permission.MICROPHONE,).")
    if unknown := [name for name in permissions if name not in set(Permission)]:
        raise TypeError(
            f"{kind.__name__}.permissions has {unknown[0]!r}, which MentraOS does not know. It knows: "
            f"{', '.join(Permission)}."
        )


def app_config(
    kind: type[Any],
    *,
    settings: type[Settings],
    permissions: Collection[str] | None,
    tools: list[ToolSchema],
    public_url: str | None,
) -> AppConfig:
    """Return what the developer console should hold about an app of this class."""
    name = _title(kind.__name__)
    return AppConfig(
        name=name,
        description=_description(kind) or name,
        public_url=public_url,
        permissions=None if permissions is None else [DeclaredPermission(type=str(name)) for name in permissions],
        settings=None if settings is Settings else schema_of(settings),
        tools=tools,
    )


def _title(class_name: str) -> str:
    """Return ``LiveCaptionsApp`` as ``Live Captions``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", class_name.removesuffix("App") or class_name)


def _description(kind: type[Any]) -> str:
    """Return the first paragraph of the class's own docstring, else of its module's."""
    written = vars(kind).get("__doc__") or getattr(sys.modules.get(kind.__module__), "__doc__", None) or ""
    return inspect.cleandoc(written).partition("\n\n")[0].replace("\n", " ")

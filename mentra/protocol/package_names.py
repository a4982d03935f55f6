"""Which package names are accepted where. The cloud itself takes any text that is not in use.

Source: MentraOS cloud/websites/console/src/pages/CreateMiniApp.tsx and cloud/packages/cli/src/commands/app.ts
(Jun 2026); docs/protocol.md, Package name.
"""

import re

SYSTEM_DASHBOARDS = ("system.augmentos.dashboard", "dev.augmentos.dashboard")
"""The app that owns the dashboard: by the SDK's default, and by that of the cloud of 2025."""

_CONSOLE = re.compile(r"[a-z0-9.-]+")
_TOOL = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)+")


def console_accepts(name: str) -> bool:
    """Return whether the developer console registers an app under this name: lower case, digits, dots, hyphens."""
    return _CONSOLE.fullmatch(name) is not None


def tool_accepts(name: str) -> bool:
    """Return whether the official command line does: two or more words joined by dots, none beginning with a digit."""
    return _TOOL.fullmatch(name) is not None

"""PACKAGE_NAME: present, well-formed, and of the usual form.

Source: docs/protocol.md, Package name
"""

from mentra.config import CONSOLE
from mentra.protocol.package_names import console_accepts, tool_accepts
from mentra_cli.checks.findings import Finding
from mentra_cli.checks.settings import Setting


def check_package_name(setting: Setting) -> Finding:
    """Return what the first rule that objects says; ``env.package-name`` when none does."""
    name = setting.usable
    if not name:
        return setting.finding(
            "env.missing-package-name",
            "error",
            setting.absence,
            fix=f"Write it into .env as the console shows it ({CONSOLE}): {setting.name}=com.example.myapp",
        )
    if not console_accepts(name):
        return setting.finding(
            "env.malformed-package-name",
            "error",
            f"{name!r} is malformed: lower-case letters, digits, dots and hyphens only",
            fix=f"Copy it from the app's page in the console ({CONSOLE}), without quotes, such as com.example.myapp",
        )
    if not tool_accepts(name):
        return setting.finding(
            "env.unusual-package-name",
            "warning",
            f"{name!r} is unusual: MentraOS tools expect two or more words joined by dots, each a letter followed by "
            "letters and digits",
            fix="If the app is not published yet, register it under a name such as com.example.myapp",
        )
    return setting.finding("env.package-name", "ok", f"is {name}")

"""Which names a project and its app may have, and why not another."""

import keyword
import re

from mentra.protocol.package_names import tool_accepts
from mentra_cli.errors import CliError, ExitCode

_PROJECT_NAME = re.compile(r"[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?")
_LONGEST_PROJECT_NAME = 50
_INSTALLED_BY_EVERY_PROJECT = frozenset({"mentra", "mentra-cli", "pytest", "pytest-asyncio"})
_WINDOWS_DEVICE = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)


def check_project_name(name: str) -> None:
    """Accept a name that can be a folder on every system and a project in ``pyproject.toml``.

    Raises:
        CliError: VALIDATION, with the reason and a name that would do.
    """
    if reason := _project_name_problem(name):
        raise CliError(
            f"{name!r} cannot be the name of a project: {reason}.",
            fix="Choose a name such as 'my-captions'; --output-dir says which folder the project goes into.",
            code=ExitCode.VALIDATION,
        )


def check_package_name(name: str) -> None:
    """Accept the name under which MentraOS knows an app: reverse domain notation, such as ``com.example.captions``.

    Raises:
        CliError: VALIDATION, with the reason and a name that would do.

    Source: docs/protocol.md, Package name
    """
    if reason := _package_name_problem(name):
        raise CliError(
            f"{name!r} cannot be a package name: {reason}.",
            fix="Choose a name such as 'com.example.captions': your domain backwards, then the app.",
            code=ExitCode.VALIDATION,
        )


def default_package_name(project_name: str) -> str:
    """Name the app of a project: ``my-captions`` becomes ``com.example.mycaptions``."""
    return f"com.example.{re.sub('[-_]', '', project_name).lower()}"


def _project_name_problem(name: str) -> str | None:
    if not _PROJECT_NAME.fullmatch(name):
        return "it takes letters, digits, '-' and '_', begins with a letter and ends with a letter or a digit"
    if len(name) > _LONGEST_PROJECT_NAME:
        return f"it is {len(name)} characters long, at most {_LONGEST_PROJECT_NAME} are allowed"
    if keyword.iskeyword(name):
        return "it is a word of the Python language"
    if name.lower().replace("_", "-") in _INSTALLED_BY_EVERY_PROJECT:
        return "every project installs a package of that name"
    if _WINDOWS_DEVICE.fullmatch(name):
        return "Windows keeps it for a device"
    return None


def _package_name_problem(name: str) -> str | None:
    if tool_accepts(name):
        return None
    if ":" in name:
        return "':' separates the package name from the API key in what an app sends to MentraOS Cloud"
    if "-" in name:
        return "MentraOS Cloud finds the package name in a session id by its '-'"
    if name != name.lower():
        return "capital letters are not allowed"
    if "." not in name:
        return "it has no dot"
    return "each part between the dots is a letter followed by letters and digits"

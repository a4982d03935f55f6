"""``app_config.json``: the file that the developer console exports and imports, and what it says of an app."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mentra.protocol import codec
from mentra.protocol.app_config import Unreadable, read_permissions, read_settings
from mentra.protocol.settings import Setting
from mentra_cli.errors import CliError, ExitCode

FILE = "app_config.json"
"""What the official examples call it."""


def read_file(file: Path) -> dict[str, Any] | None:
    """Return the contents of an ``app_config.json``; ``None`` when there is no such file.

    Raises:
        CliError: It cannot be read.
    """
    try:
        document = codec.decode_as(dict[str, Any], file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CliError(
            f"{file} cannot be read: {error.strerror}.", fix="Give the path of a file.", code=ExitCode.NOT_FOUND
        ) from error
    if isinstance(document, codec.Malformed):
        raise unreadable(file, document.problem)
    return document


def settings_of(document: Mapping[str, Any], file: Path) -> list[Setting] | None:
    """Return the settings of a file; ``None`` if it does not say.

    Raises:
        CliError: They are not what the console would write.
    """
    try:
        return read_settings(document)
    except Unreadable as problem:
        raise unreadable(file, str(problem)) from problem


def permissions_of(document: Mapping[str, Any], file: Path) -> list[str] | None:
    """Return the permissions of a file by name; ``None`` if it does not say.

    Raises:
        CliError: They are not what the console would write.
    """
    try:
        found = read_permissions(document)
    except Unreadable as problem:
        raise unreadable(file, str(problem)) from problem
    return None if found is None else [permission.type for permission in found]


def unreadable(file: Path, problem: str) -> CliError:
    """Return the error of a file that the console has not written."""
    return CliError(
        f"{file} is no export of the developer console: {problem.rstrip('.')}.",
        fix="Correct it, or write it anew: delete it, then mentra config export",
        code=ExitCode.VALIDATION,
    )

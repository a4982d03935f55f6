"""The project's ``app_config.json``: what the developer console exports and imports."""

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mentra.errors import ConfigError
from mentra.protocol import codec
from mentra.protocol.app_config import AppConfig, Difference, Unreadable, differences, merged
from mentra.server.hosts import fallback_environment
from mentra_cli import project
from mentra_cli.environment import as_environment, load_environment
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.location import locate, project_version

FILE = "app_config.json"
"""What the official examples call it."""
_VERSION = "1.0.0"
"""Of a project that does not say; the official SDK takes no file without one."""


@dataclass(frozen=True)
class DeclaredConfig:
    """What the code of a project says of its app."""

    config: AppConfig
    root: Path
    """The project's folder."""


def declared_config(target: str | None, *, cwd: Path, shell: Mapping[str, str]) -> DeclaredConfig:
    """Import the app into this process, and return what its code says. Credentials are not needed for that.

    Raises:
        CliError: There is no app, or it cannot be imported.
    """
    location = locate(target, cwd)
    environment = load_environment(location.root, shell=shell)
    try:
        # What the app prints must not get onto stdout, which is for results.
        with (
            as_environment(environment),
            fallback_environment({"PACKAGE_NAME": "com.example.app", "API_KEY": "none"}),
            contextlib.redirect_stdout(sys.stderr),
        ):
            config = project.load(location).app.app_config()
    except project.AppImportError as failure:
        fix = "Correct the option it names." if isinstance(failure.error, ConfigError) else "See where: mentra check"
        raise CliError(
            f"The app in {location.shown} cannot be imported: {failure}", fix=fix, code=ExitCode.VALIDATION
        ) from failure
    version = project_version(location.root) or _VERSION
    return DeclaredConfig(msgspec.structs.replace(config, version=version), location.root)


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
        raise _unreadable(file, document.problem)
    return document


def compare(config: AppConfig, document: Mapping[str, Any], file: Path) -> list[Difference]:
    """Return where a file differs from what the code says.

    Raises:
        CliError: The file is no ``app_config.json``.
    """
    try:
        return differences(config, document)
    except Unreadable as problem:
        raise _unreadable(file, str(problem)) from problem


def file_text(config: AppConfig, document: Mapping[str, Any] | None) -> str:
    """Return the file with what the code says; what else stood in it stays."""
    return codec.indented(codec.encode(merged(config, document or {}))) + "\n"


def line_of(difference: Difference, file: str) -> str:
    """Return a difference as a line for people."""
    code, there = difference.code, difference.file
    if there is msgspec.UNSET and isinstance(code, dict):
        return f"{difference.where}: only in the code"
    if code is msgspec.UNSET and isinstance(there, dict):
        return f"{difference.where}: only in {file}"
    return f"{difference.where}: {_shown(code)} in the code, {_shown(there)} in {file}"


def _shown(value: Any) -> str:
    return "nothing" if value is msgspec.UNSET else codec.encode(value).decode()


def _unreadable(file: Path, problem: str) -> CliError:
    return CliError(
        f"{file} is no export of the developer console: {problem.rstrip('.')}.",
        fix="Correct it, or write it anew: delete it, then mentra config export",
        code=ExitCode.VALIDATION,
    )

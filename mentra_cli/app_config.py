"""What the code of a project says for its ``app_config.json``, and how the two differ."""

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mentra.errors import ConfigError
from mentra.protocol import codec
from mentra.protocol.app_config import AppConfig, Difference, Unreadable, differences, merged, removed
from mentra.server.app import AppServer
from mentra.server.hosts import fallback_environment
from mentra_cli import project
from mentra_cli.console_file import unreadable
from mentra_cli.environment import as_environment, load_environment
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.location import locate, project_version

_VERSION = "1.0.0"
"""Of a project that does not say; the official SDK takes no file without one."""


@dataclass(frozen=True)
class DeclaredConfig:
    """What the code of a project says of its app."""

    config: AppConfig
    other_tools: bool
    """Whether the app answers tools that the code does not declare."""
    root: Path
    """The project's folder."""

    @property
    def undeclared(self) -> list[str]:
        """What the app may have in the console although its code says nothing of it."""
        settings = ["settings"] if self.config.settings is None else []
        tools = ["tools"] if self.other_tools and not self.config.tools else []
        return settings + tools


def declared_by(app: AppServer, root: Path) -> DeclaredConfig:
    """Return what the code of an app says."""
    version = project_version(root) or _VERSION
    other_tools = type(app).on_tool_call is not AppServer.on_tool_call
    return DeclaredConfig(msgspec.structs.replace(app.app_config(), version=version), other_tools, root)


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
            return declared_by(project.load(location).app, location.root)
    except project.AppImportError as failure:
        fix = "Correct the option it names." if isinstance(failure.error, ConfigError) else "See where: mentra check"
        raise CliError(
            f"The app in {location.shown} cannot be imported: {failure}", fix=fix, code=ExitCode.VALIDATION
        ) from failure


def compare(declared: DeclaredConfig, document: Mapping[str, Any], file: Path) -> list[Difference]:
    """Return where a file differs from what the code says.

    Raises:
        CliError: The file is no ``app_config.json``.
    """
    try:
        return differences(declared.config, document, other_tools=declared.other_tools)
    except Unreadable as problem:
        raise unreadable(file, str(problem)) from problem


@dataclass(frozen=True)
class Export:
    """A file as it is to be written."""

    text: str
    removed: list[Difference]
    """What it had, and has no more: the code, which declares such entries, does not have these."""


def export_of(declared: DeclaredConfig, document: Mapping[str, Any] | None, file: Path) -> Export:
    """Return the file with what the code says; what the code does not declare stays.

    Raises:
        CliError: The file is no ``app_config.json``.
    """
    there = document or {}
    try:
        new = merged(declared.config, there, other_tools=declared.other_tools)
        gone = removed(declared.config, there, other_tools=declared.other_tools)
    except Unreadable as problem:
        raise unreadable(file, str(problem)) from problem
    return Export(codec.indented(codec.encode(new)) + "\n", gone)


def removal_of(difference: Difference, file: str) -> str:
    """Return what is said of an entry that is removed: all of it, so that nothing is lost."""
    return f"Removed from {file}, as the code does not have it: {difference.where} {_shown(difference.file)}"


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

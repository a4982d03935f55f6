"""What ``mentra cloud`` is told of an app: a folder, or a JSON file, and the environment beside it.

The rules:

* A folder stands for its ``app_config.json``, which need not be there. A file is one as the developer console exports
  it, and may say besides where the app is on this machine, and who it is; docs/local-cloud.md has the fields.
* What a file leaves out comes from the ``.env`` files of its folder, and from the shell, which wins.
* The key is never in the file: that names the variable.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from mentra.config import DEFAULT_PORT, DEFAULT_WEBHOOK_PATH
from mentra.localcloud import InstalledApp
from mentra.localcloud.hardware import HardwareRequirement
from mentra.protocol.permissions import Permission
from mentra_cli.console_file import FILE, permissions_of, read_file, settings_of, unreadable
from mentra_cli.environment import Environment, EnvironmentProblem, load_environment
from mentra_cli.errors import CliError, ExitCode

_KEYS = ("API_KEY", "MENTRAOS_API_KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRecord:
    """An app, and where what is known of it came from."""

    installed: InstalledApp
    key_from: str
    """``".env:2"``, ``"shell"``."""
    file: str | None
    """The name of the file that tells of it; ``None`` if there is none: everything is allowed."""
    problems: tuple[EnvironmentProblem, ...] = ()
    """Lines of the ``.env`` files that cannot be read."""

    def __str__(self) -> str:
        app = self.installed
        said = f"{app.package_name} ({app.app_type}) at {app.public_url}, key from {self.key_from}"
        if self.file is None:
            return f"{said}; no {FILE}: all permissions, no settings"
        settings = sum(1 for setting in app.schema() if setting.key is not None)
        parts = [
            f"permissions {', '.join(app.permissions) or 'none'}",
            "1 setting" if settings == 1 else f"{settings} settings",
            *(f"{each.level.lower()} {each.type.lower()}" for each in app.hardware_requirements),
        ]
        return f"{said}; {self.file}: {', '.join(parts)}"


class AppFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is read of a file here, besides permissions and settings."""

    name: str | None = None
    package_name: str | None = None
    public_url: str | None = None
    api_key_variable: str | None = None
    api_key: Any = None
    webhook_path: str = DEFAULT_WEBHOOK_PATH
    app_type: Literal["standard", "background"] | None = None
    hardware_requirements: tuple[HardwareRequirement, ...] | None = None


def read_apps(
    paths: Sequence[Path], *, folder: Path, env_file: Path | None, shell: Mapping[str, str]
) -> tuple[AppRecord, ...]:
    """Read what is told of apps; of that in ``folder`` when no path is given.

    Raises:
        CliError: Something is missing, or two of them are one.
    """
    records = tuple(read_app(path, env_file=env_file, shell=shell) for path in paths or (folder,))
    for field in ("package_name", "public_url"):
        seen: dict[str, AppRecord] = {}
        for record in records:
            value = str(getattr(record.installed, field))
            if value in seen:
                raise CliError(
                    f"Two apps have the same {_FIELDS[field]}: {value}.",
                    fix="Give each its own in the .env of its folder, or in its file. What the shell has set counts "
                    "for all of them.",
                    code=ExitCode.VALIDATION,
                )
            seen[value] = record
    return records


def read_app(path: Path, *, env_file: Path | None, shell: Mapping[str, str]) -> AppRecord:
    """Read what is told of one app by a folder, or a file.

    Raises:
        CliError: There is no such folder or file (NOT_FOUND), or something in it is missing or wrong (VALIDATION).
    """
    if not path.exists():
        raise CliError(
            f"There is no {path}.",
            fix=f"Give the folder of an app, or a file like its {FILE}: mentra cloud --app ../echo",
            code=ExitCode.NOT_FOUND,
        )
    folder, file = (path, path / FILE) if path.is_dir() else (path.parent, path)
    found = read_file(file)
    content, document = found or {}, _read(found or {}, file)
    environment = load_environment(folder.resolve(), env_file=env_file, shell=shell)
    package_name = document.package_name or environment.values.get("PACKAGE_NAME", "")
    if not package_name:
        raise _missing("PACKAGE_NAME", "the name of the app", folder, environment)
    variable = _key_variable(document, environment, folder)
    permissions = permissions_of(content, file)
    return AppRecord(
        installed=InstalledApp(
            package_name=package_name,
            api_key=environment.values[variable],
            public_url=_url(document, environment, file),
            webhook_path=document.webhook_path,
            name=document.name or package_name,
            permissions=(Permission.ALL,) if permissions is None else tuple(permissions),
            settings=tuple(settings_of(content, file) or ()),
            app_type=document.app_type or "standard",
            hardware_requirements=document.hardware_requirements or (),
        ),
        key_from=environment.where(variable),
        file=None if found is None else file.name,
        problems=environment.problems,
    )


def _read(content: Mapping[str, Any], file: Path) -> AppFile:
    try:
        document = msgspec.convert(content, AppFile)
    except msgspec.ValidationError as error:
        raise unreadable(file, str(error)) from error
    if document.api_key is not None:
        raise CliError(
            f"{file} has a key in it, as apiKey. Files are shared, and keys are not.",
            fix='Write the key into .env beside it, and its name into the file: "apiKeyVariable": "API_KEY"',
            code=ExitCode.VALIDATION,
        )
    if document.api_key_variable is not None and not _NAME.fullmatch(document.api_key_variable):
        # Not shown: it may be the key itself.
        raise unreadable(file, "apiKeyVariable is no name of a variable, such as API_KEY")
    if not document.webhook_path.startswith("/"):
        raise unreadable(file, f"webhookPath does not begin with a slash: {document.webhook_path!r}")
    return document


def _key_variable(document: AppFile, environment: Environment, folder: Path) -> str:
    asked = document.api_key_variable
    for name in (asked,) if asked else _KEYS:
        if environment.values.get(name):
            return name
    raise _missing(
        asked or _KEYS[0], "the key that the app itself is started with; any text is good here", folder, environment
    )


def _url(document: AppFile, environment: Environment, file: Path) -> str:
    """Return where the app is reached from here. The ``https`` address in an export is that of its real users."""
    if document.public_url and document.public_url.startswith("http:"):
        if not _is_address(document.public_url):
            raise unreadable(file, f"publicUrl is no address: {document.public_url!r}")
        return document.public_url.rstrip("/")
    port = environment.values.get("PORT") or str(DEFAULT_PORT)
    if not (port.isascii() and port.isdecimal() and 0 < int(port) <= 65535):
        raise CliError(
            f"PORT is {port!r}, which is no port number.",
            fix="Set PORT in .env to the number from 1 to 65535 on which the app listens.",
            code=ExitCode.VALIDATION,
        )
    return f"http://127.0.0.1:{int(port)}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _missing(name: str, meaning: str, folder: Path, environment: Environment) -> CliError:
    # It may well be in what could not be read.
    unread = "".join(f" {_described(problem)}." for problem in environment.problems)
    return CliError(
        f"{name} is not set: neither in the .env of {folder.resolve()} nor in the shell.{unread}",
        fix=f"Write it there: {name}=... ({meaning}). For other apps: mentra cloud --app FOLDER",
        code=ExitCode.VALIDATION,
    )


def _described(problem: EnvironmentProblem) -> str:
    where = f"line {problem.line} of {problem.file.name}" if problem.line else problem.file.name
    return f"And {where} {problem.message}"


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
"""Of a variable; one of more than 40 characters is rather a key."""
_FIELDS = {"package_name": "package name", "public_url": "address"}

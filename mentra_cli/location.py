"""Find the file of the developer's app, without importing anything.

The first match wins: what the command line names; ``app`` under ``[tool.mentra]`` in ``pyproject.toml``; a file with
one of the usual names.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from mentra_cli.errors import CliError, ExitCode

USUAL_FILES = ("app.py", "main.py", "src/app.py", "src/main.py", "app/app.py", "app/main.py", "app/__init__.py")
"""Where an app is looked for when nothing names it, relative to the project's folder."""

NAME_IT = "Name the file, or the class in it: mentra dev src/captions.py:CaptionsApp"
"""What to do about a file that was not found, or not meant."""

_SETTING = 'the setting names a file and the class in it: app = "app.py:CaptionsApp"'


@dataclass(frozen=True)
class Location:
    """Where an app's code is. Nothing was imported to learn it."""

    root: Path
    """The project's folder: home of its ``.env`` files and ``pyproject.toml``."""
    module: str
    """What to import: ``"captions"``, ``"shop.app"``."""
    file: Path
    attribute: str | None
    """The name in the module that was asked for, if one was."""
    how: str
    """How it was chosen, for messages: ``"named on the command line"``."""

    @property
    def import_root(self) -> Path:
        """The folder that ``module`` is imported from: ``root``, or one below it such as ``src``."""
        return self.file.parents[self.module.count(".") + (self.file.name == "__init__.py")]

    @property
    def shown(self) -> str:
        """The file's path for messages, relative to the project's folder."""
        inside = self.file.is_relative_to(self.root)
        return self.file.relative_to(self.root).as_posix() if inside else str(self.file)


def locate(target: str | None, cwd: Path) -> Location:
    """Find the file of an app.

    Args:
        target: ``"app.py"``, ``"app.py:name"``, ``"package.module"``, ``"package.module:name"`` or a project's
            folder; ``None`` looks in ``cwd``.
        cwd: What relative paths start from.

    Raises:
        CliError: NOT_FOUND, with what was looked for; VALIDATION when ``pyproject.toml`` is broken; USAGE when the
            target is empty, as a variable of a script may be, or a file that is not of Python.
    """
    cwd = cwd.resolve()
    if target is None:
        return _discover(cwd, None)
    if not target:
        raise CliError(
            "The name of the app is empty.",
            fix="Give the file of your app, such as app.py, or leave the name out.",
            code=ExitCode.USAGE,
        )
    path, attribute = _split(target)
    found = _resolve(path, attribute, cwd, how="named on the command line")
    if found is not None:
        return found
    if (cwd / path).is_dir():
        return _discover((cwd / path).resolve(), attribute)
    if (cwd / path).is_file():
        raise CliError(
            f"{path!r} is not a Python file: its name does not end with .py.",
            fix="Give the file of your app, such as app.py. For one in another language: mentra dev -- node app.mjs",
            code=ExitCode.USAGE,
        )
    raise CliError(
        f"There is no file, module or folder {path!r} in {cwd}.",
        fix="Give the file of your app, such as app.py, or the folder of its project.",
        code=ExitCode.NOT_FOUND,
    )


def _split(target: str) -> tuple[str, str | None]:
    """Take ``:name`` off the end, but not the path off a Windows drive."""
    path, colon, name = target.rpartition(":")
    return (path, name) if colon and name.isidentifier() else (target, None)


def _discover(folder: Path, attribute: str | None) -> Location:
    setting = _settings(folder).app
    if setting is not None:
        path, named = _split(setting)
        found = _resolve(path, attribute or named, folder, how="[tool.mentra] app in pyproject.toml", root=folder)
        if found is not None:
            return found
        raise CliError(
            f"pyproject.toml says app = {setting!r} under [tool.mentra]; {folder} has no such Python file or module.",
            fix=f"Correct it; {_SETTING}",
            code=ExitCode.NOT_FOUND,
        )
    for name in USUAL_FILES:
        if (folder / name).is_file():
            return _of_file(folder / name, attribute, folder, how=f"found {name}")
    raise CliError(
        f"There is no app in {folder}: looked for {', '.join(USUAL_FILES)} and for app under [tool.mentra] "
        "in pyproject.toml.",
        fix=f"{NAME_IT}. Or start a new project: mentra new hello",
        code=ExitCode.NOT_FOUND,
    )


class _Mentra(msgspec.Struct):
    app: str | None = None
    watch: list[str] = []
    glasses: str | None = None
    faithful: bool = False


class _Tool(msgspec.Struct):
    mentra: _Mentra = msgspec.field(default_factory=_Mentra)


class _Project(msgspec.Struct):
    version: str | None = None


class _Pyproject(msgspec.Struct):
    project: _Project = msgspec.field(default_factory=_Project)
    tool: _Tool = msgspec.field(default_factory=_Tool)


def watched_extras(root: Path) -> tuple[str, ...]:
    """Return ``[tool.mentra] watch``: paths and patterns of files that are part of the app, besides its code.

    Raises:
        CliError: VALIDATION: it cannot be read, or leaves the project's folder.
    """
    extras = [PurePosixPath(extra) for extra in _settings(root).watch]
    for extra in extras:
        if extra.is_absolute() or ".." in extra.parts:
            raise CliError(
                f"pyproject.toml says watch = {str(extra)!r} under [tool.mentra], which is outside of {root}.",
                fix='Name files and folders below it: watch = ["prompts", "data/*.json"]',
                code=ExitCode.VALIDATION,
            )
    return tuple(str(extra) for extra in extras)


def project_glasses(root: Path) -> str | None:
    """Return ``[tool.mentra] glasses``: the model of the virtual glasses; ``None`` where none is named.

    Raises:
        CliError: VALIDATION: ``pyproject.toml`` is broken.
    """
    return _settings(root).glasses


def project_faithful(root: Path) -> bool:
    """Return ``[tool.mentra] faithful``: whether the local cloud has also the waits that only cost time.

    Raises:
        CliError: VALIDATION: ``pyproject.toml`` is broken.
    """
    return _settings(root).faithful


def project_version(root: Path) -> str | None:
    """Return ``[project] version``; ``None`` where there is none.

    Raises:
        CliError: VALIDATION: ``pyproject.toml`` is broken.
    """
    return _pyproject(root).project.version


def _settings(root: Path) -> _Mentra:
    """Return ``[tool.mentra]`` of a project."""
    return _pyproject(root).tool.mentra


def _pyproject(root: Path) -> _Pyproject:
    pyproject = root / "pyproject.toml"
    if not pyproject.is_file():
        return _Pyproject()
    try:
        document = tomllib.loads(pyproject.read_text(encoding="utf-8"))
        return msgspec.convert(document, _Pyproject)
    except ValueError as error:
        raise CliError(
            f"{pyproject} cannot be read: {error}.", fix=f"Correct it; {_SETTING}", code=ExitCode.VALIDATION
        ) from error


def _resolve(path: str, attribute: str | None, cwd: Path, *, how: str, root: Path | None = None) -> Location | None:
    """Read a path or a dotted name; ``None`` when there is no such file of Python."""
    file = cwd / path
    if file.is_file() and file.suffix == ".py":  # Python imports a file by no other name.
        return _of_file(file, attribute, root or _project_root(file, cwd), how=how)
    # A bare name is a module first if something in it is asked for: "app:CaptionsApp". Else it may be a folder.
    parts = path.split(".")
    if all(part.isidentifier() for part in parts) and (attribute is not None or not file.is_dir()):
        for import_root in (cwd, cwd / "src"):
            base = import_root.joinpath(*parts)
            for source in (base.with_suffix(".py"), base / "__init__.py"):
                if source.is_file():
                    return Location(root or cwd, path, source.resolve(), attribute, how)
    return None


def _of_file(file: Path, attribute: str | None, root: Path, *, how: str) -> Location:
    file = file.resolve()
    packages = _packages(file)
    names = [folder.name for folder in packages]
    module = names if file.name == "__init__.py" else [*names, file.stem]
    return Location(root, ".".join(module), file, attribute, how)


def _packages(file: Path) -> list[Path]:
    """Return the package folders around a file, the outermost one first."""
    packages: list[Path] = []
    for folder in file.parents:
        if not (folder / "__init__.py").is_file():
            break
        packages.insert(0, folder)
    return packages


def _project_root(file: Path, cwd: Path) -> Path:
    """Choose the project's folder of a file: the nearest with a sign of being one, but not above ``cwd``."""
    file = file.resolve()
    start = file.parents[len(_packages(file))]
    for folder in (start, *start.parents):
        if any((folder / sign).exists() for sign in ("pyproject.toml", ".env", ".env.local", ".git")):
            return folder
        if not folder.parent.is_relative_to(cwd):
            break
    return start

"""Import the developer's app, and find it in its module; remember how it was found.

The first match wins: the name asked for; the app on which the file calls ``run()``; an instance; the one class that
the file defines. Finding the file itself is ``location.py``.
"""

import contextlib
import functools
import importlib
import inspect
import os
import site
import sys
import sysconfig
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from mentra.server.app import AppServer
from mentra.server.hosts import capture_run
from mentra_cli.code_frame import CodeFrame, code_frame, error_text, is_project_file
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.location import NAME_IT, Location

T = TypeVar("T")


@dataclass(frozen=True)
class AppCandidate:
    """The app in an imported module: an instance, or the class that one is to be made of."""

    subject: AppServer | type[AppServer]
    name: str
    how: str

    @property
    def kind(self) -> type[AppServer]:
        """The app's class."""
        return self.subject if isinstance(self.subject, type) else type(self.subject)


@dataclass(frozen=True)
class FoundApp:
    """The developer's app, ready to start."""

    app: AppServer
    name: str
    """``"CaptionsApp"``, or the name of the instance."""
    how: str
    """For messages: ``"class CaptionsApp in app.py"``."""


class AppImportError(Exception):
    """The developer's code raised an error while it was imported, or while its app was made.

    Attributes:
        error: What it raised. A ``SystemExit`` is one of these: the file ended the process.
        frame: Where in the project; ``None`` when none of its code took part.
    """

    def __init__(self, error: BaseException, frame: CodeFrame | None) -> None:
        super().__init__(error_text(error))
        self.error = error
        self.frame = frame


def load(location: Location) -> FoundApp:
    """Import the app's module into this process and return its app.

    A file that calls ``run()`` without ``if __name__ == "__main__":`` does not start a server here.

    Raises:
        AppImportError: The developer's code raised an error.
        CliError: NOT_FOUND when there is no app in the module, VALIDATION when there are several.
    """
    return construct(find(location), location)


def find(location: Location) -> AppCandidate:
    """Import the app's module into this process and find its app, without making an instance of a class.

    The folders that the module and its project are in become the first of ``sys.path``, and stay there.

    Raises:
        AppImportError: The import raised an error.
        CliError: NOT_FOUND when there is no app in the module, VALIDATION when there are several.
    """
    for folder in (str(location.root), str(location.import_root)):
        if folder in sys.path:
            sys.path.remove(folder)
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    with capture_run() as captured:
        module = _run_their_code(lambda: importlib.import_module(location.module), location.root)
    if not module.__file__ or Path(module.__file__).resolve() != location.file:
        raise CliError(
            f"Importing {location.module!r} gave {module.__file__ or 'a module of Python itself'}, "
            f"not {location.shown}: another module has the same name.",
            fix=f"Give {location.shown} another name, such as app.py.",
            code=ExitCode.VALIDATION,
        )
    if location.attribute is not None:
        return _named(module, location.attribute, location)
    return _only(module, captured, location)


def construct(candidate: AppCandidate, location: Location) -> FoundApp:
    """Make the app out of what was found.

    Raises:
        AppImportError: The class raised an error when it was called without arguments.
    """
    subject = candidate.subject
    if isinstance(subject, type):
        subject = _run_their_code(subject, location.root)
    return FoundApp(subject, candidate.name, candidate.how)


def imported_files(root: Path, *, but: Container[str] = ()) -> set[Path]:
    """Return the project's own files that this process has imported: what a change of matters.

    Files in a virtual environment under ``root`` are left out.

    Args:
        but: Names of modules that are not looked at.
    """
    root = root.resolve()
    modules = [module for name, module in list(sys.modules.items()) if name not in but]
    names = filter(None, (getattr(module, "__file__", None) for module in modules))
    return {file for file in (Path(name).resolve() for name in names) if is_project_file(file, root)}


def installed_modules(*, but: Container[str] = ()) -> list[str]:
    """Return the names of what this process imported from Python itself and from installed packages, in that order.

    Args:
        but: Names that are left out.
    """
    installed = _installed_folders()
    return [name for name, module in list(sys.modules.items()) if name not in but and _is_in(module, installed)]


def _is_in(module: ModuleType | None, folders: tuple[str, ...]) -> bool:
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    return isinstance(origin, str) and (origin in ("built-in", "frozen") or origin.startswith(folders))


@functools.cache
def _installed_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.update(site.getsitepackages(), [site.getusersitepackages()])
    resolved = {str(Path(folder).resolve()) for folder in folders}
    return tuple(f"{folder}{os.sep}" for folder in folders | resolved)


def modules_in(folders: Iterable[Path]) -> set[str]:
    """Return the names of the modules that lie in folders; what cannot be read is left out."""
    found: set[str] = set()
    for folder in folders:
        with contextlib.suppress(OSError):
            found.update(entry.stem for entry in folder.iterdir() if _is_module(entry))
    return found


def _is_module(entry: Path) -> bool:
    try:
        return entry.suffix == ".py" or (entry / "__init__.py").is_file()
    except OSError:
        return False


def _run_their_code(code: Callable[[], T], root: Path) -> T:
    try:
        return code()
    except (Exception, SystemExit) as error:
        raise AppImportError(error, code_frame(error, root)) from error


def _named(module: ModuleType, name: str, location: Location) -> AppCandidate:
    subject: object = getattr(module, name, None)
    if isinstance(subject, AppServer):
        return AppCandidate(subject, name, f"instance `{name}` in {location.shown}")
    if isinstance(subject, type) and issubclass(subject, AppServer) and subject is not AppServer:
        return AppCandidate(subject, name, f"class {name} in {location.shown}")
    there = f"{location.shown} has no {name!r}" if subject is None else f"{name!r} in {location.shown} is no AppServer"
    others = sorted({*_instances(module), *(kind.__name__ for kind in _classes(module))})
    raise CliError(
        f"{there}.",
        fix=f"Choose one that is: {', '.join(others)}." if others else "Write a class in it: class MyApp(AppServer)",
        code=ExitCode.NOT_FOUND,
    )


def _only(module: ModuleType, captured: list[AppServer], location: Location) -> AppCandidate:
    instances = _instances(module)
    names = {id(app): name for name, app in instances.items()}
    if captured:
        app = captured[0]
        return AppCandidate(app, names.get(id(app), type(app).__name__), f"app.run() called in {location.shown}")
    if len(instances) == 1:
        name, app = next(iter(instances.items()))
        return AppCandidate(app, name, f"instance `{name}` in {location.shown}")
    if instances:
        raise _several(list(instances), location)
    classes = _classes(module)
    if len(classes) == 1:
        name = classes[0].__name__
        return AppCandidate(classes[0], name, f"class {name} in {location.shown}")
    if classes:
        raise _several([kind.__name__ for kind in classes], location)
    raise CliError(
        f"{location.shown} has no app: it makes no instance of AppServer and defines no class based on it.",
        fix=f"Write a class in it: class MyApp(AppServer). If the app is elsewhere: {NAME_IT}",
        code=ExitCode.NOT_FOUND,
    )


def _several(names: list[str], location: Location) -> CliError:
    return CliError(
        f"{location.shown} has several apps: {', '.join(names)}.",
        fix=f'Choose one: mentra dev {location.shown}:{names[0]}, or app = "{location.shown}:{names[0]}" '
        "under [tool.mentra] in pyproject.toml",
        code=ExitCode.VALIDATION,
    )


def _instances(module: ModuleType) -> dict[str, AppServer]:
    """Return the apps that a module holds, each under its first name."""
    first_names: dict[int, tuple[str, AppServer]] = {}
    for name, value in vars(module).items():
        if isinstance(value, AppServer):
            first_names.setdefault(id(value), (name, value))
    return dict(first_names.values())


def _classes(module: ModuleType) -> list[type[AppServer]]:
    """Return the classes of apps that a module defines itself, without those that are only a base of another."""
    defined = [
        value
        for value in dict.fromkeys(value for value in vars(module).values() if isinstance(value, type))
        if issubclass(value, AppServer) and value.__module__ == module.__name__ and not inspect.isabstract(value)
    ]
    return [kind for kind in defined if not any(kind in other.__bases__ for other in defined)]

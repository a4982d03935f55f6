"""Which files of a project are source, by their names: what is watched, and what is not even looked at."""

import fnmatch
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mentra_cli.console_file import FILE
from mentra_cli.environment import ENV_FILES

_IGNORED_FOLDERS = frozenset(
    {"__pycache__", "node_modules", "site-packages", "build", "dist", "target", "venv", "env", "virtualenv"}
)
_SCRIPTS = frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".py", ".rb", ".go", ".rs", ".php"})


@dataclass(frozen=True)
class Sources:
    """What may be part of an app."""

    suffixes: frozenset[str]
    always: frozenset[str]
    """Names of files that are part of it wherever they are."""
    extras: tuple[str, ...] = ()
    """``watch`` under ``[tool.mentra]``: paths and patterns from the project's folder. They are part of it, too."""

    def may_be(self, file: str) -> bool:
        """Return whether a file may be source. Its path is relative to the project's folder, with slashes."""
        *folders, name = file.split("/")
        if self.is_part(file):
            return True
        return name.endswith(tuple(self.suffixes)) and not any(map(is_ignored, folders))

    def is_part(self, file: str) -> bool:
        """Return whether a file is part of the app, whatever the app says of it."""
        *folders, name = file.split("/")
        if name in self.always and not any(map(is_ignored, folders)):
            return True
        return any(fnmatch.fnmatchcase(file, extra) or file.startswith(f"{extra}/") for extra in self.extras)

    def folders(self, root: Path) -> Iterator[tuple[Path, list[str]]]:
        """Yield each folder that may hold source, with the names of its files."""
        for name, folders, files in os.walk(root):
            folder = Path(name)
            inside = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
            folders[:] = [sub for sub in folders if self._may_hold(f"{inside}{sub}", folder / sub)]
            yield folder, files

    def may_hold(self, folder: Path, root: Path) -> bool:
        """Return whether a folder within the project may hold source."""
        return self._may_hold(folder.relative_to(root).as_posix(), folder)

    def _may_hold(self, relative: str, folder: Path) -> bool:
        if any(extra == relative or extra.startswith(f"{relative}/") for extra in self.extras):
            return True
        inside_extra = any(relative.startswith(f"{extra}/") for extra in self.extras)
        return inside_extra or not (any(map(is_ignored, relative.split("/"))) or _is_closed(folder))


def _is_closed(folder: Path) -> bool:
    """Return whether a folder is a virtual environment, or not to be read at all."""
    try:
        return (folder / "pyvenv.cfg").exists()
    except OSError:
        return True


def is_ignored(folder: str) -> bool:
    """Return whether a folder of this name holds no source of the project itself."""
    return folder in _IGNORED_FOLDERS or folder.startswith(".")


PYTHON = Sources(suffixes=frozenset({".py"}), always=frozenset({*ENV_FILES, FILE, "pyproject.toml"}))
"""What an app in Python is made of; which of these files, it tells itself."""
ANY_LANGUAGE = Sources(
    suffixes=_SCRIPTS, always=frozenset({*ENV_FILES, FILE, "pyproject.toml", "package.json", "tsconfig.json"})
)
"""What an app may be made of that is started by a command and tells nothing."""

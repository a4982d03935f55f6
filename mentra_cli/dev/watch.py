"""Which saves matter: a changed content of a file that is part of the app, or of its environment."""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Callable, Iterable
from pathlib import Path

import watchfiles

from mentra_cli.environment import ENV_FILES

_IGNORED_FOLDERS = frozenset(
    {"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env", "virtualenv"}
)
_ALWAYS = frozenset({*ENV_FILES, "pyproject.toml"})
# A save is noticed within one step; a burst of saves is one change if its parts are less than a step apart.
_STEP_MS = 10
_BURST_MS = 400
_LOOK_EVERY_MS = 500

MatchesApp = Callable[[Path], bool]
"""Returns whether a source file is part of the app as it is now."""


async def changes(
    root: Path, matches_app: MatchesApp, unchanged_too: Callable[[], bool]
) -> AsyncGenerator[set[Path], None]:
    """Yield the files whose content changed, one set per burst of saves, until the iteration is closed.

    Args:
        matches_app: Asked for each changed ``.py`` file. The ``.env`` files and ``pyproject.toml`` always matter.
        unchanged_too: Asked for each saved file whose content is the same: whether the save matters all the same.
    """
    known = {file: _digest(file) for file in _candidates(root)}

    def changed(files: Iterable[Path]) -> set[Path]:
        found: set[Path] = set()
        for file in files:
            digest = _digest(file)
            if known.get(file) != digest or unchanged_too():
                known[file] = digest
                if file.name in _ALWAYS or matches_app(file):
                    found.add(file)
        return found

    while True:
        folder = _inode(root)
        async for burst in _bursts(root):
            if _inode(root) != folder:
                break
            if found := changed(Path(name) for _, name in burst):
                yield found
        # The folder itself was replaced: the system reports on the old one only.
        while _inode(root) is None:  # noqa: ASYNC110 - there is nothing to be told by.
            await asyncio.sleep(_LOOK_EVERY_MS / 1000)
        if found := changed({*known, *_candidates(root)}):
            yield found


def _bursts(root: Path) -> AsyncGenerator[set[tuple[watchfiles.Change, str]], None]:
    """Yield what the system reports; now and then nothing, so that one can look after the folder itself."""
    return watchfiles.awatch(  # pyright: ignore[reportUnknownMemberType] - one option is typed by trio.
        root,
        watch_filter=_Filter(root),
        step=_STEP_MS,
        debounce=_BURST_MS,
        rust_timeout=_LOOK_EVERY_MS,
        yield_on_timeout=True,
    )


class _Filter(watchfiles.BaseFilter):
    """Lets through what could be code or environment of the project; a cheap look at the path only."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def __call__(self, change: watchfiles.Change, path: str) -> bool:
        return _could_matter(Path(path), self._root)


def _could_matter(file: Path, root: Path) -> bool:
    if file.suffix != ".py" and file.name not in _ALWAYS:
        return False
    folders = file.relative_to(root).parts[:-1] if file.is_relative_to(root) else ()
    return not any(folder in _IGNORED_FOLDERS or folder.startswith(".") for folder in folders)


def _candidates(root: Path) -> list[Path]:
    found: list[Path] = []
    for name, folders, names in os.walk(root):
        folder = Path(name)
        folders[:] = [sub for sub in folders if sub not in _IGNORED_FOLDERS and not sub.startswith(".")]
        found += [folder / file for file in names if _could_matter(folder / file, root)]
    return found


def _digest(file: Path) -> bytes | None:
    """Return what identifies a content; ``None`` for what is no file, or not there. A pipe would never end."""
    try:
        return hashlib.blake2b(file.read_bytes(), digest_size=16).digest() if file.is_file() else None
    except OSError:
        return None


def _inode(folder: Path) -> int | None:
    try:
        return folder.stat().st_ino
    except OSError:
        return None

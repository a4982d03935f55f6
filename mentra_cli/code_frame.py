"""The few lines of the developer's code around an error."""

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LINES_AROUND = 2


@dataclass(frozen=True)
class CodeFrame:
    """A place in a source file, with the lines around it."""

    file: Path
    line: int
    """Counted from 1."""
    column: int | None
    """Counted from 1; ``None`` when it is not known."""
    lines: tuple[tuple[int, str], ...]
    """Number and text; empty when the file cannot be read."""

    def __str__(self) -> str:
        """Return the lines as text, the one that is meant marked with ``>``."""
        width = len(str(self.lines[-1][0])) if self.lines else 0
        return "\n".join(
            f"{'>' if number == self.line else ' '} {number:{width}} | {text}".rstrip() for number, text in self.lines
        )


def code_frame(error: BaseException, root: Path) -> CodeFrame | None:
    """Find where in the project an error came up.

    Returns:
        The innermost place in a file under ``root``, the project's virtual environment left out. For a
        ``SyntaxError`` in such a file, the place it names. ``None`` when no code of the project took part.
    """
    for file, line, column in _places(error):
        if is_project_file(file, root):
            return CodeFrame(file, line, column, lines_around(file, line))
    return None


def error_text(error: BaseException) -> str:
    """Return an error in a line: its kind, and what it says."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def is_project_file(file: Path, root: Path) -> bool:
    """Return whether there is such a file under ``root``, outside any virtual environment. Both are resolved paths."""
    # Code without a file has a name as well, such as "<string>", and would seem to lie in the current folder.
    if not file.is_relative_to(root) or not file.is_file():
        return False
    folders = file.relative_to(root).parts[:-1]
    if not {"site-packages", "dist-packages"}.isdisjoint(folders):
        return False
    return not any((root.joinpath(*folders[: depth + 1]) / "pyvenv.cfg").is_file() for depth in range(len(folders)))


def _places(error: BaseException) -> Iterator[tuple[Path, int, int | None]]:
    """Yield the places that an error names, the innermost one first."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        yield Path(error.filename).resolve(), error.lineno, error.offset or None
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.lineno:
            yield Path(frame.filename).resolve(), frame.lineno, None if frame.colno is None else frame.colno + 1


def lines_around(file: Path, line: int) -> tuple[tuple[int, str], ...]:
    """Return the lines around one, with their numbers; nothing when the file cannot be read."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    first = max(1, line - _LINES_AROUND)
    last = min(len(lines), line + _LINES_AROUND)
    return tuple((number, lines[number - 1]) for number in range(first, last + 1))

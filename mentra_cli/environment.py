"""The environment that an app runs with: the shell and the ``.env`` files of its project.

The rules:

* The shell wins over ``--env-file``, that over ``.env.local``, that over ``.env``.
* A name that is set to an empty text is set.
* Only the project's own folder is looked at, never the folders above it.
* A value is what the file says: quotes are taken off, ``$NAME`` stays as it is written.
* A line that cannot be read is reported with its number; the other lines count.
"""

import contextlib
import os
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from mentra_cli.errors import CliError, ExitCode

ENV_FILES = (".env", ".env.local")
"""The files that are read from a project's folder, the stronger one last."""

SHELL = "shell"
"""The origin of what was set before the command began."""


@dataclass(frozen=True)
class EnvironmentProblem:
    """A file, or a line of one, that could not be read."""

    file: Path
    line: int | None
    """Counted from 1; ``None`` when the file as a whole is meant."""
    message: str
    """What is wrong, without the value: it may be a secret."""


@dataclass(frozen=True)
class Environment:
    """Environment variables, and where each one came from."""

    values: dict[str, str] = field(repr=False)
    """Everything together, as a process should see it. Holds secrets."""
    files: tuple[Path, ...]
    """The files that were found, the stronger one last."""
    problems: tuple[EnvironmentProblem, ...]
    lines: dict[str, tuple[str, int]] = field(repr=False)
    """For each name that a file set: the file's name and the line."""

    def origin(self, name: str) -> str | None:
        """Return ``"shell"`` or the file's name, such as ``".env"``; ``None`` for a name that is not set."""
        if name in self.lines:
            return self.lines[name][0]
        return SHELL if name in self.values else None

    def where(self, name: str) -> str:
        """Return the origin with its line, such as ``".env:3"``; an empty text for a name that is not set."""
        if name in self.lines:
            file, line = self.lines[name]
            return f"{file}:{line}"
        return self.origin(name) or ""


def load_environment(root: Path, *, env_file: Path | None = None, shell: Mapping[str, str]) -> Environment:
    """Read the environment of the project in ``root``.

    Args:
        env_file: One more file, stronger than those of the project.
        shell: The environment of this process, usually ``os.environ``.

    Raises:
        CliError: There is no such ``env_file``. Everything else that is wrong becomes a problem of the result.
    """
    if env_file is not None and not env_file.is_file():
        raise CliError(
            f"There is no file {env_file}.",
            fix="Give the path of a file with NAME=value lines: --env-file staging.env",
            code=ExitCode.USAGE,
        )
    files = [root / name for name in ENV_FILES if (root / name).is_file()]
    if env_file is not None:
        files.append(env_file)
    values: dict[str, str] = {}
    lines: dict[str, tuple[str, int]] = {}
    problems: list[EnvironmentProblem] = []
    for file in files:
        for read in _read(file):
            if isinstance(read, EnvironmentProblem):
                problems.append(read)
            else:
                name, value, line = read
                values[name] = value
                lines[name] = (file.name, line)
    from_files = {name: where for name, where in lines.items() if name not in shell}
    return Environment({**values, **shell}, tuple(files), tuple(problems), from_files)


@contextlib.contextmanager
def as_environment(environment: Environment) -> Generator[None]:
    """Let an app see the project's environment, and only that, in ``os.environ``."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment.values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _read(file: Path) -> Iterator[tuple[str, str, int] | EnvironmentProblem]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        yield EnvironmentProblem(file, None, f"cannot be read: {error.strerror}")
        return
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        yield EnvironmentProblem(file, line, "is not UTF-8 text")
        return
    # dotenv_values would only log a bad line, and forget the line of a good one.
    for binding in parse_stream(StringIO(text)):
        line = _line(binding)
        if binding.error:
            yield EnvironmentProblem(file, line, "is not NAME=value; is a quote left open?")
        elif "\0" in (binding.value or ""):
            yield EnvironmentProblem(file, line, "has a NUL character in the value")
        elif binding.key is not None and binding.value is None:
            yield EnvironmentProblem(file, line, f"has no '=' after {binding.key}")
        elif binding.key is not None:
            yield binding.key, binding.value or "", line


def _line(binding: Binding) -> int:
    """Return the line of the statement itself: a binding begins with the blank lines before it."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")

"""Python, mentra, and the other tool of the same name."""

import platform
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from mentra_cli import __version__
from mentra_cli.checks.findings import Finding


def check_versions(shell: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what the rules of this file find."""
    yield Finding("version.python", "ok", f"Python {platform.python_version()}")
    yield Finding("version.mentra", "ok", f"mentra {__version__}")
    if clash := other_mentra(shell):
        yield clash


def other_mentra(shell: Mapping[str, str]) -> Finding | None:
    """MentraOS has a TypeScript tool whose command is ``mentra`` as well; PATH decides between the two."""
    command = shutil.which("mentra", path=shell.get("PATH", ""))
    if command is None or not _runs_javascript(Path(command)):
        return None
    return Finding(
        "version.other-mentra",
        "warning",
        f"typing mentra runs the TypeScript tool {command}",
        fix="Type python -m mentra_cli instead, or put this environment's commands first on PATH",
        where=command,
    )


def _runs_javascript(command: Path) -> bool:
    try:
        with command.open("rb") as file:
            first_line = file.readline(200)
    except OSError:
        return False
    return first_line.startswith(b"#!") and any(word in first_line for word in (b"node", b"bun", b"deno"))

"""The arrows within ``mentra_cli`` (docs/architecture.md), and what its start may load."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_imports import ROOT, imports_of, names_in, sources

MAY_USE: dict[str, set[str]] = {
    "foundations": set(),
    "checks": {"foundations", "dev/state_file.py"},
    "dev": {"foundations"},
    "cloud": {"foundations", "dev"},
    "run": {"foundations", "dev/bridge.py"},
    "commands": {"foundations", "checks", "cloud", "dev", "run"},
    "main": {"foundations", "commands"},
}
"""For each part of the command, the parts that it may import, besides itself."""

MAIN = {"__main__.py", "main.py"}

MEET_JSON = {
    "console.py",  # What --json prints.
    "scaffold.py",  # cookiecutter.json.
    "run/reports.py",  # Between mentra run and its workers.
    "dev/reports.py",  # Between mentra dev and its child.
    "dev/state_file.py",  # What mentra dev leaves for other commands.
}

HEAVY = {
    "aiohttp",
    "asyncio",
    "cookiecutter",
    "dotenv",
    "mentra",
    "msgspec",
    "prompt_toolkit",
    "watchfiles",
    "websockets",
}


def path_of(module: str) -> str | None:
    """Return the file of a name that is imported: ``mentra_cli.errors.CliError`` is in ``errors.py``."""
    parts = module.split(".")[1:]
    while parts:
        for name in (f"{'/'.join(parts)}.py", f"{'/'.join(parts)}/__init__.py"):
            if (ROOT / "mentra_cli" / name).is_file():
                return name
        parts.pop()
    return "__init__.py"


def part_of(path: str) -> str:
    first, slash, _ = path.partition("/")
    return first if slash else "main" if path in MAIN else "foundations"


def own_files() -> Iterator[tuple[str, Path]]:
    for file in sources("mentra_cli"):
        yield file.relative_to(ROOT / "mentra_cli").as_posix(), file


@pytest.mark.parametrize("part", MAY_USE)
def test_a_part_uses_only_the_parts_below_it(part: str):
    allowed = MAY_USE[part] | {part}

    wrong = [
        f"{path} imports {module}"
        for path, file in own_files()
        if part_of(path) == part
        for module in imports_of(file)
        if module.startswith("mentra_cli.") and (used := path_of(module)) and {used, part_of(used)}.isdisjoint(allowed)
    ]

    assert wrong == []


def test_every_part_has_its_place():
    assert {part_of(path) for path, _ in own_files()} == set(MAY_USE)


def test_json_is_met_where_the_command_reads_and_writes_its_own_and_never_for_the_wire():
    meet_json = {
        path
        for path, file in own_files()
        if "msgspec.json" in names_in(file) or any(module.partition(".")[0] == "json" for module in imports_of(file))
    }

    assert meet_json == MEET_JSON


def test_typer_is_the_only_way_to_its_command_line_library():
    wrong = [path for path, file in own_files() if any("click" in module.split(".") for module in imports_of(file))]

    assert wrong == []


def test_an_import_inside_a_function_says_what_it_saves():
    """Those of ``commands/`` all save the same: what the other commands and the help do without."""
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in [*sources("mentra"), *sources("mentra_cli")]
        if file.parent.name != "commands"
        for node in inside_functions(file)
        if not is_explained(node, file)
    ]

    assert wrong == []


def inside_functions(file: Path) -> Iterator[ast.stmt]:
    for function in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))


def is_explained(node: ast.stmt, file: Path) -> bool:
    """Return whether a comment stands above an import, or above the imports that it is one of."""
    above = file.read_text("utf-8").splitlines()[: node.lineno - 1]
    while above and (not above[-1].strip() or above[-1].lstrip().startswith(("from ", "import "))):
        above.pop()
    return bool(above) and above[-1].lstrip().startswith("#")


@pytest.mark.processes
@pytest.mark.parametrize("started", ["main(['--help'])", "main(['new', '--help'])", "completion()"])
def test_help_and_completion_load_nothing_heavy(started: str):
    code = f"""
import os, sys
from mentra_cli.main import main

def completion():
    os.environ.update(_MENTRA_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="mentra ch")
    main([])

{started}
print(*sorted({HEAVY} & sys.modules.keys()), file=sys.stderr)
"""

    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert finished.stdout
    assert finished.stderr == "\n"

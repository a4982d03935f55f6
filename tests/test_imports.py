"""The arrows of docs/architecture.md, read from the imports: who may use whom."""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_origin

import pytest

ROOT = Path(__file__).parents[1]

NETWORK_FILES = (
    "sockets.py",
    "binding.py",
    "opening.py",
    "tls.py",
    "client_socket.py",
    "server_socket.py",
    "accepting.py",
    "listener.py",
    "full_server.py",
    "http_client.py",
    "multipart.py",
)

MAY_USE: dict[str, set[str]] = {
    "errors": set(),
    "clock": set(),
    "bitmaps": set(),
    "wrong_names": set(),
    "moved_imports": set(),
    "config": {"errors", "protocol"},
    "protocol": {"errors", "wrong_names"},
    "transport": {"errors", "protocol"},
    "session": {"bitmaps", "errors", "protocol", "transport", "wrong_names"},
    "server": {"clock", "config", "errors", "protocol", "session", "transport", "wrong_names"},
    "localcloud": {"bitmaps", "clock", "errors", "protocol", "transport", "wrong_names"},
    "testing": {"bitmaps", "errors", "localcloud", "protocol", "server", "transport", "wrong_names"},
}
"""For each part of ``mentra``, the parts that it may import, besides itself."""

JSON_IS_MET_IN = Path("protocol/codec.py")

HEAVY = ("typer", "rich", "watchfiles", "cookiecutter", "prompt_toolkit", "aiohttp", "websockets", "PIL", "mentra_cli")


@functools.cache
def nodes_of(file: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(file.read_text())))


def imports_of(file: Path) -> Iterator[str]:
    """Yield every module that a file imports, wherever in the file: ``mentra.protocol.base``."""
    for node in nodes_of(file):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import"
            # ``from mentra import protocol`` imports a module, ``from mentra import AppServer`` the front page.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(file: Path) -> str:
    return file.relative_to(ROOT / "mentra").parts[0].removesuffix(".py")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def test_every_part_of_mentra_has_its_place():
    parts = {part_of(file) for file in sources("mentra")} - {"__init__"}

    assert parts == set(MAY_USE)


@pytest.mark.parametrize("part", MAY_USE)
def test_a_part_uses_only_the_parts_below_it(part: str):
    allowed = MAY_USE[part] | {part}

    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in sources("mentra")
        if part_of(file) == part
        for module in imports_of(file)
        if module.startswith("mentra.") and module.split(".")[1] not in allowed
    ]

    assert wrong == []


def test_the_sdk_never_uses_the_command_line():
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in sources("mentra")
        for module in imports_of(file)
        if module.partition(".")[0] == "mentra_cli"
    ]

    assert wrong == []


def test_json_is_met_in_the_codec_only():
    meets_json = [
        file.relative_to(ROOT / "mentra")
        for file in sources("mentra")
        if any(module.partition(".")[0] == "json" for module in imports_of(file)) or "msgspec.json" in names_in(file)
    ]

    assert meets_json == [JSON_IS_MET_IN]


def names_in(file: Path) -> set[str]:
    """Return the dotted names of depth two that a file uses: ``msgspec.json``."""
    return {
        f"{node.value.id}.{node.attr}"
        for node in nodes_of(file)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def test_only_the_socket_transport_touches_the_network_libraries():
    users = {
        file.relative_to(ROOT / "mentra")
        for file in sources("mentra")
        for module in imports_of(file)
        if module.partition(".")[0] in ("aiohttp", "websockets", "socket", "ssl")
    }

    assert users == {Path("transport") / name for name in NETWORK_FILES}


def test_the_protocol_does_no_input_or_output_and_reads_no_clock():
    forbidden = {"asyncio", "logging", "socket", "time", "os", "pathlib", "random"}

    imported = [
        f"{file.name} imports {module}"
        for file in sources("mentra/protocol")
        for module in imports_of(file)
        if module.partition(".")[0] in forbidden
    ]
    read = [
        f"{file.name} asks for {node.attr}()"
        for file in sources("mentra/protocol")
        for node in nodes_of(file)
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
    ]

    assert (imported, read) == ([], [])


@pytest.mark.processes
def test_importing_mentra_loads_none_of_the_heavy_libraries():
    code = f"import sys, mentra; print([name for name in {HEAVY!r} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)

    assert loaded.stdout.strip() == "[]"


def test_every_public_name_is_there_documented_and_in_order():
    import mentra

    assert mentra.__all__ == sorted(mentra.__all__)
    # An alias of a Literal has no docstring of its own.
    public = {name: getattr(mentra, name) for name in mentra.__all__}
    assert [name for name, thing in public.items() if get_origin(thing) is not Literal and not thing.__doc__] == []

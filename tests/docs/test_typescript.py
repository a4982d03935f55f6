"""The page for those who come from TypeScript: each Python name on it exists, with the options that are used."""

import ast
import inspect
import re
from collections.abc import AsyncIterator
from typing import Any, get_overloads

import pytest

import mentra
from mentra import AppServer
from mentra.testing import simulate
from tests.docs.pages import ROOT, rows

PAGE = ROOT / "docs" / "typescript.md"
CODE = re.compile(r"`([^`]+)`")
PLACEHOLDERS = {"handler", "image", "frames", "ButtonPress", "MySettings"}


@pytest.fixture
async def names() -> AsyncIterator[dict[str, Any]]:
    """What the names at the beginning of the page's Python code stand for."""
    async with simulate(AppServer(package_name="com.example.app", api_key="key")) as glasses:
        yield {
            "mentra": mentra,
            "app": glasses.app,
            "session": next(iter(glasses.app.sessions.values())),
            "glasses": glasses,
            "request": mentra.Request,
            "stream": mentra.VideoStream,
            "managed_stream": mentra.ManagedStream,
            "subscription": mentra.Subscription,
            "activity": mentra.VoiceActivity,
        }


def python_code() -> list[str]:
    """The code in the Python column of the page, and what the third column says besides."""
    found = [code for _, python, _ in rows(PAGE.read_text()) for code in CODE.findall(python)]
    return [code for code in dict.fromkeys(found) if re.match(r"(mentra|app|session|glasses|stream|request)\b", code)]


def resolve(node: ast.expr, names: dict[str, Any]) -> Any:
    """Return what a dotted name is, and check the keywords of a call on it."""
    match node:
        case ast.Name(name):
            return names[name]
        case ast.Attribute(owner, name):
            return getattr(resolve(owner, names), name)
        case ast.Subscript(owner):
            return resolve(owner, names)
        case ast.Call(function, arguments, keywords):
            called = resolve(function, names)
            wanted = {word.arg for word in keywords} | {each.id for each in arguments if isinstance(each, ast.Name)}
            known = parameters_of(called)
            assert wanted - PLACEHOLDERS <= known, f"{wanted} of {known}"
            return None
        case _:
            pytest.fail(f"This is no name: {ast.unparse(node)}")


def parameters_of(called: Any) -> set[str]:
    found = set(inspect.signature(called).parameters)
    overloads = get_overloads(getattr(called, "__func__", called))
    return found | {name for each in overloads for name in inspect.signature(each).parameters}


@pytest.mark.parametrize("code", python_code())
def test_each_python_name_exists(code: str, names: dict[str, Any]):
    resolve(ast.parse(code.removeprefix("await "), mode="eval").body, names)

"""The page for those who come from TypeScript: each Python name on it exists, with the options that are used."""

import ast
import inspect
import re
from collections.abc import AsyncIterator, Callable
from typing import Any, get_overloads

import pytest

import mentra
from mentra import AppServer, Request
from mentra.protocol.package_names import SYSTEM_DASHBOARDS
from mentra.testing import simulate
from mentra.wrong_names import snake_case
from tests.docs.pages import ROOT, rows

PAGE = ROOT / "docs" / "typescript.md"
CODE = re.compile(r"`([^`]+)`")
PLACEHOLDERS = {"handler", "image", "frames", "ButtonPress", "MySettings"}


@pytest.fixture
async def names() -> AsyncIterator[dict[str, Any]]:
    """What the names at the beginning of the page's Python code stand for."""
    # The one app that may change the whole dashboard.
    async with simulate(AppServer(package_name=SYSTEM_DASHBOARDS[0], api_key="key")) as glasses:
        yield {
            "mentra": mentra,
            "app": glasses.app,
            "session": next(iter(glasses.app.sessions.values())),
            "glasses": glasses,
            "request": mentra.Request,
            "a request": Request.__new__(Request),
            "stream": mentra.VideoStream,
            "managed_stream": mentra.ManagedStream,
            "subscription": mentra.Subscription,
            "activity": mentra.VoiceActivity,
        }


def python_code() -> list[str]:
    """The code in the Python column of the page, and what the third column says besides."""
    calls, _, _ = PAGE.read_text().partition("## What does not happen here")
    found = [code for _, python, _ in rows(calls) for code in CODE.findall(python)]
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


def defects() -> list[list[str]]:
    _, _, table = PAGE.read_text().partition("## What does not happen here")
    return [[number.strip("`"), what, test.strip("`")] for number, what, test in rows(table)]


def test_no_defect_is_left_out():
    assert [int(number) for number, *_ in defects()] == list(range(1, 34))


@pytest.mark.parametrize(("number", "what", "test"), defects())
def test_each_defect_has_its_test(number: str, what: str, test: str):
    file, _, name = test.partition("::")

    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), flags=re.MULTILINE)


WRITTEN_THERE = re.compile(r"(?:new |protected |await )?([\w.]+)")


def typescript_names() -> dict[str, set[str]]:
    """Each name of the official SDK on the page, with the Python names of its rows; none if it has no counterpart."""
    calls, _, _ = PAGE.read_text().partition("## What does not happen here")
    found: dict[str, set[str]] = {}
    for typescript, python, _ in rows(calls):
        right = {code.partition("(")[0].rpartition(".")[2] for code in CODE.findall(python)}
        for code in CODE.findall(typescript):
            if written := WRITTEN_THERE.match(code):
                found.setdefault(written[1], set()).update(right)
    return found


def what_is_said(name: str, names: dict[str, Any]) -> str:
    """Look a name up part by part, as an app would. Return what the errors say, and the last name if it exists."""
    root, *parts = name.split(".")
    if root not in ("session", "request"):
        return "\n".join(look(owner, root)[1] for owner in (mentra, names["app"]))
    owner = names["a request"] if root == "request" else names[root]
    said: list[str] = []
    for part in parts:
        found, text = look(owner, part)
        said += [text] if found is None or part == parts[-1] else []
        renamed = re.search(r"Use session\.(\w+)(?: itself| instead)", text)
        owner = found if found is not None or renamed is None else getattr(names["session"], renamed[1])
    return "\n".join(said)


def look(owner: Any, name: str) -> tuple[Any, str]:
    try:
        return getattr(owner, name), name
    except AttributeError as error:
        return None, str(error)


@pytest.mark.parametrize("spelling", [str, snake_case])
@pytest.mark.parametrize(("name", "right"), typescript_names().items())
def test_each_typescript_name_is_answered_with_the_python_one(
    name: str, right: set[str], spelling: Callable[[str], str], names: dict[str, Any]
):
    said = what_is_said(spelling(name), names)

    assert "Did you mean" not in said
    if right:
        assert any(re.search(rf"\b{re.escape(each)}", said) for each in right), said
    else:
        assert re.search(r"attribute '\w+'\. [A-Z].*\.|has no '\w+'\. [A-Z].*\.", said), said

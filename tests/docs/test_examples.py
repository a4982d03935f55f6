"""Every Python block of a page runs: its apps on virtual glasses, its tests as tests."""

import importlib
import inspect
import logging
import re

import pytest

from mentra import AppServer
from mentra.testing import simulate
from tests.docs.pages import PAGES, README, blocks, name_of

_FILE_NAME = re.compile(r"# (\w+)\.py\n")


def modules(page, folder):
    """Write the blocks of a page to a folder, as the files that their first lines name, and import them in order."""
    names = []
    for code in blocks(page, "python"):
        named = _FILE_NAME.match(code)
        assert named, f"this block does not begin with its file name, such as '# app.py':\n{code}"
        names.append(named[1])
        (folder / f"{named[1]}.py").write_text(code, encoding="utf-8")
    return [importlib.import_module(name) for name in names]


def members(module, kind):
    return [value for _, value in inspect.getmembers(module, kind) if value.__module__ == module.__name__]


def apps_of(module):
    return [kind for kind in members(module, inspect.isclass) if issubclass(kind, AppServer)]


@pytest.fixture
def importable(tmp_path, monkeypatch, own_imports):
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name_of)
async def test_the_apps_of_a_page_run(page, importable, caplog):
    for module in modules(page, importable):
        for app in apps_of(module):
            async with simulate(app) as glasses:
                assert glasses.display

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name_of)
async def test_the_tests_of_a_page_pass(page, importable):
    for module in modules(page, importable):
        for function in members(module, inspect.iscoroutinefunction):
            await function()


def test_the_readme_has_an_app_and_its_tests(importable):
    app, *_, tests = modules(README, importable)

    assert [each.__name__ for each in members(app, inspect.isclass)] == ["HelloApp"]
    assert len(members(tests, inspect.iscoroutinefunction)) == 3

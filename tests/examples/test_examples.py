"""Every example works as a project of its own, and is what examples/README.md says of it."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples"
EXAMPLES = sorted(path.parent for path in FOLDER.glob("*/pyproject.toml"))
WITHIN_S = 300
SAME_IN_ALL = re.compile(r'\[project\]\nname = ".+"\n|description = ".+"\n|app = ".+"\n')

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


def run_in(example, *arguments):
    """Run a Python module in the folder of an example, and show what it printed if it fails."""
    finished = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=example,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout


def sources(example):
    """The files that someone reads who wants to know how the example works."""
    return [*example.glob("*.py"), *example.glob("*.html")]


def test_there_are_three():
    assert [example.name for example in EXAMPLES] == ["assistant", "captions", "reminders"]


@each_example
def test_the_projects_are_set_up_alike(example):
    def common(of):
        return SAME_IN_ALL.sub("", (of / "pyproject.toml").read_text("utf-8"))

    assert common(example) == common(EXAMPLES[0])


@each_example
def test_git_ignores_the_same_as_in_a_new_project(example):
    template = ROOT / "templates" / "minimal" / "{{cookiecutter.project_name}}" / ".gitignore"

    assert (example / ".gitignore").read_text("utf-8") == template.read_text("utf-8")


@each_example
def test_the_app_is_named_for_the_tool(example):
    settings = tomllib.loads((example / "pyproject.toml").read_text("utf-8"))

    module, _, name = settings["tool"]["mentra"]["app"].partition(":")
    assert f"\nclass {name}(AppServer):\n" in (example / f"{module}.py").read_text("utf-8")


@each_example
def test_no_checker_is_silenced(example):
    found = [
        path for path in example.rglob("*.py") if re.search(r"type: ignore|noqa|pyright:", path.read_text("utf-8"))
    ]

    assert found == []


@each_example
def test_the_example_is_less_than_half_as_long_as_its_original(example):
    [original] = re.findall(
        rf"^\| \[{example.name}\].*\| ([\d,]+) \|$", (FOLDER / "README.md").read_text("utf-8"), flags=re.MULTILINE
    )

    ours = sum(len(path.read_text("utf-8")) for path in sources(example))
    assert ours < int(original.replace(",", "")) / 2


@pytest.mark.processes
@each_example
def test_the_example_passes_its_own_tests_without_a_network(example):
    run_in(example, "pytest", "-q", "-W", "error", "-p", "tests.examples.no_network", "-p", "no:cacheprovider")


@pytest.mark.processes
@pytest.mark.timeout(WITHIN_S)
@each_example
def test_mypy_accepts_the_example(example, tmp_path_factory):
    cache = tmp_path_factory.getbasetemp() / "mypy"  # Shared: most of the work is the same for all.

    run_in(example, "mypy", "--strict", "--cache-dir", str(cache), "app.py", "tests")


@pytest.mark.processes
@pytest.mark.timeout(WITHIN_S)
@each_example
def test_pyright_accepts_the_example(example):
    run_in(example, "pyright", "--project", ".", "--pythonpath", sys.executable)


@pytest.mark.processes
@each_example
@pytest.mark.parametrize("check", [["check", "--extend-select", "I,B,UP,SIM,RUF"], ["format", "--check"]], ids=" ".join)
def test_the_example_is_tidy(example, check):
    run_in(example, "ruff", *check, ".")

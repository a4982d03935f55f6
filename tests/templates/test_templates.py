"""Every template keeps the rules of templates/README.md, and every project made from one works."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mentra_cli.scaffold import Template, create_project, find_templates

TEMPLATES = list(find_templates().values())
SAME_IN_ALL = ["pyproject.toml", ".gitignore", ".env.example", "{{cookiecutter._env_file}}"]
PLAIN_PYTHON = ["app.py", "tests/test_app.py"]

each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)


def source_of(template: Template) -> Path:
    return template.folder / "{{cookiecutter.project_name}}"


@pytest.fixture
def project(template: Template, tmp_path: Path) -> Path:
    return create_project(template, name="my-app", package_name="com.example.myapp", output_dir=tmp_path)


def run_in(project: Path, *arguments: str) -> None:
    """Run a Python module in a project, and show what it printed if it fails."""
    finished = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout


@each_template
@pytest.mark.parametrize("file", SAME_IN_ALL)
def test_common_files_are_the_same_in_all_templates(template: Template, file: str):
    assert (source_of(template) / file).read_text("utf-8") == (source_of(TEMPLATES[0]) / file).read_text("utf-8")


@each_template
def test_the_readme_is_the_same_from_run_on(template: Template):
    def instructions(of: Template) -> str:
        return (source_of(of) / "README.md").read_text("utf-8").partition("\n## Run\n")[2]

    assert instructions(template) == instructions(TEMPLATES[0]) != ""


@each_template
@pytest.mark.parametrize("file", PLAIN_PYTHON)
def test_the_code_holds_no_cookiecutter_variables(template: Template, file: str):
    assert "cookiecutter" not in (source_of(template) / file).read_text("utf-8")


@each_template
def test_nothing_is_left_unrendered(project: Path):
    left = [path for path in project.rglob("*") if path.is_file() and "cookiecutter" in path.read_text("utf-8")]

    assert left == []


@each_template
def test_the_app_is_named_for_the_tool(project: Path):
    settings = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))

    module, _, name = settings["tool"]["mentra"]["app"].partition(":")
    assert f"\nclass {name}(AppServer):\n" in (project / f"{module}.py").read_text("utf-8")


@each_template
def test_the_environment_file_is_complete_for_local_work(project: Path):
    lines = (project / ".env").read_text("utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if not line.startswith("#"))

    key = values.pop("API_KEY")
    assert values == {"PACKAGE_NAME": "com.example.myapp", "PORT": "3000"}
    assert key.startswith("local-")
    assert len(key.removeprefix("local-")) == 32


@each_template
def test_the_example_of_the_environment_has_the_same_names_and_no_secret(project: Path):
    def names(file: str) -> list[str]:
        lines = (project / file).read_text("utf-8").splitlines()
        return [line.partition("=")[0] for line in lines if line and not line.startswith("#")]

    assert names(".env.example") == names(".env")
    assert "\nAPI_KEY=\n" in (project / ".env.example").read_text("utf-8")


@pytest.mark.processes
@each_template
def test_git_sees_every_file_of_the_template(template: Template):
    files = [str(path) for path in template.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]

    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", *files],
        cwd=template.folder,
        stdout=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )

    assert ignored.stdout == ""


@pytest.mark.processes
@each_template
def test_the_project_passes_its_own_tests(project: Path):
    run_in(project, "pytest", "-q", "-W", "error")


@pytest.mark.processes
@each_template
def test_the_project_is_fully_typed(project: Path):
    run_in(project, "mypy", "--strict", "app.py", "tests")


@pytest.mark.processes
@each_template
@pytest.mark.parametrize("check", [["check", "--extend-select", "I,B,UP,SIM,RUF"], ["format", "--check"]], ids=" ".join)
def test_the_project_is_tidy(project: Path, check: list[str]):
    run_in(project, "ruff", *check, ".")

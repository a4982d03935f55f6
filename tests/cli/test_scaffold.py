import json
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.ext import Extension

from mentra_cli.commands.new import DEFAULT_TEMPLATE
from mentra_cli.errors import CliError
from mentra_cli.scaffold import Template, create_project, find_templates


class Interrupting(Extension):
    """A template extension in whose middle somebody presses Ctrl-C."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters["interrupt"] = self._interrupt

    def _interrupt(self, _: object) -> str:
        raise KeyboardInterrupt


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def make_template(folder: Path, last_file: str, **variables: object) -> Template:
    """A template whose first file is fine."""
    project = folder / "template" / "{{cookiecutter.project_name}}"
    project.mkdir(parents=True)
    manifest = {"project_name": "", "package_name": "", **variables}
    (project.parent / "cookiecutter.json").write_text(json.dumps(manifest), encoding="utf-8")
    (project / "a-first.txt").write_text("fine", encoding="utf-8")
    (project / "b-last.txt").write_text(last_file, encoding="utf-8")
    return Template(name="mine", description="", folder=project.parent)


def create(template: Template, out: Path) -> Path:
    return create_project(template, name="hello", package_name="com.example.hello", output_dir=out)


def captions() -> Template:
    return find_templates()["captions"]


def test_the_default_template_is_among_those_found():
    assert DEFAULT_TEMPLATE in find_templates()


def test_a_project_is_the_only_thing_that_is_left_in_the_folder(out: Path):
    project = create(captions(), out)

    assert project == out / "hello"
    assert list(out.iterdir()) == [project]


def test_a_missing_folder_is_made(out: Path):
    project = create(captions(), out / "deep" / "er")

    assert (project / "app.py").is_file()


def test_only_the_owner_can_read_the_secrets(out: Path):
    project = create(captions(), out)

    assert (project / ".env").stat().st_mode & 0o077 == 0


def test_each_project_gets_its_own_key(out: Path):
    first = create_project(captions(), name="one", package_name="com.example.app", output_dir=out)
    second = create_project(captions(), name="two", package_name="com.example.app", output_dir=out)

    assert (first / ".env").read_text("utf-8") != (second / ".env").read_text("utf-8")


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch], ids=["folder", "file"])
def test_something_that_exists_is_not_touched(out: Path, make):
    make(out / "hello")

    with pytest.raises(CliError, match="already exists") as refused:
        create(captions(), out)

    assert "Choose another name" in refused.value.fix
    assert list(out.rglob("*")) == [out / "hello"]


def test_a_dangling_link_counts_as_existing(out: Path):
    (out / "hello").symlink_to(out / "nowhere")

    with pytest.raises(CliError, match="already exists"):
        create(captions(), out)


@pytest.mark.parametrize("broken", ["{{ cookiecutter.missing }}", "{% if %}"], ids=["undefined variable", "bad syntax"])
def test_a_broken_template_leaves_nothing_behind(tmp_path: Path, out: Path, broken: str):
    with pytest.raises(CliError, match="'mine' cannot be rendered"):
        create(make_template(tmp_path, broken), out)

    assert list(out.iterdir()) == []


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, out: Path):
    extension = f"{__name__}.{Interrupting.__name__}"
    template = make_template(tmp_path, "{{ 'now' | interrupt }}", _extensions=[extension])

    with pytest.raises(KeyboardInterrupt):
        create(template, out)

    assert list(out.iterdir()) == []


def test_a_file_in_place_of_the_output_folder_is_an_error_that_names_the_option(out: Path):
    (out / "file").touch()

    with pytest.raises(CliError, match="Cannot create") as refused:
        create(captions(), out / "file")

    assert "--output-dir" in refused.value.fix

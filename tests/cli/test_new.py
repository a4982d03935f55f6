import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from mentra_cli.main import main

MENTRA = [sys.executable, "-m", "mentra_cli"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_project_has_the_files_of_an_app(tmp_path: Path):
    code = main(["new", "hello"])

    assert code == 0
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "hello/.env",
        "hello/.env.example",
        "hello/.gitignore",
        "hello/README.md",
        "hello/app.py",
        "hello/pyproject.toml",
        "hello/tests/test_app.py",
    ]


def test_the_last_lines_are_the_commands_to_type_next(capsys: pytest.CaptureFixture[str]):
    main(["new", "hello"])

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-2:] == ["  cd hello", "  mentra dev"]


def test_a_folder_with_a_space_is_quoted_in_the_next_command(capsys: pytest.CaptureFixture[str]):
    main(["new", "hello", "--output-dir", "my apps"])

    assert "  cd 'my apps/hello'" in capsys.readouterr().err.splitlines()


def test_json_is_one_document_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main(["new", "hello", "--template", "weather", "--json"])

    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "version": 1,
        "path": str(tmp_path / "hello"),
        "template": "weather",
        "package_name": "com.example.hello",
        "next": ["cd hello", "mentra dev"],
    }
    assert printed.err == ""


def test_the_package_name_stands_in_both_environment_files():
    main(["new", "hello", "--package-name", "io.acme.greeter"])

    assert "PACKAGE_NAME=io.acme.greeter\n" in Path("hello/.env").read_text("utf-8")
    assert "PACKAGE_NAME=io.acme.greeter\n" in Path("hello/.env.example").read_text("utf-8")


def test_an_existing_folder_exits_1_and_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "hello").mkdir()

    code = main(["new", "hello"])

    assert code == 1
    assert "already exists" in capsys.readouterr().err
    assert list(tmp_path.rglob("*")) == [tmp_path / "hello"]


@pytest.mark.parametrize(
    ("arguments", "example"),
    [(["1.2"], "'my-captions'"), (["hello", "--package-name", "hello"], "'com.example.captions'")],
)
def test_a_bad_name_exits_7_with_a_good_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], example: str
):
    code = main(["new", *arguments])

    assert code == 7
    assert example in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_template_exits_2_with_the_nearest_and_the_list(capsys: pytest.CaptureFixture[str]):
    code = main(["new", "hello", "--template", "caption"])

    printed = capsys.readouterr().err
    assert code == 2
    assert "Did you mean 'captions'?" in printed
    assert "captions, minimal, weather" in printed


def test_a_missing_name_exits_2_and_says_so_when_nobody_can_be_asked(capsys: pytest.CaptureFixture[str]):
    code = main(["new"])

    printed = capsys.readouterr().err
    assert code == 2
    assert "NAME" in printed
    assert "mentra new my-captions" in printed


def test_the_list_of_templates_has_a_line_for_each(capsys: pytest.CaptureFixture[str]):
    code = main(["new", "--list-templates"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines] == ["captions", "minimal", "weather"]


def test_the_list_of_templates_as_json_names_the_default(capsys: pytest.CaptureFixture[str]):
    main(["new", "--list-templates", "--json"])

    listed = json.loads(capsys.readouterr().out)
    assert (listed["version"], listed["default"]) == (1, "captions")
    assert [template["name"] for template in listed["templates"]] == ["captions", "minimal", "weather"]


def test_help_ends_with_examples(capsys: pytest.CaptureFixture[str]):
    main(["new", "--help"])

    assert "mentra new --list-templates" in capsys.readouterr().out.partition("Examples:")[2]


@pytest.mark.processes
def test_nothing_is_written_to_the_home_folder(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()

    subprocess.run(
        [*MENTRA, "new", "hello"],
        env={**os.environ, "HOME": str(home), "USERPROFILE": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        timeout=30,
    )

    assert Path("hello").is_dir()
    assert list(home.rglob("*")) == []


@pytest.mark.processes
def test_git_ignores_the_secrets_of_a_new_project():
    main(["new", "hello"])
    subprocess.run(["git", "init", "--quiet", "hello"], check=True, timeout=30)

    untracked = subprocess.run(
        ["git", "-C", "hello", "status", "--porcelain", "--untracked-files=all"],
        check=True,
        timeout=30,
        capture_output=True,
        text=True,
    )

    names = untracked.stdout.split()
    assert ".env.example" in names
    assert ".env" not in names


@pytest.mark.terminal
@pytest.mark.parametrize(("extra", "asked"), [([], True), (["--no-input"], False)])
def test_the_name_is_asked_for_at_a_terminal_only(extra: list[str], asked: bool):
    code = new_at_a_terminal(extra, environment={"CI": ""})

    assert (code == 0) is asked
    assert Path("typed-name").is_dir() is asked


@pytest.mark.terminal
def test_nothing_is_asked_in_continuous_integration():
    assert new_at_a_terminal([], environment={"CI": "true"}) == 2


def new_at_a_terminal(extra: list[str], environment: dict[str, str]) -> int:
    """Run ``mentra new`` with a terminal, type a name, and return the exit code."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"typed-name\n")
        finished = subprocess.run(
            [*MENTRA, "new", *extra],
            stdin=theirs,
            stderr=theirs,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **environment},
            timeout=30,
            check=False,
        )
        return finished.returncode
    finally:
        os.close(ours)
        os.close(theirs)

from pathlib import Path

import pytest

from mentra_cli.environment import EnvironmentProblem, load_environment
from mentra_cli.errors import CliError, ExitCode


def test_the_shell_wins_over_the_given_file_over_local_over_env(tmp_path: Path):
    (tmp_path / ".env").write_text("A=env\nB=env\nC=env\nD=env\n")
    (tmp_path / ".env.local").write_text("A=local\nB=local\nC=local\n")
    (tmp_path / "staging.env").write_text("A=given\nB=given\n")

    environment = load_environment(tmp_path, env_file=tmp_path / "staging.env", shell={"A": "shell"})

    assert environment.values == {"A": "shell", "B": "given", "C": "local", "D": "env"}
    assert {name: environment.origin(name) for name in "ABCDE"} == {
        "A": "shell",
        "B": "staging.env",
        "C": ".env.local",
        "D": ".env",
        "E": None,
    }
    assert [file.name for file in environment.files] == [".env", ".env.local", "staging.env"]
    assert environment.problems == ()


def test_a_place_has_the_line_of_the_statement(tmp_path: Path):
    (tmp_path / ".env").write_text("# comment\n\n\nA=1\nB='two\nlines'\n\nexport C=3\n")

    environment = load_environment(tmp_path, shell={"S": "x"})

    assert [environment.where(name) for name in ("A", "B", "C", "S", "none")] == [
        ".env:4",
        ".env:5",
        ".env:8",
        "shell",
        "",
    ]


def test_an_empty_value_in_the_shell_counts(tmp_path: Path):
    (tmp_path / ".env").write_text("A=1\n")

    assert load_environment(tmp_path, shell={"A": ""}).values == {"A": ""}


def test_quotes_and_comments_go_and_dollars_stay(tmp_path: Path):
    (tmp_path / ".env").write_text("\ufeffA=\"one two\" # comment\nB='$A ${A}'\nC=${A}#x\n", encoding="utf-8")

    environment = load_environment(tmp_path, shell={})

    assert environment.values == {"A": "one two", "B": "$A ${A}", "C": "${A}#x"}


def test_folders_above_are_not_searched(tmp_path: Path):
    (tmp_path / ".env").write_text("A=1\n")
    (tmp_path / "project").mkdir()

    environment = load_environment(tmp_path / "project", shell={})

    assert environment.values == {}
    assert environment.files == ()


def test_a_bad_line_is_reported_and_the_others_count(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text('A=1\n\nB="open\nC 2\nD\nE=5\n')

    environment = load_environment(tmp_path, shell={})

    assert environment.values == {"A": "1", "E": "5"}
    assert environment.problems == (
        EnvironmentProblem(file, 3, "is not NAME=value; is a quote left open?"),
        EnvironmentProblem(file, 4, "is not NAME=value; is a quote left open?"),
        EnvironmentProblem(file, 5, "has no '=' after D"),
    )


def test_a_file_in_another_encoding_is_reported(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_bytes(b"A=1\nB=caf\xe9\n")

    environment = load_environment(tmp_path, shell={})

    assert environment.values == {}
    assert environment.problems == (EnvironmentProblem(file, 2, "is not UTF-8 text"),)


def test_a_virtual_environment_called_env_is_no_settings_file(tmp_path: Path):
    (tmp_path / ".env").mkdir()

    assert load_environment(tmp_path, shell={}).files == ()


def test_a_missing_given_file_is_a_usage_error(tmp_path: Path):
    with pytest.raises(CliError, match=r"no file .*staging\.env") as raised:
        load_environment(tmp_path, env_file=tmp_path / "staging.env", shell={})

    assert raised.value.code is ExitCode.USAGE


def test_the_values_are_not_part_of_the_representation(tmp_path: Path):
    (tmp_path / ".env").write_text("API_KEY=s3cret\n")

    assert "s3cret" not in repr(load_environment(tmp_path, shell={"OTHER": "s3cret"}))

import os
import subprocess
from pathlib import Path

import pytest

from mentra_cli.checks.env_files import check_env_files
from mentra_cli.environment import load_environment


def check(root: Path, **limits: float) -> list[tuple[str, str, str]]:
    findings = check_env_files(load_environment(root, shell={}), root, **limits)
    return [(finding.rule, finding.level, finding.where) for finding in findings]


def test_a_readable_file_is_fine(tmp_path: Path):
    (tmp_path / ".env").write_text("A=1\n")

    assert check(tmp_path) == [("env.file", "ok", "")]


def test_no_file_is_a_warning(tmp_path: Path):
    assert check(tmp_path) == [("env.missing-file", "warning", "")]


def test_a_bad_line_is_an_error_with_its_place(tmp_path: Path):
    (tmp_path / ".env").write_text('A=1\nB="open\n')

    assert check(tmp_path) == [("env.file", "ok", ""), ("env.bad-line", "error", ".env:2")]


@pytest.mark.processes
def test_git_is_asked_about_each_file(tmp_path: Path):
    for name in (".env", ".env.local"):
        (tmp_path / name).write_text("A=1\n")
    (tmp_path / ".gitignore").write_text(".env.local\n")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)

    assert check(tmp_path)[1:] == [
        ("git.env-not-ignored", "warning", ".env"),
        ("git.env", "ok", ".env.local"),
    ]

    subprocess.run(["git", "-C", str(tmp_path), "add", ".env"], check=True)

    assert check(tmp_path)[1] == ("git.committed-env", "error", ".env")


@pytest.mark.processes
@pytest.mark.parametrize("answer", ["exec sleep 30", "exit 128"])
def test_a_git_that_cannot_say_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str):
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f"#!/bin/sh\n{answer}\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(git.parent), prepend=os.pathsep)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".env").write_text("A=1\n")

    assert check(tmp_path, git_within_s=0.2) == [("env.file", "ok", ""), ("git.no-answer", "warning", ".env")]

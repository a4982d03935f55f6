"""The ``.env`` files: there, readable, and kept out of git."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from mentra_cli.checks.findings import Finding
from mentra_cli.environment import Environment

GIT_WITHIN_S = 10.0


def check_env_files(environment: Environment, root: Path, *, git_within_s: float = GIT_WITHIN_S) -> Iterator[Finding]:
    """Yield what the rules of this file find."""
    yield present(environment)
    yield from readable(environment)
    if _in_git(root):
        for file in environment.files:
            if file.is_relative_to(root):
                yield out_of_git(file, root, git_within_s)


def present(environment: Environment) -> Finding:
    """Without a file, everything must come from the shell."""
    if environment.files:
        names = ", ".join(file.name for file in environment.files)
        return Finding("env.file", "ok", f"read {names}; what the shell sets wins")
    return Finding(
        "env.missing-file",
        "warning",
        "there is no .env in the project; only the shell's environment counts",
        fix="Fine on a server. On your computer: cp .env.example .env, and fill it in",
    )


def readable(environment: Environment) -> Iterator[Finding]:
    """Every line must be readable: one that is not is ignored, and so is the setting on it."""
    for problem in environment.problems:
        name = problem.file.name
        if problem.line is None:
            yield Finding("env.unreadable-file", "error", f"{name} {problem.message}", fix=f"Make {name} readable")
        else:
            yield Finding(
                "env.bad-line",
                "error",
                f"line {problem.line} of {name} {problem.message}",
                fix="Write one NAME=value per line, in UTF-8; comments begin with #",
                where=f"{name}:{problem.line}",
            )


def out_of_git(file: Path, root: Path, git_within_s: float) -> Finding:
    """A secret in a repository is no secret."""
    name = file.relative_to(root).as_posix()
    try:
        tracked = _git(root, git_within_s, "ls-files", "--error-unmatch", "--", name)
        ignored = _git(root, git_within_s, "check-ignore", "--quiet", "--", name)
    except (OSError, subprocess.SubprocessError):
        return Finding(
            "git.no-answer",
            "warning",
            f"git does not say whether it ignores {name}",
            fix=f"Ask it yourself, it may say why: git check-ignore -v {name}",
            where=name,
        )
    if tracked:
        return Finding(
            "git.committed-env",
            "error",
            f"git tracks {name}: its secrets are in the repository's history",
            fix=f"git rm --cached {name}, add {name} to .gitignore, and generate a new API key in the console",
            where=name,
        )
    if ignored:
        return Finding("git.env", "ok", f"git ignores {name}", where=name)
    return Finding(
        "git.env-not-ignored",
        "warning",
        f"git does not ignore {name}: one 'git add .' publishes your key",
        fix=f"echo {name} >> .gitignore",
        where=name,
    )


def _in_git(root: Path) -> bool:
    return any((folder / ".git").exists() for folder in (root, *root.parents)) and shutil.which("git") is not None


def _git(root: Path, within_s: float, *arguments: str) -> bool:
    """Return whether git says yes.

    Raises:
        SubprocessError: It says neither yes nor no, or nothing in time.
    """
    command = ["git", "-C", str(root), *arguments]
    answer = subprocess.run(command, capture_output=True, check=False, timeout=within_s)  # noqa: S603 - no shell.
    if answer.returncode not in (0, 1):
        answer.check_returncode()
    return answer.returncode == 0

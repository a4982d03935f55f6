import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from mentra_cli import __version__
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.main import app, main

COLOUR = re.compile(r"\x1b\[[\d;]*\b[39]\d")


@pytest.fixture
def register() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Add commands that fail, for the length of one test."""
    before = list(app.registered_commands)
    yield lambda command: app.command()(command) and None
    app.registered_commands[:] = before


def crash() -> None:
    raise RuntimeError("the [moon] fell down")


def refuse() -> None:
    raise CliError("no [key] was found", fix="set API_KEY", code=ExitCode.AUTHENTICATION)


def interrupt() -> None:
    raise KeyboardInterrupt


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_help_lists_the_commands_and_ends_with_examples(capsys: pytest.CaptureFixture[str]):
    code = main(["--help"])

    commands, _, examples = capsys.readouterr().out.partition("Examples:")
    assert code == 0
    assert "new" in commands
    assert "mentra new hello" in examples


@pytest.mark.parametrize("command", sorted(get_command(app).commands))  # type: ignore[attr-defined]
def test_the_help_of_each_command_ends_with_examples_of_it(command: str, capsys: pytest.CaptureFixture[str]):
    code = main([command, "--help"])

    examples = capsys.readouterr().out.partition("Examples:")[2]
    assert code == 0
    assert f"mentra {command}" in examples


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]):
    main([])

    assert "Examples:" in "".join(capsys.readouterr())


@pytest.mark.parametrize("arguments", [["--version", "--verbose"], ["-V", "--no-color"]])
def test_the_version_is_printed_between_other_options_too(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    code = main(arguments)

    assert code == 0
    assert capsys.readouterr().out == f"mentra {__version__}\n"


def test_an_unknown_command_exits_2_with_the_nearest(capsys: pytest.CaptureFixture[str]):
    code = main(["nwe"])

    assert code == 2
    assert "Did you mean 'new'?" in capsys.readouterr().err


def test_an_unknown_option_exits_2(capsys: pytest.CaptureFixture[str]):
    code = main(["new", "--nonsense"])

    assert code == 2
    assert "--nonsense" in capsys.readouterr().err


def test_a_problem_of_the_user_has_its_exit_code_and_a_fix(register, capsys: pytest.CaptureFixture[str]):
    register(refuse)

    code = main(["refuse"])

    assert code == 3
    assert capsys.readouterr().err == "Error: no [key] was found\nFix:   set API_KEY\n"


def test_a_bug_exits_1_without_a_traceback(register, capsys: pytest.CaptureFixture[str]):
    register(crash)

    code = main(["crash"])

    printed = capsys.readouterr().err
    assert code == 1
    assert "Internal error: RuntimeError: the [moon] fell down" in printed
    assert "--verbose" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("arguments", [["--verbose", "crash"], ["crash", "--verbose"]])
def test_a_bug_shows_its_traceback_under_verbose(register, arguments: list[str], capsys: pytest.CaptureFixture[str]):
    register(crash)

    code = main(arguments)

    printed = capsys.readouterr().err
    assert code == 1
    assert "Traceback (most recent call last)" in printed
    assert "in crash" in printed


def test_an_interruption_exits_130(register):
    register(interrupt)

    assert main(["interrupt"]) == 130


@pytest.mark.processes
@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_printed_before_typer_is_imported(option: str):
    code = f"import sys; sys.argv[1:] = [{option!r}]; from mentra_cli.__main__ import run; run()"

    finished = run("-c", f"{code}; sys.exit('typer' in sys.modules or 'rich' in sys.modules)")

    assert finished.stdout == f"mentra {__version__}\n"
    assert finished.returncode == 0


SHELLS = {"bash": "complete -o default -F", "zsh": "#compdef mentra", "fish": "complete --command mentra"}
BOX = "\u256d"


@pytest.mark.processes
@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_script_for_completion(shell: str):
    # Typer would look for the shell that the tests run in.
    finished = run("-m", "mentra_cli", "--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")

    assert finished.returncode == 0
    assert SHELLS[shell] in finished.stdout
    assert "_MENTRA_COMPLETE=complete_" in finished.stdout


@pytest.mark.processes
@pytest.mark.parametrize(
    "asked",
    [
        {"_MENTRA_COMPLETE": "complete_bash", "COMP_WORDS": "mentra ch", "COMP_CWORD": "1"},
        {"_MENTRA_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "mentra ch"},
        {
            "_MENTRA_COMPLETE": "complete_fish",
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "_TYPER_COMPLETE_ARGS": "mentra ch",
        },
    ],
    ids=lambda asked: asked["_MENTRA_COMPLETE"],
)
def test_a_shell_that_asks_is_told_the_command_and_no_other(asked: dict[str, str]):
    finished = run("-m", "mentra_cli", **asked)

    assert finished.returncode == 0
    assert "check" in finished.stdout
    assert "new" not in finished.stdout


@pytest.mark.processes
def test_help_and_usage_errors_have_no_boxes_in_a_pipe():
    shown = run("-m", "mentra_cli", "--help").stdout + run("-m", "mentra_cli", "new", "--nonsense").stderr

    assert "Commands:" in shown
    assert "--nonsense" in shown
    assert shown.isascii()


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
def test_help_has_boxes_at_a_terminal():
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mentra_cli", "--help"],
        env={**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # EIO is the end on Linux.
        while data := terminal.read(4096):
            shown += data

    assert process.wait(timeout=30) == 0
    assert BOX in shown.decode()


@pytest.mark.processes
def test_python_dash_m_is_the_same_command():
    finished = run("-m", "mentra_cli", "nonsense")

    assert finished.returncode == 2


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "environment", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        (["--no-color"], {}, False),
    ],
)
def test_colour_is_left_out_on_request(arguments: list[str], environment: dict[str, str], coloured: bool):
    finished = run("-m", "mentra_cli", "new", "1.2", *arguments, **{"FORCE_COLOR": "1", "NO_COLOR": "", **environment})

    assert bool(COLOUR.search(finished.stderr)) is coloured


@pytest.mark.parametrize(
    ("arguments", "setting", "code", "told"),
    [
        (["--glasses", "mentra live"], "", ExitCode.USAGE, "Fix:   Did you mean 'Mentra Live'?"),
        (
            ["--glasses", "Nonsense"],
            "",
            ExitCode.USAGE,
            "There are no glasses 'Nonsense', as far as is known. There are: E",
        ),
        (
            ["--glasses", "Mentra Live", "--cloud", "wss://x.example.com"],
            "",
            ExitCode.USAGE,
            "with --cloud there are none",
        ),
        (
            ["--faithful", "--cloud", "wss://x.example.com"],
            "",
            ExitCode.USAGE,
            "--faithful is for the local cloud; the real one always is.\nFix:   Leave it out.",
        ),
        ([], 'glasses = "Nonsense"', ExitCode.VALIDATION, "It stands under [tool.mentra] in pyproject.toml."),
    ],
)
def test_glasses_that_nobody_knows_are_refused(
    arguments: list[str],
    setting: str,
    code: ExitCode,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "pyproject.toml").write_text(f"[tool.mentra]\n{setting}\n")
    (tmp_path / "app.py").touch()
    monkeypatch.chdir(tmp_path)

    ended = main(["dev", *arguments])

    assert ended == code
    assert told in capsys.readouterr().err


def test_a_choice_that_there_is_not_is_told_with_those_that_there_are(capsys: pytest.CaptureFixture[str]):
    assert main(["look", "sideways"]) == ExitCode.USAGE

    assert capsys.readouterr().err.splitlines()[-1] == (
        "Error: Invalid value for 'direction': 'sideways' is not one of 'up', 'down'."
    )

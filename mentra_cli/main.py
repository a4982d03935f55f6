"""Arguments to command to exit code.

A command fails with a ``CliError``, which becomes a message and a code here and nowhere else; ``typer.Exit`` is for a
result that is a code. The process itself ends in ``__main__.py``, and the child of ``mentra dev`` in ``dev/child.py``.

A command is one file in ``commands/`` and one line here. Command modules import what is heavy inside the function,
so that ``mentra --help`` does not pay for it.
"""

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from mentra_cli import __version__, console
from mentra_cli.commands import check, dev, new, say
from mentra_cli.errors import CliError, ExitCode

app = typer.Typer(
    name="mentra",
    help="Write apps for smart glasses running MentraOS, in Python.",
    no_args_is_help=True,
    # Boxes for people only: a pipe, a file or a coding agent gets plain text.
    rich_markup_mode="rich" if sys.stdout.isatty() and sys.stderr.isatty() else None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n  mentra new hello\n\n  cd hello && mentra dev",
)

app.command(epilog=new.EXAMPLES)(new.new)
app.command(epilog=dev.EXAMPLES)(dev.dev)
app.command(epilog=say.EXAMPLES)(say.say)
app.command(epilog=check.EXAMPLES)(check.check)

_ANYWHERE = frozenset({"--verbose", "--no-color"})


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    arguments = _global_options_first(arguments)
    try:
        app(args=arguments, prog_name="mentra")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else ExitCode.OK
    except CliError as problem:
        console.error(problem)
        if "--json" in arguments:
            console.json({"version": 1, "error": problem.message, "fix": problem.fix, "exit_code": int(problem.code)})
        return problem.code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as bug:  # noqa: BLE001 - the last line of defence: a bug is reported, with its traceback on request.
        _report(bug, verbose="--verbose" in arguments)
        return ExitCode.GENERAL
    return ExitCode.OK


def _print_version(wanted: bool) -> None:
    if wanted:
        console.data(f"mentra {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        # Eager, or typer would ask for a command first.
        bool,
        typer.Option("--version", "-V", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show more, and tracebacks of internal errors.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print without colour (also: NO_COLOR=1).")] = False,
) -> None:
    """Write apps for smart glasses running MentraOS, in Python."""
    if no_color:
        console.out.no_color = console.err.no_color = True


def _global_options_first(arguments: Sequence[str]) -> list[str]:
    """Let global options stand after the command, too: ``mentra dev --verbose``."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    head, tail = arguments[:end], arguments[end:]
    moved = [argument for argument in head if argument in _ANYWHERE]
    return [*moved, *(argument for argument in head if argument not in _ANYWHERE), *tail]


def _report(bug: Exception, *, verbose: bool) -> None:
    if verbose:
        sys.stderr.write("".join(traceback.format_exception(bug)))
    console.error(
        CliError(
            f"Internal error: {type(bug).__name__}: {bug}",
            fix="This is a bug in mentra. Run the same command with --verbose and report what it prints.",
        )
    )

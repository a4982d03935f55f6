"""Arguments to command to exit code.

A command fails with a ``CliError``, which becomes a message and a code here and nowhere else; ``typer.Exit`` is for a
result that is a code. The process itself ends in ``__main__.py``, and the child of ``mentra dev`` in ``dev/child.py``.

A command is one file in ``commands/`` and one line here. Command modules import what is heavy inside the function,
so that ``mentra --help`` does not pay for it.
"""

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mentra_cli import __version__, console
from mentra_cli.commands import (
    battery,
    calendar,
    check,
    cloud,
    config,
    dev,
    dismiss,
    drop,
    leave,
    logs,
    look,
    move,
    network,
    new,
    notify,
    open_page,
    permissions,
    photo,
    press,
    replay,
    restart,
    run,
    say,
    screen,
    send,
    settings,
    sound,
    start,
    status,
    stop,
    tool,
    touch,
    wear,
)
from mentra_cli.errors import CliError, ExitCode


class Commands(TyperGroup):
    """Says of a wrong argument what is wrong, without the words of the library that found it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the command line names."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


app = typer.Typer(
    name="mentra",
    cls=Commands,
    help="Write apps for smart glasses running MentraOS, in Python.",
    no_args_is_help=True,
    # Boxes for people only: a pipe, a file or a coding agent gets plain text.
    rich_markup_mode="rich" if sys.stdout.isatty() and sys.stderr.isatty() else None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n  mentra new hello\n\n  cd hello && mentra dev",
)

RUN = "Make and run"
app.command(epilog=new.EXAMPLES, rich_help_panel=RUN)(new.new)
app.command(cls=dev.DevCommand, epilog=dev.EXAMPLES, rich_help_panel=RUN)(dev.dev)
app.command(epilog=run.EXAMPLES, rich_help_panel=RUN)(run.run)
app.command(epilog=cloud.EXAMPLES, rich_help_panel=RUN)(cloud.cloud)
app.command(epilog=check.EXAMPLES, rich_help_panel=RUN)(check.check)
app.add_typer(config.app, name="config", epilog=config.EXAMPLES, rich_help_panel=RUN)

USER = "Be the user (of the mentra dev or mentra cloud that runs here)"
app.command(epilog=say.EXAMPLES, rich_help_panel=USER)(say.say)
app.command(epilog=press.EXAMPLES, rich_help_panel=USER)(press.press)
app.command(epilog=touch.EXAMPLES, rich_help_panel=USER)(touch.touch)
app.command(epilog=look.EXAMPLES, rich_help_panel=USER)(look.look)
app.command(cls=move.MoveCommand, epilog=move.EXAMPLES, rich_help_panel=USER, context_settings=move.CONTEXT)(move.move)
app.command(epilog=notify.EXAMPLES, rich_help_panel=USER)(notify.notify)
app.command(epilog=dismiss.EXAMPLES, rich_help_panel=USER)(dismiss.dismiss)
app.command(epilog=calendar.EXAMPLES, rich_help_panel=USER)(calendar.calendar)
app.command(epilog=battery.EXAMPLES, rich_help_panel=USER)(battery.battery)
app.command(epilog=photo.EXAMPLES, rich_help_panel=USER)(photo.photo)
app.command(epilog=sound.EXAMPLES, rich_help_panel=USER)(sound.sound)
app.command(epilog=send.EXAMPLES, rich_help_panel=USER)(send.send)
app.command(epilog=settings.EXAMPLES, rich_help_panel=USER)(settings.settings)
app.command(epilog=permissions.EXAMPLES, rich_help_panel=USER)(permissions.permissions)
app.command(epilog=tool.EXAMPLES, rich_help_panel=USER)(tool.tool)
app.command(name="open", epilog=open_page.EXAMPLES, rich_help_panel=USER)(open_page.open_page)
app.command(epilog=wear.EXAMPLES, rich_help_panel=USER)(wear.wear)
app.command(epilog=network.EXAMPLES, rich_help_panel=USER)(network.network)
app.command(epilog=drop.EXAMPLES, rich_help_panel=USER)(drop.drop)
app.command(epilog=start.EXAMPLES, rich_help_panel=USER)(start.start)
app.command(epilog=leave.EXAMPLES, rich_help_panel=USER)(leave.leave)

LOOK = "Look"
app.command(epilog=screen.EXAMPLES, rich_help_panel=LOOK)(screen.screen)
app.command(epilog=logs.EXAMPLES, rich_help_panel=LOOK)(logs.logs)
app.command(epilog=status.EXAMPLES, rich_help_panel=LOOK)(status.status)

STEER = "Steer (the mentra dev or mentra cloud that runs here)"
app.command(epilog=restart.EXAMPLES, rich_help_panel=STEER)(restart.restart)
app.command(epilog=replay.EXAMPLES, rich_help_panel=STEER)(replay.replay)
app.command(epilog=stop.EXAMPLES, rich_help_panel=STEER)(stop.stop)

_ANYWHERE = frozenset({"--verbose", "--no-color"})


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    arguments = _global_options_first(arguments)
    try:
        # mentra dev takes command lines, too.
        app(args=arguments, prog_name="mentra", obj=main)
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
    if verbose:
        console.verbose = True
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

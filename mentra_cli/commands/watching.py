"""What the commands that stay in the foreground share: how the traffic is shown."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from mentra_cli import console
from mentra_cli.errors import ExitCode

if TYPE_CHECKING:
    from mentra_cli.dev.views.options import ViewOptions


def view_options(context: typer.Context, *, as_json: bool) -> "ViewOptions":
    """Return how the traffic is shown, and what can be typed beside it."""
    from mentra_cli.dev.views.options import ViewOptions

    return ViewOptions(
        verbose=console.verbose,
        no_color=console.out.no_color,
        as_json=as_json,
        run_command=_refuse if as_json else context.obj,
        commands=_names_of_commands(context),
    )


def _refuse(words: Sequence[str]) -> int:
    console.say(
        f"/{words[0]} would print among the JSON. Run it by itself, in the same folder: mentra {shlex.join(words)}"
    )
    return ExitCode.USAGE


def _names_of_commands(context: typer.Context) -> list[str]:
    group: Any = context.find_root().command
    return list(group.commands)

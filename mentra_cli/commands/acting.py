"""What the commands for a running ``mentra dev`` share: options, and one action with its answer."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from mentra_cli import console
from mentra_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from mentra_cli.dev.actions import Shown
    from mentra_cli.dev.control_messages import UserRequest

FIRST_USER = "you@example.com"
"""``mentra.localcloud.DEFAULT_USER``, which takes 70 ms to import."""

User = Annotated[str, typer.Option(metavar="EMAIL", help="Who does it. A new user gets glasses, and the app.")]
App = Annotated[
    str, typer.Option("--app", metavar="PACKAGE", help="Which app, where mentra cloud has several.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Values = Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", show_default=False)]


def act(action: "UserRequest", *, as_json: bool, takes_s: float = 0.0) -> None:
    """Have something happen to the glasses, and print what they show afterwards.

    Args:
        action: What happens.
        as_json: Print a JSON document.
        takes_s: How long it lasts by itself.

    Raises:
        CliError: It could not happen.
        typer.Exit: It happened, and the app does not listen to it.
    """
    import asyncio

    shown, told = asyncio.run(_shown(action, takes_s))
    if as_json:
        console.json(shown)
    else:
        console.data(shown.dashboard or shown.display)
        if shown.warning:
            console.say(shown.warning)
    if shown.problem and told:
        raise typer.Exit(ExitCode.GENERAL)
    if shown.problem:
        end_with(CliError(shown.problem, fix=shown.fix or ""))


async def _shown(action: "UserRequest", takes_s: float) -> "tuple[Shown, bool]":
    """Return what the glasses show, and whether problems were told here: it was typed into mentra dev itself."""
    from mentra_cli.dev.actions import Shown
    from mentra_cli.dev.control_client import ANSWER_WITHIN_S, connect

    async with connect(Path.cwd()) as client:
        shown = await client.ask(action, Shown, within_s=ANSWER_WITHIN_S + takes_s)
        return shown, client.state.pid == os.getpid()


def end_with(problem: CliError) -> NoReturn:
    """End a command that has printed its result, and failed all the same: with ``--json`` there is one document."""
    console.error(problem)
    raise typer.Exit(problem.code)


def read_file(path: Path) -> bytes:
    """Return the contents of a file that the command line names.

    Raises:
        CliError: It cannot be read (NOT_FOUND).
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise CliError(
            f"{path} cannot be read: {error.strerror}.", fix="Give the path of a file.", code=ExitCode.NOT_FOUND
        ) from error

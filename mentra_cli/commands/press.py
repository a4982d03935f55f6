"""``mentra press``: press a button of the glasses."""

from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra press

  mentra press --long --button camera

Prints what the glasses show afterwards.
"""


def press(
    long: Annotated[bool, typer.Option("--long", help="Hold it.")] = False,
    button: Annotated[str, typer.Option(metavar="NAME", help="Which one.")] = "main",
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Press a button of the glasses."""
    from mentra_cli.dev.actions import Press

    act(Press(button=button, long=long, user=user), as_json=as_json)

"""``mentra look``: look up, or down again."""

from typing import Annotated, Literal

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra look up

  mentra look down

Prints what the glasses show afterwards.
"""


def look(
    direction: Annotated[Literal["up", "down"], typer.Argument(help="Where to.")],
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Look up, or down again."""
    from mentra_cli.dev.actions import Look

    act(Look(direction=direction, user=user), as_json=as_json)

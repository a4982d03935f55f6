"""``mentra move``: be somewhere else."""

from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra move 48.21 16.37

  mentra move -33.9 151.2 --accuracy 5

Prints what the glasses show afterwards.
"""

CONTEXT = {"ignore_unknown_options": True}
"""So that -33.9 is a number."""


def move(
    lat: Annotated[float, typer.Argument(help="Degrees north; below zero south.", min=-90, max=90)],
    lng: Annotated[float, typer.Argument(help="Degrees east; below zero west.", min=-180, max=180)],
    accuracy: Annotated[
        float | None, typer.Option(metavar="METRES", help="How exact it is known.", min=0, show_default=False)
    ] = None,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Be somewhere else."""
    from mentra_cli.dev.actions import Move

    act(Move(lat=lat, lng=lng, accuracy_m=accuracy, user=user), as_json=as_json)

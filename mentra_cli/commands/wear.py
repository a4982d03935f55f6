"""``mentra wear``: put on glasses of another model."""

from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act
from mentra_cli.errors import ExitCode

EXAMPLES = """Examples:

  mentra wear "Mentra Live"

  mentra wear "Even Realities G1"

  mentra wear "Mentra Live" --user bob@example.com

A new user wears them before the app starts. Prints what the glasses show afterwards.
"""


def wear(
    model: Annotated[str, typer.Argument(help="The model, as MentraOS calls it.")],
    force: Annotated[
        bool, typer.Option("--force", help="Put on a model of which nobody knows what it can do, too.")
    ] = False,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Put on glasses of another model; the app is told what they can do."""
    from mentra_cli.dev.actions import Wear
    from mentra_cli.glasses import check_model

    if not force:
        check_model(
            model, fix="With --force the app is told that nobody knows what they can do.", code=ExitCode.NOT_FOUND
        )
    act(Wear(model=model, user=user), as_json=as_json)

"""``mentra wear``: put on glasses of another model."""

from typing import Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra wear "Mentra Live"

  mentra wear "Even Realities G1"

Prints what the glasses show afterwards.
"""


def wear(
    model: Annotated[str, typer.Argument(help="The model, as MentraOS calls it.")],
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Put on glasses of another model; the app is told what they can do."""
    from mentra.localcloud.models import MODELS
    from mentra_cli.dev.actions import Wear

    if model not in MODELS:
        console.say(f"Of {model!r} nobody knows what they can do. Known: {', '.join(MODELS)}.")
    act(Wear(model=model, user=user), as_json=as_json)

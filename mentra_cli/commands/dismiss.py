"""``mentra dismiss``: remove a notification from the phone."""

from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra dismiss

  mentra dismiss 7

Prints what the glasses show afterwards.
"""


def dismiss(
    notification_id: Annotated[str, typer.Argument(metavar="[ID]", help="The id that mentra notify gave it.")] = "1",
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Remove a notification from the phone."""
    from mentra_cli.dev.actions import Dismiss

    act(Dismiss(id=notification_id, user=user), as_json=as_json)

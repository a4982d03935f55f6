"""``mentra battery``: have the battery of the glasses, or of the phone, at a level."""

from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra battery 15

  mentra battery 80 --charging --phone

Prints what the glasses show afterwards.
"""


def battery(
    level: Annotated[int, typer.Argument(help="Percent.", min=0, max=100)],
    charging: Annotated[bool, typer.Option("--charging", help="It is being charged.")] = False,
    phone: Annotated[bool, typer.Option("--phone", help="That of the phone, not of the glasses.")] = False,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Have the battery of the glasses, or of the phone, at a level."""
    from mentra_cli.dev.actions import Battery

    act(Battery(level=level, charging=charging, phone=phone, user=user), as_json=as_json)

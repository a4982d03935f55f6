"""``mentra start``: start the app for a user."""

from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, App, Json, User, act

EXAMPLES = """Examples:

  mentra start

  mentra start --user bob@example.com --glasses "Mentra Live"

Prints what the glasses show afterwards.
"""


def start(
    glasses: Annotated[
        str, typer.Option(metavar="MODEL", help="Put these on first.  [default: those that the user has]")
    ] = "",
    user: User = FIRST_USER,
    app: App = "",
    as_json: Json = False,
) -> None:
    """Start the app for a user, unless it runs."""
    from mentra_cli.dev.actions import Start

    if glasses:
        from mentra_cli.glasses import check_model

        check_model(glasses)
    act(Start(app=app, user=user, glasses=glasses), as_json=as_json)

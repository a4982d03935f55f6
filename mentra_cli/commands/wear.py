"""``mentra wear``: put glasses on, of another model too, or take them off."""

from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act
from mentra_cli.errors import CliError, ExitCode

EXAMPLES = """Examples:

  mentra wear "Mentra Live"

  mentra wear "Mentra Live" --wifi home --user bob@example.com

  mentra wear --off

  mentra wear    (the same ones again)

A new user wears them before the app starts. Prints what the glasses show afterwards. While they are off nothing is
shown, and photos are refused.
"""


def wear(
    model: Annotated[
        str, typer.Argument(help="The model, as MentraOS calls it.  [default: the same as before]", show_default=False)
    ] = "",
    off: Annotated[bool, typer.Option("--off", help="Take them off.")] = False,
    wifi: Annotated[
        str | None, typer.Option(metavar="NAME", help="The Wi-Fi network that they are in.", show_default=False)
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Put on a model of which nobody knows what it can do, too.")
    ] = False,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Put on glasses, or take them off; the app is told what they can do."""
    from mentra_cli.dev.actions import Wear
    from mentra_cli.glasses import check_model

    if off and (model or wifi):
        raise CliError("Glasses are put on or taken off.", fix="Leave out --off, or the rest.", code=ExitCode.USAGE)
    if model and not force:
        check_model(
            model, fix="With --force the app is told that nobody knows what they can do.", code=ExitCode.NOT_FOUND
        )
    act(Wear(model=model, off=off, ssid=wifi, user=user), as_json=as_json)

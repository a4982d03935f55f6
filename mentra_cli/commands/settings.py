"""``mentra settings``: tell, or change, the settings that a user has in the app, or in MentraOS."""

from pathlib import Path
from typing import Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import FIRST_USER, App, Json, User, Values, act

EXAMPLES = """Examples:

  mentra settings

  mentra settings lines=3 city=Vienna

  mentra settings --mentraos metricSystemEnabled=true userTimezone=Europe/Vienna

Without values it prints those there are, with values what the glasses show afterwards.
"""


def settings(
    values: Values = None,
    mentraos: Annotated[
        bool, typer.Option("--mentraos", help="Those of MentraOS itself, such as units and time zone.")
    ] = False,
    user: User = FIRST_USER,
    app: App = "",
    as_json: Json = False,
) -> None:
    """Tell, or change, the settings of the app. A value is JSON if it can be, else text."""
    from mentra_cli.dev.actions import ChangeSettings
    from mentra_cli.values import parse_values

    if values:
        act(ChangeSettings(app=app, values=parse_values(values), mentraos=mentraos, user=user), as_json=as_json)
    else:
        _show(user, app, mentraos=mentraos, as_json=as_json)


def _show(user: str, app: str, *, mentraos: bool, as_json: bool) -> None:
    import asyncio

    from mentra.protocol import codec
    from mentra_cli.dev.control_client import call
    from mentra_cli.dev.control_messages import Settings, SettingsNow

    now = asyncio.run(call(Path.cwd(), Settings(app=app, user=user, mentraos=mentraos), SettingsNow))
    if as_json:
        console.json(now)
        return
    for key, value in now.values.items():
        console.data(f"{key}={codec.encode(value).decode()}")
    if not now.values:
        console.say("The app has no settings yet. Change one: mentra settings lines=3")

"""``mentra tool``: call a tool of the app, as the Mentra AI does."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import FIRST_USER, App, Json, User, Values, end_with
from mentra_cli.errors import CliError

EXAMPLES = """Examples:

  mentra tool forecast city=Vienna

  mentra tool add what=milk --json

Prints the app's answer: text as it is, everything else as JSON.
"""


def tool(
    name: Annotated[str, typer.Argument(help="The tool.")],
    values: Values = None,
    user: User = FIRST_USER,
    app: App = "",
    as_json: Json = False,
) -> None:
    """Call a tool of the app, as the Mentra AI does. A value is JSON if it can be, else text."""
    import asyncio

    from mentra_cli.dev.actions import CallTool, ToolAnswer
    from mentra_cli.dev.control_client import call
    from mentra_cli.values import parse_values

    asked = CallTool(app=app, name=name, parameters=parse_values(values or []), user=user)
    said = asyncio.run(call(Path.cwd(), asked, ToolAnswer))
    if as_json:
        console.json(said)
    else:
        _show(said.answer)
    if said.failed:
        end_with(CliError(f"The tool {name} failed.", fix="See what the app printed: mentra logs --filter stderr"))


def _show(answer: object) -> None:
    import msgspec

    from mentra.protocol.webhooks import ToolReply

    with contextlib.suppress(msgspec.ValidationError):
        answer = msgspec.convert(answer, ToolReply).reply
    if answer is None:
        console.say("The app answered nothing. Is there such a tool?")
    elif isinstance(answer, str):
        console.data(answer)
    else:
        console.json(answer)

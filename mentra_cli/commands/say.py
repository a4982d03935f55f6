"""``mentra say``: speak to the app that runs in ``mentra dev``."""

from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra say "what is the weather"

  mentra say "hola" --language es-ES

  mentra say "hello" --user bob@example.com

Prints what the glasses show afterwards.
"""


def say(
    text: Annotated[str, typer.Argument(help="What to say.")],
    language: Annotated[str, typer.Option(help="The language it is said in.")] = "en-US",
    interim: Annotated[bool, typer.Option("--interim", help="Go on speaking: not the final text yet.")] = False,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Speak to the app in the running mentra dev of this folder."""
    from mentra_cli.dev.actions import Say

    act(Say(text=text, language=language, interim=interim, user=user), as_json=as_json)

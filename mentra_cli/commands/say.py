"""``mentra say``: speak to the app that runs in ``mentra dev``."""

from pathlib import Path
from typing import Annotated

import typer

from mentra_cli import console
from mentra_cli.errors import CliError

EXAMPLES = """Examples:

  mentra say "what is the weather"

  mentra say "hola" --language es-ES

Prints what the glasses show afterwards.
"""


def say(
    text: Annotated[str, typer.Argument(help="What to say.")],
    language: Annotated[str, typer.Option(help="The language it is said in.")] = "en-US",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Speak to the app in the running mentra dev of this folder."""
    import asyncio

    from mentra_cli.dev.control import Say, Shown
    from mentra_cli.dev.control_client import call

    shown = asyncio.run(call(Path.cwd(), "POST", "/say", Say(text=text, language=language), Shown))
    if json:
        console.json(shown)
    else:
        console.data(shown.display)
    if not shown.heard:
        raise CliError(
            f"Nobody heard it: the app has not subscribed to speech in {language}.",
            fix=f'Register a handler in on_session: session.events.on_transcription(handler, language="{language}")',
        )

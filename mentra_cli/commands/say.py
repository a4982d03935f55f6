"""``mentra say``: speak to the app that runs in ``mentra dev``."""

from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act
from mentra_cli.errors import CliError, ExitCode

EXAMPLES = """Examples:

  mentra say "what is the weather"

  mentra say "hola" --language es-ES

  mentra say "good morning" --to es-ES --translation "buenos días"

  mentra say "what is the weather" --word-by-word

  mentra say "hello" --user bob@example.com

Prints what the glasses show afterwards.
"""


def say(
    text: Annotated[str, typer.Argument(help="What to say.")],
    language: Annotated[str, typer.Option(help="The language it is said in.")] = "en-US",
    to: Annotated[
        str, typer.Option(metavar="LANGUAGE", help="Have it translated into this one, too.", show_default=False)
    ] = "",
    translation: Annotated[
        str, typer.Option(metavar="TEXT", help="What it is in that one.  [default: the same text]", show_default=False)
    ] = "",
    interim: Annotated[bool, typer.Option("--interim", help="Go on speaking: not the final text yet.")] = False,
    word_by_word: Annotated[
        bool, typer.Option("--word-by-word", help="Have an interim result after each word first, as real speech has.")
    ] = False,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Speak to the app in the running mentra dev of this folder."""
    from mentra_cli.dev.actions import Say

    if translation and not to:
        raise CliError("--translation needs the language that it is in.", fix="Add it: --to es-ES", code=ExitCode.USAGE)
    said = Say(
        text=text,
        language=language,
        interim=interim,
        word_by_word=word_by_word,
        to=to,
        translation=translation,
        user=user,
    )
    act(said, as_json=as_json)

"""``mentra replay``: deliver an event once more, to the code as it is now."""

from pathlib import Path
from typing import Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import Json

EXAMPLES = """Examples:

  mentra replay

  mentra replay 120

Without a number it is the last event that the cloud sent; numbers are in mentra logs --json. Prints what the glasses
show afterwards.
"""


def replay(
    number: Annotated[
        int | None, typer.Argument(metavar="[NUMBER]", help="The event's entry in the log.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Deliver an event once more, to the code as it is now."""
    import asyncio

    from mentra_cli.dev.control_client import call
    from mentra_cli.dev.control_messages import Replay, Replayed

    done = asyncio.run(call(Path.cwd(), Replay(number=number), Replayed))
    if as_json:
        console.json(done)
    else:
        console.say(f"Replayed {done.number}: {done.stream} of {done.user}.")
        if done.display is not None:
            console.data(done.display)

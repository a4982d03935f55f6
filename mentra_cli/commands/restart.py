"""``mentra restart``: load the code anew, even if nothing changed."""

from pathlib import Path

from mentra_cli import console
from mentra_cli.commands.acting import Json, end_with
from mentra_cli.commands.status import failure

EXAMPLES = """Examples:

  mentra restart

  mentra restart --json

Sessions go on in the new code. Exits with 7 when it does not load, or its on_session fails at once.
"""


def restart(as_json: Json = False) -> None:
    """Load the code of the app anew, even if nothing changed, and wait for the outcome."""
    import asyncio

    from mentra_cli.dev.control_client import call
    from mentra_cli.dev.control_messages import Restart, Restarted

    outcome = asyncio.run(call(Path.cwd(), Restart(), Restarted))
    if as_json:
        console.json(outcome)
    elif outcome.loaded:
        console.data(f"Loaded in {outcome.took_ms or 0:.0f} ms.")
    if outcome.problem is not None:
        if outcome.still_serving and not outcome.loaded:
            console.say("The code before it goes on serving.")
        end_with(failure(outcome.problem))

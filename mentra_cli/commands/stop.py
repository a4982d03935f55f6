"""``mentra stop``: end the running ``mentra dev``."""

from pathlib import Path

from mentra_cli import console
from mentra_cli.commands.acting import Json
from mentra_cli.errors import CliError

EXAMPLES = """Examples:

  mentra stop

  mentra stop && mentra dev
"""

END_WITHIN_S = 10.0


def stop(as_json: Json = False) -> None:
    """End the running mentra dev of this folder, and wait until it is gone."""
    import asyncio

    from mentra_cli.dev.control_client import call
    from mentra_cli.dev.control_messages import Stop, Stopping
    from mentra_cli.processes import wait_until_gone

    ending = asyncio.run(call(Path.cwd(), Stop(), Stopping))
    if not wait_until_gone(ending.pid, within_s=END_WITHIN_S):
        raise CliError(
            f"mentra dev (process {ending.pid}) was asked to end, and is still there after {END_WITHIN_S:g} s.",
            fix=f"End it by force: kill -9 {ending.pid}",
        )
    if as_json:
        console.json(ending)
    else:
        console.say("Stopped.")

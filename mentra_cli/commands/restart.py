"""``mentra restart``: load the code anew, even if nothing changed; or restart the local cloud."""

from pathlib import Path
from typing import Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import Json, end_with
from mentra_cli.commands.status import failure
from mentra_cli.errors import CliError, ExitCode

EXAMPLES = """Examples:

  mentra restart

  mentra restart --json

  mentra restart --cloud --down 3s

Sessions go on in the new code. Exits with 7 when it does not load, or its on_session fails at once. With --cloud the
code stays, and the local cloud ends like a process that is killed, and comes back: apps are started again.
"""


def restart(
    cloud: Annotated[bool, typer.Option("--cloud", help="Restart the local cloud, and not the code.")] = False,
    down: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long the cloud is away, with --cloud.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Load the code of the app anew, even if nothing changed, and wait for the outcome."""
    if cloud:
        _restart_cloud(down or "0", as_json=as_json)
        return
    if down is not None:
        raise CliError("--down is how long the cloud is away.", fix="Add it: --cloud", code=ExitCode.USAGE)
    _restart_code(as_json=as_json)


def _restart_code(*, as_json: bool) -> None:
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


def _restart_cloud(down: str, *, as_json: bool) -> None:
    import asyncio

    from mentra_cli.dev.control_client import call
    from mentra_cli.dev.network_requests import CloudRestarted, RestartCloud
    from mentra_cli.quantities import parse_duration

    outcome = asyncio.run(call(Path.cwd(), RestartCloud(down_s=parse_duration(down)), CloudRestarted))
    if as_json:
        console.json(outcome)
    else:
        console.data("The local cloud is back, and starts the apps again.")

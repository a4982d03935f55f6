"""Another one that runs in the same folder: commands would find only one of the two."""

from pathlib import Path
from urllib.parse import urlsplit

from mentra.transport.base import HttpError, Network
from mentra_cli.dev import state_file
from mentra_cli.errors import CliError

_WITHIN_S = 1.0


async def refuse_neighbour(network: Network, root: Path) -> None:
    """Refuse to be the second one in a folder.

    Raises:
        CliError: Another one answers.
    """
    other = state_file.read(root)
    if other is None:
        return
    headers = {"authorization": f"Bearer {other.token}", "host": urlsplit(other.control_url).netloc}
    try:
        answer = await network.request("GET", f"{other.control_url}/status", headers=headers, timeout=_WITHIN_S)
    except HttpError:
        return  # It was killed, and could not take its file away.
    if answer.status != 200:
        return  # Another program has its port by now, which does not know the token.
    raise CliError(
        f"{other.command} runs in {root} already (process {other.pid}, port {other.port}).",
        fix="Use that one, or end it first: mentra stop",
    )

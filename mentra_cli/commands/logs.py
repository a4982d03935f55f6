"""``mentra logs``: what happened in the running ``mentra dev``."""

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentra_cli import console

if TYPE_CHECKING:
    from mentra_cli.dev.control_messages import Logs

EXAMPLES = """Examples:

  mentra logs -n 20

  mentra logs --follow --filter display_event

  mentra logs --json --after 120
"""


def logs(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document per line.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until mentra dev ends.")] = False,
    last: Annotated[
        int | None, typer.Option("-n", metavar="N", help="Only the last so many.", min=0, show_default=False)
    ] = None,
    contains: Annotated[
        str, typer.Option("--filter", metavar="TEXT", help="Only what contains this, in any case.")
    ] = "",
    after: Annotated[
        int, typer.Option(metavar="NUMBER", help="Only what came after the entry of this number.", min=0)
    ] = 0,
) -> None:
    """Print what happened: webhooks, messages, output of the app, loads of its code."""
    import asyncio

    from mentra_cli.dev.control_messages import Logs

    asked = Logs(after=after, filter=contains, last=last)
    asyncio.run(_print(asked, as_json=as_json, follow=follow))


async def _print(asked: "Logs", *, as_json: bool, follow: bool) -> None:
    from mentra_cli.dev.log_reader import read_logs

    async with aclosing(read_logs(Path.cwd(), asked, follow=follow)) as reading:
        async for told in reading:
            if told.missed:
                console.say(f"{told.missed} entries are missing here: they are not kept any more.")
            for each in told.entries:
                if as_json:
                    console.json_line(bytes(each.entry))
                else:
                    console.data(each.text)

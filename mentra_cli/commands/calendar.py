"""``mentra calendar``: have an entry in the phone's calendar."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra calendar "Lunch with Ann"

  mentra calendar "Dentist" --start 2026-01-31T14:30 --minutes 45

Prints what the glasses show afterwards.
"""


def calendar(
    title: Annotated[str, typer.Argument(help="What is in it.")],
    start: Annotated[
        datetime | None,
        typer.Option(
            metavar="TIME",
            help="When it begins, in the time of this machine.  [default: in ten minutes]",
            formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%z"],
            show_default=False,
        ),
    ] = None,
    minutes: Annotated[float, typer.Option(help="How long it is.", min=0)] = 60.0,
    entry_id: Annotated[str, typer.Option("--id", help="The entry's id.")] = "1",
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Have an entry in the phone's calendar."""
    from mentra_cli.dev.actions import Calendar

    begin = datetime.now().astimezone() + timedelta(minutes=10) if start is None else start.astimezone()
    end = begin + timedelta(minutes=minutes)
    act(Calendar(title=title, start=begin, end=end, id=entry_id, user=user), as_json=as_json)

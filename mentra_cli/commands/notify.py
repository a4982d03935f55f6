"""``mentra notify``: let a notification arrive on the phone."""

from typing import Annotated, Literal

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra notify "Ann" "Lunch at one?"

  mentra notify "Ann" "Now!" --app WhatsApp --priority high --id 7

  mentra dismiss 7

Prints what the glasses show afterwards.
"""


def notify(
    title: Annotated[str, typer.Argument(help="Its first line.")],
    content: Annotated[str, typer.Argument(help="Its text.")],
    app: Annotated[str, typer.Option(metavar="NAME", help="The app on the phone that it is from.")] = "Messages",
    priority: Annotated[Literal["low", "normal", "high"], typer.Option(help="How urgent it is.")] = "normal",
    notification_id: Annotated[str, typer.Option("--id", metavar="ID", help="Its id, to dismiss it by.")] = "1",
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Let a notification arrive on the phone."""
    from mentra_cli.dev.actions import Notify

    act(
        Notify(title=title, content=content, app=app, priority=priority, id=notification_id, user=user),
        as_json=as_json,
    )

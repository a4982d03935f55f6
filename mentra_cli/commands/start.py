"""``mentra start``: start the app for a user."""

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra start

  mentra start --user bob@example.com

Prints what the glasses show afterwards.
"""


def start(user: User = FIRST_USER, as_json: Json = False) -> None:
    """Start the app for a user, unless it runs."""
    from mentra_cli.dev.actions import Start

    act(Start(user=user), as_json=as_json)

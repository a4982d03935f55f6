"""``mentra drop``: break the app's connection, as a bad network does."""

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra drop

  mentra drop --user bob@example.com

Prints what the glasses show afterwards.
"""


def drop(user: User = FIRST_USER, as_json: Json = False) -> None:
    """Break the app's connection, as a bad network does; the app connects anew."""
    from mentra_cli.dev.actions import Drop

    act(Drop(user=user), as_json=as_json)

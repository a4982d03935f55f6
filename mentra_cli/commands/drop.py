"""``mentra drop``: break the app's connection, as a bad network does."""

from mentra_cli.commands.acting import FIRST_USER, App, Json, User, act

EXAMPLES = """Examples:

  mentra drop

  mentra drop --user bob@example.com

Prints what the glasses show afterwards.
"""


def drop(user: User = FIRST_USER, app: App = "", as_json: Json = False) -> None:
    """Break the app's connection, as a bad network does; the app connects anew."""
    from mentra_cli.dev.actions import Drop

    act(Drop(app=app, user=user), as_json=as_json)

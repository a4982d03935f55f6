"""``mentra leave``: be gone, as a phone that was away for a minute."""

from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra leave

  mentra leave --user bob@example.com

Prints what the glasses show afterwards: nothing.
"""


def leave(user: User = FIRST_USER, as_json: Json = False) -> None:
    """Be gone, as a phone that was away for a minute. Any action puts glasses on again."""
    from mentra_cli.dev.actions import Leave

    act(Leave(user=user), as_json=as_json)

"""``mentra touch``: make a gesture on the touch area of the glasses."""

from typing import Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import FIRST_USER, Json, User, act

EXAMPLES = """Examples:

  mentra touch double_tap

  mentra touch forward_swipe --json

Prints what the glasses show afterwards.
"""


def touch(
    gesture: Annotated[str, typer.Argument(help="Such as single_tap, double_tap, long_press or forward_swipe.")],
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Make a gesture on the touch area of the glasses."""
    from mentra.protocol.streams import GESTURES
    from mentra_cli.dev.actions import Touch

    if gesture not in GESTURES:
        console.say(f"No glasses are known to have the gesture {gesture!r}. Known: {', '.join(GESTURES)}.")
    act(Touch(gesture=gesture, user=user), as_json=as_json)

"""``mentra move``: be somewhere else."""

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from mentra_cli.commands.acting import FIRST_USER, Json, User, act
from mentra_cli.errors import CliError, ExitCode

EXAMPLES = """Examples:

  mentra move 48.21 16.37

  mentra move -33.9 151.2 --accuracy 5

Prints what the glasses show afterwards.
"""

CONTEXT = {"ignore_unknown_options": True}
"""So that -33.9 is a number."""


class MoveCommand(TyperCommand):
    """Refuses unknown options all the same."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            CliError: There is no such option (USAGE).
        """
        known = [name for parameter in self.get_params(ctx) for name in parameter.opts if name.startswith("--")]
        for argument in args:
            name = argument.partition("=")[0]
            if name.startswith("--") and name not in known:
                near = [each for each in known if name.startswith(each)] or known
                raise CliError(f"No such option: {name}.", fix=f"Use {' or '.join(near)}.", code=ExitCode.USAGE)
        return super().parse_args(ctx, args)


def move(
    lat: Annotated[float, typer.Argument(help="Degrees north; below zero south.", min=-90, max=90)],
    lng: Annotated[float, typer.Argument(help="Degrees east; below zero west.", min=-180, max=180)],
    accuracy: Annotated[
        float | None, typer.Option(metavar="METRES", help="How exact it is known.", min=0, show_default=False)
    ] = None,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Be somewhere else."""
    from mentra_cli.dev.actions import Move

    act(Move(lat=lat, lng=lng, accuracy_m=accuracy, user=user), as_json=as_json)

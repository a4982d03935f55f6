"""``mentra permissions``: tell which permissions the app has, grant or deny some."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import FIRST_USER, App, Json, User
from mentra_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from mentra.protocol.permissions import Permission

EXAMPLES = """Examples:

  mentra permissions

  mentra permissions --deny CAMERA --deny LOCATION

  mentra permissions --grant CAMERA

It holds until mentra dev ends, whatever the code declares: at once for what the app asks for, for what it listens to
after a mentra restart.
"""


def permissions(
    grant: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Give it to the app.")] = None,
    deny: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Take it from the app.")] = None,
    user: User = FIRST_USER,
    app: App = "",
    as_json: Json = False,
) -> None:
    """Tell which permissions the app has, after granting or denying some."""
    import asyncio

    from mentra_cli.dev.control_client import call
    from mentra_cli.dev.phone_requests import ChangePermissions, Permissions, PermissionsNow

    asked: Permissions | ChangePermissions = Permissions(app=app, user=user)
    if grant or deny:
        asked = ChangePermissions(grant=_known(grant), deny=_known(deny), app=app, user=user)
    now = asyncio.run(call(Path.cwd(), asked, PermissionsNow))
    if as_json:
        console.json(now)
        return
    for name in now.permissions:
        console.data(name)
    if not now.permissions:
        console.say("The app has no permissions.")
    if now.warning:
        console.say(now.warning)


def _known(names: list[str] | None) -> "tuple[Permission, ...]":
    from mentra.protocol.permissions import Permission

    for name in names or ():
        if name.upper() not in list(Permission):
            raise CliError(
                f"There is no permission {name!r}.", fix=f"There are: {', '.join(Permission)}.", code=ExitCode.USAGE
            )
    return tuple(Permission(name.upper()) for name in names or ())

"""``mentra cloud``: the local cloud by itself, for apps that run elsewhere on this machine, in any language."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER
from mentra_cli.commands.watching import view_options
from mentra_cli.errors import CliError, ExitCode

EXAMPLES = """Examples:

  mentra cloud    (in the folder of an app: PACKAGE_NAME, API_KEY and PORT are read from .env)

  MENTRA_DEV=1 python app.py    (the app, in another terminal; one of the official SDK needs nothing but its start)

  mentra say "hello"    (from a third terminal, in the folder of mentra cloud)

  mentra cloud --app ../echo --app ../clock/app_config.json --user bob@example.com

Apps are started as soon as their servers answer. Type a sentence to speak to them, or a slash and a command: /help
lists all. Ctrl-C ends. --verbose shows every message whole.
"""


def cloud(
    context: typer.Context,
    app: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="An app: its folder, or a JSON file. Can be repeated.  [default: this folder]",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Where apps connect; 0 is any free port.", min=0, max=65535)] = 8002,
    host: Annotated[str, typer.Option(help="The address of the port.")] = "127.0.0.1",
    env_file: Annotated[
        Path | None, typer.Option(help="One more file with NAME=value lines.", show_default=False)
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(metavar="EMAIL", help="One more user from the start. Can be repeated.", show_default=False),
    ] = None,
    glasses: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="The virtual glasses.  [default: glasses in pyproject.toml, else Even Realities G1]",
            show_default=False,
        ),
    ] = None,
    generation: Annotated[
        int, typer.Option(help="2: the cloud of December 2025. 3: that of June 2026.", min=2, max=3)
    ] = 2,
    faithful: Annotated[
        bool, typer.Option("--faithful", help="Have the waits as well that only cost time, such as the boot card.")
    ] = False,
    no_start: Annotated[
        bool, typer.Option("--no-start", help="Start no app by itself: mentra start does, for each user.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document per line, of all traffic.")] = False,
) -> None:
    """Run the local cloud alone on a port, with virtual glasses, for apps in any language."""
    from mentra_cli.cloud.app_record import read_apps
    from mentra_cli.cloud.options import CloudOptions
    from mentra_cli.cloud.run import run_cloud
    from mentra_cli.location import project_faithful

    folder = Path.cwd().resolve()
    options = CloudOptions(
        folder=folder,
        apps=read_apps(app or [], folder=folder, env_file=env_file, shell=os.environ),
        users=(FIRST_USER, *_checked(user or [])),
        host=host,
        port=port,
        glasses=_glasses(glasses, folder),
        generation=3 if generation == 3 else 2,
        faithful=faithful or project_faithful(folder),
        starts_apps=not no_start,
    )
    run_cloud(options, view_options(context, as_json=as_json))


def _checked(users: list[str]) -> list[str]:
    for user in users:
        if not user or "-" in user:
            raise CliError(
                f"{user!r} cannot be a user: MentraOS Cloud serves nobody whose address has a hyphen.",
                fix="Use one such as bob@example.com.",
                code=ExitCode.USAGE,
            )
    return users


def _glasses(asked: str | None, folder: Path) -> str:
    from mentra.localcloud import DEFAULT_MODEL
    from mentra_cli.glasses import check_model
    from mentra_cli.location import project_glasses

    if asked is not None:
        check_model(asked)
        return asked
    model = project_glasses(folder)
    if model is not None:
        check_model(model, fix="It stands under [tool.mentra] in pyproject.toml.", code=ExitCode.VALIDATION)
    return model or DEFAULT_MODEL

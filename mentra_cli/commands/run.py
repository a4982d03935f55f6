"""``mentra run``: run an app in production."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mentra_cli import console
from mentra_cli.errors import CliError, ExitCode

EXAMPLES = """Examples:

  mentra run

  mentra run app.py:MyApp --port 8080

  mentra run --workers 4    (four processes behind one port; each user belongs to one of them)

  MENTRA_DEV=1 mentra run    (beside mentra cloud, which is a cloud on this machine)

It listens where the app does by itself: HOST and PORT, else 0.0.0.0 and 3000. SIGTERM or Ctrl-C ends the sessions,
calls on_stop for each, and exits with 0; a second one ends at once.
"""

_MOST_DIGITS = 9
"""Of a number of processes. Python reads none of thousands of digits."""


def run(
    app: Annotated[
        str | None,
        typer.Argument(help="The app: app.py, app.py:MyApp, package.module:MyApp, or a folder.", show_default=False),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            metavar="N",
            help="How many processes serve the app.  [default: WEB_CONCURRENCY, else 1]",
            min=1,
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Where to listen.  [default: as the app says: PORT, else 3000]", min=0, max=65535),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on.  [default: as the app says: HOST, else 0.0.0.0]")
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option(help="One more file with NAME=value lines.", show_default=False)
    ] = None,
) -> None:
    """Run an app in production: as python app.py does, or in several processes behind one port."""
    from mentra_cli.environment import load_environment
    from mentra_cli.location import locate
    from mentra_cli.run.options import RunOptions
    from mentra_cli.run.run import run_app

    location = locate(app, Path.cwd())
    environment = load_environment(location.root, env_file=env_file, shell=os.environ)
    for problem in environment.problems:
        line = "" if problem.line is None else f":{problem.line}"
        console.say(f"Warning: {problem.file.name}{line} {problem.message}", style="yellow")
    code = run_app(
        RunOptions(
            location=location,
            environment=environment.values,
            workers=_concurrency(environment.values.get("WEB_CONCURRENCY", "")) if workers is None else workers,
            host=host,
            port=port,
        )
    )
    raise typer.Exit(code)


def _concurrency(value: str) -> int:
    """Read the variable by which platforms tell Python servers how many processes they shall be."""
    if not value:
        return 1
    if not (value.isascii() and value.isdecimal()) or len(value) > _MOST_DIGITS or int(value) < 1:
        raise CliError(
            f"WEB_CONCURRENCY is {value!r}, and not a number of processes.",
            fix="Set it to 1 or more, or say mentra run --workers 1.",
            code=ExitCode.USAGE,
        )
    return int(value)

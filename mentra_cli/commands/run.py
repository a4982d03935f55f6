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
calls on_stop for each, and exits with 0; a second one ends at once. python app.py does the same, but reads no .env.
"""

MOST_WORKERS = 64
"""More than nearly all machines have cores. Each takes the memory of a whole process and loads the app, so a number
that is mistyped would take the machine down. The same everywhere, so that a configuration works on any machine."""


def run(
    app: Annotated[
        str | None,
        typer.Argument(help="The app: app.py, app.py:MyApp, package.module:MyApp, or a folder.", show_default=False),
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            "--workers",
            "-w",
            metavar="N",
            help=f"How many processes serve the app, up to {MOST_WORKERS}.  [default: WEB_CONCURRENCY, else 1]",
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
            workers=_number_of_workers(workers, environment.values.get("WEB_CONCURRENCY", "")),
            host=host,
            port=port,
        )
    )
    raise typer.Exit(code)


def _number_of_workers(option: str | None, variable: str) -> int:
    """Read the option, else the variable by which platforms tell Python servers how many processes they shall be."""
    name, value = ("WEB_CONCURRENCY", variable or "1") if option is None else ("--workers", option)
    # Python reads no number of thousands of digits.
    many = int(value) if value.isascii() and value.isdecimal() and len(value) <= len(str(MOST_WORKERS)) else 0
    if not 1 <= many <= MOST_WORKERS:
        raise CliError(
            f"{name} is {value!r}, and not a number of processes from 1 to {MOST_WORKERS}.",
            fix="As many as the machine has cores are enough: mentra run --workers 2",
            code=ExitCode.USAGE,
        )
    return many

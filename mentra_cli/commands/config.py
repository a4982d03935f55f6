"""``mentra config``: what the developer console should hold about an app, as its code says it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import Json, end_with
from mentra_cli.errors import CliError, ExitCode

EXAMPLES = """Examples:

  mentra config export

  mentra config check

  mentra config export - --app src/captions.py

The file is what the developer console imports and exports: settings, tools and permissions of the app. Of these three
the code decides about those that it declares, and about nothing else in the file: without a class of settings, say, the
settings of the file stay.
"""

app = typer.Typer(
    help="Write what the code says of the app for the developer console, or compare it.", no_args_is_help=True
)

_FILE = "app_config.json"
File = Annotated[
    Path | None, typer.Argument(metavar="FILE", show_default=f"{_FILE} of the project", help="The file of the console.")
]
App = Annotated[str | None, typer.Option("--app", help="The app: a file, file:Class, module:Class or folder.")]


@app.command(epilog="Examples:\n\n  mentra config export\n\n  mentra config export -")
def export(file: File = None, of: App = None, as_json: Json = False) -> None:
    """Write settings, tools and permissions of the code into the file, or print them ('-').

    What the code does not declare stays as it is in the file. What it removes, it says.
    """
    # The SDK takes about 70 ms to import; mentra --help does without.
    from mentra.protocol.app_config import refused_by_the_console
    from mentra_cli.app_config import declared_config, export_of, removal_of
    from mentra_cli.console_file import read_file

    declared = declared_config(of, cwd=Path.cwd(), shell=os.environ)
    refused = refused_by_the_console(declared.config)
    target = file or declared.root / _FILE
    before = None if target == Path("-") else read_file(target)
    if before is None and (unknown := declared.undeclared):
        console.say(
            f"The code declares no {' and no '.join(unknown)}. If the console has some, do not import this over them: "
            f"save what the console exports as {_FILE}, and run this again; it keeps them.",
            style="yellow",
        )
    if target == Path("-"):
        console.data(export_of(declared, None, target).text.rstrip("\n"))
    else:
        written = export_of(declared, before, target)
        for entry in written.removed:
            console.say(removal_of(entry, target.name), style="yellow")
        _write(target, written.text)
        if as_json:
            console.json(
                {
                    "version": 1,
                    "file": str(target),
                    "removed": [{"where": entry.where, "entry": entry.file} for entry in written.removed],
                    "refused_by_console": refused,
                }
            )
        else:
            console.data(f"Wrote {_shown(target)}. Import it on the app's page in the developer console.")
    for key in refused:
        console.say(
            f"Warning: the console does not import the setting {key!r}, because of its type: add it on the page by "
            "hand, or give it min and max if it is a number.",
            style="yellow",
        )


@app.command(epilog="Examples:\n\n  mentra config check\n\n  mentra config check exported.json --json")
def check(file: File = None, of: App = None, as_json: Json = False) -> None:
    """Compare the file with what the code declares; exit code 7 if settings, tools or permissions differ."""
    from mentra_cli.app_config import compare, declared_config, line_of
    from mentra_cli.console_file import read_file

    declared = declared_config(of, cwd=Path.cwd(), shell=os.environ)
    target = file or declared.root / _FILE
    document = read_file(target)
    if document is None:
        raise CliError(
            f"There is no {_shown(target)} to compare the code with.",
            fix="Write it: mentra config export. Or save what the console exports there.",
            code=ExitCode.NOT_FOUND,
        )
    found = compare(declared, document, target)
    code = ExitCode.VALIDATION if found else ExitCode.OK
    if as_json:
        console.json({"version": 1, "ok": not found, "exit_code": int(code), "file": str(target), "differences": found})
    else:
        for difference in found:
            console.data(line_of(difference, target.name))
    if found:
        end_with(
            CliError(
                f"{_shown(target)} and the code differ in {len(found)} place{'s' * (len(found) > 1)}.",
                fix="Change the code, or write what it says, and import that in the console: mentra config export. "
                "It says what it removes.",
                code=code,
            )
        )
    if not as_json:
        console.data(f"{_shown(target)} says what the code says.")


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"{target} cannot be written: {error.strerror}.", fix="Give the path of a file.") from error


def _shown(target: Path) -> str:
    here = Path.cwd()
    return str(target.relative_to(here)) if target.is_relative_to(here) else str(target)

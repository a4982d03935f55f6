"""``mentra new``: a project that runs and passes its own tests."""

import difflib
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentra_cli import console
from mentra_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from mentra_cli.scaffold import Template

DEFAULT_TEMPLATE = "captions"

EXAMPLES = """Examples:

  mentra new hello

  mentra new forecast --template weather --package-name com.example.forecast

  mentra new --list-templates
"""


def new(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The new folder and project, such as my-captions.")
    ] = None,
    template: Annotated[
        str, typer.Option("--template", "-t", help="What to start from; see --list-templates.")
    ] = DEFAULT_TEMPLATE,
    package_name: Annotated[
        str | None,
        typer.Option(help="The name of the app in the MentraOS console.", show_default="com.example.NAME"),
    ] = None,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", "-o", help="The folder that receives the project.")
    ] = Path(),
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask; fail if the name is missing.")] = False,
    list_templates: Annotated[bool, typer.Option("--list-templates", help="Show the templates and exit.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Create an app that runs, with tests that pass."""
    from mentra_cli import names, scaffold

    templates = scaffold.find_templates()
    if list_templates:
        _show_templates(templates, as_json=as_json)
        return
    chosen = _choose(templates, template)
    name = name if name is not None else _ask_name(no_input=no_input)
    names.check_project_name(name)
    package_name = package_name if package_name is not None else names.default_package_name(name)
    names.check_package_name(package_name)

    project = scaffold.create_project(chosen, name=name, package_name=package_name, output_dir=output_dir)

    next_commands = [f"cd {shlex.quote(str(output_dir / name))}", "mentra dev"]
    if as_json:
        console.json(
            {
                "version": 1,
                "path": str(project),
                "template": chosen.name,
                "package_name": package_name,
                "next": next_commands,
            }
        )
        return
    console.say(f"Created {output_dir / name} from the template {chosen.name}. Next:", style="green")
    for command in next_commands:
        console.say(f"  {command}", style="bold")


def _show_templates(templates: "dict[str, Template]", *, as_json: bool) -> None:
    if as_json:
        listed = [{"name": each.name, "description": each.description} for each in templates.values()]
        console.json({"version": 1, "default": DEFAULT_TEMPLATE, "templates": listed})
        return
    width = max(map(len, templates))
    for each in templates.values():
        console.data(f"{each.name:{width}}  {each.description}")


def _choose(templates: "dict[str, Template]", wanted: str) -> "Template":
    if wanted in templates:
        return templates[wanted]
    nearest = difflib.get_close_matches(wanted, templates, n=1)
    raise CliError(
        f"There is no template {wanted!r}." + (f" Did you mean {nearest[0]!r}?" if nearest else ""),
        fix=f"Choose one of: {', '.join(templates)}.",
        code=ExitCode.USAGE,
    )


def _ask_name(*, no_input: bool) -> str:
    if no_input or os.environ.get("CI") or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CliError(
            "The NAME of the project is missing.",
            fix="Give one: mentra new my-captions",
            code=ExitCode.USAGE,
        )
    return console.ask("Name of the project, such as my-captions:")

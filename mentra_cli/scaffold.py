"""A new project from a template: rendered out of sight, then moved to its place in one step.

A template is a folder that plain cookiecutter understands, too (templates/README.md). Nothing is printed or asked
here, and nothing is written outside the folder that the project goes into.
"""

import os
import shutil
import tempfile
from pathlib import Path

import msgspec

from mentra_cli.errors import CliError, ExitCode


class Template(msgspec.Struct, frozen=True):
    """A project that can be generated."""

    name: str
    description: str
    """One line for the list of templates."""
    folder: Path
    """Where its ``cookiecutter.json`` is."""


class _Manifest(msgspec.Struct, rename={"description": "_description"}):
    """What is read of a ``cookiecutter.json``."""

    description: str


def find_templates() -> dict[str, Template]:
    """List the templates that come with this tool, by name, in alphabetical order."""
    package = Path(__file__).resolve().parent
    # A wheel carries the templates inside the package, a checkout beside it.
    inside, beside = package / "templates", package.parent / "templates"
    manifests = sorted((inside if inside.is_dir() else beside).glob("*/cookiecutter.json"))
    return {manifest.parent.name: _read_template(manifest) for manifest in manifests}


def create_project(template: Template, *, name: str, package_name: str, output_dir: Path) -> Path:
    """Generate a project, completely or not at all.

    Args:
        template: What to generate.
        name: A name that ``names.check_project_name`` accepts. The new folder is called so.
        package_name: A name that ``names.check_package_name`` accepts.
        output_dir: The folder that receives the project folder. Created if missing.

    Returns:
        The absolute path of the new folder.

    Raises:
        CliError: Something with that name exists, the folder cannot be written, or the template is broken. No project
            folder was made.
    """
    target = output_dir.absolute() / name
    if os.path.lexists(target):
        raise CliError(
            f"{target} already exists. Nothing was changed.",
            fix="Choose another name, or another folder with --output-dir.",
        )
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
        # In the same folder, so that the last step is a rename within one file system.
        with tempfile.TemporaryDirectory(prefix=".mentra-new-", dir=target.parent) as scratch:
            rendered = _render(template, {"project_name": name, "package_name": package_name}, Path(scratch))
            rendered.rename(target)
    except OSError as problem:
        raise CliError(
            f"Cannot create {target}: {problem.strerror or problem}.",
            fix="Choose a folder that you can write to with --output-dir.",
            code=ExitCode.PERMISSION if isinstance(problem, PermissionError) else ExitCode.GENERAL,
        ) from problem
    return target


def _read_template(manifest: Path) -> Template:
    description = msgspec.json.decode(manifest.read_bytes(), type=_Manifest).description
    return Template(name=manifest.parent.name, description=description, folder=manifest.parent)


def _render(template: Template, answers: dict[str, str], folder: Path) -> Path:
    # Imported here: cookiecutter takes 200 ms, and `mentra --help` needs none of it.
    from cookiecutter import exceptions, generate, prompt  # type: ignore[import-untyped] # It ships no types.
    from jinja2 import TemplateError

    # The steps of cookiecutter's main(), without the one that saves the answers to ~/.cookiecutter_replay.
    try:
        context = generate.generate_context(str(template.folder / "cookiecutter.json"), extra_context=answers)
        context["cookiecutter"] = prompt.prompt_for_config(context, no_input=True)
        project = Path(generate.generate_files(template.folder, context, output_dir=folder, accept_hooks=False))
    except (exceptions.CookiecutterException, TemplateError) as problem:
        raise CliError(
            f"The template {template.name!r} cannot be rendered: {problem}",
            fix="Install mentra-cli again: pip install --force-reinstall mentra-cli",
        ) from problem
    # pip compiles what it installs, the templates' own code included.
    for compiled in project.rglob("__pycache__"):
        shutil.rmtree(compiled)
    # It will hold a real API key one day; other users of this computer need not read it.
    (project / ".env").chmod(0o600)
    return project

"""``mentra open``: open a page of the app as the phone does."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import FIRST_USER, App, Json, User

EXAMPLES = """Examples:

  mentra open

  mentra open /settings --user bob@example.com

  curl "$(mentra open /api/notes)"

Prints the address, and at a terminal opens a browser. For ten minutes it signs in whoever has it: keep it to yourself.
"""


def open_page(
    path: Annotated[str, typer.Argument(help="The path of the page.  [default: the page for users]")] = "",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    user: User = FIRST_USER,
    app: App = "",
    as_json: Json = False,
) -> None:
    """Open a page of the app, signed in as its user, as the phone does."""
    import asyncio

    from mentra_cli.dev.control_client import call
    from mentra_cli.dev.phone_requests import OpenPage, PageOpened

    opened = asyncio.run(call(Path.cwd(), OpenPage(app=app, page=path, user=user), PageOpened))
    if as_json:
        console.json(opened)
        return
    console.data(opened.url)
    if not no_browser and _can_show():
        import webbrowser

        webbrowser.open(opened.url)


def _can_show() -> bool:
    """Return whether a person sees the window of a browser. One in the terminal would take it over."""
    if not sys.stdout.isatty() or os.environ.get("CI"):
        return False
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))

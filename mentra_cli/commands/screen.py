"""``mentra screen``: tell what the glasses show, or wait for a text."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import FIRST_USER, Json, User, end_with
from mentra_cli.errors import CliError

if TYPE_CHECKING:
    from mentra_cli.dev.control_messages import ScreenShown

MAX_COLUMNS = 96
MAX_ROWS = 24
"""Lines as which an image is drawn."""

EXAMPLES = """Examples:

  mentra screen

  mentra screen --wait-text "Hello" --timeout 30

  mentra screen --json    (with dashboard, light, sound, video, and the image as a BMP in base64)

Exits with 1 when the text does not appear in time. A mentra dev that is not there yet is waited for, too.
"""


def screen(
    wait_text: Annotated[
        str, typer.Option(metavar="TEXT", help="Wait until this is shown, alone or among other text.")
    ] = "",
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="How long to wait.", min=0)] = 10.0,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Tell what the glasses show, or wait for a text."""
    import asyncio

    shown = asyncio.run(_look(user, wait_text, timeout if wait_text else 0.0))
    if as_json:
        console.json(shown)
    elif shown.found:
        _show(shown)
    if not shown.found:
        end_with(
            CliError(
                f"The glasses of {user} did not show {wait_text!r} within {timeout:g} s. They show {shown.display!r}.",
                fix="See what happened: mentra logs",
            )
        )


def _show(shown: "ScreenShown") -> None:
    if shown.bitmap is None:
        console.data(shown.display)
        return
    from mentra.bitmaps.bitmap import Bitmap
    from mentra_cli.half_blocks import half_blocks

    width = min(console.out.width, MAX_COLUMNS)
    for line in half_blocks(Bitmap.from_bytes(shown.bitmap.bmp), width, MAX_ROWS, encoding=console.out.encoding):
        console.data(line)


async def _look(user: str, text: str, within_s: float) -> "ScreenShown":
    from mentra_cli.dev.control_client import ANSWER_WITHIN_S, call, wait_for_dev
    from mentra_cli.dev.control_messages import Screen, ScreenShown

    waited_s = await wait_for_dev(Path.cwd(), within_s=within_s)
    asked = Screen(user=user, text=text, wait_s=max(0.0, within_s - waited_s))
    return await call(Path.cwd(), asked, ScreenShown, within_s=asked.wait_s + ANSWER_WITHIN_S)

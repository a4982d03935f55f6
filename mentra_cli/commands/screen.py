"""``mentra screen``: tell what the glasses show, or wait for a text."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mentra_cli import console
from mentra_cli.commands.acting import FIRST_USER, Json, User, end_with
from mentra_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from mentra_cli.dev.control_messages import ScreenShown

MAX_COLUMNS = 96
MAX_ROWS = 24
"""Lines as which an image is drawn."""
STDOUT = Path("-")

EXAMPLES = """Examples:

  mentra screen

  mentra screen --wait-text "Hello" --timeout 30

  mentra screen --png screen.png    (what the wearer sees, drawn for the glasses they wear)

  mentra screen --json    (with dashboard, light, sound, video, and the image as a BMP in base64)

Exits with 1 when the text does not appear in time; the picture is then of what is shown instead. A mentra dev that is
not there yet is waited for, too.
"""


def screen(
    wait_text: Annotated[
        str, typer.Option(metavar="TEXT", help="Wait until this is shown, alone or among other text.")
    ] = "",
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="How long to wait.", min=0)] = 10.0,
    png: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Store a picture of it as a PNG; - is stdout.", show_default=False),
    ] = None,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Tell what the glasses show, or wait for a text."""
    import asyncio

    if png is not None:
        _check_target(png, as_json=as_json)
    shown = asyncio.run(_look(user, wait_text, timeout if wait_text else 0.0, screenshot=png is not None))
    if png is not None and shown.screenshot is not None:
        _write(png, shown.screenshot.png)
    _tell(shown, png, as_json=as_json)
    if shown.warning and not as_json:
        console.say(shown.warning)
    if not shown.found:
        end_with(
            CliError(
                f"The glasses of {user} did not show {wait_text!r} within {timeout:g} s. They show {shown.display!r}.",
                fix="See what happened: mentra logs",
            )
        )


def _tell(shown: "ScreenShown", png: Path | None, *, as_json: bool) -> None:
    if as_json:
        console.json(shown if png is None else _with_path(shown, png))
    elif png is not None:
        if png != STDOUT:
            console.data(str(png))
    elif shown.found:
        _show(shown)


def _check_target(png: Path, *, as_json: bool) -> None:
    """Refuse what would fail only after the wait."""
    if png == STDOUT and as_json:
        raise CliError(
            "--json and --png - both write to stdout.",
            fix="Give the picture a file: --png screen.png",
            code=ExitCode.USAGE,
        )
    if png != STDOUT and (png.is_dir() or not png.parent.is_dir()):
        what = f"{png} is a folder" if png.is_dir() else f"There is no folder {png.parent}"
        raise CliError(
            f"{what}.",
            fix="Give the path of a file in a folder that is there: --png screen.png",
            code=ExitCode.NOT_FOUND,
        )


def _write(png: Path, picture: bytes) -> None:
    if png == STDOUT:
        console.raw(picture)
        return
    try:
        png.write_bytes(picture)
    except OSError as error:
        raise CliError(f"{png} cannot be written: {error.strerror}.", fix="Give the path of a file.") from error


def _with_path(shown: "ScreenShown", png: Path) -> dict[str, Any]:
    """Return what is told of the screen, with the place of the picture instead of the picture."""
    import msgspec

    told: dict[str, Any] = msgspec.to_builtins(shown)
    if shown.screenshot is not None:
        told["screenshot"] = {"path": str(png), "width": shown.screenshot.width, "height": shown.screenshot.height}
    return told


def _show(shown: "ScreenShown") -> None:
    if shown.bitmap is None:
        console.data(shown.display)
        return
    from mentra.bitmaps.bitmap import Bitmap
    from mentra_cli.half_blocks import half_blocks

    width = min(console.out.width, MAX_COLUMNS)
    for line in half_blocks(Bitmap.from_bytes(shown.bitmap.bmp), width, MAX_ROWS, encoding=console.out.encoding):
        console.data(line)


async def _look(user: str, text: str, within_s: float, *, screenshot: bool) -> "ScreenShown":
    from mentra_cli.dev.control_client import ANSWER_WITHIN_S, call, wait_for_dev
    from mentra_cli.dev.control_messages import Screen, ScreenShown

    waited_s = await wait_for_dev(Path.cwd(), within_s=within_s)
    asked = Screen(user=user, text=text, wait_s=max(0.0, within_s - waited_s), screenshot=screenshot)
    return await call(Path.cwd(), asked, ScreenShown, within_s=asked.wait_s + ANSWER_WITHIN_S)

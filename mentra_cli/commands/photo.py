"""``mentra photo``: take a photo with the glasses; a file is what they see."""

from pathlib import Path
from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act, read_file

EXAMPLES = """Examples:

  mentra photo cat.jpg

  mentra photo cat.png --user bob@example.com

Prints what the glasses show afterwards.
"""


def photo(
    file: Annotated[Path, typer.Argument(help="The picture.", show_default=False)],
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Take a photo with the glasses: this file is what they see."""
    import base64
    import mimetypes

    from mentra_cli.dev.actions import TakePhoto

    picture = base64.b64encode(read_file(file)).decode()
    mime_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    act(TakePhoto(photo=picture, mime_type=mime_type, filename=file.name, user=user), as_json=as_json)

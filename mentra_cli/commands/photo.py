"""``mentra photo``: decide what the camera of the glasses sees, or that it fails."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act, read_file
from mentra_cli.errors import CliError, ExitCode

EXAMPLES = """Examples:

  mentra photo cat.jpg

  mentra photo --fail CAMERA_BUSY

  mentra photo

  mentra photo cat.jpg --take

Each photo that the app asks for is that file from now on, or fails; without both it is a plain grey picture again.
--take takes one at once, by the button of the glasses: apps hear photo_taken. Prints what the glasses show afterwards.
"""


def photo(
    file: Annotated[
        Path | None, typer.Argument(help="What the camera sees.  [default: a grey picture]", show_default=False)
    ] = None,
    take: Annotated[bool, typer.Option("--take", help="Press the camera's button, too: photo_taken.")] = False,
    fail: Annotated[
        str, typer.Option(metavar="CODE", help="Let each photo fail instead, such as with CAMERA_BUSY.")
    ] = "",
    message: Annotated[str, typer.Option(metavar="TEXT", help="What is said of the failure.", show_default=False)] = "",
    by: Annotated[
        Literal["phone", "upload", "refusal"],
        typer.Option(help="Who says that it failed: phone, glasses (upload) or cloud (refusal)."),
    ] = "phone",
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Decide what the app gets when it asks for a photo, or take one."""
    if fail and (file or take):
        raise CliError(
            "--fail takes no file and no --take: there will be no photo.",
            fix="Leave out one of the two.",
            code=ExitCode.USAGE,
        )
    if fail:
        _check_code(fail, by)
    picture = None if file is None else _picture(file)
    if take:
        _take(picture, file, user, as_json=as_json)
        return
    from mentra_cli.dev.phone_requests import SetCamera

    act(SetCamera(photo=picture, fail=fail, message=message, by=by, user=user), as_json=as_json)


def _check_code(code: str, by: str) -> None:
    from mentra.protocol.connection import RefusalCode
    from mentra.protocol.photos import PhotoErrorCode

    codes = list(RefusalCode if by == "refusal" else PhotoErrorCode)
    if code not in codes:
        raise CliError(
            f"There is no code {code!r} with which a photo fails.",
            fix=f"There are: {', '.join(codes)}.",
            code=ExitCode.USAGE,
        )


def _picture(file: Path) -> bytes:
    from mentra.protocol.photos import image_type

    picture = read_file(file)
    if image_type(picture) is None:
        raise CliError(
            f"{file} is no image.",
            fix="Give a JPEG, PNG, GIF, BMP, WebP, HEIC or AVIF: mentra photo cat.jpg",
            code=ExitCode.VALIDATION,
        )
    return picture


def _take(picture: bytes | None, file: Path | None, user: str, *, as_json: bool) -> None:
    import base64
    import mimetypes

    from mentra.localcloud.phone.camera import grey_jpeg
    from mentra_cli.dev.actions import TakePhoto

    name = "photo.jpg" if file is None else file.name
    data = grey_jpeg(1280, 720) if picture is None else picture
    mime_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    act(
        TakePhoto(photo=base64.b64encode(data).decode(), mime_type=mime_type, filename=name, user=user),
        as_json=as_json,
    )

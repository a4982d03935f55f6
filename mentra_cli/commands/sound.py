"""``mentra sound``: let the microphone hear something."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act, read_file
from mentra_cli.errors import CliError, ExitCode

EXAMPLES = """Examples:

  mentra sound hello.wav

  mentra sound hello.wav --real-time

  ffmpeg -i hello.mp3 -c:a pcm_s16le hello.wav

Prints what the glasses show afterwards. The app gets it in pieces of 100 ms, as the microphone of glasses hears it: one
channel, 16 bits, 16 000 Hz.
"""


def sound(
    file: Annotated[Path, typer.Argument(help="A WAV file, of any rate and channels.", show_default=False)],
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Take as long as the sound, instead of all at once.")
    ] = False,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Let the microphone hear something."""
    from mentra.localcloud.phone.recordings import read_recording, seconds
    from mentra_cli.dev.actions import Sound

    data = read_file(file)
    try:
        pcm = read_recording(data)
    except ValueError as error:
        raise CliError(
            str(error).replace("The recording", str(file), 1),
            fix=f"Convert it: ffmpeg -i {shlex.quote(str(file))} -c:a pcm_s16le converted.wav",
            code=ExitCode.VALIDATION,
        ) from error
    act(Sound(pcm=pcm, real_time=real_time, user=user), as_json=as_json, takes_s=seconds(pcm) if real_time else 0.0)

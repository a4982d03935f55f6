"""``mentra sound``: let the microphone hear something."""

from pathlib import Path
from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, act, read_file
from mentra_cli.errors import CliError, ExitCode

EXAMPLES = """Examples:

  mentra sound hello.wav

  ffmpeg -i hello.mp3 -ar 16000 -ac 1 -c:a pcm_s16le hello.wav

Prints what the glasses show afterwards. The app gets it in pieces of 100 ms, all at once.
"""


def sound(
    file: Annotated[Path, typer.Argument(help="A WAV file: 16 000 Hz, mono, 16 bits.", show_default=False)],
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Let the microphone hear something."""
    from mentra_cli.dev.actions import Sound

    act(Sound(pcm=_pcm(file), user=user), as_json=as_json)


def _pcm(file: Path) -> bytes:
    import io
    import wave

    from mentra.protocol.streams import AudioChunk

    try:
        with wave.open(io.BytesIO(read_file(file))) as recording:
            form = (recording.getframerate(), recording.getnchannels(), 8 * recording.getsampwidth())
            pcm: bytes = recording.readframes(recording.getnframes())
    except (wave.Error, EOFError) as error:
        raise _not_usable(file, f"is no WAV file of plain samples: {str(error) or 'it is too short'}") from error
    if form != (AudioChunk.sample_rate, 1, 16):
        rate, channels, bits = form
        raise _not_usable(file, f"has {rate} Hz, {channels} channels and {bits} bits")
    return pcm


def _not_usable(file: Path, problem: str) -> CliError:
    return CliError(
        f"{file} {problem}. The microphone of glasses has 16000 Hz, 1 channel and 16 bits.",
        fix=f"Convert it: ffmpeg -i {file} -ar 16000 -ac 1 -c:a pcm_s16le converted.wav",
        code=ExitCode.VALIDATION,
    )

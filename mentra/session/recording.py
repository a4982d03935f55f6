"""``session.record``: the sound of the microphone in a WAV file.

The file can be played after each piece of sound: a process that is killed leaves all that came before. That is why the
header is written here: the module ``wave`` of Python writes it to its end only if nothing fails.
"""

import os
import struct
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from mentra.protocol.streams import SAMPLE_BYTES, AudioChunk
from mentra.session.core import SessionCore
from mentra.session.subscription import Subscription
from mentra.wrong_names import unknown_name

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MOST_BYTES = 2**32 - 1 - _HEADER.size
"""What the header of a WAV file can tell: 37 hours."""


class Recording:
    """Records while its ``with`` block runs: 16-bit mono PCM, 16 000 samples a second.

    Attributes:
        path: The file. One that was there is overwritten when the block begins.
    """

    def __init__(self, core: SessionCore, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._router = core.router
        self._file: _WavFile | None = None
        self._subscription: Subscription | None = None
        self._failure: OSError | None = None
        self._size_bytes = 0

    @property
    def duration_s(self) -> float:
        """Seconds of sound in the file so far."""
        return self._size_bytes // SAMPLE_BYTES / AudioChunk.sample_rate

    def __enter__(self) -> Self:
        self._file = _WavFile(self.path)
        self._subscription = Subscription(self._router, AudioChunk.stream, self._write, call="session.record")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._subscription is not None:
            self._subscription.cancel()
        self._close()
        if self._failure is not None and error is None:
            raise self._failure

    def _write(self, chunk: AudioChunk) -> None:
        if self._file is None:
            return
        try:
            self._size_bytes = self._file.write(chunk.data)
        except OSError as error:
            self._failure = error
            self._close()
            raise

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, ("path", "duration_s"))


class _WavFile:
    """A WAV file that is whole after each write. A piece of sound is some kilobytes and written in microseconds."""

    def __init__(self, path: Path) -> None:
        self._size_bytes = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
        try:
            self._write_header()
        except OSError:
            self.close()
            raise

    def write(self, sound: bytes) -> int:
        """Add sound, as far as there is room for it; return how many bytes there are."""
        room = min(len(sound), _MOST_BYTES - self._size_bytes) // SAMPLE_BYTES * SAMPLE_BYTES
        self._write_at(_HEADER.size + self._size_bytes, sound[:room])
        self._size_bytes += room
        self._write_header()
        return self._size_bytes

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _write_header(self) -> None:
        rate = AudioChunk.sample_rate
        size = self._size_bytes
        riff = (b"RIFF", _HEADER.size - 8 + size, b"WAVE")
        pcm_mono = (b"fmt ", 16, 1, 1, rate, rate * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
        self._write_at(0, _HEADER.pack(*riff, *pcm_mono, b"data", size))

    def _write_at(self, position: int, data: bytes) -> None:
        os.lseek(self._descriptor, position, os.SEEK_SET)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

"""Reading WAV files as the sound of a microphone: one channel, 16 bits, 16 000 samples a second.

The file is read here and not with the ``wave`` module, which before Python 3.12 refuses the header that most programs
write for 24 and 32 bits, and at all times a length of zero or of 4 GB, which programs write that record into a pipe.
"""

import math
import os
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from operator import mul
from pathlib import Path
from typing import NamedTuple

from mentra.protocol.streams import SAMPLE_BYTES, AudioChunk

FRAME_S = 0.1
"""How much sound the phone sends at once."""
FRAME_BYTES = int(FRAME_S * AudioChunk.sample_rate) * SAMPLE_BYTES

RecordingSource = bytes | str | os.PathLike[str]
"""The contents of a WAV file, or its path."""

_PLAIN = 1
_EXTENSIBLE = 0xFFFE
"""The code of the format stands further behind, in the first two bytes of an identifier."""
_UNPACKED = {3: "floating point", 6: "A-law", 7: "mu-law", 0x11: "ADPCM", 0x55: "MP3"}
_ZERO_CROSSINGS = 8
"""Of the low-pass filter, to each side. More would be slower, and keep more of what is just below the limit."""


class _Unreadable(Exception):
    """What is said of a file after its name."""


class _Form(NamedTuple):
    code: int
    channels: int
    rate: int
    bits: int


def read_recording(source: RecordingSource) -> bytes:
    """Read a WAV file of plain samples, of any rate, any number of channels, and 8, 16, 24 or 32 bits.

    Returns:
        16-bit little-endian mono PCM, 16 000 samples a second. Channels are mixed in equal parts.

    Raises:
        ValueError: It is no such file; the message says what it is.
        OSError: It cannot be read.
    """
    data, name = (source, "The recording") if isinstance(source, bytes) else (Path(source).read_bytes(), source)
    try:
        form, sound = _read_wav(data)
    except _Unreadable as problem:
        raise ValueError(f"{name} {problem}. Only WAV files of plain samples can be heard.") from None
    samples = _mixed(_upper_16_bits(sound, form.bits), form.channels)
    return _to_bytes(resampled(samples, form.rate, AudioChunk.sample_rate))


def frames(pcm: bytes) -> Iterator[bytes]:
    """Cut sound into what the phone sends at once; the last frame is shorter."""
    return (pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm), FRAME_BYTES))


def seconds(pcm: bytes) -> float:
    """Return how long sound lasts."""
    return len(pcm) / (SAMPLE_BYTES * AudioChunk.sample_rate)


def resampled(samples: Sequence[int], rate: int, to_rate: int) -> Sequence[int]:
    """Return samples at another rate, without what the new rate is too low for.

    Each new sample is a weighted sum of the old ones around it; the weights are a sinc under a Hann window. They
    depend on where between two old samples the new one is, and that repeats.
    """
    if rate == to_rate or not samples:
        return samples
    shared = math.gcd(rate, to_rate)
    step, positions = rate // shared, to_rate // shared
    cutoff = min(1.0, to_rate / rate)
    reach = math.ceil(_ZERO_CROSSINGS / cutoff)
    silence = [0] * reach
    padded = [*silence, *samples, *silence]
    weights: dict[int, list[float]] = {}
    result: list[int] = []
    for number in range(len(samples) * positions // step):
        before, position = divmod(number * step, positions)
        if position not in weights:
            weights[position] = _weights(position / positions, cutoff, reach)
        around = padded[before + 1 : before + 1 + 2 * reach]
        result.append(_clipped(sum(map(mul, weights[position], around))))
    return result


def _weights(offset: float, cutoff: float, reach: int) -> list[float]:
    """Return the weights of the ``2 * reach`` samples around a place that is ``offset`` samples after one of them."""
    distances = [place - offset for place in range(1 - reach, reach + 1)]
    raw = [_sinc(cutoff * distance) * _hann(distance / reach) for distance in distances]
    total = sum(raw)
    return [weight / total for weight in raw]


def _sinc(x: float) -> float:
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


def _hann(x: float) -> float:
    return 0.5 + 0.5 * math.cos(math.pi * x) if abs(x) < 1 else 0.0


def _clipped(value: float) -> int:
    return max(-32768, min(32767, round(value)))


def _read_wav(data: bytes) -> tuple[_Form, bytes]:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise _Unreadable("is no WAV file")
    form = None
    for name, content in _chunks(data):
        if name == b"fmt ":
            form = _read_form(content)
        elif name == b"data":
            if form is None:
                break
            return form, content
    raise _Unreadable("is no complete WAV file: it ends before the sound begins")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = 12
    while start + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, start)
        if name == b"data" and size == 0:
            size = len(data)  # Who wrote it did not know yet.
        content = data[start + 8 : start + 8 + size]
        yield name, content
        start += 8 + size + size % 2


def _read_form(content: bytes) -> _Form:
    try:
        code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content)
        if code == _EXTENSIBLE:
            (code,) = struct.unpack_from("<H", content, 24)
    except struct.error:
        raise _Unreadable("is no complete WAV file: its header is too short") from None
    if code != _PLAIN:
        raise _Unreadable(f"has no plain samples but {_UNPACKED.get(code, f'format {code}')}")
    if bits not in (8, 16, 24, 32) or not channels or not rate:
        raise _Unreadable(f"has {rate} Hz, {channels} channels and {bits} bits, which cannot be read")
    return _Form(code, channels, rate, bits)


def _upper_16_bits(sound: bytes, bits: int) -> "array[int]":
    size = bits // 8
    sound = sound[: len(sound) // size * size]
    if bits == 8:
        # The only width without a sign: 128 is silence.
        upper, lower = bytes(value ^ 0x80 for value in sound), bytes(len(sound))
    else:
        upper, lower = sound[size - 1 :: size], sound[size - 2 :: size]
    pcm = bytearray(2 * len(upper))
    pcm[0::2], pcm[1::2] = lower, upper
    samples = array("h", bytes(pcm))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _mixed(samples: "array[int]", channels: int) -> Sequence[int]:
    if channels == 1:
        return samples
    moments = zip(*(samples[channel::channels] for channel in range(channels)), strict=False)
    return [sum(moment) // channels for moment in moments]


def _to_bytes(samples: Sequence[int]) -> bytes:
    values = array("h", samples)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()

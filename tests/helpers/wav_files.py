"""Sounds for tests, and WAV files of them."""

import math
import struct
from collections.abc import Sequence

RATE = 16_000


def wav(
    data: bytes, *, rate: int = RATE, channels: int = 1, bits: int = 16, code: int = 1, extensible: bool = False
) -> bytes:
    """Return a WAV file as programs write it, with the long header if it shall be."""
    frame_bytes = channels * bits // 8
    form = struct.pack("<HHIIHH", code, channels, rate, rate * frame_bytes, frame_bytes, bits)
    if extensible:
        guid = struct.pack("<H", code) + bytes.fromhex("000000001000800000aa00389b71")
        form = struct.pack("<H", 0xFFFE) + form[2:] + struct.pack("<HHI", 22, bits, 0) + guid
    chunks = chunk(b"fmt ", form) + chunk(b"LIST", b"odd") + chunk(b"data", data)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def pcm(samples: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


def samples_of(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 2}h", data))


def tone(pitch_hz: float, rate: int, *, seconds: float = 0.2, volume: int = 10_000) -> list[int]:
    return [round(volume * math.sin(math.tau * pitch_hz * n / rate)) for n in range(int(rate * seconds))]


def loudest(samples: Sequence[int]) -> int:
    """Return how loud it is in the middle, where no edge disturbs."""
    return max(abs(sample) for sample in samples[len(samples) // 4 : -len(samples) // 4])

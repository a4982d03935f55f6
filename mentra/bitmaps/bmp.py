"""The BMP file format: read as brightness, written with one bit a pixel.

The rules:

* Pixels are one byte each, 0 dark to 255 fully lit, row by row from the top left.
* The brightness of a colour is that of its brightest part, as in the official SDK: pure blue is as bright as white.
* What is written is byte for byte what the official SDK writes for the same pixels.

Source: @mentra/sdk 2.1.29 dist/index.js, BitmapUtils.convert24BitTo1BitBMP; docs/protocol.md, Layouts.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

SIGNATURE = b"BM"
BITS_READ = (1, 8, 24, 32)
"""Bits a pixel that are read here; other kinds of BMP are for Pillow."""

_FILE_HEADER = struct.Struct("<2sI4xI")
_INFO_HEADER = struct.Struct("<IiiHHIIiiII")
_PIXELS_PER_METRE = 2835
_BLACK_AND_WHITE = bytes([0, 0, 0, 0, 255, 255, 255, 0])


class Header(NamedTuple):
    """What the two headers of a BMP file say."""

    pixels_at: int
    palette_at: int
    width: int
    height: int
    """Of the image; never negative."""
    top_down: bool
    bits: int
    compression: int

    @property
    def is_plain(self) -> bool:
        """Whether ``read_pixels`` can read it."""
        return self.bits in BITS_READ and self.compression == 0

    @property
    def stride(self) -> int:
        """Bytes from one row to the next."""
        return (self.width * self.bits + 31) // 32 * 4


def read_header(data: bytes) -> Header:
    """Read the headers.

    Raises:
        ValueError: The file is cut off, or its headers are impossible.
    """
    if len(data) < _FILE_HEADER.size + _INFO_HEADER.size:
        raise ValueError(f"This BMP is cut off: it has {len(data)} bytes, its headers alone have 54.")
    _, _, pixels_at = _FILE_HEADER.unpack_from(data)
    size, width, height, _, bits, compression, *_ = _INFO_HEADER.unpack_from(data, _FILE_HEADER.size)
    if width <= 0 or height == 0:
        raise ValueError(f"This BMP has an impossible size: width {width}, height {height}.")
    palette_at = _FILE_HEADER.size + size
    return Header(pixels_at, palette_at, width, abs(height), height < 0, bits, compression)


def read_pixels(data: bytes, header: Header) -> bytes:
    """Return the brightness of each pixel of a plain BMP.

    Raises:
        ValueError: The file is cut off.
    """
    needed = header.pixels_at + header.stride * header.height
    if len(data) < needed:
        raise ValueError(f"This BMP is cut off: {needed} bytes are needed for its size, it has {len(data)}.")
    rows = list(_rows(data, header))
    return b"".join(rows if header.top_down else reversed(rows))


def _rows(data: bytes, header: Header) -> Iterator[bytes]:
    width, stride, step = header.width, header.stride, header.bits // 8
    palette = _palette(data, header) if header.bits <= 8 else b""
    digits = bytes.maketrans(b"01", palette[:2]) if header.bits == 1 else b""
    for start in range(header.pixels_at, header.pixels_at + stride * header.height, stride):
        row = data[start : start + stride]
        match header.bits:
            case 1:
                yield f"{int.from_bytes(row):0{stride * 8}b}"[:width].encode().translate(digits)
            case 8:
                yield row[:width].translate(palette)
            case _:
                blue, green, red = (row[part : width * step : step] for part in range(3))
                yield blue if blue == green == red else bytes(map(max, blue, green, red))


def _palette(data: bytes, header: Header) -> bytes:
    """Return the brightness of each of 256 entries; those that the file does not have are dark."""
    entries = data[header.palette_at : min(header.pixels_at, header.palette_at + 4 * (1 << header.bits))]
    return bytes(map(max, entries[0::4], entries[1::4], entries[2::4])).ljust(256, b"\0")


def write(width: int, height: int, pixels: bytes, *, threshold: int) -> bytes:
    """Return a BMP file of one bit a pixel.

    Args:
        threshold: A pixel brighter than this is lit.
    """
    stride = (width + 31) // 32 * 4
    pixels_at = _FILE_HEADER.size + _INFO_HEADER.size + len(_BLACK_AND_WHITE)
    size = stride * height
    digits = pixels.translate(bytes(b"01"[value > threshold] for value in range(256)))
    rows = (digits[start : start + width] for start in range(width * (height - 1), -1, -width))
    return b"".join(
        (
            _FILE_HEADER.pack(SIGNATURE, pixels_at + size, pixels_at),
            _INFO_HEADER.pack(
                _INFO_HEADER.size, width, height, 1, 1, 0, size, _PIXELS_PER_METRE, _PIXELS_PER_METRE, 2, 2
            ),
            _BLACK_AND_WHITE,
            *(int(row.ljust(stride * 8, b"0"), 2).to_bytes(stride) for row in rows),
        )
    )

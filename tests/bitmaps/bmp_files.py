"""BMP files, written for tests without our own writer."""

import struct
from collections.abc import Sequence

Colour = tuple[int, int, int]
"""Red, green, blue."""


def bmp(
    width: int, height: int, bits: int, rows: Sequence[bytes], *, palette: Sequence[Colour] = (), compression: int = 0
) -> bytes:
    """A BMP of rows as they stand in the file; a negative height means that the first is the top one."""
    stride = (width * bits + 31) // 32 * 4
    pixels = b"".join(row.ljust(stride, b"\0") for row in rows)
    table = b"".join(bytes([blue, green, red, 0]) for red, green, blue in palette)
    at = 54 + len(table)
    head = struct.pack("<2sIHHI", b"BM", at + len(pixels), 0, 0, at)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(pixels), 2835, 2835, 0, 0)
    return head + info + table + pixels


def bmp_24(rows: Sequence[Sequence[Colour]]) -> bytes:
    """A BMP of colours, given from the top."""
    lines = [b"".join(bytes([blue, green, red]) for red, green, blue in row) for row in reversed(rows)]
    return bmp(len(rows[0]), len(rows), 24, lines)

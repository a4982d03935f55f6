"""Arithmetic on pixels, one byte each: scaling and dithering. Bytes in, bytes out."""

from itertools import pairwise


def scale(pixels: bytes, size: tuple[int, int], to: tuple[int, int]) -> bytes:
    """Scale an image: each new pixel is the average of those that it covers, or the one that it lies in."""
    columns, rows = _bounds(size[0], to[0]), _bounds(size[1], to[1])
    width = size[0]
    narrow = [
        bytes([(sum(row[start:end]) + (end - start) // 2) // (end - start) for start, end in columns])
        for row in (pixels[at : at + width] for at in range(0, len(pixels), width))
    ]
    return b"".join(_average(narrow[start:end]) for start, end in rows)


def _bounds(size: int, to: int) -> list[tuple[int, int]]:
    edges = [at * size // to for at in range(to + 1)]
    return [(start, max(end, start + 1)) for start, end in pairwise(edges)]


def _average(rows: list[bytes]) -> bytes:
    if len(rows) == 1:
        return rows[0]
    count = len(rows)
    return bytes([(sum(column) + count // 2) // count for column in zip(*rows, strict=True)])


def dither(pixels: bytes, width: int, *, threshold: int) -> bytes:
    """Return an image of 0 and 255 only, whose dots are as dense as the original is bright (Floyd and Steinberg)."""
    result = bytearray(len(pixels))
    here = [0] * (width + 2)
    for start in range(0, len(pixels), width):
        below = [0] * (width + 2)
        ahead = 0
        for x, value in enumerate(pixels[start : start + width]):
            error = value + ahead + here[x + 1]
            if error > threshold:
                result[start + x] = 255
                error -= 255
            ahead = error * 7 // 16
            below[x] += error * 3 // 16
            below[x + 1] += error * 5 // 16
            below[x + 2] += error // 16
        here = below
    return bytes(result)

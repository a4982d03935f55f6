"""What a bitmap can be given as, and reading it."""

import base64
import binascii
import os

from mentra.bitmaps import bmp
from mentra.bitmaps.bitmap import Bitmap, PillowImage

BitmapSource = Bitmap | PillowImage | bytes | bytearray | memoryview | str | os.PathLike[str]
"""A ``Bitmap``, an image of Pillow, the contents of an image file, its path, or those contents of a BMP in base64."""

_QUICK_PIXELS = 200_000
_QUICK_BYTES = 3 * _QUICK_PIXELS
"""What is read and scaled within some 20 ms."""
_SHORTEST_BMP = 58


def read(source: BitmapSource) -> Bitmap:
    """Return it as a bitmap.

    Raises:
        TypeError: It is nothing of the kind.
        ValueError: It is no image that can be read; the message says which property is wrong.
        OSError: There is no such file, or it cannot be read.
    """
    match source:
        case Bitmap():
            return source
        case bytes() | bytearray() | memoryview():
            return Bitmap.from_bytes(source)
        case str() if (data := bmp_in_base64(source)) is not None:
            return Bitmap.from_bytes(data)
        case str() | os.PathLike():
            return Bitmap.from_file(source)
        case _ if hasattr(source, "convert") and hasattr(source, "size"):
            return Bitmap.from_image(source)
        case _:
            raise TypeError(
                "An image is a path, bytes, a Bitmap or an image of Pillow, "
                f"not {type(source).__name__}. For rows: Bitmap.from_rows(rows)."
            )


def is_quick(source: BitmapSource) -> bool:
    """Return whether reading and scaling is a matter of milliseconds, so that it needs no thread."""
    match source:
        case Bitmap():
            return len(source.pixels) <= _QUICK_PIXELS
        case bytes() | bytearray() | memoryview():
            # Other formats are compressed: their length says nothing.
            return len(source) <= _QUICK_BYTES and bytes(source[:2]) == bmp.SIGNATURE
        case str():
            return len(source) <= _QUICK_BYTES and bmp_in_base64(source) is not None
        case os.PathLike():
            return False
        case _:
            width, height = getattr(source, "size", (0, 0))
            return bool(width * height <= _QUICK_PIXELS)


def bmp_in_base64(text: str) -> bytes | None:
    """Return the BMP that a text is; ``None`` when it is something else, such as a path."""
    if not text.startswith("Qk"):  # "BM"; spares a path the trouble.
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if data.startswith(bmp.SIGNATURE) and len(data) >= _SHORTEST_BMP else None

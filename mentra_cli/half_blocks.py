"""Pictures as text: each character is two pixels, one above the other."""

from mentra.bitmaps.bitmap import Bitmap

_BLOCKS = " ▀▄█"
_ASCII = " '.#"
_LIT = 64
"""A pixel of a picture made smaller is lit if a quarter of it is: thin lines would vanish otherwise."""


def half_blocks(bitmap: Bitmap, columns: int, rows: int, *, encoding: str = "utf-8") -> list[str]:
    """Return the lit part of a picture as lines of text, made smaller if it has to be.

    Args:
        columns: Characters of a line, at most.
        rows: Lines, at most.
        encoding: What the text will be written in; where it has no blocks, they are ASCII.
    """
    shown = bitmap.trimmed().fitted(max(1, columns), max(1, rows) * 2)
    pixels = shown.to_rows(threshold=_LIT)
    if len(pixels) % 2:
        pixels.append("." * shown.width)
    characters = _BLOCKS if _can_write(_BLOCKS, encoding) else _ASCII
    return [
        "".join(characters[(top == "#") + 2 * (bottom == "#")] for top, bottom in zip(*pair, strict=True)).rstrip()
        for pair in zip(pixels[::2], pixels[1::2], strict=True)
    ]


def _can_write(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True

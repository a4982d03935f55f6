"""The picture that each model of glasses shows, and how any bitmap becomes one.

Source: @mentra/sdk 2.1.29 dist/index.js, BitmapUtils.padBmpForGlasses; docs/protocol.md, Layouts.
"""

from collections.abc import Mapping
from typing import NamedTuple

from mentra.bitmaps.bitmap import Bitmap

Padding = tuple[int, int]
"""Dark columns at the left, and dark rows at the top."""


class Canvas(NamedTuple):
    """What one model shows: a picture of just this size."""

    width: int
    height: int
    padding: Padding
    """Where a smaller image is put by default."""


EVEN_G1 = Canvas(width=576, height=135, padding=(50, 35))

CANVASES: Mapping[str, Canvas] = {"Even Realities G1": EVEN_G1}
"""By the model's name. The official SDK makes the same for all models; of no other the real size is known to us."""


def canvas_of(model_name: str | None) -> Canvas:
    """Return what a model shows; for others than those in the table what the official SDK sends."""
    return CANVASES.get(model_name or "", EVEN_G1)


def picture(bitmap: Bitmap, canvas: Canvas, *, padding: Padding | None, dither: bool, threshold: int) -> bytes:
    """Return a BMP file of one bit a pixel that has the size of the canvas.

    Args:
        bitmap: Scaled down if there is not enough room for it.
        padding: ``None`` lets a bitmap of the canvas' own size fill it, and puts any other at the canvas' padding.

    Raises:
        ValueError: The padding leaves no room, or the threshold is impossible.
    """
    if padding is None:
        padding = (0, 0) if bitmap.size == (canvas.width, canvas.height) else canvas.padding
    left, top = padding
    if not 0 <= left < canvas.width or not 0 <= top < canvas.height:
        raise ValueError(
            f"padding must be (left, top), at least 0 and less than ({canvas.width}, {canvas.height}), not {padding!r}."
        )
    image = bitmap.fitted(canvas.width - left, canvas.height - top)
    if dither:
        image = image.dithered(threshold=threshold)
    return image.placed(canvas.width, canvas.height, left=left, top=top).to_bmp(threshold=threshold)

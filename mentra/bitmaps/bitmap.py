"""``Bitmap``: a picture of dark and lit pixels, and all that makes one."""

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from mentra.bitmaps import bmp, raster

THRESHOLD = 128
"""A pixel brighter than this is lit, as in the official SDK."""

_DARK = " ."


class PillowImage(Protocol):
    """A ``PIL.Image.Image``."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        ...

    def convert(self, mode: str, /) -> Any:
        """Return the image with other colours."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Bitmap:
    """A picture for glasses.

    Attributes:
        width: Pixels.
        height: Pixels.
        pixels: One byte each, 0 dark to 255 fully lit, row by row from the top left. What glasses show is lit or dark;
            the values between count when it is scaled or dithered.

    Raises:
        ValueError: There are not as many pixels as the size says.
    """

    width: int
    height: int
    pixels: bytes

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"width and height must be 1 or more, not {self.width} and {self.height}.")
        if len(self.pixels) != self.width * self.height:
            raise ValueError(
                f"pixels must be {self.width * self.height} bytes for {self.width} x {self.height}, "
                f"not {len(self.pixels)}."
            )

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read an image file; see ``from_bytes``.

        Raises:
            OSError: There is no such file, or it cannot be read.
        """
        return cls.from_bytes(Path(path).read_bytes())

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Self:
        """Read the contents of an image file.

        A BMP with 1, 8, 24 or 32 bits a pixel is read as it is, everything else that Pillow knows with Pillow.
        Transparent parts are dark; of an animation it is the first picture.

        Raises:
            ValueError: It is no image that can be read; the message says which property is wrong.
        """
        data = bytes(data)
        if data.startswith(bmp.SIGNATURE):
            header = bmp.read_header(data)
            if header.is_plain:
                return cls(header.width, header.height, bmp.read_pixels(data, header))
            what = f"A BMP with {header.bits} bits a pixel and compression {header.compression}"
        elif data:
            what = f"An image that begins with {data[:4]!r}"
        else:
            raise ValueError("The image is empty: it has 0 bytes.")
        return cls._by_pillow(data, what)

    @classmethod
    def _by_pillow(cls, data: bytes, what: str) -> Self:
        # 8 ms that an app without pictures does not need.
        from PIL import Image, ImageOps

        try:
            with Image.open(io.BytesIO(data)) as image:
                return cls.from_image(ImageOps.exif_transpose(image))
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise ValueError(f"{what} cannot be read: {error}") from error

    @classmethod
    def from_image(cls, image: PillowImage) -> Self:
        """Take over a ``PIL.Image.Image``, of any mode. Transparent parts are dark."""
        # Whoever has such an image has loaded most of it.
        from PIL import ImageChops

        red, green, blue, alpha = image.convert("RGBA").split()
        brightest = ImageChops.lighter(red, ImageChops.lighter(green, blue))
        return cls(*image.size, ImageChops.multiply(brightest, alpha).tobytes())

    @classmethod
    def from_rows(cls, rows: Iterable[Iterable[object]]) -> Self:
        """Make an image of rows, the top one first.

        Args:
            rows: Text, in which a space or ``.`` is dark and everything else is lit: ``["##.", "#.#"]``. Or lists of
                values, in which whatever is true is lit.

        Raises:
            ValueError: There are no pixels, or the rows are not equally long.
        """
        lit = [bytes(255 if _is_lit(pixel) else 0 for pixel in row) for row in rows]
        if not lit or not lit[0]:
            raise ValueError("rows must have at least one pixel.")
        for number, row in enumerate(lit):
            if len(row) != len(lit[0]):
                raise ValueError(f"rows must be equally long: row 0 has {len(lit[0])} pixels, row {number} {len(row)}.")
        return cls(len(lit[0]), len(lit), b"".join(lit))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.width, self.height

    def scaled(self, width: int, height: int) -> "Bitmap":
        """Return it in just this size, whatever its proportions become."""
        if (width, height) == self.size:
            return self
        if width < 1 or height < 1:
            raise ValueError(f"width and height must be 1 or more, not {width} and {height}.")
        return Bitmap(width, height, raster.scale(self.pixels, self.size, (width, height)))

    def fitted(self, width: int, height: int) -> "Bitmap":
        """Return it no larger than this, with its own proportions; a smaller one stays as it is."""
        factor = min(1.0, width / self.width, height / self.height)
        return self.scaled(max(1, round(self.width * factor)), max(1, round(self.height * factor)))

    def placed(self, width: int, height: int, *, left: int = 0, top: int = 0) -> "Bitmap":
        """Return it on a dark canvas; what does not fit on it is cut off.

        Args:
            width: Pixels, of the canvas, as ``height``.
            left: Dark columns before the image.
            top: Dark rows above it.
        """
        shown = max(0, min(self.width, width - left))
        rows = [
            (bytes(left) + self.pixels[start : start + shown])[:width].ljust(width, b"\0")
            for start in range(0, self.width * max(0, min(self.height, height - top)), self.width)
        ]
        return Bitmap(
            width, height, (bytes(width * top) + b"".join(rows))[: width * height].ljust(width * height, b"\0")
        )

    def dithered(self, *, threshold: int = THRESHOLD) -> "Bitmap":
        """Return it with lit and dark pixels only, mixed so that grey looks grey. For photos."""
        return Bitmap(self.width, self.height, raster.dither(self.pixels, self.width, threshold=_checked(threshold)))

    def trimmed(self) -> "Bitmap":
        """Return it without the dark rows and columns around it; all of it if nothing is lit."""
        rows = [self.pixels[start : start + self.width] for start in range(0, len(self.pixels), self.width)]
        lit_rows = [number for number, row in enumerate(rows) if any(row)]
        if not lit_rows:
            return self
        rows = rows[lit_rows[0] : lit_rows[-1] + 1]
        left = min(len(row) - len(row.lstrip(b"\0")) for row in rows)
        right = max(len(row.rstrip(b"\0")) for row in rows)
        return Bitmap(right - left, len(rows), b"".join(row[left:right] for row in rows))

    def to_rows(self, *, threshold: int = THRESHOLD) -> list[str]:
        """Return a line of text per row, in which ``#`` is lit and ``.`` is dark."""
        table = bytes(b".#"[value > _checked(threshold)] for value in range(256))
        text = self.pixels.translate(table).decode()
        return [text[start : start + self.width] for start in range(0, len(text), self.width)]

    def to_bmp(self, *, threshold: int = THRESHOLD) -> bytes:
        """Return the contents of a BMP file with one bit a pixel.

        Args:
            threshold: A pixel brighter than this is lit; 0 to 254.
        """
        return bmp.write(self.width, self.height, self.pixels, threshold=_checked(threshold))

    def __repr__(self) -> str:
        return f"<Bitmap {self.width} x {self.height}>"


def _is_lit(pixel: object) -> bool:
    return bool(pixel.strip(_DARK) if isinstance(pixel, str) else pixel)


def _checked(threshold: int) -> int:
    if not 0 <= threshold <= 254:
        raise ValueError(f"threshold must be 0 to 254, not {threshold!r}.")
    return threshold

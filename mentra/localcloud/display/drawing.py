"""A picture of what the wearer sees, as a PNG: the layouts on the panel of the glasses.

The rules:

* What is lit is green, as on all glasses that we know.
* An image is drawn pixel for pixel; what does not fit is cut off.
* Lines are broken as on the glasses, as far as ``panels.py`` knows; the shapes of letters are those of Pillow's font.
* A character that it lacks comes from a font of this system, else it is drawn without its accent, else as a box.
"""

import contextlib
import functools
import io
import itertools
import unicodedata
from math import ceil

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

from mentra.bitmaps.bitmap import THRESHOLD, Bitmap
from mentra.localcloud.display.panels import Panel, advance_of
from mentra.localcloud.display.typesetting import Line, typeset
from mentra.protocol.layouts import Layout

SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "Arial Unicode.ttf",
    "arial.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "msyh.ttc",
    "malgun.ttf",
)
"""Fonts that most systems have one of, those with the most characters first."""


def draw(seen: Layout | Bitmap | None, panel: Panel) -> bytes:
    """Return the contents of a PNG file as large as the panel: green on black, in RGB.

    Args:
        seen: What is shown; ``None`` is a dark panel. An image is a ``Bitmap``; glasses that show none stay dark.
        panel: Of the glasses that are worn.
    """
    lit = _image(seen, panel) if isinstance(seen, Bitmap) else _text(seen, panel)
    dark = Image.new("L", lit.size)
    file = io.BytesIO()
    Image.merge("RGB", (dark, lit, dark)).save(file, "PNG")
    return file.getvalue()


def _text(layout: Layout | None, panel: Panel) -> Image.Image:
    fine = Image.new("L", (panel.width * _FINER, panel.height * _FINER))
    canvas, typeface = ImageDraw.Draw(fine), Typeface(panel)
    for line in typeset(layout, panel, typeface.advance):
        typeface.draw(canvas, line)
    return fine.reduce(_FINER)


def _image(bitmap: Bitmap, panel: Panel) -> Image.Image:
    lit = Image.new("L", (panel.width, panel.height))
    if panel.images is not None:
        left, top, width, height = panel.images
        shown = bitmap.placed(width, height)
        pixels = shown.pixels.translate(bytes(255 if value > THRESHOLD else 0 for value in range(256)))
        lit.paste(Image.frombytes("L", shown.size, pixels), (left, top))
    return lit


class Typeface:
    """Measures and draws text on one panel."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._size = panel.font_size * _FINER
        self._font = _own_font(self._size)

    def advance(self, character: str) -> float:
        """Return how far it is from a character to the next, in pixels."""
        if self._panel.advances is not None:
            return advance_of(character, self._panel.advances)
        font, shown = self._glyph(character)
        return font.getlength(shown) / _FINER

    def draw(self, canvas: ImageDraw.ImageDraw, line: Line) -> None:
        """Draw one line. Words begin where they begin on the glasses, and are as wide."""
        left = float(line.left)
        baseline = (line.top + self._panel.line_height / 2) * _FINER + self._size * _HALF_A_CAPITAL
        for is_space, characters in itertools.groupby(line.text, str.isspace):
            word = "".join(characters)
            width = sum(map(self.advance, word))
            if not is_space:
                self._draw_word(canvas, word, (left * _FINER, baseline), width * _FINER)
            left += width

    def _draw_word(self, canvas: ImageDraw.ImageDraw, word: str, at: tuple[float, float], width: float) -> None:
        glyphs = [self._glyph(character) for character in word]
        lengths = [font.getlength(shown) for font, shown in glyphs]
        # Words whose characters are spaced as in another font look torn, so they are stretched as a whole.
        stretched = width / (sum(lengths) or 1)
        left, baseline = at
        for (font, shown), length in zip(glyphs, lengths, strict=True):
            canvas.text((left + length * stretched / 2, baseline), shown, fill=255, font=font, anchor="ms")
            left += length * stretched

    def _glyph(self, character: str) -> tuple[FreeTypeFont, str]:
        """Return the font in which a character is drawn, and what is drawn for it."""
        if _has(self._font, character):
            return self._font, character
        for font in _system_fonts(self._size):
            if _has(font, character):
                return font, character
        # What a font draws for a character that it lacks is the box.
        return self._font, unicodedata.normalize("NFKD", character)[0]


_FINER = 4
"""How much larger text is drawn first, so that letters can stand between two pixels."""
_HALF_A_CAPITAL = 0.35
"""Of the size of the font."""


@functools.cache
def _own_font(size: int) -> FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise ImportError("This Pillow was built without FreeType, so it cannot draw text: pip install pillow.")
    return font


# Looking for them takes some milliseconds, or more where there are many fonts.
@functools.cache
def _system_fonts(size: int) -> tuple[FreeTypeFont, ...]:
    found: list[FreeTypeFont] = []
    for name in SYSTEM_FONTS:
        with contextlib.suppress(OSError):
            found.append(ImageFont.truetype(name, size))
    return tuple(found)


@functools.cache
def _has(font: FreeTypeFont, character: str) -> bool:
    """Whether a font has a character; if not, it draws the same as for one that does not exist."""
    return _pixels(font, character) != _pixels(font, _NO_CHARACTER)


def _pixels(font: FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    left, top, right, bottom = font.getbbox(character)
    picture = Image.new("1", (max(1, ceil(right - left)), max(1, ceil(bottom - top))))
    ImageDraw.Draw(picture).text((-left, -top), character, fill=1, font=font)
    return picture.size, picture.tobytes()


_NO_CHARACTER = "\uffff"

"""The panel in front of the wearer's eyes, of each model: its pixels, and where text and images are on it.

The rules:

* The size in pixels and the number of lines are those that the cloud tells apps: ``models.py``.
* Text of the Even Realities G1 is broken by the phone, which knows how wide each character is in their font. It goes
  by the phones of 2025. Those of 2026 use the whole width of the canvas; what fits here fits there.
* *Unverified*: where on the panel the G1 put their canvas; that other glasses with the same panel show the same;
  where the Vuzix Z100 put their text, and in which size; that Simulated Glasses look like those.

Source: AugmentOS ios G1Text.swift, android G1.java and UltraliteSGC.java (2025); MentraOS
cloud/packages/display-utils/src/profiles (2026); docs/protocol.md, Layouts.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mentra.bitmaps.glasses import EVEN_G1
from mentra.errors import HardwareUnavailable
from mentra.localcloud.models import MODELS
from mentra.protocol.capabilities import Capabilities


class Column(NamedTuple):
    """Where lines of text begin, and how long they can be. Pixels."""

    left: int
    width: int


class Area(NamedTuple):
    """A part of the panel. Pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One kind of panel. Everything is in pixels, from the top left."""

    width: int
    height: int
    font_size: int
    lines: int
    """How many lines of text it shows; the rest is cut off."""
    line_height: int
    text_top: int
    wall: Column
    """Of one block of text."""
    columns: tuple[Column, Column] | None
    """Of two texts side by side; ``None``: the second one stands below the first."""
    second_at: int = 0
    """On which line the second text begins at the earliest, if it stands below; the first line is 0."""
    sinks: bool
    """Whether text of fewer lines stands at the bottom."""
    advances: Mapping[str, int] | None
    """From one character to the next, in the font of the glasses; ``None`` if that is not known."""
    images: Area | None
    """Where an image is; ``None`` on glasses that show none."""


_BY_UNITS = {
    1: "!',.:;il|",
    2: ' "()I[]`j',
    3: "*/1J\\_rt{}",
    4: "+-<=>EFL^bcdefghknopqsz",
    5: "$023456789?BCDGHKNOPQRSTUZauvxy",
    6: "#%AVXY",
    7: "&@MWmw~",
}
_G1_ADVANCES = {character: (units + 1) * 2 for units, characters in _BY_UNITS.items() for character in characters}
_G1_OTHER = 16
_G1_WIDE = 18
_G1_HANGUL = 24

_G1_CANVAS = Area(left=(640 - EVEN_G1.width) // 2, top=(200 - EVEN_G1.height) // 2, width=576, height=135)

# The phone reckons with 488 of the 576 columns. Walls keep five spaces free on either side; the second column begins
# after 60 percent, and the first one may take half.
EVEN = Panel(
    width=640,
    height=200,
    font_size=19,
    lines=5,
    line_height=27,
    text_top=_G1_CANVAS.top,
    wall=Column(left=_G1_CANVAS.left + 30, width=428),
    columns=(Column(left=_G1_CANVAS.left, width=244), Column(left=_G1_CANVAS.left + 292, width=196)),
    sinks=False,
    advances=_G1_ADVANCES,
    images=_G1_CANVAS,
)
"""The Even Realities G1; also glasses that nobody knows."""

# Some 42 characters of mixed text fit on a line.
VUZIX = Panel(
    width=640,
    height=480,
    font_size=32,
    lines=7,
    line_height=44,
    text_top=152,
    wall=Column(left=20, width=600),
    columns=None,
    second_at=5,
    sinks=True,
    advances=None,
    images=None,
)
"""The Vuzix Z100."""

_PANELS: Mapping[str, Panel] = {"Vuzix Z100": VUZIX, "Simulated Glasses": VUZIX}


def panel_of(model: str, capabilities: Capabilities | None) -> Panel:
    """Return the panel of a model.

    Args:
        model: Its name.
        capabilities: What it can do; ``None`` when nobody knows.

    Raises:
        HardwareUnavailable: These glasses have no display.
    """
    if capabilities is not None and not capabilities.has_display:
        others = " or ".join(repr(name) for name, can in MODELS.items() if can.has_display)
        raise HardwareUnavailable(
            f"The {model} have no display, so there is no picture of it. Wear others, such as {others}.",
            feature="display",
            model_name=model,
        )
    return _PANELS.get(model, EVEN)


def advance_of(character: str, advances: Mapping[str, int]) -> int:
    """Return how far it is from a character to the next; *unverified* for letters with accents and for symbols."""
    if character in advances:
        return advances[character]
    name = unicodedata.name(character, "")
    if name.startswith("HANGUL"):
        return _G1_HANGUL
    if name.startswith("CYRILLIC") or unicodedata.east_asian_width(character) in "WF":
        return _G1_WIDE
    # A letter is as wide without its accent.
    return advances.get(unicodedata.normalize("NFKD", character)[0], _G1_OTHER)

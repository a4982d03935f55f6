"""Where each line of a layout stands on a panel. Nothing is drawn here.

The rules, of the phone of 2025:

* A line that is too long is broken at its last space that fits, or within a word that is longer than a line.
* What does not fit on the panel is cut off, from the end.
* A reference card is its title, an empty line, and its text.
* A dashboard card is two columns. *Unverified*: the phone may show nothing of it.

Source: AugmentOS ios G1Text.swift, AOSManager.swift, android UltraliteSGC.java (2025).
"""

import unicodedata
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

from mentra.localcloud.display.panels import Column, Panel
from mentra.protocol.layouts import DashboardCard, DoubleTextWall, Layout, ReferenceCard, TextWall

Advance = Callable[[str], float]
"""From a character to the next, in pixels."""

_TAB = "    "


class Line(NamedTuple):
    """One line of text. Pixels from the top left of the panel."""

    left: int
    top: int
    text: str


def typeset(layout: Layout | None, panel: Panel, advance: Advance) -> list[Line]:
    """Return the lines of a layout; those without text are left out."""
    match layout:
        case TextWall():
            return _wall(wrap(layout.text, panel.wall.width, advance), panel)
        case ReferenceCard():
            return _wall(wrap(f"{layout.title}\n\n{layout.text}", panel.wall.width, advance), panel)
        case DoubleTextWall():
            return _two(layout.top_text, layout.bottom_text, panel, advance)
        case DashboardCard():
            return _two(layout.left_text, layout.right_text, panel, advance)
        case _:
            return []


def wrap(text: str, width: int, advance: Advance) -> list[str]:
    """Return a text as lines that are no wider than this, but for a character that is wider itself."""
    return [line for paragraph in _clean(text).split("\n") for line in _broken(paragraph, width, advance)]


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\t", _TAB)
    return "".join(
        character for character in text if character == "\n" or unicodedata.category(character) not in _UNSEEN
    )


_UNSEEN = {"Cc", "Cf", "Mn"}
"""Categories of characters that take no room, with accents for which there is no letter of its own."""


def _broken(rest: str, width: int, advance: Advance) -> list[str]:
    lines: list[str] = []
    while (fitting := _count_fitting(rest, width, advance)) < len(rest):
        # The space itself need not fit.
        end = rest.rfind(" ", 0, fitting + 1)
        if not rest[: max(end, 0)].strip():
            end = fitting
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*lines, rest] if rest or not lines else lines


def _count_fitting(text: str, width: int, advance: Advance) -> int:
    ends = accumulate(advance(character) for character in text)
    return next((max(1, number) for number, end in enumerate(ends) if end > width), len(text))


def _wall(lines: list[str], panel: Panel) -> list[Line]:
    while panel.sinks and lines and not lines[-1].strip():
        lines = lines[:-1]
    lines = lines[: panel.lines]
    first = panel.lines - len(lines) if panel.sinks else 0
    return _placed(lines, panel.wall, panel, first)


def _two(first: str, second: str, panel: Panel, advance: Advance) -> list[Line]:
    if panel.columns is None:
        above = wrap(first, panel.wall.width, advance)
        above += [""] * (panel.second_at - len(above))
        return _wall(above + wrap(second, panel.wall.width, advance), panel)
    return [
        line
        for text, column in zip((first, second), panel.columns, strict=True)
        for line in _placed(wrap(text, column.width, advance)[: panel.lines], column, panel, 0)
    ]


def _placed(lines: list[str], column: Column, panel: Panel, first: int) -> list[Line]:
    return [
        Line(column.left, panel.text_top + (first + number) * panel.line_height, text)
        for number, text in enumerate(lines)
        if text.strip()
    ]

"""What glasses can show.

Source: @mentra/sdk 2.1.29 dist/types/layouts.d.ts, dist/app/session/layouts.js; docs/protocol.md, Layouts.
"""

from enum import StrEnum
from typing import Any, cast

import msgspec

from mentra.protocol.base import Number, Wire


class View(StrEnum):
    """Where a layout is shown."""

    MAIN = "main"
    DASHBOARD = "dashboard"


class DashboardMode(StrEnum):
    """How much of the dashboard is shown."""

    MAIN = "main"
    EXPANDED = "expanded"


class _Layout(Wire, frozen=True, kw_only=True, tag_field="layoutType"):
    pass


class TextWall(_Layout, frozen=True, kw_only=True, tag="text_wall"):
    """One block of text."""

    text: str


class DoubleTextWall(_Layout, frozen=True, kw_only=True, tag="double_text_wall"):
    """Two blocks of text, one above the other."""

    top_text: str
    bottom_text: str


class ReferenceCard(_Layout, frozen=True, kw_only=True, tag="reference_card"):
    """A title with text under it."""

    title: str
    text: str


class DashboardCard(_Layout, frozen=True, kw_only=True, tag="dashboard_card"):
    """Two texts side by side."""

    left_text: str
    right_text: str


class BitmapView(_Layout, frozen=True, kw_only=True, tag="bitmap_view"):
    """One image."""

    data: str
    """A BMP file in base64, at most 1 000 000 characters."""


class BitmapAnimation(_Layout, frozen=True, kw_only=True, tag="bitmap_animation"):
    """Several images, one after the other."""

    frames: list[str]
    interval_ms: Number = msgspec.field(name="interval")
    repeat: bool


class ClearView(_Layout, frozen=True, kw_only=True, tag="clear_view"):
    """Nothing."""


Layout = TextWall | DoubleTextWall | ReferenceCard | DashboardCard | BitmapView | BitmapAnimation | ClearView


def read_layout(value: Any) -> Layout | None:
    """Return a decoded JSON value as the layout it describes, or ``None`` when it is none we know.

    The cloud passes layouts on unread, so a reader meets whatever an app wrote.
    """
    try:
        return cast(Layout, msgspec.convert(value, Layout))
    except msgspec.ValidationError:
        return None


def layout_problem(value: Any) -> str:
    """Return why a decoded JSON value is no layout that we know; empty when it is one."""
    try:
        msgspec.convert(value, Layout)
    except msgspec.ValidationError as error:
        return str(error)
    return ""

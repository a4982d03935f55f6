"""Layouts as a wearer reads them."""

import pytest

from mentra.localcloud.display.screen import layout_text
from mentra.protocol.layouts import (
    BitmapAnimation,
    BitmapView,
    ClearView,
    DashboardCard,
    DoubleTextWall,
    ReferenceCard,
    TextWall,
)


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (TextWall(text="hello"), "hello"),
        (DoubleTextWall(top_text="up", bottom_text="down"), "up\ndown"),
        (DoubleTextWall(top_text="up", bottom_text=""), "up"),
        (ReferenceCard(title="title", text="text"), "title\ntext"),
        (DashboardCard(left_text="left", right_text="right"), "left\nright"),
        (BitmapView(data="Qk0="), "[bitmap]"),
        (BitmapAnimation(frames=["Qk0=", "Qk0="], interval_ms=1650, repeat=False), "[animation of 2 bitmaps]"),
        (ClearView(), ""),
        (None, ""),
    ],
)
def test_every_layout_has_a_text(layout, text):
    assert layout_text(layout) == text

"""Layouts as lines with their places."""

import pytest

from mentra.localcloud.display.panels import EVEN, VUZIX
from mentra.localcloud.display.typesetting import Line, typeset, wrap
from mentra.protocol.layouts import BitmapView, ClearView, DashboardCard, DoubleTextWall, ReferenceCard, TextWall


def ten(_):
    """Every character is 10 pixels wide."""
    return 10


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("hello", ["hello"]),
        ("0123456789", ["0123456789"]),
        ("one two three", ["one two", "three"]),
        ("one two th", ["one two th"]),
        ("0123456789 after", ["0123456789", "after"]),
        ("01234567890123456789x", ["0123456789", "0123456789", "x"]),
        ("a 01234567890", ["a", "0123456789", "0"]),
        ("one\ntwo\r\n\nthree", ["one", "two", "", "three"]),
        ("  indented text", ["  indented", "text"]),
        ("many    spaces    within", ["many", "spaces", "within"]),
        ("ends with   ", ["ends with"]),
        ("\ttab", ["    tab"]),
        ("e\u0301t\u200be\x07", ["éte"]),
    ],
)
def test_a_text_is_broken_at_spaces(text, lines):
    assert wrap(text, 100, ten) == lines


def test_a_character_that_is_wider_than_a_line_has_a_line_of_its_own():
    assert wrap("ab", 5, ten) == ["a", "b"]


@pytest.mark.parametrize(
    ("layout", "lines"),
    [
        (TextWall(text="one\n\nthree"), [Line(62, 32, "one"), Line(62, 86, "three")]),
        (ReferenceCard(title="title", text="text"), [Line(62, 32, "title"), Line(62, 86, "text")]),
        (DoubleTextWall(top_text="a\nb", bottom_text="c"), [Line(32, 32, "a"), Line(32, 59, "b"), Line(324, 32, "c")]),
        (DashboardCard(left_text="a", right_text="b"), [Line(32, 32, "a"), Line(324, 32, "b")]),
        (BitmapView(data="Qk0="), []),
        (ClearView(), []),
        (None, []),
    ],
)
def test_every_layout_has_its_place_on_the_g1(layout, lines):
    assert typeset(layout, EVEN, ten) == lines


@pytest.mark.parametrize(
    ("layout", "lines"),
    [
        (TextWall(text="one\n"), [Line(20, 416, "one")]),
        (TextWall(text="one\n\nthree"), [Line(20, 328, "one"), Line(20, 416, "three")]),
        (ReferenceCard(title="title", text="text"), [Line(20, 328, "title"), Line(20, 416, "text")]),
        (
            DoubleTextWall(top_text="a\nb", bottom_text="c"),
            [Line(20, 196, "a"), Line(20, 240, "b"), Line(20, 416, "c")],
        ),
    ],
)
def test_text_stands_at_the_bottom_of_the_z100(layout, lines):
    assert typeset(layout, VUZIX, ten) == lines


@pytest.mark.parametrize(("panel", "lines"), [(EVEN, "01234"), (VUZIX, "0123456")], ids=["even", "vuzix"])
def test_lines_for_which_there_is_no_room_are_cut_off(panel, lines):
    layout = TextWall(text="\n".join("0123456789"))

    assert "".join(line.text for line in typeset(layout, panel, ten)) == lines


def test_each_column_breaks_its_own_lines():
    layout = DoubleTextWall(top_text="twenty four characters ..", bottom_text="nineteen characters .")

    assert [line.text for line in typeset(layout, EVEN, ten)] == [
        "twenty four characters",
        "..",
        "nineteen characters",
        ".",
    ]

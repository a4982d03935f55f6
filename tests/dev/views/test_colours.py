"""The colours of sessions."""

import itertools

import pytest
from rich.color import Color, ColorSystem, ColorType

from mentra_cli.dev.views.colours import PALETTE, Colours


def test_a_session_keeps_its_colour_and_others_get_others():
    colours = Colours()
    first = [colours.of(f"session {number}") for number in range(len(PALETTE))]

    again = [colours.of(f"session {number}") for number in reversed(range(len(PALETTE)))]

    assert first == [*PALETTE]
    assert again == first[::-1]


def test_when_there_are_more_sessions_than_colours_they_begin_anew():
    colours = Colours()

    given = [colours.of(f"session {number}") for number in range(len(PALETTE) + 1)]

    assert given[-1] == given[0]


@pytest.mark.parametrize("background", [(0, 0, 0), (255, 255, 255)], ids=["dark", "light"])
@pytest.mark.parametrize("colour", PALETTE)
def test_a_colour_is_readable_on_a_background(colour: str, background: tuple[int, int, int]):
    lighter, darker = sorted((luminance(Color.parse(colour).get_truecolor()), luminance(background)), reverse=True)

    # What WCAG 2 asks of large text and of what is no text, such as frames.
    assert (lighter + 0.05) / (darker + 0.05) >= 3.0


def test_colours_stay_different_where_there_are_256():
    eight_bit = {Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT) for colour in PALETTE}

    assert len(eight_bit) == len(PALETTE)
    assert all(color.type is ColorType.EIGHT_BIT for color in eight_bit)


def test_no_two_colours_are_close():
    for one, other in itertools.combinations(PALETTE, 2):
        distance = sum(
            abs(a - b)
            for a, b in zip(Color.parse(one).get_truecolor(), Color.parse(other).get_truecolor(), strict=True)
        )
        assert distance >= 100, (one, other)


def luminance(colour: tuple[int, int, int]) -> float:
    """Return the relative luminance of WCAG 2, 0.0 to 1.0."""
    red, green, blue = (
        part / 12.92 if (part := byte / 255) <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for byte in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

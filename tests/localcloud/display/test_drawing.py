"""Pictures of the display. What is asserted is true with any font."""

import io
from itertools import groupby

import pytest
from PIL import Image

from mentra.bitmaps.bitmap import Bitmap
from mentra.localcloud.display.drawing import draw
from mentra.localcloud.display.panels import EVEN, VUZIX
from mentra.protocol.layouts import BitmapView, ClearView, DoubleTextWall, ReferenceCard, TextWall

PANELS = pytest.mark.parametrize("panel", [EVEN, VUZIX], ids=["even", "vuzix"])
LONG = "Franz jagt im komplett verwahrlosten Taxi quer durch Bayern. " * 20


def picture(seen, panel=EVEN):
    image = Image.open(io.BytesIO(draw(seen, panel)))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (panel.width, panel.height))
    return image


def box(image):
    """The smallest rectangle around what is lit: left, top, right, bottom."""
    return image.getchannel("G").getbbox()


def lit_bands(image):
    """How many lines there are: rows with lit pixels, between dark ones."""
    green = image.getchannel("G")
    rows = [green.crop((0, y, image.width, y + 1)).getbbox() is not None for y in range(image.height)]
    return sum(is_lit for is_lit, _ in groupby(rows))


@PANELS
def test_what_is_lit_is_green(panel):
    image = picture(TextWall(text="Hello"), panel)

    assert box(image) is not None
    assert image.getchannel("G").getextrema() == (0, 255)
    assert [image.getchannel(other).getextrema() for other in "RB"] == [(0, 0), (0, 0)]


@PANELS
@pytest.mark.parametrize("seen", [None, ClearView(), TextWall(text=""), TextWall(text=" \n "), BitmapView(data="?")])
def test_without_content_it_is_dark(panel, seen):
    assert box(picture(seen, panel)) is None


@PANELS
def test_long_text_fills_the_lines_and_no_more(panel):
    image = picture(TextWall(text=LONG.upper().replace(",", "")), panel)
    left, top, right, bottom = box(image)

    assert lit_bands(image) == panel.lines
    assert panel.wall.left - 2 <= left < panel.wall.left + 10
    assert panel.wall.left + panel.wall.width / 2 < right <= panel.wall.left + panel.wall.width + 2
    assert panel.text_top <= top < panel.text_top + panel.line_height
    assert bottom <= panel.text_top + panel.lines * panel.line_height


@PANELS
def test_each_line_is_a_line_of_its_own(panel):
    assert lit_bands(picture(TextWall(text="ONE\nTWO\n\nFOUR"), panel)) == 3


def test_a_text_wall_begins_at_the_top_left_of_the_g1_and_at_the_bottom_left_of_the_z100():
    even, vuzix = (box(picture(TextWall(text="Hi"), panel)) for panel in (EVEN, VUZIX))

    assert (even[2] < EVEN.width / 4, even[3] < EVEN.height / 2) == (True, True)
    assert (vuzix[2] < VUZIX.width / 4, vuzix[1] > VUZIX.height / 2) == (True, True)


def test_the_texts_of_a_double_text_wall_are_the_halves_of_the_g1():
    left = box(picture(DoubleTextWall(top_text=LONG, bottom_text="")))
    right = box(picture(DoubleTextWall(top_text="", bottom_text=LONG)))

    assert left[2] <= EVEN.width / 2 <= right[0]
    assert left[1] == pytest.approx(right[1], abs=2)


def test_the_texts_of_a_double_text_wall_are_one_above_the_other_on_the_z100():
    above = box(picture(DoubleTextWall(top_text="Hi", bottom_text=""), VUZIX))
    both = picture(DoubleTextWall(top_text="Hi", bottom_text="Ho"), VUZIX)

    assert lit_bands(both) == 2
    assert above[0] == pytest.approx(box(both)[0], abs=2)
    assert box(both)[1] < box(both)[3] - 4 * VUZIX.line_height


@PANELS
def test_a_reference_card_has_an_empty_line_below_its_title(panel):
    card = draw(ReferenceCard(title="Title", text="Text"), panel)

    assert card == draw(TextWall(text="Title\n\nText"), panel)


def test_an_image_is_there_pixel_for_pixel():
    image = Bitmap.from_rows(["#..#", ".##.", "#..."]).placed(576, 135, left=50, top=35)
    left, top, width, height = EVEN.images

    green = picture(image).getchannel("G")

    assert green.crop((left, top, left + width, top + height)).tobytes() == image.pixels
    assert sum(green.histogram()[1:]) == 5


def test_an_image_that_is_too_large_is_cut_off():
    left, top, width, height = EVEN.images

    assert box(picture(Bitmap(700, 300, bytes([255]) * 210_000))) == (left, top, left + width, top + height)


def test_grey_pixels_are_lit_or_dark():
    image = picture(Bitmap(3, 1, bytes([128, 129, 200])))

    assert image.getchannel("G").getcolors() == [(640 * 200 - 2, 0), (2, 255)]


def test_glasses_that_show_no_images_stay_dark():
    assert box(picture(Bitmap.from_rows(["##"]), VUZIX)) is None


@PANELS
@pytest.mark.parametrize("text", ["Grüße", "你好", "Привет", "한국어", "👓👩‍🚀", "\U000f0000", "नमस्ते", "\ud800", "ﷺ"])
def test_no_character_is_lost(panel, text):
    alone, between = picture(TextWall(text=text), panel), picture(TextWall(text=f"a {text} b"), panel)

    assert box(alone) is not None
    assert box(between)[2] - box(between)[0] > box(alone)[2] - box(alone)[0]


@PANELS
def test_the_same_is_drawn_the_same(panel):
    assert draw(TextWall(text=LONG), panel) == draw(TextWall(text=LONG), panel)

"""Pictures of the size that glasses show."""

import pytest

from mentra.bitmaps.bitmap import Bitmap
from mentra.bitmaps.glasses import EVEN_G1, Padding, canvas_of, picture


def shown(bitmap: Bitmap, *, padding: Padding | None = None, dither: bool = False, threshold: int = 128) -> Bitmap:
    file = picture(bitmap, EVEN_G1, padding=padding, dither=dither, threshold=threshold)
    assert len(file) == 9782
    return Bitmap.from_bytes(file)


def lit(width: int, height: int, brightness: int = 255) -> Bitmap:
    return Bitmap(width, height, bytes([brightness]) * (width * height))


@pytest.mark.parametrize("model_name", ["Even Realities G1", "Glasses of tomorrow", None])
def test_every_model_gets_the_picture_of_the_g1(model_name: str | None):
    assert canvas_of(model_name) == EVEN_G1 == (576, 135, (50, 35))


def test_a_small_image_is_put_where_the_official_sdk_puts_it():
    assert shown(lit(20, 10)) == lit(20, 10).placed(576, 135, left=50, top=35)


def test_an_image_of_the_full_size_fills_it():
    assert shown(lit(576, 135)) == lit(576, 135)


def test_a_large_image_is_made_to_fit_beside_the_padding():
    assert shown(lit(2000, 1000)) == lit(200, 100).placed(576, 135, left=50, top=35)


@pytest.mark.parametrize("padding", [(0, 0), (100, 7), (575, 134)])
def test_the_padding_is_honoured(padding: Padding):
    """Defect 25 of the official SDK 2.1.29: it takes a padding and always uses 50 and 35."""
    left, top = padding

    assert shown(lit(2, 1), padding=padding) == lit(2, 1).fitted(576 - left, 135 - top).placed(
        576, 135, left=left, top=top
    )


def test_a_padding_can_be_given_for_an_image_of_the_full_size():
    assert shown(lit(576, 135), padding=(288, 0)) == lit(288, 68).placed(576, 135, left=288)


@pytest.mark.parametrize("padding", [(-1, 0), (0, -1), (576, 0), (0, 135)])
def test_an_impossible_padding_is_refused(padding: Padding):
    with pytest.raises(ValueError, match=r"padding must be \(left, top\)"):
        shown(lit(1, 1), padding=padding)


def test_grey_is_lit_or_dark_by_the_threshold_or_dithered():
    grey = lit(526, 100, 100)

    assert shown(grey).pixels.count(255) == 0
    assert shown(grey, threshold=99) == lit(526, 100).placed(576, 135, left=50, top=35)
    assert shown(grey, dither=True).pixels.count(255) == pytest.approx(52600 * 100 / 255, rel=0.05)

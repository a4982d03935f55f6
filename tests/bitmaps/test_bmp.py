"""BMP files of several kinds, read and written."""

import pytest

from mentra.bitmaps.bitmap import Bitmap
from tests.bitmaps.bmp_files import bmp, bmp_24

RED, BLUE, GREY, BLACK = (255, 0, 0), (0, 0, 200), (90, 90, 90), (0, 0, 0)


def test_the_brightness_of_a_colour_is_that_of_its_brightest_part():
    bitmap = Bitmap.from_bytes(bmp_24([[RED, BLUE], [GREY, BLACK], [BLACK, RED]]))

    assert bitmap == Bitmap(2, 3, bytes([255, 200, 90, 0, 0, 255]))


def test_a_file_may_begin_with_the_top_row():
    bottom_up = bmp(3, 2, 1, [b"\xa0", b"\x40"], palette=[BLACK, RED])
    top_down = bmp(3, -2, 1, [b"\x40", b"\xa0"], palette=[BLACK, RED])

    assert Bitmap.from_bytes(top_down) == Bitmap.from_bytes(bottom_up) == Bitmap.from_rows([".#.", "#.#"])


def test_the_palette_says_which_bit_is_lit():
    bitmap = Bitmap.from_bytes(bmp(3, 1, 1, [b"\x40"], palette=[RED, BLACK]))

    assert bitmap == Bitmap.from_rows(["#.#"])


def test_eight_bits_are_looked_up_in_the_palette():
    bitmap = Bitmap.from_bytes(bmp(4, 1, 8, [bytes([2, 0, 1, 9])], palette=[BLACK, BLUE, RED]))

    assert bitmap.pixels == bytes([255, 0, 200, 0])


def test_the_fourth_byte_of_32_bits_is_no_colour():
    bitmap = Bitmap.from_bytes(bmp(2, 1, 32, [bytes([1, 2, 3, 255, 0, 0, 0, 255])]))

    assert bitmap.pixels == bytes([3, 0])


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (b"BM", "cut off: it has 2 bytes, its headers alone have 54"),
        (bmp_24([[RED, RED]])[:-1], "cut off: 62 bytes are needed for its size, it has 61"),
        (bmp(0, 1, 24, []), "impossible size: width 0, height 1"),
    ],
)
def test_a_broken_file_is_refused_with_what_is_wrong(file: bytes, problem: str):
    with pytest.raises(ValueError, match=problem):
        Bitmap.from_bytes(file)


def test_what_is_written_has_the_bytes_of_the_format():
    written = Bitmap.from_rows(["#.", ".#", "##"]).to_bmp()

    assert written == bytes.fromhex(
        "424d 4a000000 0000 0000 3e000000"  # BM, 74 bytes, pixels at 62
        "28000000 02000000 03000000 0100 0100 00000000 0c000000 130b0000 130b0000 02000000 02000000"
        "00000000 ffffff00"  # black, white
        "c0000000 40000000 80000000"  # the bottom row first
    )


@pytest.mark.parametrize("width", [1, 8, 31, 32, 33, 576])
def test_what_was_written_reads_as_it_was(width: int):
    bitmap = Bitmap(width, 3, bytes(255 * (place % 3 == 0) for place in range(width * 3)))

    assert Bitmap.from_bytes(bitmap.to_bmp()) == bitmap


def test_a_pixel_is_lit_if_it_is_brighter_than_the_threshold():
    grey = Bitmap(4, 1, bytes([0, 128, 129, 255]))

    assert grey.to_bmp() == Bitmap.from_rows(["..##"]).to_bmp()
    assert grey.to_bmp(threshold=127) == Bitmap.from_rows([".###"]).to_bmp()
    assert grey.to_bmp(threshold=254) == Bitmap.from_rows(["...#"]).to_bmp()

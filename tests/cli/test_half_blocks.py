import pytest

from mentra.bitmaps.bitmap import Bitmap
from mentra_cli.half_blocks import half_blocks

ARROW = Bitmap.from_rows(["......", ".#.#..", "..#...", "..#...", "......"])


def test_two_rows_of_pixels_are_a_line_of_text():
    assert half_blocks(ARROW, 80, 24) == ["▀▄▀", " ▀"]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "no-such-encoding"])
def test_where_there_are_no_blocks_it_is_ascii(encoding: str):
    assert half_blocks(ARROW, 80, 24, encoding=encoding) == ["'.'", " '"]


@pytest.mark.parametrize(("columns", "rows"), [(10, 40), (40, 3), (1, 1)])
def test_a_picture_is_made_to_fit(columns: int, rows: int):
    lines = half_blocks(Bitmap(100, 50, bytes([255]) * 5000), columns, rows)

    assert max(len(line) for line in lines) <= columns
    assert len(lines) <= rows
    assert set("".join(lines)) <= set("█▀")


def test_a_dark_picture_is_empty():
    assert half_blocks(Bitmap(2, 2, bytes(4)), 80, 24) == [""]

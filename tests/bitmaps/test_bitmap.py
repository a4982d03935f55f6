"""Pictures: made, changed, read back."""

import io
from pathlib import Path

import pytest
from PIL import Image

from mentra.bitmaps.bitmap import Bitmap
from tests.bitmaps.bmp_files import bmp, bmp_24

DIAGONAL = Bitmap.from_rows(["#..", ".#.", "..#"])


def file_of(image: Image.Image, kind: str) -> bytes:
    written = io.BytesIO()
    image.save(written, kind)
    return written.getvalue()


def test_rows_may_be_text_or_whatever_is_true():
    assert Bitmap.from_rows([[1, 0, False], (None, "x", ""), "..#"]) == DIAGONAL
    assert DIAGONAL.pixels == bytes([255, 0, 0, 0, 255, 0, 0, 0, 255])
    assert (DIAGONAL.size, repr(DIAGONAL)) == ((3, 3), "<Bitmap 3 x 3>")


def test_a_bitmap_reads_as_the_rows_that_it_was_made_of():
    assert DIAGONAL.to_rows() == ["#..", ".#.", "..#"]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [([], "at least one pixel"), ([""], "at least one pixel"), (["##", "#"], "row 0 has 2 pixels, row 1 1")],
)
def test_rows_that_are_no_rectangle_are_refused(rows: list[str], problem: str):
    with pytest.raises(ValueError, match=problem):
        Bitmap.from_rows(rows)


@pytest.mark.parametrize(
    ("size", "problem"),
    [((2, 3), "pixels must be 6 bytes for 2 x 3, not 4"), ((0, 3), "width and height must be 1 or more")],
)
def test_pixels_must_fit_the_size(size: tuple[int, int], problem: str):
    with pytest.raises(ValueError, match=problem):
        Bitmap(*size, bytes(4))


def test_a_file_is_read(tmp_path: Path):
    path = tmp_path / "diagonal.bmp"
    path.write_bytes(DIAGONAL.to_bmp())

    assert Bitmap.from_file(path) == Bitmap.from_file(str(path)) == DIAGONAL


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF"])
def test_other_formats_are_read_with_pillow(kind: str):
    image = Image.frombytes("L", DIAGONAL.size, DIAGONAL.pixels)

    assert Bitmap.from_bytes(file_of(image, kind)) == DIAGONAL


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK"])
def test_an_image_of_pillow_may_have_any_mode(mode: str):
    image = Image.frombytes("L", DIAGONAL.size, DIAGONAL.pixels).convert(mode)

    assert Bitmap.from_image(image) == DIAGONAL


def test_transparent_parts_are_dark():
    image = Image.new("RGBA", (3, 1))
    for place, alpha in enumerate((0, 128, 255)):
        image.putpixel((place, 0), (10, 255, 20, alpha))

    assert Bitmap.from_image(image) == Bitmap(3, 1, bytes([0, 128, 255]))


def test_pillow_and_we_agree_on_the_brightness_of_a_bmp():
    file = bmp_24([[(1, 2, 3), (250, 3, 9), (7, 8, 200)], [(0, 0, 0), (255, 255, 255), (128, 129, 127)]])

    assert Bitmap.from_bytes(file) == Bitmap.from_image(Image.open(io.BytesIO(file)))


def test_a_photo_is_turned_as_the_camera_was_held():
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned by 90 degrees, clockwise.
    written = io.BytesIO()
    Image.new("L", (40, 20)).save(written, "JPEG", exif=exif)

    assert Bitmap.from_bytes(written.getvalue()).size == (20, 40)


def test_a_bmp_that_we_do_not_read_is_left_to_pillow():
    file = bmp(2, 1, 4, [b"\x10"], palette=[(0, 0, 0), (255, 255, 255)])

    assert Bitmap.from_bytes(file) == Bitmap.from_rows(["#."])


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "has 0 bytes"),
        (b"GIF8 and no more", "begins with b'GIF8' cannot be read"),
        (b"hello", "begins with b'hell' cannot be read"),
    ],
)
def test_what_is_no_image_is_refused(data: bytes, problem: str):
    with pytest.raises(ValueError, match=problem):
        Bitmap.from_bytes(data)


def test_shrinking_averages():
    grey = Bitmap(4, 2, bytes([0, 100, 10, 30, 200, 100, 50, 70]))

    assert grey.scaled(2, 1) == Bitmap(2, 1, bytes([100, 40]))
    assert grey.scaled(4, 2) == grey


def test_enlarging_repeats():
    assert Bitmap.from_rows(["#.", ".#"]).scaled(4, 2).to_rows() == ["##..", "..##"]


def test_the_odd_pixels_count_once_when_shrinking():
    assert Bitmap(5, 1, bytes([10, 20, 30, 40, 50])).scaled(2, 1) == Bitmap(2, 1, bytes([15, 40]))


@pytest.mark.parametrize(
    ("room", "size"), [((50, 50), (50, 25)), ((200, 10), (20, 10)), ((500, 500), (100, 50)), ((3, 1), (2, 1))]
)
def test_fitting_keeps_the_proportions_and_never_enlarges(room: tuple[int, int], size: tuple[int, int]):
    assert Bitmap(100, 50, bytes(5000)).fitted(*room).size == size


def test_a_bitmap_is_placed_on_a_dark_canvas():
    assert DIAGONAL.placed(5, 4, left=1, top=1).to_rows() == [".....", ".#...", "..#..", "...#."]


@pytest.mark.parametrize(
    ("left", "top", "rows"),
    [(2, 1, ["...", "..#"]), (0, 0, ["#..", ".#."]), (3, 0, ["...", "..."]), (0, 9, ["...", "..."])],
)
def test_what_does_not_fit_on_the_canvas_is_cut_off(left: int, top: int, rows: list[str]):
    assert DIAGONAL.placed(3, 2, left=left, top=top).to_rows() == rows


def test_dithering_makes_grey_of_as_many_dots():
    quarter = Bitmap(40, 40, bytes([64]) * 1600).dithered()

    assert set(quarter.pixels) == {0, 255}
    assert quarter.pixels.count(255) == pytest.approx(400, rel=0.05)


def test_dithering_leaves_black_and_white_alone():
    assert DIAGONAL.dithered() == DIAGONAL


def test_trimming_takes_the_dark_margin_away():
    assert DIAGONAL.placed(576, 135, left=50, top=35).trimmed() == DIAGONAL
    assert Bitmap(3, 2, bytes(6)).trimmed() == Bitmap(3, 2, bytes(6))


@pytest.mark.parametrize("threshold", [-1, 255])
def test_an_impossible_threshold_is_refused(threshold: int):
    with pytest.raises(ValueError, match=f"threshold must be 0 to 254, not {threshold}"):
        DIAGONAL.to_bmp(threshold=threshold)
    with pytest.raises(ValueError, match="threshold must be"):
        DIAGONAL.dithered(threshold=threshold)
    with pytest.raises(ValueError, match="threshold must be"):
        DIAGONAL.to_rows(threshold=threshold)

"""What a bitmap may be given as."""

import base64
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mentra.bitmaps.bitmap import Bitmap
from mentra.bitmaps.source import BitmapSource, is_quick, read

DIAGONAL = Bitmap.from_rows(["#..", ".#.", "..#"])
BMP = DIAGONAL.to_bmp()


@pytest.mark.parametrize(
    "source",
    [
        DIAGONAL,
        BMP,
        bytearray(BMP),
        memoryview(BMP),
        base64.b64encode(BMP).decode(),
        Image.frombytes("L", (3, 3), DIAGONAL.pixels),
    ],
    ids=["bitmap", "bytes", "bytearray", "memoryview", "base64", "pillow"],
)
def test_an_image_comes_in_many_forms(source: BitmapSource):
    assert read(source) == DIAGONAL
    assert is_quick(source)


@pytest.mark.parametrize("name", ["picture.bmp", "Qk", "QkNN", "Qk0uYm1w"])
def test_a_text_that_is_no_bmp_in_base64_is_a_path(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / name).write_bytes(BMP)
    monkeypatch.chdir(tmp_path)

    assert read(name) == read(tmp_path / name) == DIAGONAL
    assert not is_quick(name)
    assert not is_quick(tmp_path / name)


def test_a_missing_file_is_an_error_of_its_own(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        read(tmp_path / "missing.png")


def test_what_takes_long_is_told_beforehand():
    big = Bitmap(1000, 1000, bytes(1_000_000))

    assert [is_quick(source) for source in (big, bytes(1_000_000), b"\x89PNG", Image.new("1", (1000, 1000)))] == [
        False
    ] * 4


@pytest.mark.parametrize("source", [None, 7, ["##", "#."]])
def test_anything_else_is_a_type_error_that_says_what_works(source: Any):
    with pytest.raises(TypeError, match=r"An image is a path, bytes, .* not \w+\. For rows: Bitmap\.from_rows"):
        read(source)

"""A picture that we send is, byte for byte, what the official SDK makes of the same file."""

import base64
import random
import subprocess

import pytest

from mentra.bitmaps.bitmap import Bitmap
from mentra.bitmaps.glasses import EVEN_G1, picture
from tests.bitmaps.bmp_files import bmp_24
from tests.peers.conftest import HERE, START_TIMEOUT_S, executable

pytestmark = pytest.mark.node


def noise(width: int, height: int) -> bytes:
    """A BMP of random colours, many of them around the threshold."""
    rng = random.Random(width)
    colours = [
        [tuple(rng.choice((0, 127, 128, 129, 255)) for _ in range(3)) for _ in range(width)] for _ in range(height)
    ]
    return bmp_24(colours)


FILES = {
    "one pixel that needs no padding of its row": bmp_24([[(0, 0, 255)]]),
    "a small one of 24 bits": noise(33, 17),
    "one that just fits beside the padding": noise(526, 100),
    "a small one of one bit": Bitmap.from_rows(["##.#.", ".#.##"]).to_bmp(),
}


def by_the_official_sdk(files: list[bytes]) -> list[str]:
    result = subprocess.run(
        [executable("node"), "bitmaps.mjs"],
        cwd=HERE,
        input="".join(base64.b64encode(file).decode() + "\n" for file in files),
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split("\n")[: len(files)]


def test_our_pictures_are_those_of_the_official_sdk_w_lay_8(official_sdk: str) -> None:
    ours = [
        picture(Bitmap.from_bytes(file), EVEN_G1, padding=None, dither=False, threshold=128) for file in FILES.values()
    ]

    theirs = dict(zip(FILES, by_the_official_sdk(list(FILES.values())), strict=True))

    assert {name: base64.b64encode(file).decode() for name, file in zip(FILES, ours, strict=True)} == theirs
    assert {len(file) for file in ours} == {9782}


def test_a_picture_of_ours_passes_the_official_sdk_unchanged_w_lay_8(official_sdk: str) -> None:
    whole = picture(Bitmap.from_bytes(noise(576, 135)), EVEN_G1, padding=None, dither=False, threshold=128)

    assert by_the_official_sdk([whole]) == [base64.b64encode(whole).decode()]

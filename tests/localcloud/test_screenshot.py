"""Pictures of what a wearer sees."""

import asyncio
import base64
import io

import pytest
from PIL import Image

from mentra.bitmaps.bitmap import Bitmap
from mentra.errors import HardwareUnavailable
from mentra.localcloud.display.drawing import draw
from mentra.localcloud.display.panels import EVEN, VUZIX
from mentra.protocol.layouts import TextWall
from tests.helpers.scripted_app import text_wall

DARK = draw(None, EVEN)


def in_base64(bitmap):
    return base64.b64encode(bitmap.to_bmp()).decode()


async def show(app, layout, view="main"):
    await app.send("display_event", view=view, layout=layout)


async def test_it_is_what_is_shown_at_that_moment(running, glasses):
    before = glasses.screenshot()
    await show(running, text_wall("hello"))

    assert (before, glasses.screenshot()) == (DARK, draw(TextWall(text="hello"), EVEN))


async def test_it_is_stored_if_a_path_is_given(running, glasses, tmp_path):
    await show(running, text_wall("hello"))
    (tmp_path / "screen.png").write_bytes(b"old")

    picture = glasses.screenshot(tmp_path / "screen.png")

    assert (tmp_path / "screen.png").read_bytes() == picture
    with pytest.raises(OSError, match="nowhere"):
        glasses.screenshot(tmp_path / "nowhere" / "screen.png")


async def test_it_is_drawn_for_the_glasses_that_are_worn(running, glasses):
    await show(running, text_wall("hello"))

    await glasses.put_on("Vuzix Z100")
    await show(running, text_wall("hello"))

    assert glasses.screenshot() == draw(TextWall(text="hello"), VUZIX)


async def test_of_an_animation_it_is_the_present_frame(running, glasses):
    frames = [Bitmap.from_rows([row]) for row in ("#..", ".#.")]
    layout = {
        "layoutType": "bitmap_animation",
        "frames": [in_base64(frame) for frame in frames],
        "interval": 1000,
        "repeat": True,
    }
    await show(running, layout)

    seen = [glasses.screenshot()]
    await asyncio.sleep(1.1)
    seen.append(glasses.screenshot())

    assert seen == [draw(frame, EVEN) for frame in frames]


async def test_an_image_that_is_none_is_dark(running, glasses):
    await show(running, {"layoutType": "bitmap_view", "data": "?"})

    assert glasses.screenshot() == DARK


async def test_it_is_the_dashboard_while_the_wearer_looks_up(running, glasses):
    await show(running, text_wall("hello"))
    await show(running, text_wall("corner"), view="dashboard")

    await glasses.look_up()
    up = glasses.screenshot()
    await glasses.look_down()

    assert up == draw(TextWall(text="corner"), EVEN)
    assert glasses.screenshot() == draw(TextWall(text="hello"), EVEN)


async def test_glasses_without_a_display_have_none(cloud):
    glasses = cloud.connect_glasses("user1@example.com", model="Mentra Live")

    with pytest.raises(HardwareUnavailable, match="The Mentra Live have no display"):
        glasses.screenshot()


async def test_of_glasses_that_nobody_knows_it_is_that_of_the_g1(cloud):
    glasses = cloud.connect_glasses("user1@example.com", model="Glasses of Tomorrow")

    assert Image.open(io.BytesIO(glasses.screenshot())).size == (640, 200)

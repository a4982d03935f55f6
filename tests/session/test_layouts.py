"""From calls to layouts."""

import base64
from pathlib import Path
from typing import Any

import pytest

from mentra.bitmaps.bitmap import Bitmap
from mentra.errors import HardwareUnavailable
from mentra.localcloud.models import MODELS
from mentra.protocol import codec
from mentra.protocol.capabilities import Capabilities, Display
from mentra.protocol.layouts import BitmapAnimation, BitmapView, ClearView, Layout, TextWall, View
from mentra.session.layouts import MAX_FRAMES, Layouts

DOT = Bitmap.from_rows(["#"])


class Shown:
    """Layouts that note what they send."""

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        self.sent: list[tuple[Layout, View, int | None, bool]] = []
        self.layouts = Layouts(self._show, self._show_text, lambda: capabilities)

    def _show(self, layout: Layout, view: View, duration_ms: int | None, force: bool) -> None:
        self.sent.append((layout, view, duration_ms, force))

    def _show_text(self, text: str) -> None:
        self._show(TextWall(text=text), View.MAIN, None, False)


def on_canvas(bitmap: Bitmap, *, left: int = 50, top: int = 35) -> str:
    """The data of a picture for the G1."""
    return base64.b64encode(bitmap.placed(576, 135, left=left, top=top).to_bmp()).decode()


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.mark.parametrize("text", ["a\udcff", "\ud800"])
def test_text_that_is_no_unicode_is_shown_with_question_marks(shown: Shown, text: str):
    shown.layouts.show_text_wall(text)

    [(layout, *_)] = shown.sent
    assert layout == TextWall(text=text[:-1] + "?")
    codec.encode(layout)


async def test_a_bitmap_is_sent_as_the_glasses_show_it_w_lay_8(shown: Shown):
    await shown.layouts.show_bitmap(DOT)
    await shown.layouts.show_bitmap(DOT.to_bmp(), padding=(0, 134), view="dashboard", duration=1.5, force=True)

    assert shown.sent == [
        (BitmapView(data=on_canvas(DOT)), View.MAIN, None, False),
        (BitmapView(data=on_canvas(DOT, left=0, top=134)), View.DASHBOARD, 1500, True),
    ]


async def test_a_file_is_read_and_shown(shown: Shown, tmp_path: Path):
    path = tmp_path / "dot.bmp"
    path.write_bytes(DOT.to_bmp())

    await shown.layouts.show_bitmap(path)
    await shown.layouts.show_bitmap(str(path))

    assert [layout for layout, *_ in shown.sent] == [BitmapView(data=on_canvas(DOT))] * 2


async def test_a_large_image_is_scaled_down(shown: Shown):
    await shown.layouts.show_bitmap(Bitmap(3000, 1000, bytes([255]) * 3_000_000))

    [(layout, *_)] = shown.sent
    assert layout == BitmapView(data=on_canvas(Bitmap(300, 100, bytes([255]) * 30_000)))


async def test_grey_is_dithered_on_demand_and_else_compared_with_the_threshold(shown: Shown):
    grey = Bitmap(100, 100, bytes([100]) * 10_000)

    await shown.layouts.show_bitmap(grey, dither=True)
    await shown.layouts.show_bitmap(grey, threshold=99)

    assert [layout for layout, *_ in shown.sent] == [
        BitmapView(data=on_canvas(grey.dithered())),
        BitmapView(data=on_canvas(Bitmap(100, 100, bytes([255]) * 10_000))),
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"padding": (600, 0)}, "padding must be"),
        ({"threshold": 300}, "threshold must be 0 to 254"),
        ({"duration": -1}, "duration must be"),
        ({"view": "left_eye"}, "left_eye"),
    ],
)
async def test_an_impossible_option_is_refused_and_nothing_sent(shown: Shown, options: dict[str, Any], problem: str):
    with pytest.raises(ValueError, match=problem):
        await shown.layouts.show_bitmap(DOT, **options)

    assert (shown.sent, shown.layouts.last()) == ([], None)


async def test_what_is_no_image_is_refused_with_what_is_wrong(shown: Shown):
    with pytest.raises(ValueError, match="cut off"):
        await shown.layouts.show_bitmap(b"BM")

    assert shown.sent == []


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("Vuzix Z100", r"^The Vuzix Z100 show no bitmaps\.$"),
        ("Mentra Live", r"^The Mentra Live show nothing: they have no display\.$"),
    ],
)
async def test_glasses_that_show_no_bitmaps_are_an_error(model: str, message: str):
    shown = Shown(MODELS[model])

    with pytest.raises(HardwareUnavailable, match=message) as caught:
        await shown.layouts.show_bitmap(DOT)
    with pytest.raises(HardwareUnavailable, match=message):
        await shown.layouts.show_animation([DOT])

    assert (caught.value.feature, caught.value.model_name, shown.sent) == ("display", model, [])


async def test_a_display_that_does_not_say_whether_it_shows_bitmaps_is_tried():
    silent = Capabilities(
        **{name: getattr(MODELS["Even Realities G1"], name) for name in Capabilities.__struct_fields__}
        | {"display": Display()}
    )
    shown = Shown(silent)

    await shown.layouts.show_bitmap(DOT)

    assert len(shown.sent) == 1


async def test_an_animation_is_one_message_with_all_frames(shown: Shown):
    dash = Bitmap.from_rows(["##"])

    await shown.layouts.show_animation([DOT, dash.to_bmp()], interval=0.5, repeat=True, view="dashboard")

    layout = BitmapAnimation(frames=[on_canvas(DOT), on_canvas(dash)], interval_ms=500, repeat=True)
    assert shown.sent == [(layout, View.DASHBOARD, None, False)]


async def test_an_animation_of_many_frames_is_drawn_as_well(shown: Shown):
    await shown.layouts.show_animation(DOT for _ in range(MAX_FRAMES))

    assert [layout for layout, *_ in shown.sent] == [
        BitmapAnimation(frames=[on_canvas(DOT)] * MAX_FRAMES, interval_ms=1650, repeat=False)
    ]


@pytest.mark.parametrize(
    ("number", "interval", "problem"),
    [
        (0, 1, "frames must be 1 to 1000 images, not 0"),
        (1001, 1, "frames must be 1 to 1000 images, not 1001"),
        (1, 0, "interval must be more than 0 seconds, not 0"),
        (1, float("inf"), "interval must be"),
    ],
)
async def test_an_impossible_animation_is_refused(shown: Shown, number: int, interval: float, problem: str):
    with pytest.raises(ValueError, match=problem):
        await shown.layouts.show_animation([DOT] * number, interval=interval)

    assert shown.sent == []


async def test_an_animation_is_stopped_once(shown: Shown):
    animation = await shown.layouts.show_animation([DOT], view="dashboard")

    animation.stop()
    animation.stop()

    assert [(type(layout), view) for layout, view, *_ in shown.sent] == [
        (BitmapAnimation, "dashboard"),
        (ClearView, "dashboard"),
    ]


async def test_an_animation_stops_itself_at_the_end_of_its_block(shown: Shown):
    with await shown.layouts.show_animation([DOT]):
        assert len(shown.sent) == 1

    assert shown.sent[1:] == [(ClearView(), View.MAIN, None, False)]


async def test_what_took_the_place_of_an_animation_is_not_cleared(shown: Shown):
    animation = await shown.layouts.show_animation([DOT])
    shown.layouts.show_text_wall("news")
    shown.layouts.show_text_wall("dashboard", view="dashboard")

    animation.stop()

    assert shown.layouts.last() == TextWall(text="news")
    assert len(shown.sent) == 3


def test_the_last_layout_of_each_view_can_be_mirrored(shown: Shown):
    layouts = shown.layouts
    assert (layouts.last(), layouts.last(view="dashboard")) == (None, None)

    layouts.show_text_wall("old")
    layouts.show_text_wall("new", duration=1)
    layouts.show_text_wall("above", view="dashboard")
    assert (layouts.last(), layouts.last(view="dashboard")) == (TextWall(text="new"), TextWall(text="above"))

    layouts.clear()
    assert (layouts.last(), layouts.last(view="dashboard")) == (None, TextWall(text="above"))


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("clearView", r"clear\(\)"),
        ("showBitmapView", r"show_bitmap\(image\)"),
        ("showBitmapAnimation", r"show_animation\(frames"),
        ("showText", r"show_text_wall\(text\)"),
    ],
)
def test_names_of_other_sdks_are_answered(shown: Shown, name: str, right: str):
    with pytest.raises(AttributeError, match=right):
        getattr(shown.layouts, name)

"""What is known of each model's display."""

import string

import pytest

from mentra.errors import HardwareUnavailable
from mentra.localcloud.display.panels import EVEN, VUZIX, advance_of, panel_of
from mentra.localcloud.models import MODELS

WITH_DISPLAY = [name for name, can in MODELS.items() if can.has_display]


@pytest.mark.parametrize("model", WITH_DISPLAY)
def test_a_panel_is_what_the_cloud_tells_of_the_display(model):
    display = MODELS[model].display
    panel = panel_of(model, MODELS[model])

    assert (panel.width, panel.height) == (display.resolution.width, display.resolution.height)
    assert panel.lines == display.max_text_lines
    assert (panel.images is not None) == display.can_display_bitmap


@pytest.mark.parametrize("panel", [EVEN, VUZIX], ids=["even", "vuzix"])
def test_everything_is_on_the_panel(panel):
    columns = [panel.wall, *(panel.columns or ())]

    assert all(0 <= left < left + width <= panel.width for left, width in columns)
    assert panel.text_top + panel.lines * panel.line_height <= panel.height


def test_glasses_that_nobody_knows_have_the_panel_of_the_g1():
    assert panel_of("Glasses of Tomorrow", None) is panel_of("Even Realities G1", MODELS["Even Realities G1"])


def test_glasses_without_a_display_have_no_panel():
    with pytest.raises(
        HardwareUnavailable, match=r"^The Mentra Live have no display, .* such as 'Even Realities G1' or "
    ) as refused:
        panel_of("Mentra Live", MODELS["Mentra Live"])

    assert (refused.value.feature, refused.value.model_name) == ("display", "Mentra Live")


def test_the_width_of_every_character_of_ascii_is_known():
    assert EVEN.advances is not None
    assert set(EVEN.advances) == {*string.ascii_letters, *string.digits, *string.punctuation, " "}


@pytest.mark.parametrize(
    ("character", "pixels"),
    [("i", 4), (" ", 6), ("m", 16), ("é", 10), ("Ж", 18), ("你", 18), ("한", 24), ("€", 16)],
)
def test_a_character_has_a_width(character, pixels):
    assert EVEN.advances is not None
    assert advance_of(character, EVEN.advances) == pixels

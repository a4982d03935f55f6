"""What virtual glasses tell of themselves, and the images that they show."""

import asyncio
import base64
from typing import Any

import pytest

from mentra.bitmaps.bitmap import Bitmap
from mentra.localcloud import VirtualGlasses
from mentra.protocol.cloud_to_app import DeviceState
from tests.helpers.scripted_app import ScriptedApp, let_it_happen

DOT, DASH = Bitmap.from_rows(["#"]), Bitmap.from_rows(["##"])


def data(bitmap: Bitmap) -> str:
    return base64.b64encode(bitmap.to_bmp()).decode()


async def show(app: ScriptedApp, layout: Any) -> None:
    app.socket.send({"type": "display_event", "packageName": app.package_name, "view": "main", "layout": layout})
    await let_it_happen()


async def test_a_bitmap_can_be_looked_at(running: ScriptedApp, glasses: VirtualGlasses):
    assert glasses.bitmap is None

    await show(running, {"layoutType": "bitmap_view", "data": data(DASH)})
    assert glasses.bitmap == DASH

    await show(running, {"layoutType": "clear_view"})
    assert glasses.bitmap is None


@pytest.mark.parametrize("nonsense", ["", "Qk0=", "no base64", "aGVsbG8="])
async def test_what_is_no_image_shows_none(running: ScriptedApp, glasses: VirtualGlasses, nonsense: str):
    await show(running, {"layoutType": "bitmap_view", "data": nonsense})

    assert (glasses.bitmap, glasses.display) == (None, "[bitmap]")


@pytest.mark.parametrize(
    ("repeat", "seen"), [(False, [DOT, DOT, DASH, DASH, DASH, DASH]), (True, [DOT, DOT, DASH, DASH, DOT, DOT])]
)
async def test_an_animation_moves_with_time(
    running: ScriptedApp, glasses: VirtualGlasses, repeat: bool, seen: list[Bitmap]
):
    frames = [data(DOT), data(DASH)]
    await show(running, {"layoutType": "bitmap_animation", "frames": frames, "interval": 500, "repeat": repeat})

    looked = []
    for _ in seen:
        looked.append(glasses.bitmap)
        await asyncio.sleep(0.25)

    assert looked == seen


async def test_an_animation_without_frames_shows_none(running: ScriptedApp, glasses: VirtualGlasses):
    await show(running, {"layoutType": "bitmap_animation", "frames": [], "interval": 500, "repeat": True})

    assert glasses.bitmap is None


async def test_each_running_app_hears_how_the_glasses_are_w_state_1(running: ScriptedApp, glasses: VirtualGlasses):
    assert "device_state_update" not in running.socket.types

    await glasses.report(DeviceState(battery_level=80, hotspot_enabled=False))

    [update] = [frame for frame in running.socket.frames if frame["type"] == "device_state_update"]
    assert isinstance(update.pop("timestamp"), str)
    assert update == {
        "type": "device_state_update",
        "state": {"batteryLevel": 80, "hotspotEnabled": False},
        "fullSnapshot": False,
    }


async def test_the_frame_of_a_new_mode_has_the_fields_of_the_cloud_w_dash_4(
    running: ScriptedApp, glasses: VirtualGlasses
):
    await glasses.change_dashboard_mode("none")

    frame = running.socket.frames[-1]
    assert isinstance(frame.pop("timestamp"), str)
    assert frame == {
        "type": "dashboard_mode_changed",
        "mode": "none",
        "sessionId": f"user1@example.com-{running.package_name}",
    }

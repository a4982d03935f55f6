"""The light of the virtual glasses, driven by literal frames."""

import asyncio
from typing import Any

import pytest

from mentra.localcloud import LedSignal, LocalCloud
from mentra.protocol.cloud_to_app import DeviceState
from tests.helpers.scripted_app import ScriptedApp, let_it_happen

PACKAGE_NAME = "com.example.app"


def control(action: str, **fields: Any) -> dict[str, Any]:
    return {"type": "rgb_led_control", "packageName": PACKAGE_NAME, "requestId": "r1", "action": action, **fields}


async def wearing(cloud: LocalCloud, app: ScriptedApp, model: str) -> Any:
    glasses = cloud.connect_glasses("user1@example.com", model=model)
    await glasses.start(app.package_name)
    return glasses


async def test_nothing_is_lit_before_the_first_signal(cloud: LocalCloud, app: ScriptedApp):
    glasses = await wearing(cloud, app, "Mentra Live")

    assert (glasses.leds.color, list(glasses.leds.signals)) == (None, [])


async def test_a_new_signal_ends_the_one_before(cloud: LocalCloud, app: ScriptedApp):
    glasses = await wearing(cloud, app, "Mentra Live")
    app.socket.send(control("on", color="red", ontime=10_000, offtime=0, count=1))
    await let_it_happen()
    assert glasses.leds.color == "red"

    await asyncio.sleep(1)
    app.socket.send(control("on", color="blue", ontime=1000, offtime=0, count=1))
    await let_it_happen()
    assert glasses.leds.color == "blue"

    await asyncio.sleep(1)
    assert glasses.leds.color is None

    app.socket.send(control("off"))
    await let_it_happen()
    assert glasses.leds.signals[-1] == LedSignal(PACKAGE_NAME, None)


@pytest.mark.parametrize("fields", [{}, {"color": "red"}, {"color": "red", "ontime": 1000}])
async def test_what_is_missing_in_a_request_is_not_made_up(cloud: LocalCloud, app: ScriptedApp, fields: Any):
    glasses = await wearing(cloud, app, "Mentra Live")

    app.socket.send(control("on", **fields))
    await let_it_happen()

    assert (glasses.leds.color, len(glasses.leds.signals)) == (None, 1)


async def test_only_subscribers_get_the_answer_w_led_3(cloud: LocalCloud, app: ScriptedApp):
    await wearing(cloud, app, "Mentra Live")
    app.socket.send(control("off"))
    await let_it_happen()
    assert "data_stream" not in app.socket.types

    await app.subscribe("rgb_led_control_response")
    app.socket.send(control("off", requestId="r2"))
    await let_it_happen()

    [event] = [frame for frame in app.socket.frames if frame["type"] == "data_stream"]
    assert isinstance(event["data"].pop("timestamp"), int)
    assert (event["streamType"], event["data"]) == (
        "rgb_led_control_response",
        {"type": "rgb_led_control_response", "requestId": "r2", "success": True},
    )


async def test_glasses_without_a_light_show_and_answer_nothing(cloud: LocalCloud, app: ScriptedApp):
    glasses = await wearing(cloud, app, "Even Realities G1")
    await app.subscribe("rgb_led_control_response")

    app.socket.send(control("on", color="red", ontime=1000, offtime=0, count=1))
    await let_it_happen()

    assert (glasses.leds.color, len(glasses.leds.signals), "data_stream" in app.socket.types) == (None, 1, False)


async def test_glasses_that_are_off_light_nothing_and_say_nothing(cloud: LocalCloud, app: ScriptedApp):
    glasses = await wearing(cloud, app, "Mentra Live")
    await app.subscribe("rgb_led_control_response")
    await glasses.report(DeviceState(connected=False))
    before = len(app.socket.frames)
    app.socket.send(control("on", color="red", ontime=1000, offtime=0, count=1))
    await let_it_happen()

    assert (glasses.leds.color, len(glasses.leds.signals), app.socket.frames[before:]) == (None, 1, [])

"""The light of the glasses, from the app's call to what the wearer sees."""

import asyncio
import logging
from typing import Any

import pytest

from mentra import AppSession, LedColor, LedResponse
from mentra.localcloud import LedSignal
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import PACKAGE_NAME, USER_ID, ScriptedCloud, turns
from tests.helpers.waiting import until
from tests.wire.test_captures import ROWS


async def test_the_glasses_show_what_the_app_asks_for(world: World):
    app = await world.serve(Diary())
    glasses = await world.wear(app, model="Mentra Live")
    led = app.session.led

    led.on(LedColor.GREEN, duration=2)
    led.blink("blue", on=0.25, off=0.75, count=2)
    led.off()
    app.session.layouts.show_text_wall("done")
    await glasses.wait_for_display("done")

    assert list(glasses.leds.signals) == [
        LedSignal(PACKAGE_NAME, "green", on_s=2.0, off_s=0.0, count=1),
        LedSignal(PACKAGE_NAME, "blue", on_s=0.25, off_s=0.75, count=2),
        LedSignal(PACKAGE_NAME, None),
    ]
    assert glasses.leds.color is None


async def test_the_colour_changes_with_time(memory: MemoryNetwork):
    async with World(memory) as world:
        app = await world.serve(Diary())
        glasses = await world.wear(app, model="Mentra Live")
        app.session.led.blink("red", on=0.5, off=0.25, count=2)
        await turns()

        seen = []
        for _ in range(8):
            seen.append(glasses.leds.color)
            await asyncio.sleep(0.25)

    assert seen == ["red", "red", None, "red", "red", None, None, None]


async def test_the_answer_of_the_glasses_reaches_those_who_listen_w_led_3(world: World):
    responses: list[LedResponse] = []

    async def script(session: AppSession) -> None:
        session.events.on("rgb_led_control_response", responses.append)

    app = await world.serve(Diary(script))
    glasses = await world.wear(app, model="Mentra Live")
    app.session.led.on()
    await until(lambda: responses)

    [sent] = [frame for frame in glasses.frames(PACKAGE_NAME) if type(frame).__name__ == "LedControl"]
    assert [(response.request_id, response.success) for response in responses] == [(sent.request_id, True)]


async def test_glasses_without_a_light_are_no_error_and_one_note(
    memory: MemoryNetwork, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    async with World(memory) as world:
        app = await world.serve(Diary())
        glasses = await world.wear(app, model="Even Realities G1")
        app.session.led.on()
        app.session.led.off()
        app.session.led.on("white")
        await turns()

    assert (glasses.leds.color, len(glasses.leds.signals)) == (None, 3)
    assert [message for message in caplog.messages if "no light" in message] == [
        f"[{USER_ID}] The Even Realities G1 have no light, so session.led shows nothing."
    ]


async def frames_of(memory: MemoryNetwork, cloud: ScriptedCloud, script: Any) -> list[dict[str, Any]]:
    """What the app sends to the light, without what differs from message to message."""
    async with serving(Diary(script), memory) as app:
        await cloud.start(app)
        await turns()
        sent = cloud.socket.of_type("rgb_led_control")
    for frame in sent:
        assert frame.pop("requestId").startswith("led_req_")
        assert frame.pop("timestamp").endswith("Z")
    return sent


async def test_a_request_is_that_of_the_official_sdk_but_for_the_session_w_led_1(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    """Defect 21 of the official SDK 2.1.29: its requests carry the session id "unknown-session-id"."""
    recorded = next(row["data"] for row in ROWS if row.get("data", {}).get("type") == "rgb_led_control")

    async def script(session: AppSession) -> None:
        session.led.on("red", duration=0.5)

    [sent] = await frames_of(memory, memory_cloud, script)

    assert recorded["sessionId"] == "unknown-session-id"
    assert {**sent, "requestId": ..., "timestamp": ...} == {
        **recorded,
        "requestId": ...,
        "timestamp": ...,
        "sessionId": f"{USER_ID}-{PACKAGE_NAME}",
        "packageName": PACKAGE_NAME,
    }


async def test_the_light_goes_out_with_the_action_alone_w_led_2(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async def script(session: AppSession) -> None:
        session.led.off()

    assert await frames_of(memory, memory_cloud, script) == [
        {
            "type": "rgb_led_control",
            "packageName": PACKAGE_NAME,
            "sessionId": f"{USER_ID}-{PACKAGE_NAME}",
            "action": "off",
        }
    ]


async def test_a_light_is_not_made_up_for_later(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await turns()
        app.session.led.on()
        second = await memory_cloud.live_socket(2)
        await turns()

        assert second.of_type("rgb_led_control") == []


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda led: led.on("pink"), "no colour 'pink'. It has: red, green, blue, orange, white"),
        (lambda led: led.on(duration=0), "duration must be more than 0 seconds, not 0"),
        (lambda led: led.on(duration=float("inf")), "duration must be"),
        (lambda led: led.blink(on=0), "on must be more than 0 seconds"),
        (lambda led: led.blink(off=-1), "off must be 0 or more seconds, not -1"),
        (lambda led: led.blink(count=0), "count must be 1 or more, not 0"),
    ],
)
async def test_an_impossible_light_is_refused(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, call: Any, problem: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(ValueError, match=problem):
            call(app.session.led)

        assert memory_cloud.socket.of_type("rgb_led_control") == []


async def test_a_mistaken_option_is_answered_with_those_that_exist(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        led: Any = app.session.led

        with pytest.raises(TypeError, match=r"on\(\) has no option 'brightness'; .* It takes: color, duration\."):
            led.on("red", brightness=0.5)
        with pytest.raises(TypeError, match=r"blink\(\) has no option 'ontime'.*It takes: color, on, off, count\."):
            led.blink("red", ontime=500)
        with pytest.raises(AttributeError, match=r'Use session\.led\.on\("red", duration=1\.0\) instead'):
            led.turnOn()

"""A phone with a bad connection: what it tells the cloud, and what the glasses show, is late or lost."""

import asyncio
from typing import Any

import pytest

from tests.helpers.scripted_app import ScriptedApp, let_it_happen


def now() -> float:
    return asyncio.get_running_loop().time()


def events(app: ScriptedApp) -> list[Any]:
    return [frame["data"]["buttonId"] for frame in app.socket.frames if _is_event(frame)]


def sounds(app: ScriptedApp) -> list[bytes]:
    return [frame for frame in app.socket.frames if isinstance(frame, bytes)]


def _is_event(frame: Any) -> bool:
    return not isinstance(frame, bytes) and frame["type"] == "data_stream"


async def test_an_event_reaches_apps_after_the_latency(running, glasses):
    await running.subscribe("button_press")
    glasses.set_network(latency_s=0.3)

    await glasses.press("one")
    await glasses.press("two")
    await asyncio.sleep(0.29)
    assert events(running) == []

    await asyncio.sleep(0.02)
    await let_it_happen()
    assert events(running) == ["one", "two"]


async def test_a_layout_reaches_the_glasses_after_the_latency(running, glasses):
    glasses.set_network(latency_s=0.3)
    began = now()

    await running.show("hello")
    assert glasses.display == ""

    await glasses.wait_for_display("hello")
    assert now() - began == pytest.approx(0.3)


async def test_what_an_app_asks_for_is_late_and_never_lost(running, glasses):
    await glasses.put_on("Mentra Live")
    glasses.set_network(latency_s=0.3, loss=1.0)
    request = {"requestId": "l1", "action": "on", "color": "red", "ontime": 5000, "count": 1}

    await running.send("rgb_led_control", **request)
    assert glasses.leds.color is None

    await asyncio.sleep(0.4)
    assert glasses.leds.color == "red"


async def test_events_sound_and_layouts_get_lost_the_same_ones_with_each_seed(running, glasses):
    await running.subscribe("button_press", "audio_chunk")
    lost = []
    for _ in range(2):
        glasses.set_network(loss=0.5, seed=5)
        before = (len(events(running)), len(sounds(running)), len(glasses.shown))
        for number in range(20):
            await glasses.press(str(number))
            await glasses.send_audio(bytes(2))
            await running.show(str(number))
        shown = tuple(event.layout["text"] for event in list(glasses.shown)[before[2] :])
        lost.append((tuple(events(running)[before[0] :]), len(sounds(running)) - before[1], shown))

    assert lost[0] == lost[1]
    assert all(5 < amount < 15 for amount in (len(lost[0][0]), lost[0][1], len(lost[0][2])))


async def test_without_arguments_the_network_is_perfect_again(running, glasses):
    await running.subscribe("button_press")
    glasses.set_network(latency_s=3, loss=1.0)
    glasses.set_network()

    await glasses.press()

    assert events(running) == ["main"]


async def test_sound_keeps_its_order_over_a_network_that_trembles(running, glasses):
    await running.subscribe("audio_chunk")
    glasses.set_network(latency_s=0.1, jitter_s=0.5, seed=2)

    for number in range(20):
        await glasses.send_audio(bytes([number, 0]))
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    await let_it_happen()

    assert sounds(running) == [bytes([number, 0]) for number in range(20)]


async def test_nothing_arrives_from_a_phone_that_is_offline(running, glasses):
    await running.subscribe("button_press", "audio_chunk")

    await glasses.go_offline()
    await glasses.press("lost")
    await glasses.send_audio(bytes(2))
    await glasses.go_online()
    await glasses.press("heard")

    assert (events(running), sounds(running)) == (["heard"], [])


async def test_what_is_under_way_when_the_user_leaves_never_arrives(running, glasses):
    await running.subscribe("button_press")
    glasses.set_network(latency_s=0.3)
    await glasses.press()

    await glasses.leave()
    await asyncio.sleep(1)

    assert events(running) == []


async def test_a_wrong_number_is_told(glasses):
    with pytest.raises(ValueError, match="0 to 1, not 5"):
        glasses.set_network(loss=5)

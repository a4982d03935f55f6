"""What an app listens to: one list per turn, and what each handler then gets."""

import asyncio
from typing import Any

import pytest

from mentra import AppSession, AudioChunk, ButtonPress, Subscription, TouchEvent, Translation, VoiceActivity
from mentra.testing import simulate
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import PACKAGE_NAME, ScriptedCloud, turns
from tests.helpers.waiting import until


def ignore(event: object) -> None:
    """Listens without interest."""


async def test_all_subscriptions_of_one_turn_are_one_full_list_w_dev_6(network: Network, cloud: ScriptedCloud):
    async def script(session: AppSession) -> None:
        session.events.on_transcription(ignore)
        session.events.on("button_press", ignore)
        session.events.on("button_press", ignore)
        session.events.on("head_position", ignore)

    async with serving(Diary(script), network) as app:
        await cloud.start(app)
        await until(lambda: cloud.socket.subscriptions)
        await turns()

        assert cloud.socket.subscriptions == [["transcription:en-US", "button_press", "head_position"]]


async def test_whoever_reads_a_greeting_may_count_on_the_handlers_before_it(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async def script(session: AppSession) -> None:
        session.events.on("button_press", ignore)
        session.layouts.show_text_wall("ready")
        session.events.on("head_position", ignore)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()

        said = [(frame["type"], frame.get("subscriptions")) for frame in memory_cloud.socket.frames]
        assert said == [
            ("tpa_connection_init", None),
            ("subscription_update", ["button_press"]),
            ("display_event", None),
            ("subscription_update", ["button_press", "head_position"]),
        ]


async def test_an_app_that_listens_to_nothing_sends_no_list(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await asyncio.sleep(60)

        assert memory_cloud.socket.subscriptions == []


async def test_each_later_change_sends_the_full_list_again(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async def script(session: AppSession) -> None:
        first = session.events.on("button_press", ignore)
        await asyncio.sleep(1)
        second = session.events.on("button_press", ignore)
        await asyncio.sleep(1)
        session.events.on("head_position", ignore)
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.sleep(1)
        second.cancel()

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await asyncio.sleep(10)

        assert memory_cloud.socket.subscriptions == [
            ["button_press"],
            ["button_press", "head_position"],
            ["head_position"],
        ]


async def test_a_change_that_is_undone_in_the_same_turn_is_not_sent(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async def script(session: AppSession) -> None:
        with session.events.on("button_press", ignore):
            pass

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()

        assert memory_cloud.socket.subscriptions == []


async def test_a_list_that_changed_while_disconnected_is_sent_on_the_way_back(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async def script(session: AppSession) -> None:
        session.events.on("button_press", ignore)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await turns()
        app.session.events.on("head_position", ignore)
        await memory_cloud.live_socket(2)
        await turns()

        assert memory_cloud.socket.subscriptions == [["button_press", "head_position"]]


async def hear(
    memory: MemoryNetwork, cloud: ScriptedCloud, streams: list[str], *events: tuple[str, Any]
) -> list[tuple[str, Any]]:
    """Return what handlers of these streams get when these events come."""
    heard: list[tuple[str, Any]] = []

    async def script(session: AppSession) -> None:
        for stream in streams:
            session.events.on(stream, lambda event, stream=stream: heard.append((stream, event)))

    async with serving(Diary(script), memory) as app:
        await cloud.start(app)
        await turns()
        for stream_type, data in events:
            cloud.socket.send_event(stream_type, data)
        await turns()
    return heard


async def test_a_handler_gets_the_struct_of_its_stream(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    data = {"type": "button_press", "buttonId": "photo", "pressType": "long", "timestamp": 1795395401252, "_id": "x"}

    heard = await hear(memory, memory_cloud, ["button_press"], ("button_press", data))

    assert heard == [("button_press", ButtonPress(button_id="photo", press_type="long", timestamp=1795395401252))]


async def test_a_stream_without_a_struct_is_plain_data(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard = await hear(memory, memory_cloud, ["brand_new"], ("brand_new", {"aB": [1, None]}), ("brand_new", 5))

    assert heard == [("brand_new", {"aB": [1, None]}), ("brand_new", 5)]


async def test_one_gesture_reaches_those_of_the_gesture_and_those_of_all_w_dev_7(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    data = {"type": "touch_event", "device_model": "Mentra Live", "gesture_name": "double_tap", "timestamp": 1}

    heard = await hear(
        memory,
        memory_cloud,
        ["touch_event", "touch_event:double_tap", "touch_event:single_tap"],
        ("touch_event:double_tap", data),
    )

    event = TouchEvent(gesture_name="double_tap", device_model="Mentra Live", timestamp=1)
    assert heard == [("touch_event", event), ("touch_event:double_tap", event)]


async def test_a_translation_is_found_with_its_languages(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    stream = "translation:en-US-to-es-ES"

    heard = await hear(memory, memory_cloud, [stream], (stream, {"text": "hola", "isFinal": True}))

    assert heard == [(stream, Translation(text="hola", is_final=True))]


@pytest.mark.parametrize(("status", "speaks"), [(True, True), ("true", True), (False, False), ("false", False)])
async def test_voice_activity_is_a_boolean_or_text_w_str_10(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, status: object, speaks: bool
):
    ((_, event),) = await hear(memory, memory_cloud, ["VAD"], ("VAD", {"type": "VAD", "status": status}))

    assert isinstance(event, VoiceActivity)
    assert event.is_speaking is speaks


@pytest.mark.parametrize("everything", ["*", "all"])
async def test_who_subscribes_everything_gets_everything_w_str_17(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, everything: str
):
    heard = await hear(
        memory,
        memory_cloud,
        [everything],
        ("head_position", {"position": "up"}),
        ("transcription:en-US", {"text": "hi", "isFinal": True}),
        ("brand_new", {}),
    )

    assert [stream for stream, _ in heard] == [everything] * 3


async def test_sound_comes_as_bytes(network: Network, cloud: ScriptedCloud):
    heard: list[AudioChunk] = []

    async def script(session: AppSession) -> None:
        session.events.on("audio_chunk", heard.append)

    async with serving(Diary(script), network) as app:
        await cloud.start(app)
        await until(lambda: cloud.socket.subscriptions)
        cloud.socket.send_binary(b"\x01\x02" * 100)
        await until(lambda: heard)

        assert heard == [AudioChunk(data=b"\x01\x02" * 100)]


async def test_a_custom_message_reaches_its_handlers_w_cloud_8(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[Any] = []

    async def script(session: AppSession) -> None:
        session.events.on("custom_message", heard.append)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send({"type": "custom_message", "action": "update_datetime", "payload": {"a": 1}})
        await turns()

        assert [(message.action, message.payload) for message in heard] == [("update_datetime", {"a": 1})]


async def test_a_stream_without_its_permission_does_not_disturb_the_others_w_app_3(world: World):
    async def script(session: AppSession) -> None:
        session.events.on_transcription(ignore)
        session.events.on("button_press", lambda event: session.layouts.show_text_wall(event.button_id))

    app = await world.serve(Diary(script), permissions=())
    glasses = await world.wear(app)
    await until(lambda: glasses.subscriptions(PACKAGE_NAME))
    await glasses.press("main")

    await glasses.wait_for_display("main")
    assert glasses.subscriptions(PACKAGE_NAME) == ("button_press",)


async def test_other_glasses_change_the_capabilities_w_cloud_7(world: World):
    app = await world.serve(Diary())
    glasses = await world.wear(app, model="Even Realities G1")
    await until(lambda: app.calls)
    assert app.session.capabilities is not None
    assert (app.session.capabilities.has_display, app.session.capabilities.has_camera) == (True, False)

    await glasses.put_on("Mentra Live")
    await until(lambda: app.session.capabilities and app.session.capabilities.has_camera)
    await glasses.put_on("Glasses Nobody Knows")
    await until(lambda: app.session.capabilities is None)


async def test_a_handler_must_be_a_function(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(TypeError, match="'button_press' must be a function, not 'main'"):
            app.session.events.on("button_press", "main")  # type: ignore[call-overload]  # the mistake itself


async def test_a_subscription_says_what_it_is(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        subscription = app.session.events.on_transcription(ignore, language="de-DE")

        assert isinstance(subscription, Subscription)
        assert (subscription.stream, subscription.handler, subscription.active, subscription.dropped) == (
            "transcription:de-DE",
            ignore,
            True,
            0,
        )


async def test_an_empty_list_that_the_cloud_ignores_is_said_again_when_it_counts_w_conn_4():
    async with simulate(Diary()) as glasses:
        with glasses.app.session.events.on("button_press", ignore):
            await asyncio.sleep(2)
        await asyncio.sleep(5.9)
        ignored = glasses.glasses.subscriptions(PACKAGE_NAME)
        await asyncio.sleep(1.2)

        assert (ignored, glasses.glasses.subscriptions(PACKAGE_NAME)) == (("button_press",), ())


async def test_what_the_cloud_kept_while_the_connection_was_lost_is_taken_back_w_conn_2(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        subscription = app.session.events.on("button_press", ignore)
        await turns()
        memory_cloud.socket.abort()
        await turns()
        subscription.cancel()
        socket = await memory_cloud.live_socket(2)
        await asyncio.sleep(9)

        assert socket.subscriptions == [[], []]  # The first one is ignored.


async def test_a_handler_that_comes_meanwhile_makes_the_repetition_needless(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        app.session.events.on("button_press", ignore).cancel()
        await turns()
        first = app.session.events.on("head_position", ignore)
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.sleep(1)
        app.session.events.on("touch_event", ignore)
        await asyncio.sleep(20)

        assert memory_cloud.socket.subscriptions == [["head_position"], [], ["touch_event"]]

"""What subscribers hear, as it was seen (docs/protocol.md, Streams, Language streams)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from mentra.localcloud import VirtualGlasses
from tests.wire.observed.world import MOVED, MS, SESSION_ID, TIME, World


@dataclass(frozen=True)
class Event:
    """What an app subscribed to, what happened, and what it heard."""

    row: str
    subscribed: list[Any]
    act: Callable[[VirtualGlasses], Awaitable[object]]
    heard: list[tuple[str, dict[str, Any]]]
    """``streamType`` and ``data`` of each event."""
    permissions: tuple[str, ...] = ("ALL",)


def transcribed(text: str, **more: Any) -> dict[str, Any]:
    common = {"type": "transcription", "text": text, "startTime": MS, "endTime": MS, "provider": "soniox"}
    return {**common, "isFinal": True, "transcribeLanguage": "en-US", "metadata": {"provider": "soniox"}, **more}


INTERIM = transcribed(
    "hi",
    isFinal=False,
    confidence=0.95,
    metadata={
        "provider": "soniox",
        "soniox": {
            "tokens": {
                "text": "hi",
                "each": [("confidence", 0.95), ("endMs", "<ms>"), ("isFinal", False), ("startMs", "<ms>")],
            }
        },
    },
)
TRANSLATED = {
    "type": "translation",
    "text": "hola",
    "originalText": "hello",
    "isFinal": True,
    "startTime": "<0>",
    "endTime": "<1000>",
    "duration": "<ms>",
    "transcribeLanguage": "en-US",
    "translateLanguage": "es-ES",
    "didTranslate": True,
    "provider": "soniox",
}
PRESSED = {"type": "button_press", "buttonId": "main", "pressType": "short", "timestamp": MS}
TAPPED = {
    "type": "touch_event",
    "device_model": "Even Realities G1",
    "gesture_name": "double_tap",
    "timestamp": MS,
}
LOCAL = {"type": "local_transcription", "text": "hi", "isFinal": True}
NOTIFIED = {"type": "phone_notification", "title": "Hi", "priority": "normal", "timestamp": MS}


def say(glasses: VirtualGlasses) -> Awaitable[None]:
    return glasses.say("hi")


def say_interim(glasses: VirtualGlasses) -> Awaitable[None]:
    return glasses.say("hi", is_final=False)


def translate(glasses: VirtualGlasses) -> Awaitable[None]:
    return glasses.translate("hola", target="es-ES", original_text="hello")


def hear_on_the_phone(glasses: VirtualGlasses) -> Awaitable[None]:
    return glasses.send("transcription", {"text": "hi", "isFinal": True})


SPOKEN = "transcription:en-US"
EVENTS = [
    Event("W-STR-1", ["button_press"], lambda g: g.press(), [("button_press", PRESSED)]),
    Event("W-STR-17", ["*"], lambda g: g.press(), [("button_press", PRESSED)]),
    Event("W-STR-17", ["all"], lambda g: g.press(), [("button_press", PRESSED)]),
    Event("W-APP-3", ["what", "button_press"], lambda g: g.press(), [("button_press", PRESSED)]),
    Event("W-STR-3", ["touch_event"], lambda g: g.touch("double_tap"), [("touch_event", TAPPED)]),
    Event(
        "W-STR-16", ["touch_event:double_tap"], lambda g: g.touch("double_tap"), [("touch_event:double_tap", TAPPED)]
    ),
    Event("W-STR-16", ["touch_event:double_tap"], lambda g: g.touch("long_press"), []),
    Event("W-STR-6", ["location_update"], lambda g: g.move(1.5, 2.5), [("location_update", MOVED)]),
    Event(
        "W-STR-7",
        [{"stream": "location_stream", "rate": "high"}],
        lambda g: g.move(1.5, 2.5),
        [("location_update", MOVED)],
    ),
    Event("W-STR-7", ["location_stream"], lambda g: g.move(1.5, 2.5), [("location_update", MOVED)], ()),
    Event("W-STR-6", ["location_update"], lambda g: g.move(1.5, 2.5), [], ()),
    Event(
        "W-STR-10", ["VAD"], lambda g: g.set_speaking(True), [("VAD", {"type": "VAD", "status": True, "timestamp": MS})]
    ),
    Event(
        "W-STR-10",
        ["VAD"],
        lambda g: g.send("VAD", {"status": "false"}),
        [("VAD", {"type": "VAD", "status": "false", "timestamp": MS})],
    ),
    Event("W-STR-10", ["VAD"], lambda g: g.set_speaking(True), [], ()),
    Event(
        "W-STR-12",
        ["phone_notification"],
        lambda g: g.send("phone_notification", {"title": "Hi"}),
        [("phone_notification", NOTIFIED)],
    ),
    Event("W-STR-12", ["phone_notification"], lambda g: g.notify("Hi"), [], ("MICROPHONE",)),
    Event("W-LANG-2", ["transcription"], say, [(SPOKEN, transcribed("hi"))]),
    Event("W-LANG-4", [SPOKEN], say_interim, [(SPOKEN, INTERIM)]),
    Event("W-LANG-4", [SPOKEN], say, [(SPOKEN, transcribed("hi"))]),
    Event("W-STR-8", [SPOKEN], say, [], ("CAMERA",)),
    Event("W-LANG-6", [SPOKEN], hear_on_the_phone, [("transcription", LOCAL)]),
    Event("W-LANG-7", [f"{SPOKEN}?no-language-identification=true"], say, []),
    Event("W-LANG-11", ["transcription:auto", "button_press"], say, []),
    Event("W-LANG-1", ["transcription:en", "button_press"], say, []),
    Event("W-LANG-1", ["transcription:en", "button_press"], lambda g: g.press(), [("button_press", PRESSED)]),
    Event("W-LANG-9", ["translation:en-US-to-es-ES"], translate, [("translation:en-US-to-es-ES", TRANSLATED)]),
    Event("W-LANG-9", ["translation:all-to-es-ES"], translate, [("translation:all-to-es-ES", TRANSLATED)]),
    Event("W-LANG-2", ["translation"], translate, []),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event.row} {event.subscribed} {len(event.heard)}")
async def test_an_event_arrives_as_it_was_seen(world: World, event: Event):
    world.cloud.install(world.app.installed(permissions=event.permissions))
    await world.start()
    await world.app.subscribe(*event.subscribed)

    await event.act(world.glasses)

    assert world.said == [
        {"type": "data_stream", "sessionId": SESSION_ID, "streamType": name, "data": data, "timestamp": TIME}
        for name, data in event.heard
    ]


async def test_with_two_languages_each_utterance_arrives_once_per_language_w_lang_8(running: World):
    await running.app.subscribe(SPOKEN, "transcription:es-ES")

    await running.glasses.say("hi")
    await running.glasses.say("hola", language="es-ES")

    assert [frame["streamType"] for frame in running.said] == [SPOKEN, "transcription:es-ES"]


async def test_sound_has_an_even_length_and_keeps_the_odd_byte_w_cloud_11(running: World):
    await running.app.subscribe("audio_chunk")

    await running.glasses.send_audio(b"abc")
    await running.glasses.send_audio(b"d")

    assert running.app.socket.frames[1:] == [b"ab", b"cd"]


async def test_the_date_is_told_at_once_and_with_each_list_w_str_21(running: World):
    payload = {"datetime": "noon", "section": "topLeft"}
    await running.glasses.send_custom_message("update_datetime", payload)

    await running.app.subscribe("custom_message")
    await running.app.subscribe("custom_message")

    message = {"type": "custom_message", "action": "update_datetime", "payload": payload, "timestamp": TIME}
    assert running.said == [message, message]


async def test_the_units_are_told_to_who_asked_w_cloud_6(running: World):
    await running.app.subscribe("augmentos:metricSystemEnabled")

    await running.glasses.change_system_settings({"metricSystemEnabled": True, "brightness": 1})

    assert running.said == [
        {
            "type": "augmentos_settings_update",
            "settings": {"metricSystemEnabled": True},
            "timestamp": TIME,
            "sessionId": SESSION_ID,
        }
    ]

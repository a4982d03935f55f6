"""What happens to a wearer reaches apps as the real cloud would pass it on."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from tests.helpers.scripted_app import ScriptedApp

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_ISO = "2026-01-31T12:00:00.000Z"
NOON_MS = 1769860800000
NINE = datetime(2026, 1, 1, 9, tzinfo=UTC)
QUARTER_PAST = datetime(2026, 1, 1, 9, 15, tzinfo=UTC)

Happen = Callable[[VirtualGlasses], Awaitable[None]]

_CAPTURES = Path(__file__).parents[1] / "wire/captures/all-capabilities.jsonl"
RECORDED: dict[str, dict[str, Any]] = {}
"""The first payload of each stream that was recorded between the real cloud and the official SDK."""
for row in map(json.loads, _CAPTURES.read_text().splitlines()):
    if row["kind"] == "cloud>app" and row["data"]["type"] == "data_stream":
        RECORDED.setdefault(row["data"]["streamType"], row["data"]["data"])


@pytest.fixture
async def cloud(network):
    async with LocalCloud(network, now=lambda: NOON) as cloud:
        yield cloud


@pytest.fixture
def glasses(cloud):
    return cloud.connect_glasses("user1@example.com", model="Mentra Live")


async def happened(running: ScriptedApp, glasses: VirtualGlasses, subscription: str, happen: Happen) -> dict[str, Any]:
    """Return the payload that an app with one subscription gets."""
    await running.subscribe(subscription)
    await happen(glasses)
    return running.socket.frames[-1]["data"]


def without_time(payload: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in payload.items() if key.lower() != "timestamp"}


@pytest.mark.parametrize(
    ("stream", "happen"),
    [
        ("head_position", lambda g: g.look_up()),
        ("touch_event", lambda g: g.touch("double_tap")),
        ("glasses_battery_update", lambda g: g.set_battery(77)),
        ("phone_battery_update", lambda g: g.set_phone_battery(55, charging=True)),
        ("phone_notification", lambda g: g.notify("Hi", "There", app="Mail", notification_id="n1")),
        (
            "calendar_event",
            lambda g: g.add_calendar_event("Standup", NINE, QUARTER_PAST, event_id="c1"),
        ),
        ("location_update", lambda g: g.move(48.2, 16.37, accuracy_m=5)),
        ("VAD", lambda g: g.set_speaking(True)),
        ("button_press", lambda g: g.press("photo")),
    ],
)
async def test_an_event_is_the_recorded_one(running, glasses, stream: str, happen: Happen):
    data = await happened(running, glasses, stream, happen)

    assert without_time(data) == without_time(RECORDED[stream])
    assert data.keys() == RECORDED[stream].keys()


async def test_of_a_dismissed_notification_only_ids_are_passed_on_w_str_12(running, glasses):
    data = await happened(running, glasses, "phone_notification_dismissed", lambda g: g.dismiss("n1"))

    assert data.keys() == RECORDED["phone_notification_dismissed"].keys()


async def test_interim_speech_has_the_recorded_parts_and_ten_tokens_at_most_w_lang_4(running, glasses):
    text = " ".join("abcdefghijklm")
    data = await happened(running, glasses, "transcription:en-US", lambda g: g.say(text, is_final=False))
    recorded = RECORDED["transcription:en-US"]

    assert data.keys() == recorded.keys()
    tokens = data["metadata"]["soniox"]["tokens"]
    assert tokens[0].keys() == recorded["metadata"]["soniox"]["tokens"][0].keys()
    assert "".join(token["text"] for token in tokens) == " d e f g h i j k l m"


async def test_a_photo_and_a_connection_are_told_w_str_5_w_str_14(running, glasses):
    photo = await happened(running, glasses, "photo_taken", lambda g: g.take_photo(b"\xff\xd8", filename="a.jpg"))
    there = await happened(running, glasses, "glasses_connection_state", lambda g: g.put_on())
    gone = await happened(running, glasses, "glasses_connection_state", lambda g: g.take_off())

    assert without_time(photo) == {
        "type": "photo_taken",
        "photoData": "/9g=",
        "mimeType": "image/jpeg",
        "filename": "a.jpg",
    }
    state = {"type": "glasses_connection_state", "modelName": "Mentra Live", "timestamp": NOON_MS}
    assert there == {**state, "status": "CONNECTED"}
    assert gone == {**state, "status": "DISCONNECTED"}


async def test_a_translation_comes_under_the_name_that_was_subscribed_w_lang_9(running, glasses):
    await running.subscribe("translation:en-US-to-es-ES", "translation:all-to-es-ES", "translation:en-US-to-de-DE")

    await glasses.translate("hola", target="es-ES", original_text="hello")

    frames = [frame for frame in running.socket.frames if frame["type"] == "data_stream"]
    assert [frame["streamType"] for frame in frames] == ["translation:en-US-to-es-ES", "translation:all-to-es-ES"]
    assert frames[1]["data"] == {
        "type": "translation",
        "text": "hola",
        "originalText": "hello",
        "isFinal": True,
        "transcribeLanguage": "en-US",
        "translateLanguage": "es-ES",
        "didTranslate": True,
        "startTime": 0,
        "endTime": 1000,
        "duration": 1000,
        "provider": "soniox",
    }


async def test_a_subscription_with_options_gets_nothing_w_lang_7(running, glasses):
    await running.subscribe("transcription:en-US?no-language-identification=true", "transcription:auto")

    await glasses.say("hello")

    assert running.socket.types == ["tpa_connection_ack"]


async def test_the_calendar_is_repeated_to_who_subscribes_newly_w_str_13(running, glasses):
    await glasses.add_calendar_event("Standup", NINE, QUARTER_PAST, event_id="c1")
    await glasses.add_calendar_event("Lunch", NOON, NOON, event_id="c2")
    await running.subscribe("calendar_event")
    await running.subscribe("button_press")
    await running.subscribe("calendar_event", "button_press")

    events = [frame for frame in running.socket.frames if frame["type"] == "data_stream"]

    assert [(frame["streamType"], frame["data"]["title"]) for frame in events] == [
        ("calendar_event", "Lunch"),  # What is over comes last.
        ("calendar_event", "Standup"),
    ]
    assert events[0]["data"]["timeStamp"] == NOON_ISO


async def test_of_the_calendar_a_hundred_entries_are_known(running, glasses):
    for number in range(103):
        start = NOON + timedelta(minutes=number)
        await glasses.add_calendar_event(str(number), start, start)

    await running.subscribe("calendar_event")

    titles = [frame["data"]["title"] for frame in running.socket.frames if frame["type"] == "data_stream"]
    assert titles == [str(number) for number in range(100)]


async def test_a_calendar_that_one_may_not_read_is_not_repeated(cloud, app, glasses):
    cloud.install(app.installed(permissions=("MICROPHONE",)))
    await glasses.start(app.package_name)
    await glasses.add_calendar_event("Standup", NINE, QUARTER_PAST)

    await app.subscribe("calendar_event")

    assert app.socket.types == ["tpa_connection_ack"]


async def test_a_custom_message_comes_as_it_is_and_the_date_again_with_each_list_w_cloud_8(running, glasses):
    await glasses.send_custom_message("update_datetime", {"datetime": "noon", "section": "topLeft"})
    await running.subscribe("custom_message")
    await running.subscribe("custom_message", "button_press")
    await glasses.send_custom_message("else")

    date = {
        "type": "custom_message",
        "action": "update_datetime",
        "payload": {"datetime": "noon", "section": "topLeft"},
        "timestamp": NOON_ISO,
    }
    other = {"type": "custom_message", "action": "else", "payload": None, "timestamp": NOON_ISO}
    assert running.socket.frames[1:] == [date, date, other]

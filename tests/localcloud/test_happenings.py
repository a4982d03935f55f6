"""What happens to a wearer reaches apps as the real cloud would pass it on."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
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

"""Each stream to which an app can subscribe can be made to happen, by a method or by ``send``."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mentra.localcloud import VirtualGlasses
from mentra.protocol.cloud_to_app import CustomMessage
from mentra.protocol.streams import STREAMS, AudioChunk
from tests.docs.pages import ROOT, rows, section

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
POSITION = dict.fromkeys(("x", "y", "z", "qx", "qy", "qz", "qw", "confidence"), 0)

Happen = Callable[[VirtualGlasses], Awaitable[None]]

BY_METHOD: dict[str, tuple[str, str, Happen]] = {
    "button_press": ("button_press", "press", lambda g: g.press()),
    "head_position": ("head_position", "look_up", lambda g: g.look_up()),
    "touch_event": ("touch_event:double_tap", "touch", lambda g: g.touch("double_tap")),
    "glasses_battery_update": ("glasses_battery_update", "set_battery", lambda g: g.set_battery(7)),
    "phone_battery_update": ("phone_battery_update", "set_phone_battery", lambda g: g.set_phone_battery(7)),
    "glasses_connection_state": ("glasses_connection_state", "put_on", lambda g: g.put_on()),
    "location_update": ("location_update", "move", lambda g: g.move(48.2, 16.4)),
    "location_stream": ("location_update", "move", lambda g: g.move(48.2, 16.4)),
    "transcription": ("transcription:en-US", "say", lambda g: g.say("hello")),
    "translation": ("translation:en-US-to-es-ES", "translate", lambda g: g.translate("hola", target="es-ES")),
    "VAD": ("VAD", "set_speaking", lambda g: g.set_speaking(True)),
    "phone_notification": ("phone_notification", "notify", lambda g: g.notify("Hi")),
    "phone_notification_dismissed": ("phone_notification_dismissed", "dismiss", lambda g: g.dismiss()),
    "calendar_event": ("calendar_event", "add_calendar_event", lambda g: g.add_calendar_event("Lunch", NOON, NOON)),
    "photo_taken": ("photo_taken", "take_photo", lambda g: g.take_photo(b"\xff\xd8")),
}
"""Of each stream the name under which an app hears it, the method, and a call of it."""

BY_SEND: dict[str, dict[str, Any]] = {
    "vps_coordinates": POSITION,
    "rgb_led_control_response": {"requestId": "r", "success": True},
    "local_transcription": {"text": "hello", "isFinal": True},
    "stream_status": {"status": "active"},
    "rtmp_stream_status": {"status": "active"},
    "managed_stream_status": {"status": "active"},
    "photo_response": {"requestId": "r"},
    "core_status_update": {"status": "{}"},
    "open_dashboard": {},
    "start_app": {"packageName": "com.example.other"},
    "stop_app": {"packageName": "com.example.other"},
}
"""Those that hardly anybody needs, with a payload."""


def test_no_stream_with_a_payload_is_left_out():
    assert STREAMS.keys() <= {*BY_METHOD, *BY_SEND}


@pytest.mark.parametrize("stream", BY_METHOD)
async def test_a_method_lets_it_happen(running, glasses, stream: str):
    heard_as, _, happen = BY_METHOD[stream]
    await running.subscribe(heard_as if stream != "location_stream" else stream)

    await happen(glasses)

    assert [frame["streamType"] for frame in running.socket.frames if frame["type"] == "data_stream"] == [heard_as]


@pytest.mark.parametrize("stream", BY_SEND)
async def test_what_has_no_method_is_sent(running, glasses, stream: str):
    await running.subscribe(stream)

    await glasses.send(stream, BY_SEND[stream])

    [frame] = [frame for frame in running.socket.frames if frame["type"] == "data_stream"]
    assert (frame["streamType"], frame["data"]["type"]) == (stream, stream)
    assert {name: frame["data"][name] for name in BY_SEND[stream]} == BY_SEND[stream]


@pytest.mark.parametrize("everything", ["*", "all"])
async def test_who_subscribes_to_all_hears_of_anything(running, glasses, everything: str):
    await running.subscribe(everything)

    await glasses.send("invented", {})

    assert running.socket.frames[-1]["streamType"] == "invented"


async def test_sound_custom_messages_and_settings_come_in_frames_of_their_own(running, glasses):
    await running.subscribe(AudioChunk.stream, CustomMessage.stream, "augmentos:metricSystemEnabled")

    await glasses.send_audio(bytes(2))
    await glasses.send_custom_message("go")
    await glasses.change_system_settings({"metricSystemEnabled": not glasses.system_settings["metricSystemEnabled"]})

    assert running.socket.types[1:] == ["(binary)", "custom_message", "augmentos_settings_update"]


def test_the_page_of_the_local_cloud_names_the_way_to_each_stream():
    told = {row[0].strip("`"): row[1] for row in rows(section(ROOT / "docs" / "local-cloud.md", "Every stream"))}

    assert told.keys() >= {*BY_METHOD}
    assert all(f"`{method}" in told[stream] for stream, (_, method, _) in BY_METHOD.items())

"""Bytes to messages: nothing that comes over a wire is an exception."""

import json
from typing import Any

import msgspec
import pytest

from mentra.localcloud.models import MODELS
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import ConnectionInit, DisplayEvent, LocationStream, SubscriptionUpdate
from mentra.protocol.base import Message
from mentra.protocol.capabilities import Camera
from mentra.protocol.cloud_to_app import (
    AppStopped,
    AudioPlayReply,
    CapabilitiesUpdate,
    ConnectionAck,
    ConnectionRefusal,
    DataStream,
    Pong,
    SettingsUpdate,
)
from mentra.protocol.codec import Malformed, Unknown
from mentra.protocol.settings import Setting
from mentra.protocol.streams import ButtonPress, Transcription
from mentra.protocol.webhooks import SessionRequest, SettingsRequest, StopRequest

HOPELESS = [
    b"",
    b" ",
    b"null",
    b"5",
    b"true",
    b'"text"',
    b"[]",
    b"{}",
    b"{",
    b'{"type": null}',
    b'{"type": 5}',
    b'{"type": ["data_stream"]}',
    b"\xff\xfe",
    b'{"type": "\xff"}',
    b'{"type": "\\ud800"}',
    b"[" * 100_000,
    b'{"type":' * 50_000,
]
DECODERS = [codec.decode_from_cloud, codec.decode_from_app, codec.decode_webhook]


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("text", HOPELESS)
def test_what_is_no_message_is_malformed(decode: Any, text: bytes):
    read = decode(text)

    assert isinstance(read, Malformed)
    assert read.raw == text
    assert read.problem


@pytest.mark.parametrize("decode", DECODERS)
def test_text_that_is_no_unicode_is_malformed(decode: Any):
    assert isinstance(decode("\ud800"), Malformed)


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("kind", ["brand_new", "", "DATA_STREAM", "data_stream "])
def test_a_type_that_nobody_knows_is_unknown_w_conv_3(decode: Any, kind: str):
    text = json.dumps({"x": [1, {"type": "data_stream"}], "type": kind}).encode()

    assert decode(text) == Unknown(kind, text)


@pytest.mark.parametrize("decode", DECODERS)
def test_messages_of_the_other_direction_are_unknown(decode: Any):
    others = {
        codec.decode_from_cloud: b'{"type": "ping"}',
        codec.decode_from_app: b'{"type": "app_stopped"}',
        codec.decode_webhook: b'{"type": "ping"}',
    }

    assert isinstance(decode(others[decode]), Unknown)


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        ({"type": "data_stream", "data": {}}, "data_stream: Object missing required field `streamType`"),
        ({"type": "data_stream", "streamType": 5, "data": {}}, "data_stream: Expected `str`"),
        ({"type": "settings_update"}, "settings_update: Object missing required field `settings`"),
        ({"type": "settings_update", "settings": None}, "settings_update: Expected `array`"),
        ({"type": "capabilities_update", "capabilities": {}}, "capabilities_update: Object missing"),
        ({"type": "tpa_connection_error"}, "tpa_connection_error: Object missing required field `message`"),
    ],
)
def test_a_known_type_with_impossible_contents_says_what_is_wrong(frame: dict[str, Any], problem: str):
    read = codec.decode_from_cloud(json.dumps(frame))

    assert isinstance(read, Malformed)
    assert read.problem.startswith(problem)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"type": "pong", "timestamp": 1795395401252}, Pong(timestamp=1795395401252)),
        ({"timestamp": "t", "_id": "x", "type": "app_stopped"}, AppStopped(timestamp="t")),
        (
            {"type": "capabilities_update", "capabilities": None, "modelName": None},
            CapabilitiesUpdate(capabilities=None, model_name=None),
        ),
        ({"type": "tpa_connection_ack"}, ConnectionAck()),
    ],
)
def test_messages_of_the_cloud_are_read(frame: dict[str, Any], message: Message):
    assert codec.decode_from_cloud(json.dumps(frame)) == message
    assert codec.decode_from_cloud(json.dumps(frame).encode()) == message


def test_the_ack_tells_no_capabilities_from_unknown_ones():
    absent = codec.decode_from_cloud(b'{"type": "tpa_connection_ack"}')
    unknown = codec.decode_from_cloud(b'{"type": "tpa_connection_ack", "capabilities": null}')

    assert isinstance(absent, ConnectionAck)
    assert isinstance(unknown, ConnectionAck)
    assert (absent.capabilities, unknown.capabilities) == (msgspec.UNSET, None)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            {"type": "tpa_connection_ack", "sessionId": "s", "capabilities": {"modelName": "m"}},
            ConnectionAck(session_id="s"),
        ),
        ({"type": "tpa_connection_ack", "capabilities": 5}, ConnectionAck()),
        ({"type": "tpa_connection_ack", "settings": {}}, ConnectionAck()),
        ({"type": "tpa_connection_ack", "mentraosSettings": [], "timestamp": {}}, ConnectionAck()),
        (
            {"type": "tpa_connection_ack", "settings": [{"key": "a", "value": 1, "title": 5}, "x", None, {"key": "b"}]},
            ConnectionAck(settings=[Setting(key="a", value=1), Setting(key="b")]),
        ),
        (
            {"type": "settings_update", "settings": [{"key": "a", "value": 1, "type": 5}, [], {"key": {}, "value": 2}]},
            SettingsUpdate(settings=[Setting(key="a", value=1), Setting(value=2)]),
        ),
        (
            {"type": "capabilities_update", "capabilities": {"modelName": "m"}, "modelName": "m"},
            CapabilitiesUpdate(capabilities=None, model_name="m"),
        ),
        (
            {"type": "tpa_connection_error", "code": 401, "message": "no"},
            ConnectionRefusal(message="no"),
        ),
        ({"type": "app_stopped", "reason": 5, "timestamp": "t"}, AppStopped(timestamp="t")),
        (
            {"type": "audio_play_response", "requestId": "a", "success": True, "duration": 10**400},
            AudioPlayReply(request_id="a", success=True),
        ),
        (
            {"type": "data_stream", "streamType": "x", "data": 1, "timestamp": []},
            DataStream(stream_type="x", data=msgspec.Raw(b"1")),
        ),
    ],
)
def test_what_cannot_be_read_and_can_be_missed_counts_as_absent_w_dev_10(frame: dict[str, Any], message: Message):
    assert codec.decode_from_cloud(json.dumps(frame)) == message


def test_a_part_of_the_glasses_that_cannot_be_read_is_none_and_the_rest_is_there():
    glasses = {**msgspec.to_builtins(MODELS["Mentra Live"]), "camera": {"resolution": "large"}, "light": "red"}
    frame = {"type": "tpa_connection_ack", "capabilities": glasses}

    ack = codec.decode_from_cloud(json.dumps(frame))

    expected = msgspec.structs.replace(MODELS["Mentra Live"], camera=Camera(), light=None)
    assert ack == ConnectionAck(capabilities=expected)


def test_what_an_app_says_is_read_strictly():
    assert isinstance(codec.decode_from_app(b'{"type": "ping", "timestamp": 5}'), Malformed)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (
            {"userIdForSettings": "u", "settings": [{"key": "a", "value": 1}, 5]},
            SettingsRequest(user_id="u", settings=[Setting(key="a", value=1)]),
        ),
        ({"userIdForSettings": "u", "settings": {}}, None),
        ({"settings": []}, None),
        ([], None),
    ],
)
def test_a_settings_request_loses_only_what_cannot_be_read(body: Any, read: SettingsRequest | None):
    answer = codec.decode_settings_request(json.dumps(body))

    assert isinstance(answer, Malformed) if read is None else answer == read


def test_a_payload_without_what_cannot_be_read_is_still_an_event():
    data = b'{"text": "a", "isFinal": true, "confidence": "high", "duration": []}'

    assert codec.decode_stream("transcription:en-US", data) == Transcription(text="a", is_final=True)


def test_the_systems_settings_have_two_names_w_hand_4():
    new = codec.decode_from_cloud(b'{"type": "tpa_connection_ack", "mentraosSettings": {"a": 1}}')
    old = codec.decode_from_cloud(b'{"type": "tpa_connection_ack", "augmentosSettings": {"a": 2}}')

    assert isinstance(new, ConnectionAck)
    assert isinstance(old, ConnectionAck)
    assert (new.system_settings, old.system_settings) == ({"a": 1}, {"a": 2})


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (
            ConnectionInit(session_id="s", package_name="p", api_key="k", timestamp="t"),
            {"type": "tpa_connection_init", "sessionId": "s", "packageName": "p", "apiKey": "k", "timestamp": "t"},
        ),
        (
            SubscriptionUpdate(package_name="p", subscriptions=["a", LocationStream(stream="l", rate="r")]),
            {
                "type": "subscription_update",
                "packageName": "p",
                "subscriptions": ["a", {"stream": "l", "rate": "r"}],
            },
        ),
        (
            DisplayEvent(package_name="p", view="main", layout={"layoutType": "future"}, duration_ms=5),
            {
                "type": "display_event",
                "packageName": "p",
                "view": "main",
                "layout": {"layoutType": "future"},
                "durationMs": 5,
            },
        ),
    ],
)
def test_messages_of_the_app_are_written_and_read_back_w_conv_2(message: Message, wire: dict[str, Any]):
    text = codec.encode(message)

    assert json.loads(text) == wire
    assert codec.decode_from_app(text) == message


@pytest.mark.parametrize(
    ("body", "webhook"),
    [
        (
            {"type": "session_request", "sessionId": "s", "userId": "u", "mentraOSWebsocketUrl": "m"},
            SessionRequest(session_id="s", user_id="u", mentraos_websocket_url="m"),
        ),
        (
            {"type": "session_request", "sessionId": "s", "userId": "u", "augmentOSWebsocketUrl": "a", "timestamp": 5},
            SessionRequest(session_id="s", user_id="u", augmentos_websocket_url="a", timestamp=5),
        ),
        (
            {"type": "stop_request", "sessionId": "s", "userId": "u", "reason": "r"},
            StopRequest(session_id="s", user_id="u", reason="r"),
        ),
    ],
)
def test_webhooks_are_read(body: dict[str, Any], webhook: Message):
    assert codec.decode_webhook(json.dumps(body)) == webhook


def test_the_payload_of_an_event_stays_as_it_came_until_it_is_wanted():
    event = codec.decode_from_cloud(b'{"type":"data_stream","streamType":"x","data":{ "a" :1}}')

    assert isinstance(event, DataStream)
    assert bytes(event.data) == b'{ "a" :1}'
    assert codec.decode_stream("x", event.data) == {"a": 1}


@pytest.mark.parametrize(
    ("stream", "data", "event"),
    [
        ("button_press", b'{"buttonId": "a", "pressType": "short"}', ButtonPress(button_id="a", press_type="short")),
        ("transcription:en-US", b'{"text": "a", "isFinal": true}', Transcription(text="a", is_final=True)),
        ("transcription:en-US?x=1", b'{"text": "a", "isFinal": true}', Transcription(text="a", is_final=True)),
        ("local_transcription", b'{"text": "a", "isFinal": true}', Transcription(text="a", is_final=True)),
        ("brand_new:detail", b'{"a": [1.5, null]}', {"a": [1.5, None]}),
        ("brand_new", b"null", None),
    ],
)
def test_a_payload_is_read_by_the_name_of_its_stream(stream: str, data: bytes, event: object):
    assert codec.decode_stream(stream, data) == event


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{", b'{"buttonId": 5}', b'{"buttonId": "a"}', b"[" * 100_000])
def test_an_impossible_payload_is_malformed_w_dev_10(data: bytes):
    assert isinstance(codec.decode_stream("button_press", data), Malformed)


def test_any_document_can_be_read_as_a_kind():
    assert codec.decode_as(dict[str, int], b'{"a": 1}') == {"a": 1}
    assert isinstance(codec.decode_as(dict[str, int], b'{"a": "b"}'), Malformed)
    assert isinstance(codec.decode_as(object, b"nothing"), Malformed)


@pytest.mark.parametrize(
    ("frame", "changes"),
    [
        ({"type": "settings_update", "settings": []}, True),
        ({"type": "augmentos_settings_update", "settings": {}}, True),
        ({"type": "capabilities_update", "capabilities": None, "modelName": None}, True),
        ({"type": "tpa_connection_ack"}, False),
        ({"type": "data_stream", "streamType": "x", "data": {}}, False),
        ({"type": "brand_new", "settings": []}, False),
    ],
)
def test_it_is_known_which_messages_change_an_ack(frame: dict[str, Any], changes: bool):
    assert codec.changes_ack(codec.decode_from_cloud(json.dumps(frame))) is changes


@pytest.mark.parametrize(
    ("in_ack", "resumed"),
    [
        ({"augmentosSettings": {"a": 1, "b": 1}}, {"augmentosSettings": {"a": 2, "b": 1, "c": 3}}),
        ({"mentraosSettings": {"a": 1}}, {"mentraosSettings": {"a": 2, "c": 3}}),
        (
            {"mentraosSettings": {"a": 1}, "augmentosSettings": None},
            {"mentraosSettings": {"a": 2, "c": 3}, "augmentosSettings": {"a": 2, "c": 3}},
        ),
        ({}, {"mentraosSettings": {"a": 2, "c": 3}}),
        ({"mentraosSettings": ["odd"]}, {"mentraosSettings": {"a": 2, "c": 3}}),
    ],
)
def test_a_resumed_ack_has_the_systems_settings_merged_w_cloud_6(in_ack: dict[str, Any], resumed: dict[str, Any]):
    ack = {"type": "tpa_connection_ack", "settings": [{"key": "a", "value": 1}]}
    updates = [
        {"type": "augmentos_settings_update", "settings": {"a": 2}},
        {"type": "augmentos_settings_update", "settings": {"c": 3}},
    ]

    again = codec.resumed_ack(json.dumps(ack | in_ack).encode(), [json.dumps(update).encode() for update in updates])

    assert json.loads(again) == ack | resumed


def test_a_resumed_ack_has_the_newest_settings_and_capabilities_and_all_it_had():
    ack = {
        "type": "tpa_connection_ack",
        "sessionId": "s",
        "settings": [{"key": "a", "defaultValue": 1}],
        "augmentosSettings": {"brightness": 50},
        "capabilities": None,
        "_brandNew": {"x": 1},
        "timestamp": "t1",
    }
    updates: list[dict[str, Any]] = [
        {"type": "settings_update", "settings": [{"key": "a", "value": 2}], "timestamp": "t2"},
        {"type": "capabilities_update", "capabilities": {"modelName": "m"}, "modelName": "m"},
        {"type": "settings_update", "settings": [{"key": "a", "value": 3}], "timestamp": "t3"},
    ]

    resumed = codec.resumed_ack(json.dumps(ack).encode(), [json.dumps(update).encode() for update in updates])

    assert json.loads(resumed) == {
        **ack,
        "settings": [{"key": "a", "value": 3}],
        "capabilities": {"modelName": "m"},
    }

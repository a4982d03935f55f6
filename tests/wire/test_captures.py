"""Recorded frames as an independent witness: of our Structs, and of the frames of our own local cloud.

``captures/all-capabilities.jsonl`` is what passed between an app of the official SDK 2.1.29 and the cloud of
December 2025 in one session, one frame or HTTP body a line.
"""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest

from mentra.localcloud import LocalCloud
from mentra.localcloud.models import MODELS
from mentra.protocol import codec, rest
from mentra.protocol.cloud_to_app import DataStream
from mentra.protocol.codec import Malformed, Unknown
from mentra.protocol.webhooks import SettingsRequest, ToolRequest
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_app import ScriptedApp

ROWS = [
    json.loads(line) for line in (Path(__file__).parent / "captures/all-capabilities.jsonl").read_text().splitlines()
]


def frames(kind):
    """The JSON frames of one direction, each once per shape; the test id is what the frame is."""
    found = {}
    for row in ROWS:
        if row["kind"] == kind:
            frame = row["data"]
            name = ".".join(filter(None, (frame["type"], frame.get("streamType"), frame.get("status"))))
            found.setdefault((name, tuple(sorted(frame))), frame)
    return [pytest.param(frame, id=name) for (name, _), frame in found.items()]


def http_body(path, kind=None):
    """The body that the cloud posted to a path of the app."""
    return next(
        row["body"]
        for row in ROWS
        if row["kind"] == "cloud>app.http" and row["path"] == path and kind in (None, row["body"].get("type"))
    )


def frame_of(kind):
    """The first frame of the cloud of one type."""
    return next(row["data"] for row in ROWS if row["kind"] == "cloud>app" and row["data"]["type"] == kind)


def raw(value):
    return json.dumps(value).encode()


def encoded(message):
    return json.loads(codec.encode(message))


def known_part(original, again):
    """The original without the keys that our Structs do not have."""
    if isinstance(original, dict) and isinstance(again, dict):
        return {key: known_part(value, again[key]) for key, value in original.items() if key in again}
    if isinstance(original, list) and isinstance(again, list) and len(original) == len(again):
        return [known_part(*pair) for pair in zip(original, again, strict=True)]
    return original


def without_ids(value):
    """The value without what its database put into it."""
    if isinstance(value, dict):
        return {key: without_ids(member) for key, member in value.items() if key != "_id"}
    return [without_ids(member) for member in value] if isinstance(value, list) else value


def unknown_keys(original, again):
    """The keys that were lost, at any depth."""
    if isinstance(original, dict) and isinstance(again, dict):
        lost = set(original) - set(again)
        return lost.union(*(unknown_keys(original[key], again[key]) for key in set(original) & set(again)))
    if isinstance(original, list) and isinstance(again, list):
        return set().union(*(unknown_keys(*pair) for pair in zip(original, again, strict=True)))
    return set()


@pytest.mark.parametrize("frame", frames("app>cloud"))
def test_a_frame_of_the_official_sdk_is_understood(frame):
    message = codec.decode_from_app(raw(frame))

    assert not isinstance(message, Malformed)
    assert isinstance(message, Unknown) or encoded(message) == frame


@pytest.mark.parametrize("frame", frames("cloud>app"))
def test_a_frame_of_the_cloud_is_understood(frame):
    message = codec.decode_from_cloud(raw(frame))

    assert not isinstance(message, Malformed)


@pytest.mark.parametrize("frame", frames("cloud>app"))
def test_a_known_frame_of_the_cloud_is_written_as_it_was_read(frame):
    message = codec.decode_from_cloud(raw(frame))
    if isinstance(message, Unknown):
        assert message.type in {"audio_play_response", "rtmp_stream_status"}
        return

    again = encoded(message)

    assert again == known_part(frame, again)
    assert unknown_keys(frame, again) <= {"_id"}


@pytest.mark.parametrize("frame", [param for param in frames("cloud>app") if "data" in param.values[0]])
def test_the_payload_of_an_event_is_understood(frame):
    message = codec.decode_from_cloud(raw(frame))
    assert isinstance(message, DataStream)

    data = codec.decode_stream(message.stream_type, message.data)

    again = encoded(data)
    assert again == known_part(frame["data"], again)
    assert unknown_keys(frame["data"], again) <= {"type"}


@pytest.mark.parametrize("kind", ["session_request", "stop_request"])
def test_a_webhook_is_written_as_it_was_read(kind):
    body = http_body("/webhook", kind)

    assert encoded(codec.decode_webhook(raw(body))) == body


@pytest.mark.parametrize(("path", "struct"), [("/tool", ToolRequest), ("/settings", SettingsRequest)])
def test_an_http_body_is_written_as_it_was_read(path, struct):
    body = http_body(path)

    assert encoded(codec.decode_as(struct, raw(body))) == body


def test_the_capabilities_of_mentra_live_are_those_of_the_cloud_w_cap_1():
    assert encoded(MODELS["Mentra Live"]) == frame_of("tpa_connection_ack")["capabilities"]


@pytest.fixture
async def replay():
    """The same session with our local cloud: every body and frame that it sent, by path or type."""
    network = MemoryNetwork()
    schema = tuple(frame_of("tpa_connection_ack")["settings"])
    async with LocalCloud(network) as cloud, ScriptedApp(network, "com.example.tsfull") as app:
        cloud.install(app.installed(settings=schema))
        glasses = cloud.connect_glasses("user1@example.com", model="Mentra Live")
        await glasses.start(app.package_name)
        await app.subscribe("head_position")
        await glasses.send("head_position", {"position": "up"})
        await glasses.change_settings(app.package_name, {"flag": True, "name": "Zoë"})
        await glasses.call_tool(app.package_name, "demo_tool", {"x": "1"})
        await glasses.stop(app.package_name)
    sent = {body.get("type", path): body for _, path, body in app.requests}
    return sent | {frame["type"]: frame for frame in app.socket.frames}


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        ("session_request", http_body("/webhook", "session_request")),
        ("stop_request", http_body("/webhook", "stop_request")),
        ("/settings", http_body("/settings")),
        ("/tool", http_body("/tool")),
        ("tpa_connection_ack", frame_of("tpa_connection_ack")),
        ("data_stream", frame_of("data_stream")),
        ("settings_update", frame_of("settings_update")),
    ],
)
async def test_the_local_cloud_sends_the_same_keys(replay, name, recorded):
    assert set(replay[name]) == set(recorded)


@pytest.mark.parametrize("name", ["settings", "augmentosSettings", "capabilities"])
async def test_the_local_cloud_acknowledges_with_the_same_values(replay, name):
    recorded = without_ids(frame_of("tpa_connection_ack")[name])

    assert replay["tpa_connection_ack"][name] == recorded


async def test_the_local_cloud_sends_the_same_list_of_settings(replay):
    recorded = http_body("/settings")["settings"]

    assert (replay["/settings"]["settings"], replay["settings_update"]["settings"]) == (recorded, recorded)


async def test_the_stop_has_no_reason_and_only_a_time(replay):
    # The recorded app closed inside the stop webhook, as the official SDK does, and never got this frame.
    assert set(replay["app_stopped"]) == {"type", "timestamp"}


STORAGE_CALLS = [row for row in ROWS if row["kind"] == "app>cloud.http" and "/simple-storage/" in row["path"]]


@pytest.mark.parametrize("row", STORAGE_CALLS, ids=lambda row: f"{row['method']} {row['path'].rpartition('/')[2]}")
def test_a_call_about_stored_data_is_written_as_the_official_sdk_does_w_store_8(row):
    user_id = unquote(row["path"].rpartition("/")[2])

    assert rest.storage_path(user_id) == row["path"]
    assert rest.bearer("com.example.tsfull", "ts-full") == row["auth"]
    assert row["body"] is None or encoded(rest.StoredValues(data=row["body"]["data"])) == row["body"]


async def test_the_local_cloud_answers_calls_about_stored_data_as_recorded_w_store_1():
    network = MemoryNetwork()
    async with LocalCloud(network) as cloud, ScriptedApp(network, "com.example.tsfull") as app:
        cloud.install(app.installed(api_key="ts-full"))
        answers = [
            await network.request(
                row["method"],
                cloud.url + row["path"],
                headers={"authorization": row["auth"], "content-type": "application/json"},
                body=raw(row["body"]) if row["body"] else b"",
                timeout=1,
            )
            for row in STORAGE_CALLS
        ]

    recorded = [row for row in ROWS if row["kind"] == "cloud>app.httpres" and "/simple-storage/" in row["path"]]
    assert {(reply.status, reply.body.decode()) for reply in answers} == {
        (row["status"], row["body"]) for row in recorded
    }

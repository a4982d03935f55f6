"""Frames and requests that the cloud does not like, as it was seen (docs/protocol.md, Conventions, Refusals)."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from mentra.transport.base import Closed
from tests.helpers.scripted_app import let_it_happen
from tests.wire.observed.world import (
    CRASHED,
    PACKAGE_NAME,
    PHOTO,
    World,
    refusal,
)

INVALID_LIST = "Invalid subscription type: "
IGNORED = [
    ("W-CONV-10", b'{"type":"what"}'),
    ("W-CONV-10", b'{"no":"type"}'),
    ("W-CONV-10", b"5"),
    ("W-CONV-10", b'"text"'),
    ("W-CONV-10", b"[]"),
    ("W-APP-7", b'{"type":"ownership_release","packageName":"com.example.app","reason":"switching_clouds"}'),
    ("W-APP-8", b'{"type":"app_broadcast_message","packageName":"com.example.app","payload":1}'),
    ("W-DASH-2", b'{"type":"dashboard_mode_change","packageName":"com.example.app","mode":"main"}'),
    ("W-APP-6", b'{"type":"dashboard_content_update","packageName":"com.example.app","content":"x"}'),
    ("W-APP-2", b'{"type":"subscription_update","packageName":"com.example.app","subscriptions":"VAD"}'),
    ("W-APP-4", b'{"type":"subscription_update","packageName":"com.example.app","subscriptions":[1,null]}'),
    ("W-APP-3", b'{"type":"subscription_update","packageName":"com.example.app","subscriptions":["what"]}'),
    ("W-VIDEO-2", b'{"type":"rtmp_stream_stop","packageName":"com.example.app","streamId":"what"}'),
]


@pytest.mark.parametrize(("row", "frame"), IGNORED, ids=[f"{row} {frame.decode()[:60]}" for row, frame in IGNORED])
async def test_a_frame_is_ignored_as_it_was_seen(running: World, row, frame):
    running.app.socket.send_raw(frame)
    await let_it_happen()

    assert (running.said, running.app.socket.closed) == ([], None)


async def test_large_frames_are_accepted_w_conv_9(running: World):
    running.app.socket.send_raw(b'{"type":"what","x":"%s"}' % (b"x" * 5_000_000))
    await let_it_happen()

    assert running.app.socket.closed is None


FATAL = [("W-CONV-10", b"null"), ("W-CONV-10", b"hello"), ("W-CONV-10", b""), ("W-CONV-10", None)]


@pytest.mark.parametrize(("row", "frame"), FATAL, ids=["null", "no JSON", "empty", "binary"])
async def test_a_frame_is_fatal_as_it_was_seen_and_grace_follows(running: World, row, frame):
    if frame is None:
        running.app.socket.send_binary(b"{}")
    else:
        running.app.socket.send_raw(frame)
    await let_it_happen()
    assert (running.said, running.app.socket.closed) == ([], CRASHED)

    await running.app.connect()
    await let_it_happen()

    assert running.app.socket.types == ["tpa_connection_ack"]


@pytest.mark.parametrize("value", [None, {}, ...], ids=["null", "an object", "missing"])
async def test_a_list_that_is_none_is_refused_w_ref_6(running: World, value):
    fields = {} if value is ... else {"subscriptions": value}

    await running.app.send("subscription_update", **fields)

    (error,) = running.said
    assert (error["code"], error["message"][: len(INVALID_LIST)]) == ("MALFORMED_MESSAGE", INVALID_LIST)
    # What follows is the engine's own description of its error, which is not compared.
    assert running.app.socket.closed == Closed(1008, error["message"])


@dataclass(frozen=True)
class Request:
    """A request that is refused: the socket is closed with the reason."""

    row: str
    frame: dict[str, Any]
    code: str
    message: str
    permissions: tuple[str, ...] = ("ALL",)
    wifi: bool = True


RTMP = {"type": "rtmp_stream_request", "rtmpUrl": "rtmp://example.com/live"}
MANAGED = {"type": "managed_stream_request"}
ADVICE = ". Please add the CAMERA permission in the developer console."
REFUSED = [
    Request(
        "W-PHOTO-7", PHOTO, "PERMISSION_DENIED", f"Camera permission required to take photos{ADVICE}", permissions=()
    ),
    Request("W-VIDEO-6", RTMP, "PERMISSION_DENIED", f"Camera permission required to start video streams{ADVICE}", ()),
    Request(
        "W-VIDEO-6", MANAGED, "PERMISSION_DENIED", f"Camera permission required to start managed streams{ADVICE}", ()
    ),
    Request("W-VIDEO-6", {**RTMP, "rtmpUrl": "what"}, "INTERNAL_ERROR", "Invalid RTMP URL"),
]


@pytest.mark.parametrize("request_", REFUSED, ids=lambda each: f"{each.row} {each.code} {each.frame['type']}")
async def test_a_request_is_refused_as_it_was_seen(world: World, request_: Request):
    world.cloud.install(world.app.installed(permissions=request_.permissions))
    await world.glasses.put_on("Mentra Live")
    await world.start()

    await world.app.send(**{**request_.frame, "kind": request_.frame["type"]})

    assert world.said == [refusal(request_.code, request_.message)]
    assert world.app.socket.closed == Closed(1008, request_.message)


async def test_a_refused_request_costs_the_session_and_its_subscriptions_w_ref_8(world: World):
    world.cloud.install(world.app.installed(permissions=()))
    await world.start()
    await world.app.subscribe("button_press")
    await world.app.send("photo_request", **{key: value for key, value in PHOTO.items() if key != "type"})

    await asyncio.sleep(6)

    assert [kind for _, kind in world.webhooks] == ["session_request", "stop_request", "session_request"]
    assert world.webhooks[1][0] == 5.0
    assert world.glasses.subscriptions(PACKAGE_NAME) == ()

"""What was seen of the cloud of December 2025 besides the recording, and the local cloud beside it.

Each row of the tables below is one observation, and names the row of docs/protocol.md that has it. What is not compared
is the same as in a replay: docs/local-cloud.md, What is not compared.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest

from mentra.localcloud import LocalCloud, StartFailed, VirtualGlasses
from mentra.localcloud.hardware import HardwareRequirement
from mentra.transport.base import Closed
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_app import API_KEY, ScriptedApp, ScriptedSocket, let_it_happen
from tests.wire.recording import comparable

USER_ID = "user1@example.com"
PACKAGE_NAME = "com.example.app"
SESSION_ID = f"{USER_ID}-{PACKAGE_NAME}"
TIME = "<ISO 8601>"
MS = "<ms since 1970>"

STOPPED = [{"type": "app_stopped", "timestamp": TIME}]
CRASHED = Closed(1011, "Internal server error")


@dataclass
class World:
    """A cloud, an app and glasses."""

    network: MemoryNetwork
    cloud: LocalCloud
    app: ScriptedApp
    glasses: VirtualGlasses

    async def start(self) -> str | None:
        """Start the app; return where that failed."""
        try:
            await self.glasses.start(PACKAGE_NAME)
        except StartFailed as failure:
            return failure.stage
        return None

    async def open(self, first: Any = None) -> ScriptedSocket:
        """Open a socket by hand, and send a first frame: JSON, or bytes as they are."""
        socket = await ScriptedSocket().open(self.network, self.cloud.websocket_url)
        self.app.sockets.append(socket)
        if isinstance(first, bytes):
            socket.send_raw(first)
        elif first is not None:
            socket.send(first)
        await let_it_happen()
        return socket

    @property
    def said(self) -> list[Any]:
        """What the cloud said on the newest socket since the acknowledgement."""
        return said(self.app.socket)

    @property
    def webhooks(self) -> list[tuple[float, str]]:
        """When the app heard of which webhook."""
        return [(round(when, 3), body["type"]) for when, path, body in self.app.requests if path == "/webhook"]


def said(socket: ScriptedSocket) -> list[Any]:
    return [comparable(frame) for frame in socket.frames if not is_ack(frame)]


def is_ack(frame: Any) -> bool:
    return isinstance(frame, dict) and frame["type"] == "tpa_connection_ack"


def refusal(code: str, message: str) -> dict[str, str]:
    return {"type": "tpa_connection_error", "code": code, "message": message, "timestamp": TIME}


def init(**changes: Any) -> dict[str, Any]:
    frame = {
        "type": "tpa_connection_init",
        "sessionId": SESSION_ID,
        "packageName": PACKAGE_NAME,
        "apiKey": API_KEY,
        "timestamp": "2026-01-31T12:00:00.000Z",
    }
    return {key: value for key, value in {**frame, **changes}.items() if value is not ...}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    network = MemoryNetwork()
    async with LocalCloud(network) as cloud, ScriptedApp(network, PACKAGE_NAME) as app:
        cloud.install(app.installed())
        yield World(network, cloud, app, cloud.connect_glasses(USER_ID))


@pytest.fixture
async def running(world: World) -> World:
    """The world with the app connected, by a socket that was opened on the start webhook."""
    await world.start()
    return world


# The start.


async def test_the_start_webhook_is_this_body_with_these_headers_w_http_1(world: World):
    await world.start()

    ((_, path, body),), (headers,) = world.app.requests, world.app.headers
    assert (path, list(body), comparable(body)) == (
        "/webhook",
        ["type", "sessionId", "userId", "timestamp", "augmentOSWebsocketUrl"],
        {
            "type": "session_request",
            "sessionId": SESSION_ID,
            "userId": USER_ID,
            "timestamp": TIME,
            "augmentOSWebsocketUrl": "<host>/app-ws",
        },
    )
    assert headers == {
        "content-type": "application/json",
        "accept": "application/json, text/plain, */*",
        "user-agent": "axios/1.13.2",
        "accept-encoding": "gzip, compress, deflate, br",
    }


@dataclass(frozen=True)
class Start:
    """How an app behaves when it is started, and what comes of it."""

    row: str
    what: str
    webhooks: list[float]
    """When they come, in seconds since the start; for 20 s."""
    statuses: list[int] = field(default_factory=list)
    delay_s: float = 0.0
    """Until it answers."""
    connects_after_s: float | None = 0.0
    """``None``: never."""
    key: str = API_KEY
    fails_at: str | None = None
    resolved_after_s: float = 0.0


STARTS = [
    Start("W-HTTP-3", "it answers and connects at once", webhooks=[0]),
    Start("W-HTTP-5", "it connects at once and answers 3 s later", webhooks=[0], delay_s=3),
    Start("W-HTTP-5", "it answers at once and connects 3 s later", [0], connects_after_s=3, resolved_after_s=3),
    Start("W-HTTP-3", "a 500 and a good second attempt", [0, 1], statuses=[500], resolved_after_s=1),
    *(
        Start(
            "W-HTTP-3", f"two answers {status}", [0, 1], statuses=[status] * 2, fails_at="WEBHOOK", resolved_after_s=1
        )
        for status in (404, 500, 503)
    ),
    Start("W-HTTP-4", "it connects at once and hangs over 10 s", [0, 11], delay_s=15),
    Start("W-HAND-5", "it never connects", [0], connects_after_s=None, fails_at="TIMEOUT", resolved_after_s=5),
    Start("W-HAND-5", "it connects too late", [0], connects_after_s=5.1, fails_at="TIMEOUT", resolved_after_s=5),
    Start("W-REF-9", "it connects with a wrong key", [0], key="wrong", fails_at="AUTHENTICATION"),
]


@pytest.mark.parametrize("start", STARTS, ids=lambda start: f"{start.row} {start.what}")
async def test_a_start_goes_as_it_was_seen(world: World, start: Start):
    app, loop = world.app, asyncio.get_running_loop()
    app.statuses, app.delay_s, app.connects, app.api_key = list(start.statuses), start.delay_s, False, start.key
    tasks: list[asyncio.Task[Any]] = []

    async def connect() -> None:
        while len(app.requests) <= len(start.statuses):  # The first of them that it answers with 200.
            await asyncio.sleep(0.001)
        await asyncio.sleep(start.connects_after_s or 0)
        await app.connect()

    began = loop.time()
    if start.connects_after_s is not None:
        tasks.append(asyncio.create_task(connect()))
    stage = await world.start()
    resolved_after_s = loop.time() - began
    app.delay_s = 0
    await asyncio.sleep(20 - resolved_after_s)

    assert (stage, round(resolved_after_s, 1)) == (start.fails_at, start.resolved_after_s)
    assert [round(when - began, 1) for when, _ in world.webhooks] == start.webhooks
    assert (PACKAGE_NAME in world.glasses.running) == (start.fails_at is None)
    assert len({json.dumps(body) for _, _, body in app.requests}) == 1, "a repetition has the same body"
    for task in tasks:
        task.cancel()


async def test_three_starts_at_once_are_one_and_a_start_while_running_is_none_w_http_6(world: World):
    await asyncio.gather(world.start(), world.start(), world.start())
    await world.start()

    assert world.webhooks == [(0.0, "session_request")]


async def test_without_the_hardware_there_is_no_webhook_w_cap_4(world: World):
    camera = HardwareRequirement(type="CAMERA", level="REQUIRED")
    world.cloud.install(world.app.installed(hardware_requirements=(camera,)))

    stage = await world.start()

    assert (stage, world.app.requests) == ("HARDWARE_CHECK", [])


# The first frame.


@dataclass(frozen=True)
class First:
    """The first frame on a socket while the app is being started, and the answer."""

    row: str
    what: str
    frame: Any
    said: list[Any]
    closed: Closed | None
    started: bool = True


NOT_FOUND = [refusal("SESSION_NOT_FOUND", "Session not found")], Closed(1008, "Session not found")
BAD_KEY = [refusal("INVALID_API_KEY", "Invalid API key")], Closed(1008, "Invalid API key")
NOT_STARTED = (
    [refusal("APP_NOT_STARTED", "App not started for this session")],
    Closed(1008, "App not started for this session"),
)
FIRST_FRAMES = [
    First("W-REF-1", "a wrong key", init(apiKey="wrong"), *BAD_KEY),
    First("W-REF-1", "an empty key", init(apiKey=""), *BAD_KEY),
    First("W-REF-1", "an unknown package", init(packageName="com.example.other"), *BAD_KEY),
    First("W-REF-2", "an app that is not started", init(), *NOT_STARTED, started=False),
    First("W-REF-3", "a user without a session", init(sessionId=f"other@example.com-{PACKAGE_NAME}"), *NOT_FOUND),
    First("W-HAND-12", "a user with a hyphen", init(sessionId=f"a-b@example.com-{PACKAGE_NAME}"), *NOT_FOUND),
    First("W-REF-3", "another frame", {"type": "subscription_update", "subscriptions": []}, *NOT_FOUND),
    First("W-REF-4", "no hyphen", init(sessionId="user1"), [], Closed(1008, "Invalid session ID format")),
    First("W-REF-5", "no session id", init(sessionId=...), [], CRASHED),
    First("W-REF-5", "no JSON", b"hello", [], CRASHED),
    First("W-HAND-8", "nothing for seven seconds", None, [], None),
]


@pytest.mark.parametrize("first", FIRST_FRAMES, ids=lambda first: f"{first.row} {first.what}")
async def test_the_first_frame_is_answered_as_it_was_seen(world: World, first: First):
    world.app.connects = False
    starting = asyncio.create_task(world.start())
    if first.started:
        await let_it_happen()
    else:
        starting.cancel()

    socket = await world.open(first.frame)
    if first.frame is None:
        await asyncio.sleep(7)

    assert (said(socket), socket.closed) == (first.said, first.closed)
    starting.cancel()


async def test_a_wrong_tail_of_the_session_id_is_accepted_and_repeated_w_hand_12(world: World):
    world.app.connects = False
    starting = asyncio.create_task(world.start())
    await let_it_happen()

    socket = await world.open(init(sessionId=f"{USER_ID}-what.ever"))

    await starting
    assert [frame["sessionId"] for frame in socket.frames] == [f"{USER_ID}-what.ever"]
    assert socket.closed is None


async def test_a_second_init_is_acknowledged_again_w_hand_8(running: World):
    running.app.socket.send(init())
    await let_it_happen()

    assert running.app.socket.types == ["tpa_connection_ack"] * 2
    assert running.app.socket.closed is None


UPGRADES = [
    ("W-HAND-11", "/app-ws", {"authorization": f"Bearer {PACKAGE_NAME}:{API_KEY}"}, "401.*MISSING_HEADERS"),
    (
        "W-HAND-11",
        "/app-ws",
        {"authorization": f"Bearer {PACKAGE_NAME}:{API_KEY}", "x-user-id": USER_ID, "x-session-id": SESSION_ID},
        "401.*JWT_INVALID",
    ),
    ("W-HAND-10", "/app-ws/", {}, "None"),
    ("W-HAND-10", "/tpa-ws", {}, "None"),
    ("W-HAND-10", "/", {}, "None"),
]


@pytest.mark.parametrize(("row", "path", "headers", "answer"), UPGRADES, ids=[f"{u[0]} {u[1]}" for u in UPGRADES])
async def test_an_upgrade_is_refused_as_it_was_seen(world: World, row, path, headers, answer):
    url = world.cloud.websocket_url.replace("/app-ws", path)

    with pytest.raises(ConnectionRefusedError, match=f"refused the WebSocket: .*{answer}"):
        await ScriptedSocket().open(world.network, url, headers)


async def test_a_query_in_the_url_is_fine_w_hand_9(running: World):
    socket = await ScriptedSocket().open(running.network, f"{running.cloud.websocket_url}?x=1")
    socket.send(init())
    await let_it_happen()

    assert socket.types == ["tpa_connection_ack"]


# Frames that the cloud does not like.

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


PHOTO = {"type": "photo_request", "requestId": "p1", "saveToGallery": False, "size": "medium", "compress": "none"}
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


# The end.


async def test_a_stop_is_a_webhook_then_a_frame_then_a_close_w_conn_6(running: World):
    await running.glasses.stop(PACKAGE_NAME)
    await let_it_happen()

    assert comparable(running.app.requests[-1][2]) == {
        "type": "stop_request",
        "sessionId": SESSION_ID,
        "userId": USER_ID,
        "reason": "user_disabled",
        "timestamp": TIME,
    }
    assert (running.said, running.app.socket.closed) == (STOPPED, Closed(1000, "App stopped"))


@pytest.mark.parametrize(("status", "delay_s"), [(500, 0.0), (200, 3.0)], ids=["a 500", "an answer after 3 s"])
async def test_a_stop_is_not_repeated_and_waits_for_its_answer_w_http_7(running: World, status, delay_s):
    running.app.statuses, running.app.delay_s = [status], delay_s

    await running.glasses.stop(PACKAGE_NAME)
    await asyncio.sleep(2)

    assert running.webhooks == [(0.0, "session_request"), (0.0, "stop_request")]
    assert (running.said, running.app.socket.closed) == (STOPPED, Closed(1000, "App stopped"))


async def test_a_stop_of_an_app_that_does_not_run_is_nothing_w_conn_6(world: World):
    await world.glasses.stop(PACKAGE_NAME)

    assert world.app.requests == []


async def test_a_second_standard_app_ends_the_first_one_first_w_conn_16(running: World):
    async with ScriptedApp(running.network, "com.example.second") as second:
        running.cloud.install(second.installed())

        await running.glasses.start("com.example.second")
        await let_it_happen()

        assert running.app.socket.closed == Closed(1000, "App stopped")
        assert (running.webhooks[-1][1], second.webhooks) == ("stop_request", ["session_request"])


async def test_other_glasses_are_told_before_an_app_is_stopped_that_lacks_something_w_conn_17(world: World):
    camera = HardwareRequirement(type="CAMERA", level="REQUIRED")
    world.cloud.install(world.app.installed(hardware_requirements=(camera,)))
    await world.glasses.put_on("Mentra Live")
    await world.start()

    await world.glasses.put_on("Even Realities G1")
    await let_it_happen()

    update, stopped = world.said
    assert (update["type"], set(update), update["modelName"]) == (
        "capabilities_update",
        {"type", "capabilities", "modelName"},
        "Even Realities G1",
    )
    assert [stopped] == STOPPED
    assert world.webhooks[-1][1] == "stop_request"


async def test_a_phone_that_is_away_for_a_minute_ends_the_session_without_a_webhook_w_conn_7(running: World):
    await running.glasses.go_offline()
    await asyncio.sleep(59)
    assert running.app.socket.closed is None

    await asyncio.sleep(2)

    assert (running.said, running.app.socket.closed) == (STOPPED, Closed(1000, "User session ended"))
    assert running.webhooks == [(0.0, "session_request")]
    late = await running.open(init())
    assert (said(late), late.closed) == NOT_FOUND


# A lost connection.

GRACE = [("W-CONN-2", 0.5), ("W-CONN-2", 2.0), ("W-CONN-2", 4.5)]


@pytest.mark.parametrize(("row", "after_s"), GRACE)
@pytest.mark.parametrize("code", [1000, 1001, 1006])
async def test_who_comes_back_in_time_keeps_its_subscriptions_and_nothing_else(running: World, row, after_s, code):
    await running.app.subscribe("button_press")
    if code == 1006:
        running.glasses.drop_connection(PACKAGE_NAME)
    else:
        running.app.socket.close(code)
    await asyncio.sleep(after_s)
    await running.glasses.press("in the gap")

    await running.app.connect()
    await let_it_happen()
    await running.glasses.press("after it")

    assert running.app.socket.types == ["tpa_connection_ack", "data_stream"]
    assert running.app.socket.frames[-1]["data"]["buttonId"] == "after it"


async def test_who_does_not_come_back_is_stopped_and_started_w_conn_5(running: World):
    await running.app.subscribe("button_press")
    running.app.socket.close()

    await asyncio.sleep(6)

    first, *webhooks = running.webhooks
    assert (first[1], webhooks) == ("session_request", [(5.0, "stop_request"), (5.02, "session_request")])
    assert running.app.socket.types == ["tpa_connection_ack"]
    assert running.glasses.subscriptions(PACKAGE_NAME) == ()


async def test_a_restart_that_fails_is_the_last_one_w_conn_5(running: World):
    running.app.connects = False
    running.app.socket.close()
    await asyncio.sleep(4)
    running.app.statuses = [200, 503, 503]

    await asyncio.sleep(60)

    assert [when for when, _ in running.webhooks] == [0.0, 5.0, 5.02, 6.02]
    assert running.glasses.running == ()


@pytest.mark.parametrize(("after_s", "kept"), [(7.9, True), (8.1, False)])
async def test_an_empty_list_is_ignored_for_eight_seconds_w_conn_4(running: World, after_s, kept):
    await running.app.subscribe("button_press")
    await asyncio.sleep(after_s)

    await running.app.subscribe()

    assert bool(running.glasses.subscriptions(PACKAGE_NAME)) is kept


async def test_when_the_older_of_two_sockets_closes_the_newer_one_is_forgotten_w_conn_12(running: World):
    await running.app.subscribe("button_press")
    first = running.app.socket
    second = await running.open(init())
    await running.glasses.press("both open")
    assert (said(first), len(said(second))) == ([], 1)

    first.close()
    await let_it_happen()
    await running.glasses.press("one closed")
    running.app.connects = False
    await asyncio.sleep(20)

    assert [kind for _, kind in running.webhooks] == ["session_request", "stop_request", "session_request"]
    assert (len(said(second)), second.closed) == (1, None)


async def test_the_timer_of_a_lost_connection_survives_a_stop_w_conn_14(running: World):
    running.app.socket.close()
    await asyncio.sleep(1)
    await running.glasses.stop(PACKAGE_NAME)

    await asyncio.sleep(10)

    assert running.webhooks[1:] == [(1.0, "stop_request"), (5.0, "stop_request"), (5.02, "session_request")]
    assert running.glasses.running == (PACKAGE_NAME,)


# Subscriptions and events.


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
MOVED = {"type": "location_update", "lat": 1.5, "lng": 2.5, "timestamp": TIME}
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


# Tools, settings, storage.

CALL = {"toolId": "t", "toolParameters": {"x": 1}, "timestamp": "2026-01-31T12:00:00.000Z", "userId": USER_ID}
FAILED = "Webhook failed: Request failed with status code"
TOOLS = [
    ("W-HTTP-10", CALL, [], 1, {"status": "success", "reply": "done"}),
    ("W-HTTP-10", {"toolId": "not declared"}, [], 1, {"status": "success", "reply": "done"}),
    ("W-HTTP-10", {}, [], 1, {"status": "success", "reply": "done"}),
    ("W-HTTP-12", CALL, [500], 2, {"status": "success", "reply": "done"}),
    (
        "W-HTTP-12",
        CALL,
        [500, 500],
        2,
        {"error": True, "message": f"{FAILED} 500", "details": {"status": "success", "reply": "done"}},
    ),
    (
        "W-HTTP-12",
        CALL,
        [404, 404],
        2,
        {"error": True, "message": f"{FAILED} 404", "details": {"status": "success", "reply": "done"}},
    ),
]


@pytest.mark.parametrize(("row", "call", "statuses", "calls", "answer"), TOOLS, ids=[f"{t[0]} {t[2]}" for t in TOOLS])
async def test_a_tool_call_goes_as_it_was_seen(world: World, row, call, statuses, calls, answer):
    world.app.statuses = list(statuses)

    told = await world.glasses.trigger_tool(PACKAGE_NAME, call)

    assert told == answer
    assert [(path, body) for _, path, body in world.app.requests] == [("/tool", call)] * calls
    assert [round(when) for when, _, _ in world.app.requests] == [0, 1][:calls]
    assert {headers["x-app-api-key"] for headers in world.app.headers} == {sha256(API_KEY.encode()).hexdigest()}


async def test_a_tool_has_twenty_seconds_w_time_6(world: World):
    world.app.delay_s = 60

    told = await world.glasses.trigger_tool(PACKAGE_NAME, CALL)

    assert [round(when) for when, _, _ in world.app.requests] == [0, 21]
    assert (told["error"], told["details"]) == (True, {})


SCHEMA = (
    {"type": "toggle", "key": "flag", "label": "Flag", "defaultValue": False},
    {"type": "group", "title": "G"},
)


async def test_settings_come_as_their_schema_until_one_was_saved_w_set_1(world: World):
    world.cloud.install(world.app.installed(settings=SCHEMA))

    await world.start()

    assert world.app.socket.frames[0]["settings"] == [
        {"type": "toggle", "key": "flag", "label": "Flag", "defaultValue": False, "options": []},
        {"type": "group", "title": "G", "options": []},
    ]


async def test_a_change_of_settings_comes_twice_as_the_full_list_w_set_6(world: World):
    world.cloud.install(world.app.installed(settings=(*SCHEMA, {"type": "text", "key": "name", "label": "Name"})))
    await world.start()

    await world.glasses.change_settings(PACKAGE_NAME, {"flag": True})
    await world.glasses.change_settings(PACKAGE_NAME, {"name": "Ann"})

    both = [[{"key": "flag", "value": True}], [{"key": "flag", "value": True}, {"key": "name", "value": "Ann"}]]
    update = {"type": "settings_update", "packageName": PACKAGE_NAME, "sessionId": SESSION_ID, "timestamp": TIME}
    assert world.said == [{**update, "settings": settings} for settings in both]
    assert [(path, body) for _, path, body in world.app.requests[1:]] == [
        ("/settings", {"userIdForSettings": USER_ID, "settings": settings}) for settings in both
    ]


async def test_settings_are_posted_to_an_app_that_does_not_run_and_acknowledged_as_pairs_w_http_13(world: World):
    world.cloud.install(world.app.installed(settings=SCHEMA))
    pairs = [{"key": "flag", "value": True}]

    await world.glasses.change_settings(PACKAGE_NAME, {"flag": True})
    await world.start()

    assert world.app.requests[0][1:] == ("/settings", {"userIdForSettings": USER_ID, "settings": pairs})
    assert world.app.socket.frames[0]["settings"] == pairs


BEARER = f"Bearer {PACKAGE_NAME}:{API_KEY}"
STORAGE = [
    # row, method, path behind the user, body, credentials, status, answer; one after the other
    ("W-STORE-1", "GET", "", None, BEARER, 200, {"success": True, "data": {}}),
    ("W-STORE-3", "DELETE", "/k", None, BEARER, 404, {"success": False, "message": "Storage not found"}),
    ("W-STORE-3", "DELETE", "", None, BEARER, 404, {"success": False, "message": "Storage not found"}),
    ("W-STORE-1", "GET", "/k", None, BEARER, 404, {"success": False, "message": "Key not found"}),
    ("W-STORE-2", "PUT", "/k", {"value": "v"}, BEARER, 200, {"success": True, "message": 'Key "k" set'}),
    ("W-STORE-1", "GET", "/k", None, BEARER, 200, {"success": True, "data": {"value": "v"}}),
    ("W-STORE-2", "PUT", "", {"data": {"l": "w"}}, BEARER, 200, {"success": True, "message": "Storage updated"}),
    ("W-STORE-2", "GET", "", None, BEARER, 200, {"success": True, "data": {"k": "v", "l": "w"}}),
    ("W-STORE-2", "PUT", "/k", {"value": 5}, BEARER, 400, {"error": "Invalid body: expected { value: string }"}),
    (
        "W-STORE-2",
        "PUT",
        "",
        {"data": {"k": 5}},
        BEARER,
        400,
        {"error": "All values must be strings", "detail": 'Invalid value for key "k"'},
    ),
    ("W-STORE-3", "DELETE", "/x", None, BEARER, 200, {"success": True, "message": 'Key "x" deleted'}),
    ("W-STORE-4", "PUT", "/a.b", {"value": "n"}, BEARER, 200, {"success": True, "message": 'Key "a.b" set'}),
    ("W-STORE-4", "GET", "/a.b", None, BEARER, 404, {"success": False, "message": "Key not found"}),
    ("W-STORE-4", "GET", "/a", None, BEARER, 200, {"success": True, "data": {"value": {"b": "n"}}}),
    ("W-STORE-11", "PUT", "/$a", {"value": "v"}, BEARER, 500, {"error": "Failed to set key"}),
    ("W-STORE-3", "DELETE", "", None, BEARER, 200, {"success": True, "message": "Storage cleared"}),
    ("W-STORE-3", "GET", "", None, BEARER, 200, {"success": True, "data": {}}),
    ("W-STORE-6", "GET", "", None, "", 401, "Missing Authorization header"),
    ("W-STORE-6", "GET", "", None, "Basic x", 401, "Invalid Authorization format"),
    ("W-STORE-6", "GET", "", None, "Bearer x", 401, "Invalid token format"),
    ("W-STORE-6", "GET", "", None, f"Bearer {PACKAGE_NAME}:wrong", 401, "Invalid API key"),
    ("W-STORE-6", "GET", "", None, f"Bearer com.example.other:{API_KEY}", 401, "Invalid API key"),
]


async def test_the_storage_answers_as_it_was_seen(world: World):
    wrong = []
    for row, method, path, body, credentials, status, answer in STORAGE:
        told = await call(world, method, f"/api/sdk/simple-storage/User1@example.com{path}", body, credentials)
        seen = told if isinstance(answer, dict) else (told[0], told[1]["error"])
        if seen != (status, answer):
            wrong.append((row, method, path, seen, (status, answer)))

    assert wrong == []


async def test_the_storage_tells_users_apart_without_case_w_store_5(world: World):
    await call(world, "PUT", "/api/sdk/simple-storage/A@example.com/k", {"value": "v"}, BEARER)

    assert world.cloud.connect_glasses("a@EXAMPLE.com").stored(PACKAGE_NAME) == {"k": "v"}


PERMISSIONS = [
    (PACKAGE_NAME, 200, {"success": True, "packageName": PACKAGE_NAME, "permissions": [{"type": "ALL"}]}),
    ("com.example.other", 404, {"error": "App not found"}),
]


@pytest.mark.parametrize(("package_name", "status", "answer"), PERMISSIONS)
async def test_permissions_are_told_to_everybody_w_check_2(world: World, package_name, status, answer):
    told = await call(world, "GET", f"/api/public/permissions/{package_name}", None, "")

    assert told == (status, answer)


async def call(world: World, method: str, path: str, body: Any, credentials: str) -> tuple[int, Any]:
    headers = {"content-type": "application/json", **({"authorization": credentials} if credentials else {})}
    encoded = b"" if body is None else json.dumps(body).encode()
    reply = await world.network.request(method, world.cloud.url + path, headers=headers, body=encoded, timeout=1)
    return reply.status, json.loads(reply.body)


# Requests with answers.


async def test_a_photo_that_the_phone_reports_as_failed_w_photo_6(running: World):
    await running.glasses.put_on("Mentra Live")
    running.glasses.camera.fail("CAMERA_BUSY", "busy")

    await running.app.send("photo_request", **{key: value for key, value in PHOTO.items() if key != "type"})

    assert running.said[1:] == [
        {
            "type": "photo_response",
            "requestId": "p1",
            "success": False,
            "error": {"code": "CAMERA_BUSY", "message": "busy"},
        }
    ]


async def test_a_photo_for_another_address_is_a_success_at_once_w_photo_8(running: World):
    await running.glasses.put_on("Mentra Live")
    fields = {key: value for key, value in PHOTO.items() if key != "type"}

    await running.app.send("photo_request", **fields, customWebhookUrl="http://nobody:1/photo", authToken="t")

    assert running.said[1:] == [
        {
            "type": "photo_response",
            "requestId": "p1",
            "success": True,
            "photoUrl": "<host>/photo",
            "savedToGallery": False,
            "timestamp": TIME,
        }
    ]


async def test_a_sound_is_answered_w_sound_3(running: World):
    sound = {"requestId": "a1", "audioUrl": "http://example.com/a.mp3", "volume": 1.0, "stopOtherAudio": True}

    await running.app.send("audio_play_request", **sound)

    assert running.said == [
        {
            "type": "audio_play_response",
            "sessionId": SESSION_ID,
            "requestId": "a1",
            "success": True,
            "duration": "<ms>",
            "timestamp": TIME,
        }
    ]


@pytest.mark.parametrize(("subscribed", "answers"), [((), 0), (("rgb_led_control_response",), 1)])
async def test_a_light_is_answered_to_who_subscribed_w_led_3(running: World, subscribed, answers):
    await running.glasses.put_on("Mentra Live")
    await running.app.subscribe(*subscribed)

    await running.app.send("rgb_led_control", requestId="l1", action="on", color="red", ontime=1, offtime=0, count=1)

    heard = [frame for frame in running.said if frame["type"] == "data_stream"]
    assert [frame["streamType"] for frame in heard] == ["rgb_led_control_response"] * answers


async def test_a_poll_is_answered_without_a_subscription_w_loc_3(running: World):
    await running.glasses.move(1.5, 2.5)

    await running.app.send("location_poll_request", correlationId="c1", accuracy="high")

    answer = {
        "type": "data_stream",
        "streamType": "location_update",
        "sessionId": SESSION_ID,
        "data": {**MOVED, "correlationId": "c1"},
        "timestamp": TIME,
    }
    assert running.said == [answer]


async def test_there_is_no_video_w_video_8(running: World):
    await running.app.send("stream_status_check")

    assert [frame["hasActiveStream"] for frame in running.said] == [False]


async def test_wifi_setup_is_not_answered_w_state_3(running: World):
    await running.app.send("request_wifi_setup", reason="please")

    assert (running.said, len(running.glasses.wifi_setups)) == ([], 1)

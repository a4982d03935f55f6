"""A whole recorded session, replayed: our local cloud in place of the real one, and what it says compared.

The recorded app is played frame by frame, with its own ids and words, and what happened to the wearer happens to
virtual glasses. Everything that the cloud of December 2025 said to the app must be what the local cloud says, in the
same order on each channel, but for what docs/local-cloud.md, What is not compared, names.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from typing import Any

import pytest

from mentra.localcloud import InstalledApp, LocalCloud, VirtualGlasses
from mentra.transport.base import HttpReply, HttpRequest
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_app import ScriptedSocket, let_it_happen
from tests.helpers.waiting import until
from tests.wire.recording import API_KEY, PACKAGE_NAME, SESSION_ID, STORY, USER_ID, Row, comparable

APP_URL = "http://app:80"
SETTINGS = (
    {"type": "toggle", "key": "flag", "label": "Flag", "defaultValue": False},
    {"type": "text", "key": "name", "label": "Name", "defaultValue": "anon"},
)
"""What was in the console, as a developer writes it there."""
NINE, QUARTER_PAST = datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 1, 9, 15, tzinfo=UTC)

STOP = next(
    row["body"]
    for row in STORY
    if row["kind"] == "cloud>app.http" and row["path"] == "/webhook" and row["body"]["type"] == "stop_request"
)

Act = Callable[[VirtualGlasses], Awaitable[object]]

HAPPENED: dict[str, Act] = {
    "head_position": lambda g: g.look_up(),
    "touch_event": lambda g: g.touch("double_tap"),
    "glasses_battery_update": lambda g: g.set_battery(77),
    "phone_battery_update": lambda g: g.set_phone_battery(55, charging=True),
    "phone_notification": lambda g: g.notify("Hi", "There", app="Mail", notification_id="n1"),
    "phone_notification_dismissed": lambda g: g.send(
        "phone_notification_dismissed", {"notificationId": "n1", "notificationKey": "k", "packageName": "com.mail"}
    ),
    "calendar_event": lambda g: g.add_calendar_event("Standup", NINE, QUARTER_PAST, event_id="c1"),
    "location_update": lambda g: g.move(48.2, 16.37, accuracy_m=5),
    "VAD": lambda g: g.set_speaking(True),
    "transcription:en-US": lambda g: g.say("hello user1@example.com", is_final=False),
    "transcription:en-US, final": lambda g: g.say("hello user1@example.com"),
    "settings_update": lambda g: g.change_settings(PACKAGE_NAME, {"flag": True, "name": "Zoë"}),
}
"""What the wearer did, or the phone noticed, by the event that it became."""


def act_of(frame: Row) -> Act | None:
    """Return what made the cloud send a frame; ``None`` when it was the app."""
    data = frame.get("data", {})
    name = frame.get("streamType", frame["type"])
    if "correlationId" in data:
        return None
    if name == "button_press":
        return lambda g: g.press(data["buttonId"], data["pressType"])
    return HAPPENED.get(f"{name}, final" if data.get("isFinal") else name)


class RecordedApp:
    """Says what the recorded app said, when the recording says so."""

    def __init__(self, network: MemoryNetwork, cloud: LocalCloud, glasses: VirtualGlasses) -> None:
        self.posts: list[HttpRequest] = []
        self.socket = ScriptedSocket()
        self.answers: list[Row] = []
        """The cloud's, to REST calls."""
        self._network = network
        self._cloud = cloud
        self._glasses = glasses
        self._waiting: list[asyncio.Future[HttpReply]] = []
        self._acts: list[asyncio.Task[Any]] = []
        self._stream_ids: dict[str, str] = {}

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Take a request of the cloud; the recording says when it is answered."""
        self.posts.append(request)
        answer: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        return await answer

    async def play(self) -> None:
        """Play the recording."""
        for row in STORY:
            match row["kind"]:
                case "cloud>app.http":
                    await self._be_asked(row)
                case "app>cloud.httpres":
                    await until(lambda: self._waiting)
                    self._waiting.pop(0).set_result(HttpReply(row["status"], row["body"].encode()))
                case "app.ws.connect":
                    await self.socket.open(self._network, self._cloud.websocket_url)
                case "app>cloud":
                    await self._say(row["data"])
                case "cloud>app" if (act := act_of(row["data"])) is not None:
                    self._acts.append(asyncio.create_task(self._do(act)))
                case "cloud>app.bin":
                    await self._glasses.send_audio(bytes(row["n"]))
                case "app>cloud.http":
                    await self._call(row)
                case _:
                    pass
            await let_it_happen()
        await asyncio.gather(*self._acts)

    async def _do(self, act: Act) -> None:
        await act(self._glasses)

    async def _be_asked(self, row: Row) -> None:
        """Have happen what made the cloud post something, and wait until it has."""
        number = len(self.posts)
        match row["path"], row["body"]:
            case "/webhook", {"type": "session_request"}:
                self._acts.append(asyncio.create_task(self._glasses.start(PACKAGE_NAME)))
            case "/webhook", {"type": "stop_request"}:
                self._acts.append(asyncio.create_task(self._glasses.stop(PACKAGE_NAME)))
            case "/tool", body:
                self._acts.append(asyncio.create_task(self._glasses.trigger_tool(PACKAGE_NAME, body)))
            case _:  # Of a photo the request of the app was the cause; of settings the change before.
                number -= 1
        await until(lambda: len(self.posts) > number)
        if row["body"] == STOP:
            # Its close is in the recording only when it was confirmed; the official SDK closes before it answers.
            self.socket.close()

    async def _say(self, frame: Row) -> None:
        stream_id = frame.get("streamId")
        self.socket.send({**frame, "streamId": self._stream_id(stream_id)} if stream_id else frame)

    def _stream_id(self, recorded: str) -> str:
        """Return our name of a video: the cloud gives it, and the app repeats it."""
        told = [frame["streamId"] for frame in self.frames if "streamId" in frame]
        return self._stream_ids.setdefault(recorded, told[-1])

    async def _call(self, row: Row) -> None:
        body = json.dumps(row["body"]).encode() if row["body"] is not None else b""
        # The recording kept of its headers only this one; the official SDK says of each body that it is JSON.
        headers = {"content-type": "application/json", **({"authorization": row["auth"]} if row["auth"] else {})}
        url = self._cloud.url + row["path"]
        reply = await self._network.request(row["method"], url, headers=headers, body=body, timeout=1)
        self.answers.append({"path": row["path"], "status": reply.status, "body": json.loads(reply.body)})

    @property
    def frames(self) -> list[Row]:
        """What the cloud said on the socket, without sound."""
        return [frame for frame in self.socket.frames if isinstance(frame, dict)]

    def posts_to(self, *paths: str) -> list[HttpRequest]:
        return [post for post in self.posts if post.path in paths]


@pytest.fixture(params=[False, True], ids=["quick", "faithful"])
async def played(request: pytest.FixtureRequest) -> AsyncIterator[RecordedApp]:
    """The recorded app after the whole story."""
    network = MemoryNetwork()
    async with LocalCloud(network, faithful=request.param) as cloud:
        cloud.install(InstalledApp(package_name=PACKAGE_NAME, api_key=API_KEY, public_url=APP_URL, settings=SETTINGS))
        glasses = cloud.connect_glasses(USER_ID, model="Mentra Live")
        app = RecordedApp(network, cloud, glasses)
        listener = await network.listen("app", 80, app.handle)
        await app.play()
        yield app
        await listener.close()


def recorded(kind: str) -> list[Row]:
    return [row for row in STORY if row["kind"] == kind]


PATHS = ("/webhook", "/settings", "/tool")
POSTED = [row for row in recorded("cloud>app.http") if row["path"] in PATHS]


async def test_each_frame_is_the_real_clouds_field_by_field_and_in_its_order(played: RecordedApp):
    said = [comparable(frame) for frame in played.frames]

    assert said == [comparable(row["data"]) for row in recorded("cloud>app")]


async def test_sound_comes_in_the_same_pieces(played: RecordedApp):
    pieces = [len(frame) for frame in played.socket.frames if isinstance(frame, bytes)]

    assert pieces == [row["n"] for row in recorded("cloud>app.bin")]


async def test_each_webhook_tool_call_and_change_of_settings_has_the_same_body(played: RecordedApp):
    said = [(post.method, post.path, comparable(json.loads(post.body))) for post in played.posts_to(*PATHS)]

    assert said == [(row["method"], row["path"], comparable(row["body"])) for row in POSTED]


async def test_each_of_them_has_the_same_headers(played: RecordedApp):
    said = [dict(post.headers) for post in played.posts_to(*PATHS)]

    # The recording kept no ``Accept-Encoding``; it was seen on each (docs/protocol.md, W-HTTP-18).
    asked = {"accept-encoding": "gzip, compress, deflate, br"}
    assert said == [{**asked, **{name.lower(): text for name, text in row["headers"].items()}} for row in POSTED]


async def test_the_tool_call_is_passed_on_as_it_was_triggered(played: RecordedApp):
    (call,) = played.posts_to("/tool")

    assert [json.loads(call.body)] == [row["body"] for row in POSTED if row["path"] == "/tool"]


async def test_the_photo_is_uploaded_as_the_form_that_was_seen(played: RecordedApp):
    (upload,) = played.posts_to("/photo-upload")
    (asked,) = [row["data"] for row in recorded("app>cloud") if row["data"]["type"] == "photo_request"]

    parts = form(upload)
    photo = parts.pop("photo")
    assert {name: part.get_payload() for name, part in parts.items()} == {
        "requestId": asked["requestId"],
        "type": "photo_upload",
        "success": "true",
    }
    assert photo.get_content_type() == "image/jpeg"
    assert photo.get_filename()


def form(upload: HttpRequest) -> dict[str, Message]:
    head = f"Content-Type: {upload.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + upload.body)
    return {str(part.get_param("name", header="content-disposition")): part for part in message.get_payload()}


async def test_each_rest_call_gets_the_same_answer(played: RecordedApp):
    theirs = [
        {"path": row["path"], "status": row["status"], "body": comparable(json.loads(row["body"]))}
        for row in recorded("cloud>app.httpres")
    ]

    assert sorted(played.answers, key=str) == sorted(theirs, key=str)


async def test_the_cloud_says_nothing_after_the_app_has_closed(played: RecordedApp):
    # As the official SDK does, the app closed inside the stop webhook.
    assert played.frames[-1]["type"] == "settings_update"
    assert played.socket.closed is not None


def test_the_recording_is_whole():
    kinds = {row["kind"]: len(recorded(row["kind"])) for row in STORY}

    assert {row["sessionId"] for row in (each["data"] for each in recorded("cloud>app")) if "sessionId" in row} == {
        SESSION_ID
    }
    assert kinds == {
        "cloud>app.http": 5,
        "app.ws.connect": 1,
        "app>cloud": 37,
        "cloud>app": 27,
        "app>cloud.httpres": 5,
        "app>cloud.http": 6,
        "cloud>app.httpres": 6,
        "cloud>app.bin": 2,
        "cloud>app.ping": 1,
        "app>cloud.close": 1,
        "app.ws.gone": 1,
    }

"""A whole recorded session, replayed: our SDK in place of the official one, its frames compared field by field.

The recording is between the cloud of December 2025 and an app of the official SDK 2.1.29 that uses most of what there
is. ``Twin`` is that app in Python. The cloud's frames come from the recording; what the app says to them must be what
the recorded app said, but for what is listed in ``DIFFERENT``.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mentra import AppServer, AppSession
from mentra.transport.base import Accept, Closed, Connection, HttpReply, HttpRequest, Receiver
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_cloud import turns
from tests.helpers.waiting import until

PACKAGE_NAME = "com.example.tsfull"
API_KEY = "ts-full"
USER_ID = "user1@example.com"
SESSION_ID = f"{USER_ID}-{PACKAGE_NAME}"
RECORDING = [
    json.loads(line) for line in (Path(__file__).parent / "captures/all-capabilities.jsonl").read_text().splitlines()
]

DIFFERENT = {"sessionId", "timestamp"}
"""Not compared. The official SDK leaves the session id empty in what it shows, makes one up for the LED and doubles the
package in it for the dashboard; the cloud reads neither field (docs/protocol.md, App to cloud)."""
IDS = {"requestId", "correlationId"}
"""Made up anew by each side; what the cloud says in answer carries ours."""
JPEG = b"\xff\xd8\xff\xe0" + bytes(32)


class Twin(AppServer):
    """The recorded app, in Python."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        show = session.layouts.show_text_wall
        events = session.events
        events.on_transcription(lambda speech: show(f"heard: {speech.text}") if speech.is_final else None)
        events.on_head_position(lambda head: show(f"head {head.position}"))
        events.on_touch_event(lambda touch: show(f"touch {touch.gesture_name}"))
        events.on_glasses_battery(lambda battery: show(f"gbat {battery.level}"))
        events.on_phone_battery(lambda battery: show(f"pbat {battery.level}"))
        events.on_location(lambda where: None)
        events.on_phone_notification(lambda notification: show(f"notif: {notification.title}"))
        events.on_phone_notification_dismissed(lambda gone: show(f"dismissed {gone.notification_id}"))
        events.on_calendar_event(lambda event: show(f"cal {event.title}"))
        events.on_voice_activity(lambda activity: None)
        events.on_audio_chunk(lambda chunk: None)

        @events.on_button_press
        async def _(press: Any) -> None:
            await getattr(self, press.button_id)(session)
            if press.button_id != "rtmp":
                show(f"{press.button_id} ok")

    async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> str:
        return f"tool:{tool_name}:{str(self.session_for(user_id) is not None).lower()}"

    async def photo(self, session: AppSession) -> None:
        assert (await session.camera.request_photo()).data.startswith(b"\xff\xd8")

    async def audio(self, session: AppSession) -> None:
        await session.audio.play("http://127.0.0.1:8002/a.mp3")

    async def led(self, session: AppSession) -> None:
        session.led.on("red", duration=0.5)

    async def storage(self, session: AppSession) -> None:
        await session.storage.get("k")
        await session.storage.set("k", f"v-{session.user_id}")

    async def dashboard(self, session: AppSession) -> None:
        session.dashboard.write(f"dash {session.user_id}")

    async def poll(self, session: AppSession) -> None:
        await session.location.get_latest(accuracy="high")

    async def rtmp(self, session: AppSession) -> None:
        session.layouts.show_text_wall("rtmp ok")
        session.state.stream = await session.camera.start_stream("rtmp://127.0.0.1/live")

    async def rtmpstop(self, session: AppSession) -> None:
        await session.state.stream.stop()


class Cloud(Receiver):
    """The recorded cloud: says what it said, and takes note of what it hears."""

    def __init__(self, network: MemoryNetwork) -> None:
        self.heard: list[dict[str, Any]] = []
        self.rest: list[tuple[str, str, str | None, Any]] = []
        """Method, path, credentials and body of each REST call."""
        self.closed: Closed | None = None
        self._network = network
        self._ids: dict[str, str] = {}
        """The recorded ids, and ours in their place."""
        self._connection: Connection

    # What the app's server meets.

    def accept(self, request: HttpRequest) -> Accept | None:
        return self._greet if request.path == "/app-ws" else None

    def _greet(self, connection: Connection) -> "Cloud":
        self._connection = connection
        return self

    async def answer(self, request: HttpRequest) -> HttpReply:
        body = json.loads(request.body) if request.body else None
        if "simple-storage" in request.path:
            self.rest.append((request.method, request.path, request.headers.get("authorization"), body))
        return HttpReply(200, json.dumps(self._recorded_answer(request)).encode())

    def _recorded_answer(self, request: HttpRequest) -> Any:
        said = [row for row in RECORDING if row["kind"] == "cloud>app.httpres" and row["path"] == request.path]
        return json.loads(said[-1 if request.method == "PUT" else 0]["body"])

    def text_received(self, text: str | bytes) -> None:
        self.heard.append(json.loads(text))

    def binary_received(self, data: bytes) -> None:
        raise AssertionError("An app sends no binary frames.")

    def connection_lost(self, closed: Closed) -> None:
        self.closed = closed

    # What the recording says.

    async def expect(self, recorded: dict[str, Any]) -> dict[str, Any]:
        """Wait for a frame of this type and number, and learn its id."""
        number = self._nth(recorded)
        await until(lambda: len(self.of_type(recorded["type"])) > number)
        ours = self.of_type(recorded["type"])[number]
        self._ids |= {recorded[key]: ours[key] for key in IDS & set(recorded)}
        return ours

    def _nth(self, recorded: dict[str, Any]) -> int:
        return [row for row in REQUESTS if row["type"] == recorded["type"]].index(recorded)

    def say(self, recorded: dict[str, Any]) -> None:
        text = json.dumps(recorded)
        for theirs, ours in self._ids.items():
            text = text.replace(theirs, ours)
        self._connection.send_text(text.encode())

    def say_sound(self, size_bytes: int) -> None:
        self._connection.send_binary(bytes(size_bytes))

    async def post(self, app: Twin, path: str, body: Any) -> Any:
        headers = {"content-type": "application/json", "x-app-api-key": sha256(API_KEY.encode()).hexdigest()}
        encoded = json.dumps(body).encode()
        reply = await self._network.request("POST", app.url + path, headers=headers, body=encoded, timeout=10)
        return json.loads(reply.body)

    async def upload(self, app: Twin) -> Any:
        """Upload a photo as the glasses do."""
        fields = {
            "requestId": self.of_type("photo_request")[-1]["requestId"],
            "type": "photo_upload",
            "success": "true",
        }
        parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}' for key, value in fields.items()]
        file = 'Content-Disposition: form-data; name="photo"; filename="p.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        bounded = [part.encode() for part in parts] + [file.encode() + JPEG]
        body = b"".join(b"--XX\r\n" + part + b"\r\n" for part in bounded) + b"--XX--\r\n"
        headers = {"content-type": "multipart/form-data; boundary=XX"}
        reply = await self._network.request("POST", app.url + "/photo-upload", headers=headers, body=body, timeout=10)
        return json.loads(reply.body)

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.heard if frame["type"] == kind]


def of_this_user(row: dict[str, Any]) -> bool:
    """Two users were recorded at once; this is the first one's part."""
    body = row.get("body")
    if isinstance(body, dict):
        return USER_ID in (body.get("userId"), body.get("userIdForSettings"))
    return row.get("session") == SESSION_ID or row.get("path") == "/photo-upload"


STORY = [row for row in RECORDING if of_this_user(row)]
REQUESTS = [row["data"] for row in STORY if row["kind"] == "app>cloud"]
SHOWN = "display_event"
LISTS = "subscription_update"


def compared(frame: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in frame.items() if key not in DIFFERENT | IDS}


async def replay(app: Twin, cloud: Cloud) -> list[Any]:
    """Play the recording; return what the app answered to HTTP requests."""
    answers: list[asyncio.Task[Any]] = []
    uploaded = False
    for row in STORY:
        match row["kind"]:
            case "app>cloud" if row["data"]["type"] not in (SHOWN, LISTS):
                await cloud.expect(row["data"])
            case "cloud>app":
                await turns()
                cloud.say(row["data"])
            case "cloud>app.bin":
                cloud.say_sound(row["n"])
            case "cloud>app.http" if row["path"] == "/photo-upload":
                if not uploaded:  # The other user's is the other one.
                    answers.append(asyncio.create_task(cloud.upload(app)))
                uploaded = True
            case "cloud>app.http":
                answers.append(asyncio.create_task(cloud.post(app, row["path"], row["body"])))
            case _:
                pass
        await turns()
    return await asyncio.gather(*answers)


@pytest.fixture
async def played() -> AsyncIterator[tuple[Cloud, list[Any]]]:
    """The cloud after the whole story, and the app's answers to HTTP requests."""
    network = MemoryNetwork()
    cloud = Cloud(network)
    listener = await network.listen("127.0.0.1", 8002, cloud.answer, cloud.accept)
    app = Twin(package_name=PACKAGE_NAME, api_key=API_KEY, mentraos_websocket_url=f"ws{listener.url[4:]}/app-ws")
    await app.start(network=network, host="127.0.0.1", port=0)
    try:
        answers = await replay(app, cloud)
        await until(lambda: cloud.closed, within=20)
        yield cloud, answers
    finally:
        await app.stop()
        await listener.close()


async def test_each_request_is_the_official_sdks_field_by_field(played: tuple[Cloud, list[Any]]):
    cloud, _ = played
    ours = [compared(frame) for frame in cloud.heard if frame["type"] not in (SHOWN, LISTS)]
    theirs = [compared(frame) for frame in REQUESTS if frame["type"] not in (SHOWN, LISTS)]

    assert ours == theirs


async def test_the_same_is_shown_in_the_same_form(played: tuple[Cloud, list[Any]]):
    cloud, _ = played

    ours = [compared(frame) for frame in cloud.of_type(SHOWN)]
    theirs = [compared(frame) for frame in REQUESTS if frame["type"] == SHOWN]

    assert sorted(ours, key=str) == sorted(theirs, key=str)


async def test_one_list_of_subscriptions_says_what_theirs_say_in_the_end(played: tuple[Cloud, list[Any]]):
    cloud, _ = played
    theirs = [frame for frame in REQUESTS if frame["type"] == LISTS][-1]
    first, *_ = cloud.of_type(LISTS)

    assert sorted(first["subscriptions"]) == sorted(theirs["subscriptions"])


async def test_each_http_request_gets_the_official_sdks_answer(played: tuple[Cloud, list[Any]]):
    _, (start, photo, settings, tool, stop) = played

    assert (start, stop) == ({"status": "success"}, {"status": "success"})
    assert (photo["success"], photo["message"]) == (True, "Photo received successfully")
    assert settings == {"status": "success", "message": "Settings updated successfully", "sessionsUpdated": 1}
    assert tool == {"status": "success", "reply": "tool:demo_tool:true"}


async def test_the_storage_is_read_once_and_written_once_before_the_end(played: tuple[Cloud, list[Any]]):
    cloud, _ = played
    path, login = "/api/sdk/simple-storage/user1%40example.com", f"Bearer {PACKAGE_NAME}:{API_KEY}"

    assert cloud.rest == [
        ("GET", path, login, None),
        ("PUT", path, login, {"data": {"k": f"v-{USER_ID}"}}),
    ]

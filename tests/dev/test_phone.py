"""Pages, the camera and permissions, through the control interface."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from mentra import AppServer, AppSession, MentraError, Request, route
from mentra_cli.dev.journal import HttpCall
from tests.dev.stage import API_KEY, PACKAGE_NAME, Stage
from tests.dev.test_control import ask, told

BOB = "bob@example.com"
JPEG = b"\xff\xd8\xff\xe0" + bytes(500)


class Album(AppServer):
    """Takes photos, and has pages."""

    def __init__(self) -> None:
        super().__init__(package_name=PACKAGE_NAME, api_key=API_KEY)

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        @session.events.on_button_press
        async def take(_: object) -> None:
            try:
                photo = await session.camera.request_photo()
            except MentraError as error:
                session.layouts.show_text_wall(f"{getattr(error, 'code', '')}")
            else:
                session.layouts.show_text_wall(f"{photo.size_bytes} bytes")

        session.layouts.show_text_wall("ready")

    @route.get("/album", auth=True)
    def album(self, request: Request) -> str:
        return request.user_id


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    await stage.open(Album)
    await stage.until(lambda: stage.display == "ready")
    await told(stage, "POST", "/wear", {"model": "Mentra Live"})
    yield stage
    await stage.supervisor.close()


async def test_a_page_is_opened_by_its_user_at_the_public_port(stage: Stage) -> None:
    for user, body in ((BOB, {"user": BOB}), ("you@example.com", {"page": "/album?lang=en#top"})):
        url = (await told(stage, "POST", "/open", body))["url"]

        reply = await stage.network.request("GET", url, timeout=5)

        parts = urlsplit(url)
        assert (f"{parts.scheme}://{parts.netloc}", parts.path) == (stage.supervisor.url, "/album")
        assert (reply.status, reply.body) == (200, user.encode())
    assert (parse_qs(parts.query)["lang"], parts.fragment) == (["en"], "top")


async def test_tokens_of_pages_are_not_in_the_journal(stage: Stage) -> None:
    url = (await told(stage, "POST", "/open", {}))["url"]
    await stage.network.request("GET", url, timeout=5)

    call = stage.entries(HttpCall)[-1]
    assert isinstance(call, HttpCall)
    assert call.path.startswith("/album?aos_temp_token=***&aos_signed_user_token=***&")


async def test_an_app_without_a_page_is_told_how_to_make_one(tmp_path: Path) -> None:
    class Pageless(AppServer):
        @route.get("/api/chat/stream", auth=True)
        def chat(self, request: Request) -> str:
            return request.user_id

    stage = Stage(tmp_path)
    await stage.open(lambda: Pageless(package_name=PACKAGE_NAME, api_key=API_KEY))

    refused = await ask(stage, "POST", "/open", b"{}")
    named = await told(stage, "POST", "/open", {"page": "/api/chat/stream"})
    await stage.supervisor.close()

    assert (refused.status, json.loads(refused.body)) == (
        404,
        {
            "version": 1,
            "error": "The app has no page for users.",
            "fix": 'Write a method for it, below @route.get("/webview", auth=True), or name a path: mentra open /path',
        },
    )
    assert urlsplit(named["url"]).path == "/api/chat/stream"


async def test_a_page_has_a_path(stage: Stage) -> None:
    refused = await ask(stage, "POST", "/open", b'{"page":"https://evil.example/"}')

    assert refused.status == 400


async def test_the_app_gets_the_photo_that_was_chosen_until_there_is_another(stage: Stage) -> None:
    shown = []
    for body in ({"photo": base64.b64encode(JPEG).decode()}, {"fail": "CAMERA_BUSY"}, {}):
        await told(stage, "POST", "/camera", body)
        before = stage.display
        await told(stage, "POST", "/press", {})
        await stage.until(lambda before=before: stage.display != before)  # type: ignore[misc]
        shown.append(stage.display)

    assert shown == ["504 bytes", "CAMERA_BUSY", "3758 bytes"]


async def test_a_photo_that_is_taken_by_the_button_is_what_the_camera_sees(stage: Stage) -> None:
    await told(stage, "POST", "/photo", {"photo": base64.b64encode(JPEG).decode(), "mime_type": "image/jpeg"})
    await told(stage, "POST", "/press", {})

    await stage.until(lambda: stage.display == "504 bytes")


async def test_glasses_without_a_camera_are_mentioned(stage: Stage) -> None:
    await told(stage, "POST", "/wear", {"model": "Even Realities G1"})

    shown = await told(stage, "POST", "/camera", {})

    assert shown == {
        "version": 1,
        "display": "ready",
        "heard": False,
        "problem": "These glasses have no camera (Even Realities G1): apps get no photo from them.",
        "fix": 'Put on others: mentra wear "Mentra Live"',
    }


@pytest.mark.parametrize("body", [b'{"photo":"AAAA","fail":"CAMERA_BUSY"}', b'{"photo":"no base64!"}', b'{"by":"me"}'])
async def test_a_camera_that_makes_no_sense_is_refused(stage: Stage, body: bytes) -> None:
    assert (await ask(stage, "POST", "/camera", body)).status == 400


async def test_permissions_are_denied_and_granted_also_in_newer_code(stage: Stage) -> None:
    before = await told(stage, "GET", "/permissions")
    denied = await told(stage, "POST", "/permissions", {"deny": ["CAMERA"]})
    await told(stage, "POST", "/press", {})
    await stage.until(lambda: stage.display == "PERMISSION_DENIED")
    await stage.save(Album)
    kept = await told(stage, "GET", "/permissions")
    granted = await told(stage, "POST", "/permissions", {"grant": ["CAMERA"]})

    assert before == {"version": 1, "permissions": ["ALL"]}
    assert "warning" not in denied
    assert "CAMERA" not in denied["permissions"]
    assert "MICROPHONE" in denied["permissions"]
    assert kept == denied
    assert set(granted["permissions"]) == {*denied["permissions"], "CAMERA"}


async def test_what_is_heard_on_without_the_permission_is_told(tmp_path: Path) -> None:
    class Hearing(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))

    stage = Stage(tmp_path)
    await stage.open(lambda: Hearing(package_name=PACKAGE_NAME, api_key=API_KEY))
    await told(stage, "POST", "/say", {"text": "hello"})

    denied = await told(stage, "POST", "/permissions", {"deny": ["MICROPHONE"]})
    heard = await told(stage, "POST", "/say", {"text": "still"})
    await told(stage, "POST", "/drop", {})
    unheard = await told(stage, "POST", "/say", {"text": "no more"})
    await stage.supervisor.close()

    assert denied["warning"] == (
        f"Until {PACKAGE_NAME} sends a new list of subscriptions it hears transcription:en-US. "
        "It does after a break: mentra drop"
    )
    assert (heard["heard"], unheard["heard"]) == (True, False)

"""A photo on its way through ``mentra dev``: the public port, the bridge to the child, the journal."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mentra import AppServer, AppSession
from mentra.protocol.photos import MAX_PHOTO_BYTES
from mentra.transport.base import HttpRequest
from mentra.transport.multipart import FormFile, write_form
from mentra_cli.dev.bridge import Bridge
from mentra_cli.dev.journal import HttpAnswer, HttpCall
from tests.dev.stage import API_KEY, PACKAGE_NAME, Stage
from tests.helpers.waiting import until

LARGE = b"\xff\xd8\xff" + bytes(MAX_PHOTO_BYTES - 3)


class Photographer(AppServer):
    """Takes a photo when asked to."""

    def __init__(self) -> None:
        super().__init__(package_name=PACKAGE_NAME, api_key=API_KEY)

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        async def take(_: object) -> None:
            photo = await session.camera.request_photo()
            session.layouts.show_text_wall(f"{photo.size_bytes} bytes")

        session.events.on("button_press", take)
        session.layouts.show_text_wall("ready")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    await stage.supervisor.close()


async def test_a_large_photo_passes_the_public_port(stage: Stage) -> None:
    await stage.open(Photographer)
    await stage.until(lambda: stage.display == "ready")
    assert stage.supervisor.user is not None
    glasses = stage.supervisor.user.glasses
    await glasses.put_on("Mentra Live")
    glasses.camera.load(LARGE)

    await glasses.press()

    await stage.until(lambda: stage.display == f"{MAX_PHOTO_BYTES} bytes")


async def test_the_journal_keeps_no_photos(stage: Stage) -> None:
    await stage.open(Photographer)
    await stage.until(lambda: stage.display == "ready")
    assert stage.supervisor.user is not None
    content_type, body = write_form({"requestId": "x"}, {"photo": FormFile(data=LARGE, content_type="image/jpeg")})
    request = HttpRequest("POST", "/photo-upload", {"content-type": content_type}, body)

    await stage.supervisor._front_door.handle(request)

    call, answer = stage.entries(HttpCall)[-1], stage.entries(HttpAnswer)[-1]
    assert isinstance(call, HttpCall)
    assert isinstance(answer, HttpAnswer)
    assert call.body == f"<{len(body):,} bytes of multipart/form-data>".encode()
    assert (answer.status, answer.body[:16]) == (404, b'{"success":false')


@contextlib.asynccontextmanager
async def bridge() -> AsyncIterator[tuple[Bridge, Bridge]]:
    one, other = socket.socketpair()
    ends = await Bridge.open(one, first=True), await Bridge.open(other, first=False)
    yield ends
    for end in ends:
        await end.close()
    await asyncio.sleep(0)  # Transports close their sockets one turn later.


async def test_a_large_photo_passes_the_bridge_and_a_larger_one_does_not() -> None:
    async with bridge() as (supervisor, child):
        app = Photographer()
        await app.start(network=child, hosted=True)
        answers: dict[int, int] = {}
        for size in (MAX_PHOTO_BYTES, MAX_PHOTO_BYTES + 100_000):
            photo = FormFile(data=bytes(size), filename="photo.jpg", content_type="image/jpeg")
            content_type, body = write_form({"requestId": "unknown"}, {"photo": photo})
            reply = await supervisor.request(
                "POST", "http://app/photo-upload", headers={"content-type": content_type}, body=body, timeout=10
            )
            answers[size] = reply.status
        await app.stop()

    assert list(answers.values()) == [404, 413]


async def test_what_is_no_photo_is_kept_as_it_is(stage: Stage) -> None:
    await stage.open(Photographer)
    await stage.until(lambda: stage.display == "ready")
    request = HttpRequest("POST", "/tool", {"content-type": "application/json; charset=utf-8"}, b'{"toolId":"x"}')

    await stage.supervisor._front_door.handle(request)

    await until(lambda: [entry for entry in stage.entries(HttpCall) if entry.path == "/tool"])  # type: ignore[union-attr]
    call = stage.entries(HttpCall)[-1]
    assert isinstance(call, HttpCall)
    assert call.body == b'{"toolId":"x"}'

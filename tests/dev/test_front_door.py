"""Pages of an app behind ``mentra dev``: streamed as they are made, ended with the page, and shown without tokens."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mentra import AppServer, AppSession, Request, Response, route
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import PhotoRequest
from mentra.protocol.photos import UPLOAD_PATH
from mentra.transport.base import HttpError, HttpReply
from mentra.transport.multipart import FormFile, write_form
from mentra_cli.dev.front_door import LATE_PHOTOS_FOR_S
from mentra_cli.dev.journal import Frame, HttpAnswer, HttpCall, Note
from tests.dev.stage import API_KEY, PACKAGE_NAME, Stage
from tests.helpers.waiting import until


class Pages(AppServer):
    """One version of an app with pages."""

    def __init__(self, version: str = "one") -> None:
        super().__init__(package_name=PACKAGE_NAME, api_key=API_KEY)
        self.version = version
        self.made = 0
        self.ended = 0

    @route.get("/live")
    async def live(self, request: Request) -> AsyncIterator[str]:
        try:
            yield self.version
            await asyncio.Future()
        finally:
            self.ended += 1

    @route.get("/large")
    def large(self, request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(100):
                self.made += 1
                yield bytes(100_000)

        return Response(pieces())

    @route.get("/mine", auth=True)
    def mine(self, request: Request) -> Response:
        return Response(f"hello {request.user_id}")

    @route.get("/page")
    def page(self, request: Request) -> Response:
        return Response("hello", headers={"set-cookie": "a=1"})


BROWSER = {"accept": "text/html", "host": "127.0.0.1:3000"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    await stage.supervisor.close()


async def opened(stage: Stage, path: str) -> HttpReply:
    return await stage.network.stream("GET", stage.supervisor.url + path, timeout=5)


async def heard(reply: HttpReply) -> bytes:
    assert reply.chunks is not None
    async for chunk in reply.chunks:
        if chunk.startswith(b"data:"):
            return chunk
    raise AssertionError("there was no event")


async def test_events_pass_as_they_happen_and_end_with_the_page(stage: Stage):
    app = Pages()
    await stage.open(lambda: app)
    page = await opened(stage, "/live")
    event = await heard(page)
    ended_before = app.ended
    await page.close()
    await until(lambda: app.ended)

    assert (event, ended_before, app.ended) == (b"data: one\n\n", 0, 1)


async def test_what_is_large_is_passed_on_at_the_pace_of_its_reader(stage: Stage):
    app = Pages()
    await stage.open(lambda: app)
    page = await opened(stage, "/large")
    await asyncio.sleep(1)
    made = app.made
    whole = await page.whole()

    assert made < 20
    assert (app.made, len(whole.body)) == (100, 10_000_000)


async def test_new_code_takes_over_and_the_page_connects_again(stage: Stage):
    one, two = Pages(), Pages("two")
    await stage.open(lambda: one)
    page = await opened(stage, "/live")
    await heard(page)
    await stage.save(lambda: two)
    with pytest.raises((HttpError, AssertionError)):
        await heard(page)
    await page.close()
    again = await opened(stage, "/live")
    event = await heard(again)
    await again.close()

    assert (event, one.ended) == (b"data: two\n\n", 1)


async def test_a_page_passes_whole_and_with_its_cookies(stage: Stage):
    await stage.open(Pages)
    reply = await opened(stage, "/page")

    assert (reply.body, reply.cookies, reply.chunks) == (b"hello", ("a=1",), None)


async def test_the_tokens_of_a_page_are_not_shown(stage: Stage):
    await stage.open(Pages)
    await opened(stage, "/page?aos_temp_token=secret1&aos_signed_user_token=secret2&lang=en")
    shown: list[Any] = [
        entry for entry in (*stage.entries(HttpCall), *stage.entries(HttpAnswer)) if entry.path.startswith("/page")
    ]

    assert [entry.path for entry in shown] == ["/page?aos_temp_token=***&aos_signed_user_token=***&lang=en"] * 2


async def test_a_token_that_a_page_is_told_is_not_shown(stage: Stage):
    class Telling(Pages):
        @route.get("/told")
        def told(self, request: Request) -> dict[str, str]:
            return {"userId": "user1@example.com", "frontendToken": "user1@example.com:secret1"}

        @route.post("/tell")
        def tell(self, request: Request) -> None: ...

    await stage.open(Telling)
    told = await opened(stage, "/told")
    await stage.network.request(
        "POST", stage.supervisor.url + "/tell", body=b'{"aos_temp_token" : "sec\\"ret2", "n":1}', timeout=5
    )
    bodies = [entry.body for entry in stage.entries(HttpAnswer) if entry.path == "/told"]
    bodies += [entry.body for entry in stage.entries(HttpCall) if entry.path == "/tell"]

    assert b"secret1" in told.body
    assert bodies == [
        b'{"userId":"user1@example.com","frontendToken":"***"}',
        b'{"aos_temp_token" : "***", "n":1}',
    ]


# Photos that come late.


class Photographer(AppServer):
    """Asks for a photo when a button is pressed."""

    def __init__(self) -> None:
        super().__init__(package_name=PACKAGE_NAME, api_key=API_KEY)
        self.sizes: list[int] = []

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        async def take(_: object) -> None:
            self.sizes.append((await session.camera.request_photo()).size_bytes)

        session.events.on_button_press(take)


async def upload(stage: Stage, request_id: str) -> int:
    kind, body = write_form({"requestId": request_id}, {"photo": FormFile(data=b"\xff\xd8\xff\xe0abcd")})
    url = stage.supervisor.url + UPLOAD_PATH
    return (await stage.network.request("POST", url, headers={"content-type": kind}, body=body, timeout=5)).status


def asked_for(stage: Stage) -> list[str]:
    frames = [codec.decode_from_app(entry.text) for entry in stage.entries(Frame) if isinstance(entry, Frame)]
    return [frame.request_id for frame in frames if isinstance(frame, PhotoRequest)]


async def test_a_photo_reaches_the_code_that_asked_for_it_while_that_is_there(stage: Stage):
    one, two = Photographer(), Photographer()
    await stage.open(lambda: one)
    assert stage.supervisor.user is not None
    glasses = stage.supervisor.user.glasses
    await glasses.put_on("Mentra Live")
    glasses._user.answers(PhotoRequest, lambda *_: None)  # The photo comes when the test says so.
    await glasses.press()
    await stage.until(lambda: bool(asked_for(stage)))
    await stage.save(lambda: two)

    status = await upload(stage, asked_for(stage)[0])

    await until(lambda: one.sizes)
    assert (status, one.sizes, two.sizes) == (200, [8], [])


async def test_a_photo_for_code_that_is_gone_is_no_mistake_of_the_glasses_for_a_minute(stage: Stage):
    await stage.open(Pages)
    never = await upload(stage, "x")
    await stage.save(lambda: Pages("two"))
    await asyncio.sleep(LATE_PHOTOS_FOR_S / 2)
    late = await upload(stage, "x")
    await asyncio.sleep(LATE_PHOTOS_FOR_S)
    too_late = await upload(stage, "x")

    notes = [entry.text for entry in stage.entries(Note) if isinstance(entry, Note)]
    assert (never, late, too_late) == (404, 200, 404)
    assert notes[-1] == "A photo came for code that was replaced. It is dropped: nobody waits for it."


@pytest.mark.parametrize(
    ("path", "command"),
    [("/mine?a=b&c=d", "mentra open '/mine?a=b&c=d'"), ("/mentra-auth", "mentra open")],
)
async def test_a_browser_of_this_machine_is_not_sent_to_the_real_account_site(stage: Stage, path: str, command: str):
    await stage.open(Pages)

    reply = await stage.network.request("GET", stage.supervisor.url + path, headers=BROWSER, timeout=5)

    assert (reply.status, reply.headers["content-type"]) == (401, "text/plain; charset=utf-8")
    assert reply.body.decode() == (
        "Nobody is signed in here, and mentra dev with virtual glasses has no page to sign in.\n"
        f"Open it as the virtual user: {command}\n"
    )


async def test_browsers_from_elsewhere_and_of_a_real_cloud_are_sent_to_sign_in(stage: Stage, tmp_path: Path):
    real = Stage(tmp_path, cloud="wss://api.mentra.glass/app-ws")
    await real.open(Pages)
    here = await real.network.request("GET", real.supervisor.url + "/mine", headers=BROWSER, timeout=5)
    await real.supervisor.close()
    await stage.open(Pages)
    tunnel = {**BROWSER, "host": "mine.example.com"}
    there = await stage.network.request("GET", stage.supervisor.url + "/mine", headers=tunnel, timeout=5)

    assert [(each.status, each.headers["location"]) for each in (here, there)] == [(302, "/mentra-auth")] * 2

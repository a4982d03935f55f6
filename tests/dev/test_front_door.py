"""Pages of an app behind ``mentra dev``: streamed as they are made, ended with the page, and shown without tokens."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mentra import AppServer, Request, Response, route
from mentra.transport.base import HttpError, HttpReply
from mentra_cli.dev.journal import HttpAnswer, HttpCall
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

    @route.get("/page")
    def page(self, request: Request) -> Response:
        return Response("hello", headers={"set-cookie": "a=1"})


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

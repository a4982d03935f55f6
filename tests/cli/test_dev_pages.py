"""Pages of an app through a real ``mentra dev``: a public port, a process for the code, and a bridge between them."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mentra.protocol import web_tokens
from mentra.transport.base import HttpReply
from mentra.transport.sockets import SocketNetwork
from mentra_cli.dev import state_file
from tests.helpers.dev import MENTRA, Dev
from tests.helpers.tmux import plain_environment

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("no_dev_left_behind")]

APP = """
import asyncio
from mentra import AppServer, Response, route

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        session.layouts.show_text_wall("ready")

    @route.get("/live")
    async def live(self, request):
        try:
            for number in range(1000):
                yield {"number": number}
                await asyncio.sleep(0.05)
        finally:
            print("the page is gone", flush=True)

    @route.get("/large")
    def large(self, request):
        async def pieces():
            for _ in range(50):
                yield bytes(100_000)
        return Response(pieces())

    @route.get("/me", auth=True)
    def me(self, request):
        return request.user_id

    @route.get("/my/live", auth=True)
    async def my_live(self, request):
        while True:
            yield request.user_id
            await asyncio.sleep(0.05)

    @route.post("/echo")
    def echo(self, request):
        return request.json()
"""


@pytest.fixture
async def network() -> AsyncIterator[SocketNetwork]:
    async with SocketNetwork() as network:
        yield network


@pytest.fixture
async def dev(tmp_path: Path) -> Dev:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / ".env").write_text("PACKAGE_NAME=com.example.app\nAPI_KEY=local-0123456789abcdef\n")
    dev = await Dev.start(tmp_path)
    await dev.shows("ready")
    return dev


def url(dev: Dev) -> str:
    state = state_file.read(dev.project)
    assert state is not None
    return f"http://127.0.0.1:{state.port}"


async def events(reply: HttpReply, count: int) -> bytes:
    heard = b""
    assert reply.chunks is not None
    async for chunk in reply.chunks:
        heard += chunk
        if heard.count(b"data:") >= count:
            break
    return heard


async def test_events_come_as_they_happen_and_the_app_hears_of_the_end(dev: Dev, network: SocketNetwork) -> None:
    reply = await network.stream("GET", url(dev) + "/live", timeout=10)
    heard = await asyncio.wait_for(events(reply, 3), 10)
    await reply.close()
    await dev.line("the page is gone")

    assert b'data: {"number":0}\n\ndata: {"number":1}\n\n' in heard
    assert b'"number":50}' not in heard


async def test_large_answers_and_small_requests_arrive_whole(dev: Dev, network: SocketNetwork) -> None:
    large = await network.request("GET", url(dev) + "/large", timeout=20)
    echo = await network.request("POST", url(dev) + "/echo", body=b'{"a":1}', timeout=10)

    assert (len(large.body), echo.body) == (5_000_000, b'{"a":1}')


def page_of(dev: Dev, page: str, *, only: str = "") -> str:
    """Return the address at which the phone opens a page; with one token only, if it is named."""
    printed = subprocess.run(
        [*MENTRA, "open", page], cwd=dev.project, capture_output=True, text=True, check=True, env=plain_environment()
    )
    parts = urlsplit(printed.stdout.strip())
    query = [(name, value) for name, value in parse_qsl(parts.query) if not only or "token" not in name or name == only]
    return parts._replace(query=urlencode(query)).geturl()


@pytest.mark.parametrize("token", ["", web_tokens.SIGNED_TOKEN, web_tokens.TEMP_TOKEN])
async def test_a_page_is_opened_by_its_user_with_either_token(dev: Dev, network: SocketNetwork, token: str) -> None:
    address = await asyncio.to_thread(page_of, dev, "/me", only=token)

    reply = await network.request("GET", address, timeout=10)
    again = await network.request(
        "GET", url(dev) + "/me", headers={"cookie": reply.cookies[0].partition(";")[0]}, timeout=10
    )

    assert (reply.status, reply.body, again.body) == (200, b"you@example.com", b"you@example.com")


async def test_events_are_for_the_user_who_opened_the_page(dev: Dev, network: SocketNetwork) -> None:
    address = await asyncio.to_thread(page_of, dev, "/my/live", only=web_tokens.SIGNED_TOKEN)
    stranger = await network.request("GET", url(dev) + "/my/live", timeout=10)

    reply = await network.stream("GET", address, timeout=10)
    heard = await asyncio.wait_for(events(reply, 2), 10)
    await reply.close()

    assert stranger.status == 401
    assert heard.count(b"data: you@example.com\n\n") >= 2


async def test_what_code_has_written_is_there_for_the_code_that_replaces_it(tmp_path: Path) -> None:
    app = """
from mentra import AppServer

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        count = int(await session.storage.get("count", "0"))
        await session.storage.set("count", str(count + 1))
        session.layouts.show_text_wall(f"count {count} version 0")
"""
    (tmp_path / "app.py").write_text(app)
    dev = await Dev.start(tmp_path)
    await dev.shows("count 0 version 0")

    for number in (1, 2):
        (tmp_path / "app.py").write_text(app.replace("version 0", f"version {number}"))

        await dev.shows(f"count {number} version {number}")

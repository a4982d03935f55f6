"""Pages of an app through a real ``mentra dev``: a public port, a process for the code, and a bridge between them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mentra.transport.base import HttpReply
from mentra.transport.sockets import SocketNetwork
from mentra_cli.dev import state_file
from tests.helpers.dev import Dev

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

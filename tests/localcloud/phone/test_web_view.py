"""The web view of the phone: tokens first, then cookies, and events as browsers read them."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from mentra.errors import WebError
from mentra.localcloud.phone.web_view import PageEvent, WebReply, WebView
from mentra.transport.base import HttpReply, HttpRequest
from mentra.transport.memory import MemoryNetwork


class Phone:
    """Opens pages with a token."""

    def webview_url(self, package_name: str, path: str = "/") -> str:
        return f"http://app:1{path}{'&' if '?' in path else '?'}token={package_name}"


class Site:
    """Answers as a test says."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None]] = []
        self.replies: list[HttpReply] = []

    async def handle(self, request: HttpRequest) -> HttpReply:
        self.seen.append((request.path, request.headers.get("cookie")))
        return self.replies.pop(0) if self.replies else HttpReply(200)


@pytest.fixture
async def site(network: MemoryNetwork) -> AsyncIterator[Site]:
    site = Site()
    listener = await network.listen("app", 1, site.handle)
    yield site
    await listener.close()


@pytest.fixture
def view(network: MemoryNetwork, site: Site) -> WebView:
    return WebView("com.example.app", Phone(), network)


async def test_tokens_are_sent_until_there_are_cookies(site: Site, view: WebView):
    site.replies = [HttpReply(200), HttpReply(200, cookies=("a=1; Path=/", "b=2; Max-Age=5"))]
    for _ in range(3):
        await view.fetch("GET", "/page?x=1", timeout=1)

    assert site.seen == [
        ("/page?x=1&token=com.example.app", None),
        ("/page?x=1&token=com.example.app", None),
        ("/page?x=1", "a=1; b=2"),
    ]


async def test_a_cookie_that_is_taken_back_is_not_sent(site: Site, view: WebView):
    site.replies = [HttpReply(200, cookies=("a=1", "b=2")), HttpReply(200, cookies=("a=; Max-Age=0",))]
    for _ in range(3):
        await view.fetch("GET", "/", timeout=1)

    assert site.seen[-1] == ("/", "b=2")


async def test_a_stranger_sends_and_keeps_nothing(site: Site, view: WebView):
    site.replies = [HttpReply(200, cookies=("a=1",)), HttpReply(200, cookies=("b=2",))]
    await view.fetch("GET", "/", timeout=1)
    await view.fetch("GET", "/", signed_in=False, timeout=1)

    assert site.seen[-1] == ("/", None)
    assert view.cookies == {"a": "1"}


class Endless(AsyncIterator[bytes]):
    """A body without an end."""

    async def __anext__(self) -> bytes:
        await asyncio.sleep(1)
        return b"x"


async def test_an_answer_that_does_not_come_is_a_timeout(site: Site, view: WebView):
    site.replies = [HttpReply(200, chunks=Endless())]

    with pytest.raises(TimeoutError, match=r"GET / was not answered within 0\.5 s"):
        await view.fetch("GET", "/", timeout=0.5)


async def test_json_that_is_none_is_a_value_error_that_shows_the_answer():
    with pytest.raises(ValueError, match="<html>"):
        WebReply(status=200, headers={}, body=b"<html>").json()
    with pytest.raises(ValueError, match="oops"):
        PageEvent(data="oops").json()


@pytest.mark.parametrize(
    ("sent", "events"),
    [
        (b"data: a\n\ndata: b\n\n", [PageEvent(data="a"), PageEvent(data="b")]),
        (b"data: a\r\ndata:  b\r\n\r\n", [PageEvent(data="a\n b")]),
        (b":comment\n\ndata:a\n\n", [PageEvent(data="a")]),
        (
            b"event: x\nid: 1\ndata: a\n\ndata: b\n\n",
            [PageEvent(data="a", event="x", id="1"), PageEvent(data="b", id="1")],
        ),
        (b"event: x\n\ndata\n\n", [PageEvent(data="")]),
        (b"retry: 5\nodd: x\ndata: a\n\n", [PageEvent(data="a")]),
        ("data: Zoë\n\n".encode(), [PageEvent(data="Zoë")]),
        (b"data: unfinished\n", []),
    ],
)
async def test_events_are_read_as_browsers_do_however_they_are_cut(
    site: Site, view: WebView, sent: bytes, events: list[PageEvent]
):
    async def byte_by_byte() -> AsyncIterator[bytes]:
        for byte in sent:
            yield bytes([byte])

    site.replies = [HttpReply(200, headers={"content-type": "text/event-stream"}, chunks=byte_by_byte())]
    async with view.open_events("/events") as stream:
        assert [event async for event in stream] == events


async def test_an_answer_that_is_no_stream_of_events_is_an_error(site: Site, view: WebView):
    site.replies = [HttpReply(404, json.dumps({"message": "no events here"}).encode())]

    with pytest.raises(WebError, match="no events here"):
        async with view.open_events("/events"):
            pass

"""An ASGI application beside the app: what it is told, what it may answer, and how it starts and ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mentra import MentraError, Request
from mentra.server.web.asgi import AsgiHost
from mentra.server.web.request import Visitor
from mentra.transport.base import HttpError, HttpReply, HttpRequest
from mentra.transport.streaming import WINDOW_BYTES

Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]


async def nobody() -> tuple[str | None, str | None]:
    return None, None


async def ask(host: AsgiHost, request: HttpRequest) -> HttpReply:
    return await host.handle(request, Request(request, {}, Visitor(nobody), lambda user_id: None))


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def test_the_application_is_told_of_the_request():
    seen: list[Any] = []

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        seen.extend((scope, await receive()))
        await send(start(201, (b"X-Kind", b"a"), (b"x-kind", b"b"), (b"set-cookie", b"a=1"), (b"Set-Cookie", b"b=2")))
        await send(body(b"made"))

    host = AsgiHost(application)
    reply = await ask(
        host, HttpRequest("POST", "/a%20b/%C3%A9?q=1%20", {"host": "x", "x-name": "Zo\udceb é"}, b"hello")
    )
    await host.stop()

    scope, message = seen
    assert {name: scope[name] for name in ("type", "method", "path", "raw_path", "query_string", "headers")} == {
        "type": "http",
        "method": "POST",
        "path": "/a b/é",
        "raw_path": b"/a%20b/%C3%A9",
        "query_string": b"q=1%20",
        "headers": [(b"host", b"x"), (b"x-name", b"Zo\xeb \xc3\xa9")],
    }
    assert message == {"type": "http.request", "body": b"hello", "more_body": False}
    assert reply == HttpReply(201, b"made", {"x-kind": "a, b"}, ("a=1", "b=2"))


async def test_an_answer_may_be_streamed_at_the_pace_of_its_reader():
    sent: list[int] = []

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        await send(start())
        for number in range(10):
            await send(body(bytes(WINDOW_BYTES // 2), more=True))
            sent.append(number)
        await send(body(b"end"))

    host = AsgiHost(application)
    reply = await ask(host, HttpRequest("GET", "/"))
    await asyncio.sleep(1)
    sent_unread = len(sent)
    whole = await reply.whole()
    await host.stop()

    assert sent_unread < 3
    assert len(whole.body) == 5 * WINDOW_BYTES + 3


async def test_the_application_hears_that_nobody_reads_any_more():
    heard: list[Any] = []

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        await receive()
        await send(start())
        await send(body(bytes(WINDOW_BYTES), more=True))
        heard.append(await receive())
        await send(body(b"too late", more=True))

    host = AsgiHost(application)
    reply = await ask(host, HttpRequest("GET", "/"))
    await reply.close()
    await host.stop()

    assert heard == [{"type": "http.disconnect"}]


async def test_what_runs_after_the_answer_may_finish():
    finished: list[bool] = []

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        await send(start(202))
        await send(body(b""))
        await asyncio.sleep(1)
        finished.append(True)

    host = AsgiHost(application)
    reply = await ask(host, HttpRequest("GET", "/"))
    was_finished = list(finished)
    await host.stop()

    assert (reply.status, was_finished, finished) == (202, [], [True])


async def test_what_does_not_end_is_cancelled_when_the_server_stops():
    cancelled: list[bool] = []

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"one", more=True))
        try:
            await asyncio.Future()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    host = AsgiHost(application)
    reply = await ask(host, HttpRequest("GET", "/"))
    await host.stop()

    assert cancelled == [True]
    with pytest.raises(HttpError, match="in the middle"):
        await reply.whole()


@pytest.mark.parametrize("messages", [[], [start()], [body(b"no head")]])
async def test_an_application_that_fails_is_a_500_without_details(
    caplog: pytest.LogCaptureFixture, messages: list[Any]
):
    async def application(scope: Any, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        raise RuntimeError("in the application")

    reply = await ask(AsgiHost(application), HttpRequest("GET", "/?aos_temp_token=secret"))

    assert reply.status == 500
    assert b"in the application" not in reply.body
    assert caplog.messages == ["The ASGI application failed at GET /."]


async def test_an_answer_that_fails_in_the_middle_is_broken_off(caplog: pytest.LogCaptureFixture):
    async def application(scope: Any, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"one", more=True))
        raise RuntimeError("in the application")

    reply = await ask(AsgiHost(application), HttpRequest("GET", "/"))

    with pytest.raises(HttpError, match="in the middle"):
        await reply.whole()
    assert len(caplog.records) == 1


@pytest.fixture
def life() -> list[str]:
    return []


@pytest.fixture
def lifespan(life: list[str]) -> Callable[..., Awaitable[None]]:
    async def application(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                life.append(message["type"])
                scope["state"]["pool"] = "open"
                await send({"type": "lifespan.startup.complete"})
            life.append(message["type"])
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await send(start())
            await send(body(scope["state"]["pool"].encode()))

    return application


async def test_an_application_starts_and_ends_with_the_server(lifespan: Any, life: list[str]):
    host = AsgiHost(lifespan)
    await host.start()
    reply = await ask(host, HttpRequest("GET", "/"))
    await host.stop()

    assert (reply.body, life) == (b"open", ["lifespan.startup", "lifespan.shutdown"])


async def test_an_application_that_cannot_start_is_an_error():
    async def application(scope: Any, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    host = AsgiHost(application)
    with pytest.raises(MentraError, match="did not start: no database"):
        await host.start()
    await host.stop()


async def test_an_application_without_a_lifespan_just_runs(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await send(start(204))
        await send(body(b""))

    host = AsgiHost(application)
    await host.start()
    reply = await ask(host, HttpRequest("GET", "/"))
    await host.stop()

    assert (reply.status, caplog.messages) == (204, [])


async def test_an_application_that_hangs_at_the_end_is_left():
    async def application(scope: Any, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await asyncio.Future()

    host = AsgiHost(application)
    await host.start()

    await asyncio.wait_for(host.stop(), 60)


async def test_an_application_that_does_not_get_ready_is_an_error():
    async def application(scope: Any, receive: Receive, send: Send) -> None:
        await asyncio.Future()

    host = AsgiHost(application)
    with pytest.raises(MentraError, match="did not start within 30 s"):
        await host.start()
    await asyncio.wait_for(host.stop(), 60)


@pytest.mark.parametrize(
    ("said", "scheme"), [("https", "https"), ("HTTP, https", "http"), ("javascript", "http"), ("", "http")]
)
async def test_a_proxy_says_how_the_browser_came(said: str, scheme: str):
    seen: list[str] = []

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        seen.append(scope["scheme"])
        await send(start(204))
        await send(body(b""))

    await ask(AsgiHost(application), HttpRequest("GET", "/", {"x-forwarded-proto": said}))

    assert seen == [scheme]


@pytest.mark.parametrize(
    "header", [(b"location", b"/\r\nset-cookie: a=1"), (b"set-cookie", b"a=1\nx: y"), (b"x\n", b"")]
)
async def test_a_header_of_two_lines_is_a_500(header: tuple[bytes, bytes], caplog: pytest.LogCaptureFixture):
    async def application(scope: Any, receive: Receive, send: Send) -> None:
        await send(start(302, header))
        await send(body(b""))

    reply = await ask(AsgiHost(application), HttpRequest("GET", "/"))

    assert (reply.status, reply.cookies) == (500, ())
    assert caplog.messages == ["The ASGI application failed at GET /."]


async def test_streams_can_be_ended_ahead_of_the_rest():
    async def application(scope: Any, receive: Receive, send: Send) -> None:
        await receive()
        await send(start())
        await send(body(b"one", more=True))
        assert await receive() == {"type": "http.disconnect"}

    host = AsgiHost(application)
    reply = await ask(host, HttpRequest("GET", "/"))
    host.disconnect()

    with pytest.raises(HttpError, match="in the middle"):
        await reply.whole()

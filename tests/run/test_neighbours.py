"""How workers speak to each other. All of them are in this process; between them are real Unix sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mentra.transport.base import HttpError, HttpReply, HttpRequest
from mentra_cli.run.neighbours import CONNECT_WITHIN_S, Neighbours
from tests.helpers.waiting import until

pytestmark = pytest.mark.sockets


async def echo(request: HttpRequest) -> HttpReply:
    return HttpReply(
        201, request.body, {"x-seen": f"{request.method} {request.path} {request.headers['x-sent']}"}, ("a=b",)
    )


@contextlib.asynccontextmanager
async def crew(folder: Path, count: int = 2) -> AsyncIterator[list[Neighbours]]:
    workers = [Neighbours(folder, index=index, count=count) for index in range(count)]
    try:
        yield workers
    finally:
        await asyncio.gather(*(worker.close() for worker in workers))


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
async def test_a_request_and_its_answer_arrive_as_they_are(tmp_path: Path, method: str):
    """Also the body of an answer to HEAD: its length is said by whoever the client is connected to."""
    async with crew(tmp_path) as (first, second):
        await second.open(echo)

        reply = await first.ask(1, HttpRequest(method, "/a%20b//c?d=%C3%A4&e", {"x-sent": "1"}, b"body"))

    assert reply == HttpReply(201, b"body", {"x-seen": f"{method} /a%20b//c?d=%C3%A4&e 1"}, ("a=b",))


@pytest.mark.parametrize("path", ["*", "http://other.example/a?b", "/a#b", "/a?", "/a?b#c", "/a\tb", "/\udcff"])
async def test_what_a_client_asks_for_arrives_as_it_wrote_it(tmp_path: Path, path: str):
    """Also where it is no path of a URL: the owner answers that as any process of an app does."""
    asked: list[HttpRequest] = []

    async def note(request: HttpRequest) -> HttpReply:
        asked.append(request)
        return HttpReply(204)

    async with crew(tmp_path) as (first, second):
        await second.open(note)

        await first.ask(1, HttpRequest("OPTIONS", path))

    assert asked == [HttpRequest("OPTIONS", path)]


async def test_headers_may_hold_any_bytes(tmp_path: Path):
    """Those that are no UTF-8 are surrogates, as in every request."""
    odd = {"x-sent": "caf\udce9 caf\u00e9 \u4f60", "cookie": "a=\udcff"}
    seen: list[HttpRequest] = []

    async def note(request: HttpRequest) -> HttpReply:
        seen.append(request)
        return HttpReply(200, b"", odd, ("b=\udcff",))

    async with crew(tmp_path) as (first, second):
        await second.open(note)

        reply = await first.ask(1, HttpRequest("GET", "/", odd))

    assert seen == [HttpRequest("GET", "/", odd)]
    assert reply == HttpReply(200, b"", odd, ("b=\udcff",))


async def test_an_answer_that_cannot_be_sent_is_an_error_and_not_waited_for(tmp_path: Path):
    async def impossible(_: HttpRequest) -> HttpReply:
        return HttpReply(200, b"", {"x-half": "\ud83d"})

    async with crew(tmp_path) as (first, second):
        await second.open(impossible)

        async with asyncio.timeout(5):
            reply = await first.ask(1, HttpRequest("GET", "/"))

    assert reply == HttpReply(500)


async def test_a_photo_is_not_too_large(tmp_path: Path):
    async with crew(tmp_path) as (first, second):
        await second.open(echo)

        reply = await first.ask(1, HttpRequest("POST", "/", {"x-sent": ""}, bytes(11_000_000)))

    assert len(reply.body) == 11_000_000


async def test_many_ask_at_once_in_both_directions(tmp_path: Path):
    async with crew(tmp_path, 3) as workers:
        for worker in workers:
            await worker.open(echo)

        replies = await asyncio.gather(
            *(
                asker.ask(asked, HttpRequest("GET", f"/{number}", {"x-sent": ""}))
                for number in range(20)
                for asker in workers
                for asked in range(3)
                if asked != asker.index
            )
        )

    assert {reply.status for reply in replies} == {201}


async def test_an_answer_is_streamed_and_ends_when_nobody_reads_it(tmp_path: Path):
    closed = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await asyncio.Future()
        finally:
            closed.set()

    async def stream(_: HttpRequest) -> HttpReply:
        return HttpReply(200, chunks=chunks())

    async with crew(tmp_path) as (first, second):
        await second.open(stream)

        reply = await first.ask(1, HttpRequest("GET", "/"))
        assert reply.chunks is not None
        one = await anext(reply.chunks)
        await reply.close()
        await until(closed.is_set)

    assert one == b"one"


async def test_a_worker_is_waited_for_while_it_is_started_again(tmp_path: Path):
    async with crew(tmp_path) as (first, second):
        await second.open(echo)
        await first.ask(1, HttpRequest("GET", "/", {"x-sent": ""}))
        await second.close()
        with pytest.raises(HttpError):  # One that is sent just then is not sent again: it may have been acted on.
            await first.ask(1, HttpRequest("GET", "/", {"x-sent": ""}))

        asking = [asyncio.create_task(first.ask(1, HttpRequest("GET", "/", {"x-sent": "2"}))) for _ in range(3)]
        await asyncio.wait(asking, timeout=0.1)
        async with crew(tmp_path) as (_, again):
            await again.open(echo)
            replies = await asyncio.gather(*asking)

    assert [reply.status for reply in replies] == [201, 201, 201]


async def test_a_worker_that_does_not_come_is_no_answer(tmp_path: Path):
    loop = asyncio.get_running_loop()
    async with crew(tmp_path) as (first, _):
        began = loop.time()
        with pytest.raises(HttpError, match="It was not there for 5 s"):
            await first.ask(1, HttpRequest("GET", "/"))
        took = loop.time() - began

    assert CONNECT_WITHIN_S <= took < CONNECT_WITHIN_S + 2


async def test_a_worker_that_ends_while_it_answers_is_no_answer(tmp_path: Path):
    asked = asyncio.Event()

    async def never(_: HttpRequest) -> HttpReply:
        asked.set()
        return await asyncio.Future()

    async with crew(tmp_path) as (first, second):
        await second.open(never)
        asking = asyncio.create_task(first.ask(1, HttpRequest("GET", "/")))
        await until(asked.is_set)
        await second.close()

        with pytest.raises(HttpError):
            await asking

"""Streams of events: how they are written, who hears what, and how they end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mentra import Channel, ServerEvent
from mentra.server.web.events import CLOSE_WITHIN_S, HEARTBEAT_S, MAX_WAITING_EVENTS, EventBody, encode_event
from mentra.transport.streaming import WINDOW_BYTES
from tests.helpers.waiting import clock, until


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ("hello", b"data: hello\n\n"),
        ("", b"data: \n\n"),
        ("one\ntwo\r\nthree\rfour", b"data: one\ndata: two\ndata: three\ndata: four\n\n"),
        ({"a": "Zoë\n"}, 'data: {"a":"Zoë\\n"}\n\n'.encode()),
        (None, b"data: null\n\n"),
        (
            ServerEvent(data=[1], event="list", id="7", retry_s=1.5),
            b"event: list\nid: 7\nretry: 1500\ndata: [1]\n\n",
        ),
    ],
)
def test_an_event_is_written_as_browsers_read_it(event: Any, text: bytes):
    assert encode_event(event) == text


@pytest.mark.parametrize("event", [ServerEvent(data="", event="a\nb"), ServerEvent(data="", id="a\rdata: forged")])
def test_a_type_or_an_id_of_two_lines_is_refused(event: ServerEvent):
    with pytest.raises(ValueError, match="must be one line"):
        encode_event(event)


class Source(AsyncIterator[Any]):
    """Events that a test gives; notes what becomes of it."""

    def __init__(self, *events: Any, error: Exception | None = None, endless: bool = True) -> None:
        self.drawn = 0
        self.closed = False
        self.tasks: set[Any] = set()
        self._events = list(events)
        self._error = error
        self._endless = endless

    async def __anext__(self) -> Any:
        self.tasks.add(asyncio.current_task())
        if self._events:
            self.drawn += 1
            return self._events.pop(0)
        if self._error:
            raise self._error
        if self._endless:
            await asyncio.Future()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed = True


async def test_a_stream_begins_with_a_comment_and_then_has_each_event():
    source = Source("one", "two", endless=False)
    chunks = [chunk async for chunk in EventBody(source)]

    assert chunks == [b":\n\n", b"data: one\n\n", b"data: two\n\n"]
    assert source.closed


async def test_all_events_are_drawn_in_one_task():
    source = Source("one", "two", endless=False)
    _ = [chunk async for chunk in EventBody(source)]

    assert len(source.tasks) == 1
    assert asyncio.current_task() not in source.tasks


async def test_after_some_silence_a_comment_is_sent():
    body = EventBody(Source())
    await anext(body)
    began = clock()
    comments = [await anext(body), await anext(body)]
    await body.aclose()

    assert (comments, clock() - began) == ([b":\n\n"] * 2, 2 * HEARTBEAT_S)


async def test_no_more_is_drawn_than_is_read():
    event = "x" * (WINDOW_BYTES // 4)
    source = Source(*[event] * 100)
    body = EventBody(source)
    await anext(body)
    await asyncio.sleep(1)
    drawn = source.drawn
    await body.aclose()

    assert drawn == 4
    assert source.closed


async def test_closing_a_stream_ends_what_makes_the_events():
    ended: list[str] = []

    async def events() -> AsyncIterator[str]:
        try:
            yield "one"
            await asyncio.Future()
        finally:
            ended.append("ended")

    body = EventBody(events())
    await anext(body)
    await anext(body)
    await body.aclose()

    assert ended == ["ended"]
    with pytest.raises(StopAsyncIteration):
        await anext(body)


async def test_a_stream_that_nobody_began_to_read_can_be_closed():
    source = Source("one")
    await EventBody(source).aclose()

    assert (source.closed, source.drawn) == (True, 0)


async def test_events_that_fail_end_the_stream_and_are_logged(caplog: pytest.LogCaptureFixture):
    body = EventBody(Source("one", error=RuntimeError("in the events")))
    chunks = [chunk async for chunk in body]

    assert chunks == [b":\n\n", b"data: one\n\n"]
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["in the events"]


async def test_a_channel_tells_every_page_of_a_user_and_of_nobody_else():
    channel: Channel[str] = Channel()
    ann, ann_too, bob = channel.listen("Ann@example.com"), channel.listen("ann@example.com"), channel.listen("bob")

    counts = [channel.publish("ANN@example.com", "hi"), channel.publish("carl", "hi"), channel.publish("bob", "ho")]

    assert counts == [2, 0, 1]
    assert [await anext(each) for each in (ann, ann_too, bob)] == ["hi", "hi", "ho"]


async def test_a_channel_keeps_the_order():
    channel: Channel[int] = Channel()
    page = channel.listen("ann")
    for number in range(5):
        channel.publish("ann", number)

    assert [await anext(page) for _ in range(5)] == [0, 1, 2, 3, 4]


async def test_a_page_that_is_closed_hears_no_more():
    channel: Channel[str] = Channel()
    page = channel.listen("ann")
    body = EventBody(page)
    await anext(body)
    await body.aclose()

    assert channel.publish("ann", "hi") == 0
    assert channel._listeners == {}


async def test_a_page_that_waits_is_woken_by_its_end():
    channel: Channel[str] = Channel()
    page = channel.listen("ann")
    waiting = asyncio.ensure_future(anext(page, "over"))
    await asyncio.sleep(0)
    await page.aclose()  # type: ignore[attr-defined]  # a listener has it

    assert await waiting == "over"


async def test_a_page_that_does_not_keep_up_is_disconnected(caplog: pytest.LogCaptureFixture):
    channel: Channel[int] = Channel()
    page = channel.listen("ann")
    counts = [channel.publish("ann", number) for number in range(MAX_WAITING_EVENTS + 2)]

    assert counts == [1] * (MAX_WAITING_EVENTS + 1) + [0]
    assert [event async for event in page] == []
    assert caplog.messages == ["A page does not keep up with its events; it is disconnected."]


async def test_a_stream_of_a_channel_reads_what_is_published():
    channel: Channel[str] = Channel()
    body = EventBody(channel.listen("ann"))
    await anext(body)
    heard: list[bytes] = []

    async def read() -> None:
        heard.append(await anext(body))

    reading = asyncio.create_task(read())
    channel.publish("ann", "hi")
    await until(lambda: heard)
    await reading
    await body.aclose()

    assert heard == [b"data: hi\n\n"]


async def test_events_that_do_not_end_are_left_behind(caplog: pytest.LogCaptureFixture):
    release = asyncio.Event()

    async def events() -> AsyncIterator[str]:
        yield "one"
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                yield "not yet"

    body = EventBody(events())
    await anext(body)
    await anext(body)
    began = clock()
    await asyncio.wait_for(body.aclose(), 60)
    took_s = clock() - began
    release.set()

    assert took_s == CLOSE_WITHIN_S
    assert caplog.messages == ["What makes the events for a page does not end when it is cancelled; it is left behind."]

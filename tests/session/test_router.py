"""How events reach handlers and loops, without a connection."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from mentra.errors import SessionStopped
from mentra.protocol.cloud_to_app import DataStream
from mentra.protocol.streams import ButtonPress
from mentra.session.backlog import QUEUE_SIZE
from mentra.session.router import REMEMBERED, Router, nothing
from mentra.session.tasks import SessionTasks

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


@pytest.fixture
async def router() -> AsyncIterator[Router]:
    tasks = SessionTasks(LOGGER)
    router = Router(lambda: None, tasks, LOGGER)
    yield router
    router.close()
    await tasks.close()


async def collect(router: Router, heard: list[Any]) -> None:
    heard.extend([event async for event in router.iterate("x")])


async def some_turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_loop_that_is_too_slow_loses_the_oldest_and_says_so_once(
    router: Router, caplog: pytest.LogCaptureFixture
):
    heard: list[int] = []
    loop = asyncio.create_task(collect(router, heard))
    await asyncio.sleep(0)
    for number in range(QUEUE_SIZE + 5):
        router.deliver("x", number)
    router.close()
    await loop

    assert heard == list(range(5, QUEUE_SIZE + 5))
    assert caplog.messages == [
        "The loop over x is too slow: more than 1000 events wait for it, the oldest are dropped."
    ]


async def test_a_loop_that_is_left_is_forgotten(router: Router):
    events = router.iterate("x")
    first = asyncio.create_task(anext(events))
    await asyncio.sleep(0)
    router.deliver("x", 1)

    assert (await first, router.names()) == (1, ["x"])

    await events.aclose()

    assert router.names() == []


async def test_an_event_is_decoded_only_if_somebody_may_listen(router: Router, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    malformed = DataStream(stream_type="button_press", data=msgspec.Raw(b"{}"))

    router.dispatch(malformed)
    assert caplog.messages == []

    router.add_handler("button_press", print)
    router.dispatch(malformed)
    assert len(caplog.messages) == 1


async def test_a_stream_name_of_the_wire_cannot_forge_a_line_of_the_log(
    router: Router, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    router.add_handler("*", print)

    router.dispatch(DataStream(stream_type="button_press:\nx", data=msgspec.Raw(b"{}")))

    assert "\n" not in caplog.messages[0]


async def test_a_plain_handler_is_called_at_once_and_an_async_one_in_its_turn(router: Router):
    order: list[str] = []

    async def slowly(event: ButtonPress) -> None:
        order.append(f"begin {event.button_id}")
        await asyncio.sleep(0)
        order.append(f"end {event.button_id}")

    router.add_handler("button_press", slowly)
    router.add_handler("button_press", lambda event: order.append(f"plain {event.button_id}"))
    for button in "ab":
        router.deliver("button_press", ButtonPress(button_id=button, press_type="short"))

    assert order == ["plain a", "plain b"]

    await some_turns()

    assert order[2:] == ["begin a", "end a", "begin b", "end b"]


@pytest.mark.parametrize("itself", [False, True])
async def test_a_cancelled_handler_does_not_strand_the_events_behind_it(
    router: Router, caplog: pytest.LogCaptureFixture, itself: bool
):
    heard: list[int] = []

    async def debounces(event: int) -> None:
        heard.append(event)
        task = asyncio.current_task() if itself else asyncio.create_task(asyncio.sleep(9))
        assert task is not None
        task.cancel()
        await (asyncio.sleep(9) if itself else task)

    router.add_handler("x", debounces)
    for number in range(3):
        router.deliver("x", number)
    await asyncio.sleep(1)

    assert heard == [0, 1, 2]
    assert len(caplog.messages) == 3


async def test_another_thread_is_told_how_to_listen(router: Router):
    with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
        await asyncio.to_thread(router.add_handler, "x", print)
    listener = router.add_handler("x", print)
    with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
        await asyncio.to_thread(router.remove, listener)

    assert router.names() == ["x"]


async def test_after_the_end_nobody_is_registered(router: Router):
    router.close()

    listener = router.add_handler("x", print)

    assert not router.has(listener)
    assert [event async for event in router.iterate("x")] == []


async def test_who_listens_is_found_out_anew_after_each_change(router: Router):
    heard: list[str] = []
    press = ButtonPress(button_id="a", press_type="short")

    def deliver() -> None:
        heard.append("|")
        router.deliver("button_press", press)

    deliver()
    first = router.add_handler("button_press", lambda _: heard.append("first"))
    deliver()
    router.add_handler("*", lambda _: heard.append("second"))
    deliver()
    router.remove(first)
    deliver()

    assert heard == ["|", "|", "first", "|", "first", "second", "|", "second"]


async def test_countless_names_of_streams_take_no_room(router: Router):
    heard: list[object] = []
    router.add_handler("*", heard.append)

    for number in range(3 * REMEMBERED):
        router.deliver(f"stream{number}", number)

    assert heard == list(range(3 * REMEMBERED))
    assert len(router._routes) <= REMEMBERED  # pyright: ignore[reportPrivateUsage]  # There is no other sign of it.


async def test_a_filter_keeps_events_from_a_handler(router: Router):
    heard: list[object] = []
    router.add_handler("x", heard.append, where=lambda event: event > 1)

    for number in range(4):
        router.deliver("x", number)

    assert heard == [2, 3]


async def test_a_cloud_cannot_send_news_of_the_session(router: Router):
    heard: list[object] = []
    router.add_teller("disconnected", heard.append)

    router.dispatch(DataStream(stream_type="disconnected", data=msgspec.Raw(b"{}")))
    router.deliver("disconnected", "x")
    router.tell("disconnected", "news")

    assert heard == ["news"]
    assert router.names() == []


async def test_what_a_handler_raises_is_news_and_what_that_handler_raises_is_not(
    router: Router, caplog: pytest.LogCaptureFixture
):
    errors: list[Exception] = []

    def breaks(event: object) -> None:
        raise ValueError(event)

    def breaks_again(error: Exception) -> None:
        errors.append(error)
        raise KeyError

    router.add_teller("error", breaks_again)
    router.add_handler("x", breaks)
    router.deliver("x", 1)

    assert [str(error) for error in errors] == ["1"]
    assert len(caplog.messages) == 2


async def test_waiting_for_one_event_ends_with_the_session(router: Router):
    waiting = asyncio.create_task(router.next_event("x", call="here", where=None))
    await asyncio.sleep(0)
    assert router.calls() == {"x": "here"}

    router.close()

    with pytest.raises(SessionStopped):
        await waiting
    with pytest.raises(SessionStopped):
        await router.next_event("x", call="here", where=None)


async def test_a_condition_that_fails_fails_the_one_who_waits_and_nobody_else(router: Router):
    heard: list[object] = []
    waiting = asyncio.create_task(router.next_event("x", call="here", where=lambda event: event.nonsense))
    await asyncio.sleep(0)
    router.add_handler("x", heard.append)

    router.deliver("x", 1)

    with pytest.raises(AttributeError, match="nonsense"):
        await waiting
    assert (heard, router.names()) == ([1], ["x"])


async def test_the_event_waited_for_is_not_lost_among_others_of_the_same_moment(router: Router):
    waiting = asyncio.create_task(router.next_event("head_position", call="", where=lambda head: head == "up"))
    await asyncio.sleep(0)

    for position in ("down", "up", "down"):
        router.deliver("head_position", position)

    assert await waiting == "up"


async def test_options_are_heeded_where_the_cloud_heeds_them(router: Router):
    router.add_handler("transcription:en-US?hints=es", print)
    assert router.names() == ["transcription:en-US"]

    router.options_work = True

    assert router.names() == ["transcription:en-US?hints=es"]


@pytest.mark.parametrize("stream", ["audio_chunk", "custom_message", "custom_message:x"])
async def test_what_has_frames_of_its_own_cannot_come_as_an_event(router: Router, stream: str):
    heard: list[Any] = []
    router.add_handler(stream.partition(":")[0], heard.append)

    router.dispatch(DataStream(stream_type=stream, data=msgspec.Raw(b"{}")))

    assert heard == []


async def test_who_gives_up_a_stream_twice_takes_it_from_nobody_else(router: Router):
    first, second = router.hold("x"), router.hold("x")
    first()
    first()
    kept = router.names()
    second()

    assert (kept, router.names()) == (["x"], [])


async def test_giving_up_a_stream_after_the_end_does_nothing(router: Router):
    undo = router.hold("x")
    router.close()
    undo()

    assert router.names() == []


async def test_the_sessions_own_handlers_go_first_and_are_not_subscribed(router: Router):
    heard: list[str] = []
    router.add_handler("x", lambda event: heard.append("app"))
    router.add_handler("x", lambda event: heard.append("own"), subscribes=False)
    router.deliver("x", 1)

    assert (heard, router.names()) == (["own", "app"], ["x"])


async def test_who_has_to_hear_an_event_may_begin_to_when_it_comes(router: Router):
    heard: list[Any] = []

    def begin(stream: str) -> None:
        if not heard:
            heard.append(stream)
            router.add_handler(stream, heard.append, subscribes=False)

    router.unheard = begin
    for number in (1, 2):
        router.deliver("x:y", number)
    router.close()
    router.deliver("x:z", 3)

    assert heard == ["x", 1, 2]


async def test_whether_news_are_told(router: Router):
    assert not router.is_told("news")

    listener = router.add_teller("news", print)
    assert router.is_told("news")

    router.remove(listener)
    assert not router.is_told("news")


async def test_news_are_wanted_until_the_last_handler_is_gone(router: Router):
    first, second = (router.add_teller("news", nothing) for _ in range(2))
    router.remove(first)
    between = router.is_told("news")
    router.remove(second)

    assert [between, router.is_told("news")] == [True, False]


@pytest.mark.parametrize("listen", [Router.add_handler, lambda router, name, _: router.hold(name)])
async def test_a_name_that_is_more_than_text_is_plain_text_for_all_others(
    router: Router, listen: Callable[[Router, str, Callable[[object], None]], object]
):
    class Name(str):
        """Equal to the text, and nothing that can be encoded."""

        __slots__ = ()

    listen(router, Name("button_press"), lambda event: None)
    other = Router(lambda: None, SessionTasks(LOGGER), LOGGER)
    other.add_handler("button_press", lambda event: None)

    assert [type(name) for name in (*router.names(), *other.names())] == [str, str]
    other.close()

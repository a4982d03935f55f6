"""Handlers of the developer: in order, apart from each other, and never able to hurt the session."""

import asyncio
import functools
from typing import Any

import pytest

from mentra import AppSession, Subscription
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import PACKAGE_NAME, USER_ID, ScriptedCloud, turns
from tests.helpers.waiting import until


class Broken(Exception):
    """What the developer's code raises in these tests."""


def press(button_id: str) -> dict[str, Any]:
    return {"buttonId": button_id, "pressType": "short"}


async def press_all(cloud: ScriptedCloud, *buttons: str) -> None:
    for button in buttons:
        cloud.socket.send_event("button_press", press(button))
    await turns()


async def test_an_exception_in_on_session_is_logged_and_the_session_lives_on(
    world: World, caplog: pytest.LogCaptureFixture
):
    async def breaks(session: AppSession) -> None:
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))
        raise Broken("in on_session")

    app = await world.serve(Diary(breaks))
    glasses = await world.wear(app)
    await until(lambda: glasses.subscriptions(PACKAGE_NAME))
    await glasses.say("hello")

    assert await glasses.wait_for_display("hello") == "hello"
    (record,) = (record for record in caplog.records if record.exc_info)
    assert record.message == f"[{USER_ID}] Diary.on_session raised an exception."
    assert record.exc_info[0] is Broken
    assert record.user_id == USER_ID


@pytest.mark.parametrize("is_async", [False, True])
async def test_an_exception_in_a_handler_is_logged_and_hurts_nobody_else(
    world: World, caplog: pytest.LogCaptureFixture, is_async: bool
):
    def breaks(event: object) -> None:
        raise Broken(f"with {event}")

    async def breaks_later(event: object) -> None:
        await asyncio.sleep(0)
        raise Broken(f"with {event}")

    async def script(session: AppSession) -> None:
        session.events.on_transcription(breaks_later if is_async else breaks)
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))

    app = await world.serve(Diary(script))
    first = await world.wear(app, "user1@example.com")
    second = await world.wear(app, "user2@example.com")
    await until(lambda: first.subscriptions(PACKAGE_NAME) and second.subscriptions(PACKAGE_NAME))
    for words in ("one", "two"):
        await first.say(words)
        await first.wait_for_display(words)
    await second.say("three")

    await second.wait_for_display("three")
    await until(lambda: len([record for record in caplog.records if record.exc_info]) == 3)
    assert {record.exc_info[0] for record in caplog.records if record.exc_info} == {Broken}


async def test_an_exception_in_on_stop_is_logged_and_the_session_is_gone(
    world: World, caplog: pytest.LogCaptureFixture
):
    class Breaks(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await super().on_stop(session_id, user_id, reason)
            raise Broken("in on_stop")

    app = await world.serve(Breaks())
    glasses = await world.wear(app)
    await until(lambda: app.calls)

    await glasses.stop(PACKAGE_NAME)
    await until(lambda: "Breaks.on_stop raised an exception" in caplog.text)
    await glasses.start(PACKAGE_NAME)
    await until(lambda: len(app.calls) == 3)

    assert app.calls == [f"session {USER_ID}", f"stop {USER_ID} user_disabled", f"session {USER_ID}"]


async def test_a_slow_async_handler_gets_every_event_in_order_and_delays_no_other(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    slow: list[str] = []
    quick: list[str] = []

    async def takes_its_time(event: Any) -> None:
        await asyncio.sleep({"a": 3, "b": 1, "c": 2}[event.button_id])
        slow.append(event.button_id)

    async def script(session: AppSession) -> None:
        session.events.on("button_press", takes_its_time)
        session.events.on("button_press", lambda event: quick.append(event.button_id))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await press_all(memory_cloud, "a", "b", "c")

        assert (slow, quick) == ([], ["a", "b", "c"])

        await asyncio.sleep(6.1)

        assert slow == ["a", "b", "c"]


async def test_handlers_are_called_in_the_order_of_their_registration(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    order: list[int] = []

    async def script(session: AppSession) -> None:
        for number in range(3):
            session.events.on("button_press", lambda _, number=number: order.append(number))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await press_all(memory_cloud, "main")

        assert order == [0, 1, 2]


async def test_a_handler_that_is_too_slow_loses_the_oldest_events_and_counts_them(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    go = asyncio.Event()
    heard: list[str] = []
    subscriptions: list[Subscription] = []

    async def waits(event: Any) -> None:
        await go.wait()
        heard.append(event.button_id)

    async def script(session: AppSession) -> None:
        subscriptions.append(session.events.on("button_press", waits))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await press_all(memory_cloud, "0")
        await press_all(memory_cloud, *map(str, range(1, 1011)))
        go.set()
        await until(lambda: len(heard) == 1001)

        # One was being handled, a thousand waited.
        assert heard == ["0", *map(str, range(11, 1011))]
        assert subscriptions[0].dropped == 10
        (warning,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
        assert warning.startswith(f"[{USER_ID}] The handler of button_press is too slow: more than 1000 events wait")


async def test_a_partial_of_an_async_function_is_awaited_and_keeps_its_order(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    heard: list[str] = []

    async def note(prefix: str, event: Any) -> None:
        await asyncio.sleep(1)
        heard.append(prefix + event.button_id)

    class Method:
        async def __call__(self, event: Any) -> None:
            await asyncio.sleep(1)
            heard.append("object " + event.button_id)

    async def script(session: AppSession) -> None:
        session.events.on("button_press", functools.partial(note, "partial "))
        session.events.on("button_press", Method())

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await press_all(memory_cloud, "a", "b")
        await asyncio.sleep(2.1)

        assert heard == ["partial a", "object a", "partial b", "object b"]


async def test_a_cancelled_subscription_hears_nothing_more(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[str] = []

    async def slowly(event: Any) -> None:
        await asyncio.sleep(1)
        heard.append(event.button_id)

    async def script(session: AppSession) -> None:
        subscription = session.events.on("button_press", slowly)
        await asyncio.sleep(0.5)
        subscription.cancel()
        subscription.cancel()
        assert not subscription.active

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await press_all(memory_cloud, "being handled", "waiting")
        await asyncio.sleep(0.6)
        await press_all(memory_cloud, "later")
        await asyncio.sleep(5)

        assert heard == ["being handled"]


async def test_a_handler_that_another_handler_cancelled_does_not_get_the_event(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    heard: list[str] = []

    async def script(session: AppSession) -> None:
        session.events.on("button_press", lambda event: second.cancel())
        second = session.events.on("button_press", lambda event: heard.append(event.button_id))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await press_all(memory_cloud, "main")

        assert heard == []


async def test_a_handler_may_cancel_itself_or_register_more(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[str] = []

    async def script(session: AppSession) -> None:
        def once(event: Any) -> None:
            heard.append(f"once {event.button_id}")
            subscription.cancel()
            session.events.on("button_press", lambda event: heard.append(f"then {event.button_id}"))

        subscription = session.events.on("button_press", once)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await press_all(memory_cloud, "a", "b")

        assert heard == ["once a", "then b"]


async def test_nothing_runs_after_the_end_of_the_session(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[str] = []

    async def slowly(event: Any) -> None:
        await asyncio.sleep(1)
        heard.append(event.button_id)

    async def script(session: AppSession) -> None:
        session.events.on("button_press", slowly)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await press_all(memory_cloud, "a", "b")
        await memory_cloud.stop(app)
        await asyncio.sleep(10)

        assert heard == []
        assert app.calls[-1] == f"stop {USER_ID} user_disabled"


async def test_a_handler_can_be_registered_after_the_end_and_hears_nothing(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await memory_cloud.stop(app)
        await turns()

        subscription = app.session.events.on("button_press", print)

        assert not subscription.active
        subscription.cancel()


async def test_frames_that_make_no_sense_are_skipped_w_dev_10(network: Network, cloud: ScriptedCloud):
    heard: list[str] = []

    async def script(session: AppSession) -> None:
        session.events.on("button_press", lambda event: heard.append(event.button_id))

    async with serving(Diary(script), network) as app:
        await cloud.start(app)
        await until(lambda: cloud.socket.subscriptions)
        for text in (b"", b"null", b"[]", b"{}", b"no JSON", b'{"type": 5}', b'{"type": "brand_new", "x": 1}'):
            cloud.socket.send_raw(text)
        cloud.socket.send({"type": "data_stream"})
        cloud.socket.send({"type": "settings_update", "settings": "none"})
        cloud.socket.send_raw(b'{"type": "settings_update", "settings": ' + b"[" * 100_000)
        cloud.socket.send_event("button_press", {"pressType": "short"})
        cloud.socket.send_event("button_press", None)
        cloud.socket.send_event("button_press", press("fine"))
        await until(lambda: heard)

        assert heard == ["fine"]
        assert app.session.connected

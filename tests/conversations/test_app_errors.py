"""What app code raises fails the test that simulates it, even where the app goes on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mentra import AppServer, AppSession, ButtonPress, HardwareUnavailable, PhotoError, ToolError, route, tool
from mentra.testing import simulate

Body = Callable[[AppSession], Any]


class Faulty(AppServer):
    """Does in its session what a test says."""

    def __init__(self, begin: Body = lambda session: None) -> None:
        super().__init__()
        self.begin = begin

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        self.begin(session)
        session.layouts.show_text_wall("ready")

    @tool
    async def broken(self) -> str:
        """Raise."""
        raise Problem("in a tool")

    @route.get("/broken")
    async def page(self, request: object) -> str:
        raise Problem("in a page")


class Problem(Exception):
    """What these apps raise."""


def fail(*_: object) -> None:
    raise Problem("in the app")


async def fail_later(*_: object) -> None:
    await asyncio.sleep(0)
    raise Problem("in the app")


def fail_with_error_handler(session: AppSession) -> None:
    session.events.on_transcription(fail_later)
    session.events.on_error(fail)


FAULTS: dict[str, Body] = {
    "on_session": fail,
    "a handler": lambda session: session.events.on_transcription(fail),
    "an async handler": lambda session: session.events.on_transcription(fail_later),
    "a handler of settings": lambda session: session.settings.on_change("lines", fail),
    "a handler of device state": lambda session: session.device.on_change("battery_level", fail),
    "a handler of the end": lambda session: session.events.on_stopped(fail),
    "a task": lambda session: session.start_soon(fail_later()),
    "a timer": lambda session: session.call_later(1, fail),
    "a clean-up function": lambda session: session.on_stop(fail),
}


@pytest.mark.parametrize("begin", FAULTS.values(), ids=FAULTS)
async def test_an_exception_of_app_code_is_raised_at_the_end(begin: Body):
    async def use() -> None:
        async with simulate(lambda: Faulty(begin)) as glasses:
            await glasses.say("hello")
            await glasses.change_settings({"lines": 2})
            await glasses.set_battery(5)
            await asyncio.sleep(2)

    with pytest.raises(Problem, match="in the app"):
        await use()


@pytest.mark.parametrize("hook", ["on_stop", "on_shutdown"])
async def test_the_hooks_of_the_end_count_too(hook: str):
    app = type("Ending", (Faulty,), {hook: fail_later})

    with pytest.raises(Problem, match="in the app"):
        async with simulate(app):
            pass


async def test_a_clean_up_handler_of_the_server_counts_too():
    with pytest.raises(Problem, match="in the app"):
        async with simulate(Faulty) as glasses:
            glasses.app.add_cleanup_handler(fail)


async def test_a_handler_of_the_status_of_a_video_counts_too():
    def begin(session: AppSession) -> None:
        session.camera.on_stream_status(lambda status: fail() if status.status == "active" else None)
        session.start_soon(session.camera.start_stream("rtmp://video.example.com/live"))

    with pytest.raises(Problem, match="in the app"):
        async with simulate(lambda: Faulty(begin), model="Mentra Live"):
            await asyncio.sleep(1)


async def test_several_are_raised_as_a_group_and_each_once():
    with pytest.raises(ExceptionGroup, match=r"The app raised 2 exceptions\.") as caught:
        async with simulate(lambda: Faulty(fail_with_error_handler)) as glasses:
            await glasses.say("hello")

    assert [str(error) for error in caught.value.exceptions] == ["in the app"] * 2


async def test_one_that_comes_by_two_ways_is_one():
    def begin(session: AppSession) -> None:
        task = session.start_soon(fail_later())

        @session.events.on_transcription
        async def heard(_: object) -> None:
            await task

    async with simulate(lambda: Faulty(begin), raise_errors=False) as glasses:
        await glasses.say("hello")

    assert [type(error) for error in glasses.errors] == [Problem]


async def test_a_test_may_look_at_them_instead():
    async with simulate(lambda: Faulty(fail), raise_errors=False) as glasses:
        assert [str(error) for error in glasses.errors] == ["in the app"]


async def test_the_exception_of_the_test_itself_goes_first_and_mentions_them():
    with pytest.raises(ZeroDivisionError) as caught:
        async with simulate(lambda: Faulty(fail)):
            _ = 1 / 0

    assert caught.value.__notes__ == ["The app raised, too: Problem('in the app')"]


async def test_what_the_app_handles_is_no_error():
    handled: list[str] = []

    def begin(session: AppSession) -> None:
        @session.events.on_button_press
        async def photo(_: ButtonPress) -> None:
            try:
                await session.camera.request_photo()
            except (PhotoError, PermissionError) as error:
                handled.append(type(error).__name__)

    async with simulate(lambda: Faulty(begin), model="Mentra Live") as glasses:
        glasses.fail_photos("CAMERA_BUSY")
        await glasses.press()
        glasses.deny("CAMERA")
        await glasses.press()

    assert (handled, glasses.errors) == (["PhotoError", "PermissionDenied"], [])


async def test_what_the_app_does_not_handle_is_one():
    async def photo(session: AppSession) -> None:
        await session.camera.request_photo()

    with pytest.raises(HardwareUnavailable):
        async with simulate(lambda: Faulty(lambda session: session.start_soon(photo(session)))):
            pass


async def test_the_end_of_the_session_is_no_error():
    async def wait(session: AppSession) -> None:
        await session.events.wait_for("button_press")

    async with simulate(lambda: Faulty(lambda session: session.start_soon(wait(session)))) as glasses:
        await glasses.stop()

    assert glasses.errors == []


async def test_who_calls_a_tool_or_opens_a_page_is_told_at_once():
    async with simulate(Faulty) as glasses:
        with pytest.raises(ToolError):
            await glasses.call_tool("broken")
        assert (await glasses.fetch("/broken")).status == 500

    assert glasses.errors == []


async def test_simulations_side_by_side_keep_their_own():
    def begin(session: AppSession) -> None:
        session.events.on_transcription(fail)

    async with (
        simulate(lambda: Faulty(begin), raise_errors=False) as one,
        simulate(lambda: Faulty(begin), raise_errors=False) as two,
    ):
        await one.say("hello")

    assert (len(one.errors), len(two.errors)) == (1, 0)

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mentra import ToolResponse
from mentra.testing import SimulatedGlasses, simulate

from app import RemindersApp

LONG_AGO = "2020-01-01T09:00:00Z"


async def on_page(glasses: SimulatedGlasses) -> list[dict[str, Any]]:
    reminders: list[dict[str, Any]] = (await glasses.fetch("/api/reminders")).json()
    return reminders


async def test_a_new_user_is_told_how_to_begin() -> None:
    async with simulate(RemindersApp) as glasses:
        await glasses.wait_for_display('You have no reminders. Say "Hey Mira, remind me to ..."')


async def test_the_assistant_adds_a_reminder() -> None:
    async with simulate(RemindersApp) as glasses:
        reply = await glasses.call_tool("add_reminder", {"text": "Call Ann", "day": "2199-01-02", "at": "15:00"})

        assert reply == "Added: Call Ann (2 January 2199 15:00)"
        assert glasses.display == reply


async def test_the_list_is_shown_when_the_user_wants_to_see_it() -> None:
    async with simulate(RemindersApp) as glasses:
        for text in ("one", "two", "three", "four", "five"):
            await glasses.call_tool("add_reminder", {"text": text})

        assert await glasses.call_tool("list_reminders") == ToolResponse.TAKE_CONTROL
        assert glasses.display == "Your reminders (4 of 5):\n□ five\n□ four\n□ three\n□ two"


async def test_the_assistant_can_look_something_up() -> None:
    async with simulate(RemindersApp) as glasses:
        await glasses.call_tool("add_reminder", {"text": "Call Ann"})
        await glasses.call_tool("add_reminder", {"text": "Buy milk"})
        await glasses.call_tool("mark_reminder", {"which": "milk"})

        to_do = await glasses.call_tool("list_reminders", {"show": False})
        everything = await glasses.call_tool("list_reminders", {"show": False, "include_done": True})

        assert ("Call Ann" in str(to_do), "Buy milk" in str(to_do)) == (True, False)
        assert ("Call Ann" in str(everything), "Buy milk" in str(everything)) == (True, True)


async def test_a_reminder_is_done_reopened_and_deleted() -> None:
    async with simulate(RemindersApp) as glasses:
        await glasses.call_tool("add_reminder", {"text": "Buy milk"})

        assert await glasses.call_tool("mark_reminder", {"which": "buy milk"}) == "Done: Buy milk"
        assert [one["done"] for one in await on_page(glasses)] == [True]
        assert await glasses.call_tool("mark_reminder", {"which": "milk", "done": False}) == "Not done: Buy milk"
        assert [one["done"] for one in await on_page(glasses)] == [False]
        assert await glasses.call_tool("delete_reminder", {"which": "milk"}) == "Deleted: Buy milk"
        assert await on_page(glasses) == []


async def test_the_assistant_is_told_which_reminders_there_are() -> None:
    async with simulate(RemindersApp) as glasses:
        await glasses.call_tool("add_reminder", {"text": "Buy milk"})
        await glasses.call_tool("add_reminder", {"text": "Buy bread"})
        bread, milk = [one["id"] for one in await on_page(glasses)]

        several = await glasses.call_tool("mark_reminder", {"which": "buy"})
        none = await glasses.call_tool("delete_reminder", {"which": "butter"})

        choices = f"There are: {milk}: Buy milk; {bread}: Buy bread"
        assert several == f"Several reminders match 'buy'. {choices}"
        assert none == f"No reminder matches 'butter'. {choices}"


async def test_tools_work_without_a_session() -> None:
    async with simulate(RemindersApp) as glasses:
        await glasses.stop()

        await glasses.call_tool("add_reminder", {"text": "Call Ann"})
        assert "Call Ann" in str(await glasses.call_tool("list_reminders"))

        await glasses.start()
        await glasses.wait_for_display("Your reminders (1 of 1):\n□ Call Ann")


async def test_a_reminder_comes_at_its_time_once() -> None:
    async with simulate(RemindersApp) as glasses:
        soon = (datetime.now(UTC) + timedelta(seconds=0.05)).isoformat()
        await glasses.fetch("/api/reminders", method="POST", json={"text": "Call Ann", "due": soon})

        await glasses.wait_for_display("Reminder\nCall Ann")
        assert [one["told"] for one in await on_page(glasses)] == [True]
        assert glasses.spoken == ("Reminder: Call Ann",)


async def test_what_was_due_meanwhile_comes_at_the_next_start() -> None:
    async with simulate(RemindersApp) as glasses:
        await glasses.stop()
        await glasses.fetch("/api/reminders", method="POST", json={"text": "Call Ann", "due": LONG_AGO})

        await glasses.start()

        await glasses.wait_for_display("Reminder\nCall Ann")


async def test_a_reminder_that_is_put_off_comes_again() -> None:
    async with simulate(RemindersApp) as glasses:
        reminder = (
            await glasses.fetch("/api/reminders", method="POST", json={"text": "Call Ann", "due": LONG_AGO})
        ).json()
        await glasses.wait_for_display("Reminder\nCall Ann")
        await glasses.call_tool("list_reminders")

        again = {"text": "Call Ann", "due": "2020-01-01T10:00:00Z"}
        await glasses.fetch(f"/api/reminders/{reminder['id']}", method="PUT", json=again)

        await glasses.wait_for_display("Reminder\nCall Ann")


async def test_reminders_survive() -> None:
    async with simulate(RemindersApp) as glasses:
        await glasses.call_tool("add_reminder", {"text": "Call Ann"})
        await glasses.stop()
        stored = glasses.stored

    async with simulate(RemindersApp, stored=stored) as glasses:
        await glasses.wait_for_display("□ Call Ann")


async def test_the_page_is_told_of_each_change() -> None:
    async with simulate(RemindersApp) as glasses, glasses.open_events("/api/live") as events:
        await glasses.call_tool("add_reminder", {"text": "Call Ann"})
        [added] = (await anext(events)).json()
        await glasses.fetch(f"/api/reminders/{added['id']}", method="PUT", json={"text": "Call Ben", "done": True})
        [changed] = (await anext(events)).json()
        await glasses.fetch(f"/api/reminders/{added['id']}", method="DELETE")
        deleted = (await anext(events)).json()

    assert (added["text"], added["done"]) == ("Call Ann", False)
    assert (changed["text"], changed["done"], changed["id"]) == ("Call Ben", True, added["id"])
    assert deleted == []


async def test_times_are_in_the_time_zone_that_the_page_tells() -> None:
    async with simulate(RemindersApp) as glasses:
        await glasses.fetch("/api/timezone", method="PUT", json="Asia/Tokyo")

        await glasses.call_tool("add_reminder", {"text": "Call Ann", "day": "2199-01-02", "at": "15:00"})

        assert [one["due"] for one in await on_page(glasses)] == ["2199-01-02T15:00:00+09:00"]


@pytest.mark.parametrize("body", [{"text": " "}, {"text": "x", "due": "2199-01-02T15:00:00"}, {}, []])
async def test_nonsense_is_refused(body: object) -> None:
    async with simulate(RemindersApp) as glasses:
        assert (await glasses.fetch("/api/reminders", method="POST", json=body)).status == 400
        assert (await glasses.fetch("/api/timezone", method="PUT", json="Middle/Earth")).status == 400
        assert await on_page(glasses) == []


async def test_what_is_gone_cannot_be_changed() -> None:
    async with simulate(RemindersApp) as glasses:
        assert (await glasses.fetch("/api/reminders/1", method="PUT", json={"text": "x"})).status == 404


async def test_strangers_see_nothing() -> None:
    async with simulate(RemindersApp) as glasses:
        assert (await glasses.fetch("/api/reminders", signed_in=False)).status == 401
        assert (await glasses.fetch("/webview")).status == 200

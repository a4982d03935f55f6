"""Reminders: told to the assistant, shown on the glasses at their time, edited on a page."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mentra import (
    AppServer,
    AppSession,
    Channel,
    Request,
    Response,
    Timer,
    ToolError,
    ToolResponse,
    WebError,
    route,
    tool,
)

from reminders import Reminder, find, in_order, moment, seconds_to_next, with_time

PAGE = Path(__file__).with_name("page.html")
LINES = 4
"""How many reminders are shown at once."""
LIST_STAYS_S = 10.0
REMINDER_STAYS_S = 30.0

Which = Annotated[str, "The id of the reminder, or words of its text"]


@dataclass(kw_only=True)
class Edit:
    """A reminder as the page sends it."""

    text: str
    due: datetime | None = None
    done: bool = False

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("text is empty")
        if self.due is not None and self.due.tzinfo is None:
            raise ValueError("due has no time zone")


class RemindersApp(AppServer):
    """Save reminders by voice, see them when they are due, and edit them on a page."""

    permissions = ()

    def __init__(self) -> None:
        super().__init__()
        self._pages: Channel[list[Reminder]] = Channel()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._timers: dict[str, Timer] = {}

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        if zone := session.settings.system.timezone:
            await session.storage.set("timezone", zone.key)  # For tools, which may be called without a session.
        await self._show_list(session)
        self._set_timer(session, await self._load(user_id))

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        self._timers.pop(session_id, None)

    # What the assistant can do.

    @tool(phrases=["remind me", "set a reminder", "add todo"])
    async def add_reminder(self, user_id: str, text: str, day: date | None = None, at: time | None = None) -> str:
        """Save a reminder. The user is reminded at the day and the time, if they named one.

        Args:
            text: What to remind the user of.
            day: The day.
            at: The time of day.
        """
        reminder = Reminder(text=text, due=moment(day, at, await self._now(user_id)))
        async with self._changing(user_id) as reminders:
            reminders.append(reminder)
        return await self._show_change(user_id, "Added", reminder)

    @tool(phrases=["what are my reminders", "show me my reminders", "what are my to-dos"])
    async def list_reminders(
        self, user_id: str, include_done: bool = False, show: bool = True
    ) -> ToolResponse | list[Reminder]:
        """List the reminders of the user.

        Args:
            include_done: Whether to list those that are done, too.
            show: Whether the user wants to see them; false to look something up in them.
        """
        session = self.session_for(user_id)
        if show and session and session.has_display:
            await self._show_list(session)
            return ToolResponse.TAKE_CONTROL
        return in_order([one for one in await self._load(user_id) if include_done or not one.done])

    @tool(phrases=["mark reminder complete", "finish to-do", "reopen reminder"])
    async def mark_reminder(self, user_id: str, which: Which, done: bool = True) -> str:
        """Mark a reminder as done, or as not done after all."""
        async with self._changing(user_id) as reminders:
            reminder = _the_one(reminders, which)
            reminder.done = done
        return await self._show_change(user_id, "Done" if done else "Not done", reminder)

    @tool(phrases=["delete reminder", "remove to-do"])
    async def delete_reminder(self, user_id: str, which: Which) -> str:
        """Delete a reminder."""
        async with self._changing(user_id) as reminders:
            reminder = _the_one(reminders, which)
            reminders.remove(reminder)
        return await self._show_change(user_id, "Deleted", reminder)

    # What the glasses show.

    async def _show_list(self, session: AppSession) -> None:
        now = await self._now(session.user_id)
        reminders = in_order(await self._load(session.user_id))
        lines = [f"{'✓' if one.done else '□'} {with_time(one, now)}" for one in reminders[:LINES]]
        title = f"Your reminders ({len(lines)} of {len(reminders)}):"
        empty = 'You have no reminders. Say "Hey Mira, remind me to ..."'
        session.layouts.show_text_wall("\n".join([title, *lines]) if lines else empty, duration=LIST_STAYS_S)

    async def _show_change(self, user_id: str, what: str, reminder: Reminder) -> str:
        text = f"{what}: {with_time(reminder, await self._now(user_id))}"
        if session := self.session_for(user_id):
            session.layouts.show_text_wall(text, duration=LIST_STAYS_S)
        return text

    def _set_timer(self, session: AppSession, reminders: list[Reminder]) -> None:
        """Wake up when the next reminder is due; at once if it was while the app did not run."""
        if timer := self._timers.pop(session.session_id, None):
            timer.cancel()
        if (seconds := seconds_to_next(reminders)) is not None:
            self._timers[session.session_id] = session.call_later(seconds, lambda: self._remind(session))

    async def _remind(self, session: AppSession) -> None:
        async with self._changing(session.user_id) as reminders:
            due = [one for one in reminders if one.is_due()]
            for one in due:
                one.told = True
        if due:
            text = "\n".join(one.text for one in due)
            session.layouts.show_reference_card("Reminder", text, duration=REMINDER_STAYS_S)
            await session.audio.speak(f"Reminder: {text}")

    # Where the reminders are.

    async def _load(self, user_id: str) -> list[Reminder]:
        return await self.storage_for(user_id).get_json("reminders", [], as_type=list[Reminder])

    @contextlib.asynccontextmanager
    async def _changing(self, user_id: str) -> AsyncGenerator[list[Reminder], None]:
        """Change the list inside the block. After it, it is stored, and page and timer know of it."""
        async with self._locks[user_id.lower()]:
            reminders = await self._load(user_id)
            yield reminders
            await self.storage_for(user_id).set_json("reminders", reminders)
        self._pages.publish(user_id, in_order(reminders))
        if session := self.session_for(user_id):
            self._set_timer(session, reminders)

    async def _now(self, user_id: str) -> datetime:
        """Return the time where the user is, as MentraOS or the page told it; else where this computer is."""
        name = await self.storage_for(user_id).get("timezone")
        return datetime.now(UTC).astimezone(ZoneInfo(name) if name else None)

    # The page.

    @route.get("/webview", auth=True)
    def page(self, request: Request) -> Response:
        """The list, to be edited."""
        return Response.html(PAGE.read_text("utf-8"))

    @route.put("/api/timezone", auth=True)
    async def set_timezone(self, request: Request) -> None:
        """Take note where the user is."""
        try:
            zone = ZoneInfo(request.json(str))
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise WebError(400, str(error)) from error
        await self.storage_for(request.user_id).set("timezone", zone.key)

    @route.get("/api/live", auth=True)
    def live(self, request: Request) -> AsyncIterator[list[Reminder]]:
        """All reminders, whenever one has changed."""
        return self._pages.listen(request.user_id)

    @route.get("/api/reminders", auth=True)
    async def all_reminders(self, request: Request) -> list[Reminder]:
        """All reminders now."""
        return in_order(await self._load(request.user_id))

    @route.post("/api/reminders", auth=True)
    async def add(self, request: Request) -> Reminder:
        """Add one."""
        edit = request.json(Edit)
        reminder = Reminder(text=edit.text, due=edit.due, done=edit.done)
        async with self._changing(request.user_id) as reminders:
            reminders.append(reminder)
        return reminder

    @route.put("/api/reminders/{id}", auth=True)
    async def edit(self, request: Request) -> Reminder:
        """Change one."""
        edit = request.json(Edit)
        async with self._changing(request.user_id) as reminders:
            reminder = _requested(reminders, request)
            reminder.told = reminder.told and reminder.due == edit.due
            reminder.text, reminder.due, reminder.done = edit.text, edit.due, edit.done
        return reminder

    @route.delete("/api/reminders/{id}", auth=True)
    async def delete(self, request: Request) -> None:
        """Delete one."""
        async with self._changing(request.user_id) as reminders:
            reminders.remove(_requested(reminders, request))


def _the_one(reminders: list[Reminder], which: str) -> Reminder:
    """Return the reminder that the assistant means."""
    found = find(reminders, which)
    if len(found) != 1:
        problem = "Several reminders match" if found else "No reminder matches"
        raise ToolError(
            f"{problem} {which!r}. There are: " + "; ".join(f"{one.id}: {one.text}" for one in found or reminders)
        )
    return found[0]


def _requested(reminders: list[Reminder], request: Request) -> Reminder:
    """Return the reminder in the path of a request."""
    for reminder in reminders:
        if reminder.id == request.params["id"]:
            return reminder
    raise WebError(404, "There is no such reminder any more.")


if __name__ == "__main__":
    RemindersApp().run()

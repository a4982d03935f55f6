"""The control interface about the program that has it: what happened, and that it shall end."""

import asyncio
import os
from collections.abc import Callable, Mapping

import msgspec

from mentra_cli.dev.control_messages import Handler, LogEntries, LogEntry, Logs, Request, Stop, Stopping
from mentra_cli.dev.entry_json import entry_json
from mentra_cli.dev.journal import Journal
from mentra_cli.dev.views.describe import describe
from mentra_cli.dev.views.lines import plain
from mentra_cli.dev.waits import Waits

MAX_ENTRIES = 500
"""How many entries one answer has, unless the last so many are asked for."""


class Program:
    """Answers what is wanted of the program itself, whatever it does.

    Args:
        stop: Lets it end.
    """

    def __init__(self, journal: Journal, waits: Waits, stop: Callable[[], object]) -> None:
        self._journal = journal
        self._waits = waits
        self._end = stop

    def handlers(self) -> Mapping[type[Request], Handler]:
        """Return what answers each request."""
        return {Logs: self._logs, Stop: self._stop}

    async def _logs(self, asked: Logs) -> LogEntries:
        clock = asyncio.get_running_loop().time
        until = clock() + asked.wait_s
        happened = asyncio.Event()
        forget = self._journal.read(lambda _: happened.set())
        missed = 0
        try:
            while True:
                happened.clear()
                found = self._found(asked)
                missed += found.missed
                if found.entries or self._waits.ended or clock() >= until:
                    return msgspec.structs.replace(found, missed=missed)
                # What is not wanted is looked at once.
                asked = msgspec.structs.replace(asked, after=found.next)
                await self._waits.until(happened, until - clock())
        finally:
            forget()

    def _found(self, asked: Logs) -> LogEntries:
        entries = self._journal.after(asked.after)
        oldest = entries[0].number if entries else asked.after + 1
        found: list[LogEntry] = []
        number = asked.after if entries else self._journal.count
        more = False
        for entry in entries:
            if asked.last is None and len(found) == MAX_ENTRIES:
                more = True
                break
            number = entry.number
            told = LogEntry(entry=msgspec.Raw(entry_json(entry)), text=plain(describe(entry), entry.time))
            if asked.filter.lower() in f"{told.text}\n{bytes(told.entry).decode()}".lower():
                found.append(told)
        if asked.last is not None:
            found = found[max(0, len(found) - asked.last) :]
        return LogEntries(
            entries=found, next=number, missed=max(0, oldest - asked.after - 1), more=more, ended=self._waits.ended
        )

    async def _stop(self, _: Stop) -> Stopping:
        self._end()
        return Stopping(pid=os.getpid())

"""The control interface for the developer: how things are, what happened, load anew, replay, end."""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from mentra.localcloud import VirtualGlasses
from mentra.protocol import codec
from mentra.protocol.cloud_to_app import DataStream
from mentra_cli import __version__
from mentra_cli.dev.control_messages import (
    AppStatus,
    Handler,
    LogEntries,
    LogEntry,
    Logs,
    Problem,
    Refused,
    Replay,
    Replayed,
    Request,
    Restart,
    Restarted,
    SessionStatus,
    Status,
    StatusNow,
    Stop,
    Stopping,
    UserStatus,
)
from mentra_cli.dev.entry_json import entry_json
from mentra_cli.dev.journal import Entry, Frame, Journal, Loaded
from mentra_cli.dev.local_users import LocalUsers, perceived
from mentra_cli.dev.options import DevOptions
from mentra_cli.dev.relay import Relay
from mentra_cli.dev.relayed_session import RelayedSession
from mentra_cli.dev.reports import Failed
from mentra_cli.dev.serving import ServingCode
from mentra_cli.dev.views.describe import describe
from mentra_cli.dev.views.lines import plain
from mentra_cli.dev.waits import Waits
from mentra_cli.dev.wearer import reaction

LOAD_WITHIN_S = 40.0
"""How long a load is waited for; a child is given up earlier."""
MAX_ENTRIES = 500
"""How many entries one answer has, unless the last so many are asked for."""


class Supervised(Protocol):
    """What the control interface needs of the supervisor."""

    journal: Journal
    relay: Relay
    user: LocalUsers | None
    code: ServingCode
    on_stop_requested: Callable[[], object]

    @property
    def url(self) -> str:
        """Where the public port is reached."""
        ...


class Developer:
    """Answers what a developer, or a program that works for one, wants of ``mentra dev`` itself."""

    def __init__(self, dev: Supervised, options: DevOptions, waits: Waits) -> None:
        self._dev = dev
        self._options = options
        self._waits = waits
        self._has_loaded = False
        dev.journal.read(self._take_note)

    def handlers(self) -> Mapping[type[Request], Handler]:
        """Return what answers each request."""
        return {
            Status: self._status,
            Logs: self._logs,
            Restart: self._restart,
            Replay: self._replay,
            Stop: self._stop,
        }

    def _take_note(self, entry: Entry) -> None:
        self._has_loaded = self._has_loaded or isinstance(entry, Loaded)

    async def _status(self, _: Status) -> StatusNow:
        dev, code, app = self._dev, self._dev.code, self._dev.code.app
        return StatusNow(
            cloud=self._options.cloud_shown,
            url=dev.url,
            file=self._options.app,
            found=self._options.found,
            app=None if app is None else AppStatus(name=app.name, package_name=app.package_name, how=app.how),
            problem=_problem(code),
            sessions=[
                SessionStatus(session_id=each.request.session_id, user=each.request.user_id, connected=each.live)
                for each in dev.relay.sessions()
            ],
            users=[_user_status(each) for each in (dev.user.all_glasses if dev.user else ())],
            reloads=code.reloads,
            last_load_ms=round(code.last_load_s * 1000, 1) if self._has_loaded else None,
            last_entry=dev.journal.count,
            pid=os.getpid(),
            mentra=__version__,
        )

    async def _logs(self, asked: Logs) -> LogEntries:
        clock = asyncio.get_running_loop().time
        until = clock() + asked.wait_s
        happened = asyncio.Event()
        forget = self._dev.journal.read(lambda _: happened.set())
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
        entries = self._dev.journal.after(asked.after)
        oldest = entries[0].number if entries else asked.after + 1
        found: list[LogEntry] = []
        number = asked.after if entries else self._dev.journal.count
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

    async def _restart(self, _: Restart) -> Restarted:
        code = self._dev.code
        reloading = asyncio.ensure_future(code.reload())
        await asyncio.wait([reloading], timeout=LOAD_WITHIN_S)
        if not reloading.done():
            reloading.cancel()
            raise Refused(504, "The code was not loaded in time.", "See what it waits for: mentra logs")
        if reloading.cancelled():
            raise Refused(503, "mentra dev is ending.")
        outcome = reloading.result()
        if isinstance(outcome, Failed):
            return Restarted(loaded=False, problem=_as_problem(outcome), still_serving=code.app is not None)
        took_ms = round(code.last_load_s * 1000, 1)
        await code.begun()
        return Restarted(loaded=True, took_ms=took_ms, problem=_problem(code), still_serving=code.app is not None)

    async def _replay(self, asked: Replay) -> Replayed:
        sessions = {session.request.session_id: session for session in self._dev.relay.sessions()}
        entry, event = self._event(asked.number, sessions)
        session = sessions[entry.session_id]
        users = self._dev.user
        if users is None or session.request.mentraos_websocket_url != users.cloud.websocket_url:
            session.from_cloud(entry.text)
            return Replayed(number=entry.number, stream=event.stream_type, user=entry.user_id, display=None)
        glasses = await users.glasses_of(entry.user_id)

        async def happen() -> None:
            session.from_cloud(entry.text)

        await reaction(glasses, happen, self._waits)
        return Replayed(number=entry.number, stream=event.stream_type, user=entry.user_id, display=glasses.display)

    def _event(self, number: int | None, sessions: Mapping[str, RelayedSession]) -> tuple[Frame, DataStream]:
        """Find the event to replay.

        Raises:
            Refused: There is none.
        """
        for entry in reversed(self._dev.journal.after(0)):
            if number not in (None, entry.number):
                continue
            event = codec.decode_from_cloud(entry.text) if isinstance(entry, Frame) and not entry.from_app else None
            if isinstance(entry, Frame) and isinstance(event, DataStream):
                if entry.session_id in sessions:
                    return entry, event
                if number is not None:
                    raise Refused(409, f"The session of entry {number}, {entry.session_id}, has ended.")
            elif number is not None:
                raise Refused(
                    409,
                    f"Entry {number} is no event of a stream.",
                    'Only frames with "type": "data_stream" can be replayed: mentra logs --filter data_stream',
                )
        if number is not None:
            raise Refused(404, f"There is no entry {number}.", "See which are kept: mentra logs --json")
        raise Refused(404, "Nothing has happened yet that could be replayed.", 'Make something happen: mentra say "hi"')

    async def _stop(self, _: Stop) -> Stopping:
        self._dev.on_stop_requested()
        return Stopping(pid=os.getpid())


def _problem(code: ServingCode) -> Problem | None:
    failure = code.problem
    return None if failure is None else _as_problem(failure, in_on_session=code.failure is None)


def _as_problem(failure: Failed, *, in_on_session: bool = False) -> Problem:
    return Problem(
        message=failure.message, fix=failure.fix, file=failure.file, line=failure.line, in_on_session=in_on_session
    )


def _user_status(glasses: VirtualGlasses) -> UserStatus:
    now = perceived(glasses)
    return UserStatus(
        user=glasses.user_id,
        display=glasses.display,
        light=now.light,
        sound=now.sound,
        video=now.video,
        running=bool(glasses.running),
    )

"""The control interface for the developer: how the code is, load it anew, replay."""

import asyncio
import os
from collections.abc import Mapping
from typing import Protocol

from mentra_cli import __version__
from mentra_cli.dev.control_messages import (
    AppStatus,
    Handler,
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
)
from mentra_cli.dev.journal import Entry, Journal, Loaded
from mentra_cli.dev.local_users import LocalUsers
from mentra_cli.dev.options import DevOptions
from mentra_cli.dev.relay import Relay
from mentra_cli.dev.replay import event_to_replay
from mentra_cli.dev.reports import Failed
from mentra_cli.dev.serving import ServingCode
from mentra_cli.dev.waits import Waits
from mentra_cli.dev.wearer import reaction

LOAD_WITHIN_S = 40.0
"""How long a load is waited for; a child is given up earlier."""


class Supervised(Protocol):
    """What it needs of the supervisor."""

    journal: Journal
    relay: Relay
    user: LocalUsers | None
    code: ServingCode

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
            Restart: self._restart,
            Replay: self._replay,
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
            users=dev.user.status() if dev.user else [],
            reloads=code.reloads,
            last_load_ms=round(code.last_load_s * 1000, 1) if self._has_loaded else None,
            last_entry=dev.journal.count,
            pid=os.getpid(),
            mentra=__version__,
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
        entry, event = event_to_replay(self._dev.journal, asked.number, sessions)
        session = sessions[entry.session_id]
        users = self._dev.user
        if users is None or session.request.older_websocket_url != users.cloud.websocket_url:
            session.from_cloud(entry.text)
            return Replayed(number=entry.number, stream=event.stream_type, user=entry.user_id, display=None)
        glasses = await users.glasses_of(entry.user_id)

        async def happen() -> None:
            session.from_cloud(entry.text)

        await reaction(glasses, happen, self._waits)
        return Replayed(number=entry.number, stream=event.stream_type, user=entry.user_id, display=glasses.display)


def _problem(code: ServingCode) -> Problem | None:
    failure = code.problem
    return None if failure is None else _as_problem(failure, in_on_session=code.failure is None)


def _as_problem(failure: Failed, *, in_on_session: bool = False) -> Problem:
    return Problem(
        message=failure.message, fix=failure.fix, file=failure.file, line=failure.line, in_on_session=in_on_session
    )

"""Who is connected. A start joins a start of the same request; a stop happens exactly once.

The rules:

* A repetition of a start request (same timestamp) changes nothing and succeeds when the first one does. A different
  request for a live session means that the cloud begins anew: the old session ends first, its socket closed.
* ``on_session`` of a new session waits until ``on_stop`` of the session before it, with the same id, is done. So app
  code that keeps things by session id is never tidied up by a predecessor.
* ``on_stop`` runs once for each session whose ``on_session`` was called; then what the session wants cleaned up.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from mentra.errors import NotConnected, SessionStopped
from mentra.protocol.base import Timestamp
from mentra.protocol.settings import Setting
from mentra.protocol.webhooks import SessionRequest
from mentra.session.cloud_api import CloudApi
from mentra.session.core import SessionCore
from mentra.session.handlers import call_handler
from mentra.session.once import Once
from mentra.session.session import AppSession
from mentra.session.stop_reason import StopReason
from mentra.session.tasks import uninterrupted

ON_STOP_WITHIN_S = 10.0
"""How long ``on_session`` waits for the ``on_stop`` before it."""
MAX_STARTS = 1000
"""How many sessions may be connecting at once: anybody can ask for more of them, and each asks the cloud."""
REMEMBERED_USERS = 10_000
"""For how many users it is remembered which cloud their last session was on."""
CANCEL_WITHIN_S = 1.0
"""How long a cancelled ``on_stop`` may take to clean up when the server stops."""
SILENT_FOR_S = 1.0
"""When a stop of the server takes longer than this, the log tells what it waits for."""

_logger = logging.getLogger("mentra.server")


class Hooks(Protocol):
    """What an app does with its sessions."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        """A session began."""

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        """A session ended."""


MakeSession = Callable[[SessionRequest, Callable[[SessionCore, str], None]], SessionCore]
"""Makes a session, not yet connected; the second argument is to be called when its connection is gone for good."""


class Sessions:
    """All sessions of one app."""

    def __init__(self, hooks: Hooks, make_session: MakeSession) -> None:
        self._hooks = hooks
        self._make_session = make_session
        self._live: dict[str, SessionCore] = {}
        self._public: dict[str, AppSession] = {}
        """What app code gets of the live ones."""
        self._users: dict[str, tuple[str, ...]] = {}
        """The ids of the live sessions of each user, whose id is in lower case here."""
        self._starts: dict[str, _Start] = {}
        self._endings: dict[str, tuple[_Ending, ...]] = {}
        """By session id."""
        self._clouds: dict[str, CloudApi] = {}
        """Where the last users were whose session has ended."""
        self._closed = False
        self._over = self._end  # One bound method for all sessions, which keep it.

    @property
    def closed(self) -> bool:
        """Whether the server stops, or has stopped."""
        return self._closed

    @property
    def by_id(self) -> Mapping[str, AppSession]:
        """The connected sessions by session id; read-only, always current."""
        return MappingProxyType(self._public)

    def of_user(self, user_id: str) -> list[AppSession]:
        """Return the sessions of one user; e-mail addresses are compared without case."""
        return [self._public[session_id] for session_id in self._users.get(user_id.lower(), ())]

    def cores_of(self, user_id: str) -> list[SessionCore]:
        """Return the inside of the sessions of one user."""
        return [self._live[session_id] for session_id in self._users.get(user_id.lower(), ())]

    async def start(self, request: SessionRequest) -> None:
        """Connect the session that the cloud asks for, and have ``on_session`` called. Returns once connected.

        Raises:
            MentraError: It could not be connected; ``on_session`` is not called.
        """
        if self._closed:
            raise SessionStopped("This server is stopping.")
        live = self._live.get(request.session_id)
        if live and live.started_by == request.timestamp:
            return
        start = self._starts.get(request.session_id)
        if start is None or start.timestamp != request.timestamp:
            if len(self._starts) >= MAX_STARTS:
                raise NotConnected(f"Already {MAX_STARTS} sessions are being connected.")
            # Made first: a request that names an untrusted cloud must not disturb the session that is there.
            session = self._make_session(request, self._over)
            start = self._begin_start(request, session, earlier=start)
        # Not the task itself: when the cloud gives up on its request the connection stays, and that is what counts.
        await start.over.wait()
        if (error := start.error) is not None:
            try:
                raise error
            finally:
                del start, error  # They would hold each other, by the frame that the error has come through.
        if start.was_cancelled and self._closed:
            raise SessionStopped("This server is stopping.")
        # Or it was stopped or started anew by the cloud itself. As a failure it would be repeated a second later
        # (docs/protocol.md, HTTP), and the repetition would replace the session that is there by then.

    def end(self, session_id: str, reason: str) -> None:
        """End a session, connected or still connecting; an unknown one is none of our business."""
        if start := self._starts.get(session_id):
            start.task.cancel()
        if session := self._live.get(session_id):
            self._end(session, reason)

    def update_settings(self, user_id: str, settings: list[Setting]) -> int:
        """Give new settings to the sessions of a user; return how many there are."""
        sessions = self.cores_of(user_id)
        for session in sessions:
            session.settings.update(settings)
        return len(sessions)

    def runs(self, task: asyncio.Task[Any] | None) -> bool:
        """Return whether a task belongs to a session: app code that runs in it runs for one user."""
        return self.ends_in(task) or any(task in session.tasks for session in self._live.values())

    def cloud_of(self, user_id: str) -> CloudApi | None:
        """Return the cloud of a user's session, or of the last one if there is none now."""
        live = self.cores_of(user_id)
        return live[-1].api if live else self._clouds.get(user_id.lower())

    def ends_in(self, task: asyncio.Task[Any] | None) -> bool:
        """Return whether a task is the end of a session: it runs that session's ``on_stop``."""
        return any(ending.task is task for ending in self._all_endings())

    async def close(self, reason: str, *, timeout: float) -> None:
        """End all sessions, and wait for their ``on_stop`` as long as the timeout allows."""
        self._closed = True
        for session_id in [*self._starts, *self._live]:
            self.end(session_id, reason)
        tasks = [task for start in self._starts.values() for task in start.with_earlier()]
        tasks += [ending.task for ending in self._all_endings()]
        late = await _not_ended(tasks, within_s=min(timeout, SILENT_FOR_S))
        if late and timeout > SILENT_FOR_S:
            _logger.info("Sessions whose on_stop still runs: %d. They have %g s in all.", len(late), timeout)
            late = await _not_ended(late, within_s=timeout - SILENT_FOR_S)
        if late and timeout > 0:
            _logger.warning("Sessions whose on_stop took longer than %g s: %d. It is cancelled.", timeout, len(late))
        for task in late:
            task.cancel()
        await _not_ended(late, within_s=CANCEL_WITHIN_S)

    def _begin_start(self, request: SessionRequest, session: SessionCore, *, earlier: "_Start | None") -> "_Start":
        if earlier is not None:
            earlier.task.cancel()  # Here, not in the new task: that one may be cancelled before it runs at all.
        start = self._starts[request.session_id] = _Start(request.timestamp, earlier)
        # By the loop: asyncio.create_task would make the task with a name of its own first.
        run, name = self._run(session, earlier), f"on_session of {session.session_id}"
        start.task = asyncio.get_running_loop().create_task(run, name=name)
        start.task.add_done_callback(lambda task: self._run_ended(session, start, task))
        return start

    async def _run(self, session: SessionCore, earlier: "_Start | None") -> None:
        """Connect a session, then have ``on_session`` called: in one task, as another would cost 10 us."""
        session_id = session.session_id
        is_first = earlier is None and session_id not in self._live and session_id not in self._endings
        predecessors = () if is_first else await self._make_way(session_id, earlier)
        public = AppSession(session)  # Before the first message: some come right behind the acknowledgement.
        await session.open()
        if session.stop_reason is not None:
            raise SessionStopped(f"The session ended at once: {session.stop_reason!r}.")
        self._add(session, public)
        start = self._starts[session_id]  # That of this session: another one would have cancelled this.
        session.tasks.adopt(start.task)
        self._start_over(session_id, start)
        if predecessors:
            _, late = await asyncio.wait([ending.task for ending in predecessors], timeout=ON_STOP_WITHIN_S)
            if late:
                session.logger.warning("on_stop of the session before is still running after %g s.", ON_STOP_WITHIN_S)
            del late
        # They hold this frame, by the task, or what has ended; on_session may take as long as the session.
        del start, earlier, predecessors
        session.begun = True
        await call_handler(
            self._hooks.on_session,
            public,
            session_id,
            session.user_id,
            logger=session.logger,
            failed=session.failed,
            in_session=True,
        )

    async def _make_way(self, session_id: str, earlier: "_Start | None") -> "tuple[_Ending, ...]":
        """End what there is of this session; return those whose ``on_stop`` may still run."""
        if earlier is not None:
            # Also when this one is cancelled in its turn: the next start must find the socket of the first one closed.
            await uninterrupted(asyncio.wait([earlier.task]))
        if old := self._live.get(session_id):
            self._end(old, StopReason.REPLACED, release=True)
        predecessors = self._endings.get(session_id, ())
        for ending in predecessors:
            await ending.session.disconnected.wait()  # Set within the time that Link.close takes, CLOSE_WITHIN_S.
        return predecessors

    def _run_ended(self, session: SessionCore, start: "_Start", task: "asyncio.Task[None]") -> None:
        if not start.over.has_happened:
            if session.stop_reason is None:  # Otherwise it is being closed.
                session.give_up()  # It may have been cancelled before it was opened.
            start.was_cancelled = task.cancelled()
            start.error = None if task.cancelled() else task.exception()
            self._start_over(session.session_id, start)

    def _start_over(self, session_id: str, start: "_Start") -> None:
        if self._starts.get(session_id) is start:
            del self._starts[session_id]
            if start.earlier is not None and not start.earlier.task.done():
                self._starts[session_id] = start.earlier  # Its socket is still being closed.
        start.earlier = None
        start.over.set()

    def _end(self, session: SessionCore, reason: str, *, release: bool = False) -> None:
        if session.end(reason):
            if self._live.get(session.session_id) is session:
                self._remove(session)
                self._remember_cloud(session)
            ending = _Ending(session, asyncio.create_task(self._finish(session, reason, release=release)))
            self._endings[session.session_id] = (*self._endings.get(session.session_id, ()), ending)
            ending.task.add_done_callback(lambda _: self._finished(ending))

    async def _finish(self, session: SessionCore, reason: str, *, release: bool) -> None:
        try:
            await session.close(release=release)
            if session.begun:
                await call_handler(
                    self._hooks.on_stop,
                    session.session_id,
                    session.user_id,
                    reason,
                    logger=session.logger,
                    failed=session.failed,
                )
        finally:
            # After on_stop, which may still use what they close.
            await session.clean_up()

    def _all_endings(self) -> "Iterator[_Ending]":
        return itertools.chain.from_iterable(self._endings.values())

    def _add(self, session: SessionCore, public: AppSession) -> None:
        session_id, user = session.session_id, _lower(session.user_id)
        self._live[session_id] = session
        self._public[session_id] = public
        others = self._users.get(user)
        self._users[user] = (session_id,) if others is None else (*others, session_id)

    def _remove(self, session: SessionCore) -> None:
        session_id, user = session.session_id, _lower(session.user_id)
        del self._live[session_id], self._public[session_id]
        others = tuple(other for other in self._users[user] if other != session_id)
        if others:
            self._users[user] = others
        else:
            del self._users[user]

    def _remember_cloud(self, session: SessionCore) -> None:
        user = _lower(session.user_id)
        self._clouds.pop(user, None)  # So that the last ones stay.
        self._clouds[user] = session.api
        if len(self._clouds) > REMEMBERED_USERS:
            del self._clouds[next(iter(self._clouds))]

    def _finished(self, ending: "_Ending") -> None:
        session = ending.session
        others = tuple(other for other in self._endings[session.session_id] if other is not ending)
        if others:
            self._endings[session.session_id] = others
        else:
            del self._endings[session.session_id]
        session.stopped.set()
        if not ending.task.cancelled() and (error := ending.task.exception()):
            session.logger.error("Ending the session failed.", exc_info=error)


class _Start:
    """A start under way.

    Attributes:
        earlier: The one that it replaced.
        task: Connects the session, and then runs its ``on_session``.
        over: Set when the session is connected, or will not be.
        was_cancelled: Whether that was given up: by the cloud, or because the server stops.
        error: Why it is not, if it was not given up.
    """

    __slots__ = ("earlier", "error", "over", "task", "timestamp", "was_cancelled")

    task: asyncio.Task[None]

    def __init__(self, timestamp: Timestamp | None, earlier: "_Start | None") -> None:
        self.timestamp = timestamp
        self.earlier = earlier
        self.over = Once()
        self.error: BaseException | None = None
        self.was_cancelled = False

    def with_earlier(self) -> Iterator[asyncio.Task[None]]:
        """Yield its task and those of the starts before it."""
        start: _Start | None = self
        while start is not None:
            yield start.task
            start = start.earlier


@dataclass(frozen=True, slots=True)
class _Ending:
    """An end under way."""

    session: SessionCore
    task: asyncio.Task[None]


async def _not_ended(tasks: Collection[asyncio.Task[None]], *, within_s: float) -> set[asyncio.Task[None]]:
    return (await asyncio.wait(tasks, timeout=within_s))[1] if tasks else set()


def _lower(user_id: str) -> str:
    """Return a user id in lower case: the same object if it is that, which nearly all are."""
    lower = user_id.lower()
    return user_id if lower == user_id else lower

"""Which code serves the sessions, and how newer code takes over from it.

The rules:

* New code is loaded beside the code that serves. It takes over if it is ready, and each live session starts in it;
  otherwise nothing changes but what is shown.
* A newer save ends a load that is under way: the newest code is what counts.
* The code before stays until the new code has lived for ``PROVEN_AFTER_S``. If the new code ends by itself within that
  time, or does not start the sessions, they go back to the code before, which noticed nothing.
* Code that ends by itself later is started again, unless it had only just begun: then a save does it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mentra.protocol.connection import session_id_of
from mentra.session.stop_reason import StopReason
from mentra_cli.dev.children import Child, Observer, Starter
from mentra_cli.dev.clouds import Clouds
from mentra_cli.dev.front_door import NO_ANSWER, FrontDoor
from mentra_cli.dev.journal import AppError, AppOutput, Blocked, Journal, Loaded, LoadFailed, Note
from mentra_cli.dev.relay import Relay
from mentra_cli.dev.relayed_session import RelayedSession
from mentra_cli.dev.reports import BlockedLoop, Failed, Outcome, Raised, Ready
from mentra_cli.errors import CliError

_logger = logging.getLogger(__name__)

PROVEN_AFTER_S = 2.0
"""How long the code before stays. Code that ends sooner would end again: without other code, a save restarts it."""
_BEGUN_AFTER_S = 0.15
"""How long ``on_session`` of new code is given to fail, where somebody asks."""
_SLOW_AFTER_S = 2.0
"""A load that takes longer is mentioned."""
_AT_ONCE_S = 0.3
"""How long sessions may take to start in new code before a newer save goes first."""
_STARTED_WITHIN_S = 3.0
"""... and after which new code counts as blocked."""
_KEPT = 2
"""How much code before the present one stays, where saves follow each other quickly."""
_LAST_WORDS = "What it printed last may tell why."
_DIES_WITHIN_S = 0.5
"""How long it may take to learn that code which did not answer has ended."""
_PREPARE_AFTER_S = 0.05
"""How long after a load the next start is prepared: the sessions go first."""

ReadEnvironment = Callable[[], Mapping[str, str]]
"""Returns the environment that the app is to have; raises ``CliError``."""


@dataclass(eq=False)
class _Code:
    """Code that has taken over, at some time."""

    child: Child
    ready: Ready
    since: float
    ended: asyncio.Task[int]
    """Done when the child has ended, with its exit code."""
    is_let_go: bool = False
    problem: Failed | None = None
    """What its ``on_session`` raised first."""
    has_problem: asyncio.Event = field(default_factory=asyncio.Event)
    held_back: list[AppError] | None = field(default_factory=list[AppError])
    """What it raised before it was told whether it serves; ``None`` afterwards."""


class ServingCode(Observer):
    """The code that serves, and what comes before and after it.

    Args:
        taken_over: Called after each change, with the code that serves now.

    Attributes:
        failure: Why the newest code does not serve; ``None`` when it does.
        reloads: How many times newer code has taken over.
        last_load_s: How long the last successful load took.
    """

    def __init__(
        self,
        starter: Starter,
        journal: Journal,
        relay: Relay,
        front_door: FrontDoor,
        clouds: Clouds,
        *,
        environment: ReadEnvironment,
        taken_over: Callable[[Ready], Coroutine[Any, Any, None]],
    ) -> None:
        self.failure: Failed | None = None
        self.reloads = 0
        self.last_load_s = 0.0
        self._starter = starter
        self._journal = journal
        self._relay = relay
        self._front_door = front_door
        self._clouds = clouds
        self._environment = environment
        self._taken_over = taken_over
        self._current: _Code | None = None
        self._before: list[_Code] = []
        """What one can go back to, the newest last."""
        self._children: set[Child] = set()
        """Every one that has not ended: loading, serving, or ending."""
        self._files: set[Path] | None = set()
        """The files of the app; ``None`` when any may be one."""
        self._saved = asyncio.Event()
        self._loaded_once = asyncio.Event()
        self._asked: list[asyncio.Future[Outcome]] = []
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._preparing: asyncio.TimerHandle | None = None

    @property
    def app(self) -> Ready | None:
        """The app as it serves now; ``None`` when no code does."""
        return self._current.ready if self._current else None

    @property
    def problem(self) -> Failed | None:
        """Why the newest code does not serve, or what ``on_session`` raised in the code that does."""
        return self.failure or (self._current.problem if self._current else None)

    def matters(self, file: Path) -> bool:
        """Return whether a change of a source file is a change of the app."""
        # After a failure any source file may be the missing piece.
        return self.failure is not None or self._current is None or self._files is None or file in self._files

    def save(self) -> None:
        """Load the code as it is now."""
        self._saved.set()

    async def reload(self) -> Outcome:
        """Load the code as it is now, changed or not, and tell how that went."""
        asked: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self.save()
        return await asked

    async def begun(self) -> None:
        """Wait a moment for ``on_session``, which may fail at once; then ``problem`` tells."""
        if self._current is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BEGUN_AFTER_S):
                    await self._current.has_problem.wait()

    async def open(self) -> None:
        """Load the code for the first time, and after each save from then on. Returns after the first time."""
        self._own(self._load_forever(), name="load the code")
        await self._loaded_once.wait()

    async def close(self) -> None:
        """End all code, with its sessions."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._preparing is not None:
            self._preparing.cancel()
        self._current = None
        self._before.clear()
        for asked in self._asked:
            asked.cancel()
        await asyncio.gather(*(self._end(child, StopReason.SERVER_STOPPED) for child in list(self._children)))
        await self._starter.close()

    def kill(self) -> None:
        """End all children at once, whatever they do."""
        for child in self._children:
            child.kill()

    # What a child says (Observer).

    def printed(self, stream: str, line: str) -> None:
        """Put a line of the app into the journal."""
        self._journal.add(AppOutput(stream=stream, line=line))

    def blocked(self, report: BlockedLoop) -> None:
        """Put it into the journal that the app blocked its event loop."""
        self._journal.add(
            Blocked(
                place=f"{report.file}:{report.line}",
                function=report.function,
                blocked_s=report.blocked_s,
                code=report.code,
            )
        )

    def raised(self, child: Child, report: Raised) -> None:
        """Put into the journal what the app raised; ``on_session`` is what all else depends on."""
        error = AppError(failure=report.failure, user_id=report.user_id, in_on_session=report.in_on_session)
        code = self._current if self._current is not None and self._current.child is child else None
        if code is not None and code.held_back is not None:
            code.held_back.append(error)
        else:
            self._journal.add(error)
        if report.in_on_session and code is not None and code.problem is None:
            code.problem = report.failure
            code.has_problem.set()

    def imported(self, files: list[str]) -> None:
        """Take note of files that the app imported after its start."""
        if self._files is not None:
            self._files.update(Path(file) for file in files)

    # Loading.

    async def _load_forever(self) -> None:
        """Load the code, now and after each save. Whatever befalls one load, the next save gets another."""
        while True:
            self._saved.clear()
            asked, self._asked = self._asked, []
            outcome: Outcome | None
            try:
                outcome = await self._load()
            except Exception as error:
                _logger.exception("A change of code failed.")
                outcome = Failed(message=f"The app could not be started: {error!r}")
                self._fail(outcome)
            if outcome is None:
                self._asked += asked  # A newer save goes first, and answers for both.
            else:
                _answer(asked, outcome)
            self._loaded_once.set()
            self._prepare_soon()
            await self._saved.wait()

    async def _load(self) -> Outcome | None:
        """Load the code as it is now, and let it take over if it is good; ``None`` if a newer save came first."""
        began = _clock()
        try:
            child = await self._starter.start(self._environment(), self)
        except CliError as error:
            failed = Failed(message=error.message, fix=error.fix)
            self._fail(failed)
            return failed
        self._children.add(child)
        outcome = await self._outcome(child)
        if isinstance(outcome, Ready):
            ended = asyncio.create_task(child.wait(), name="wait for the app's process")
            return await self._take_over(_Code(child, outcome, _clock(), ended), began)
        child.kill()
        await self._end(child, StopReason.SERVER_STOPPED)
        if outcome is not None:
            self._fail(outcome)
        return outcome

    async def _outcome(self, child: Child) -> Outcome | None:
        """Wait for what a child reports; ``None`` when a save comes first."""
        reporting = asyncio.create_task(child.report())
        saved = asyncio.create_task(self._saved.wait())
        try:
            done, _ = await asyncio.wait([reporting, saved], timeout=_SLOW_AFTER_S, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self._journal.add(Note(text="The code is still loading. What does it wait for while it starts?"))
                await asyncio.wait([reporting, saved], return_when=asyncio.FIRST_COMPLETED)
            return reporting.result() if reporting.done() else None
        finally:
            reporting.cancel()
            saved.cancel()

    def _fail(self, failure: Failed) -> None:
        self.failure = failure
        self._journal.add(LoadFailed(failure=failure, still_serving=self._current is not None))

    def _prepare_soon(self) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
        self._preparing = asyncio.get_running_loop().call_later(_PREPARE_AFTER_S, self._prepare)

    def _prepare(self) -> None:
        self._starter.prepare(self._current.ready.modules if self._current else [])

    # Changing.

    async def _take_over(self, new: _Code, began: float) -> Outcome | None:
        """Let new code take over; if it does not start the sessions, it has failed like code that does not load."""
        async with self._changing:
            old, self._current = self._current, new
            self._journal.keep_secret(new.ready.api_key)
            self._lead_to(new)
            if old is not None:
                self._clouds.read_after(self._own(old.child.store(), name="store what the old code has written"))
            sessions = [one for one in self._relay.sessions() if not _is_of_other_app(one, old, new)]
            failed = await self._start_all(sessions, new, can_go_back=old is not None)
            if failed is not None and old is not None:
                self._tell_errors(new)
                self._let_go(new, StopReason.SERVER_STOPPED)
                overtaken = self._saved.is_set()
                await self._return_to(old, None if overtaken else failed)
                return None if overtaken else failed
            if old is not None:
                self._keep(old)
            files = new.ready.files
            self._files = None if files is None else {Path(file) for file in files}
            self.failure = None
            self.last_load_s = _clock() - began
            self.reloads += old is not None
            if not new.ended.done():
                self._journal.add(
                    Loaded(how=new.ready.how, took_s=self.last_load_s, again=old is not None, sessions=len(sessions))
                )
            self._tell_errors(new)
        self._own(self._mourn(new), name="let other code take its place")
        self._own(self._prove(new), name="end the old code")
        self._own(self._taken_over(new.ready), name="start the app for its users")
        return new.ready

    def _tell_errors(self, code: _Code) -> None:
        """Put into the journal what code has raised while it took over: behind the word that it serves."""
        errors, code.held_back = code.held_back or [], None
        for error in errors:
            self._journal.add(error)

    async def _start_all(self, sessions: list[RelayedSession], code: _Code, *, can_go_back: bool) -> Failed | None:
        """Start sessions in new code; return what is wrong if it does not start them all."""
        starting = asyncio.gather(*(self._start_in(one, code) for one in sessions))
        saved = asyncio.create_task(self._saved.wait())
        try:
            await asyncio.wait([starting], timeout=_AT_ONCE_S)
            either: list[asyncio.Future[Any]] = [starting, saved]
            await asyncio.wait(either, timeout=_STARTED_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                return Failed(
                    message="The new code does not start its sessions: its event loop is blocked.",
                    fix="Await what takes long in on_session, or use asyncio.to_thread.",
                )
            problems = [reply for reply in starting.result() if reply]
        finally:
            starting.cancel()
            saved.cancel()
        if code.ended.done():
            return Failed(message=_died(code), fix=_LAST_WORDS)
        if not problems:
            return None
        if not can_go_back:
            for session, problem in zip(sessions, starting.result(), strict=True):
                self._give_up(session, problem)
        return Failed(message=f"The new code does not start its sessions: {problems[0]}")

    async def _start_in(self, session: RelayedSession, code: _Code) -> str:
        """Start a session in some code; return what is wrong, or nothing."""
        reply = await self._front_door.start_session(code, self._relay.hand_over(session))
        if reply.status == NO_ANSWER:
            await asyncio.wait([code.ended], timeout=_DIES_WITHIN_S)
        return "" if reply.status < 300 else reply.body.decode(errors="replace")

    def _give_up(self, session: RelayedSession, problem: str) -> None:
        if problem:
            session.end()
            text = f"The session of {session.request.user_id} did not start in the new code: {problem}"
            fix = "Its connection was closed: the cloud starts it anew in a few seconds."
            self._journal.add(Note(text=text, fix=fix, is_problem=True))

    async def _prove(self, code: _Code) -> None:
        """Let the code before go once this code has lived for a while."""
        await asyncio.sleep(PROVEN_AFTER_S)
        async with self._changing:
            if self._current is code:
                while self._before:
                    self._let_go(self._before.pop(), StopReason.RELOAD)

    def _keep(self, code: _Code) -> None:
        """Keep code to go back to: the newest, and the one before that which had proved itself."""
        self._before.append(code)
        if len(self._before) > _KEPT:
            self._let_go(self._before.pop(1), StopReason.RELOAD)

    def _let_go(self, code: _Code, reason: str) -> None:
        if code.is_let_go:
            return
        code.is_let_go = True
        self._own(self._end(code.child, reason), name="end code that does not serve")

    async def _mourn(self, code: _Code) -> None:
        """Wait for the end of code; if it still served, let other code take its place."""
        await asyncio.shield(code.ended)
        async with self._changing:
            # It is gone; what it had started must not stay.
            self._let_go(code, StopReason.SERVER_STOPPED)
            if code in self._before:
                self._before.remove(code)
            if code is not self._current:
                return
            died = _died(code)
            self._current = None
            if self._before:
                await self._return_to(self._before.pop(), Failed(message=died, fix=_LAST_WORDS))
                return
            self._lead_to(None)
            restart = _clock() - code.since > PROVEN_AFTER_S
            self.failure = Failed(
                message=died, fix="It is started again." if restart else "Save a file to start it again."
            )
            self._journal.add(Note(text=died, fix=self.failure.fix, is_problem=True))
            if restart:
                self.save()

    async def _return_to(self, code: _Code, failed: Failed | None) -> None:
        """Let the code in reserve serve again, as if nothing had happened."""
        self._current = code
        self._lead_to(code)
        rest = [session for session in self._relay.sessions() if not session.take_back()]
        for session, problem in zip(
            rest, await asyncio.gather(*(self._start_in(one, code) for one in rest)), strict=True
        ):
            self._give_up(session, problem)
        if failed is not None:
            self._fail(failed)
        self._own(self._taken_over(code.ready), name="start the app for its users")

    def _lead_to(self, code: _Code | None) -> None:
        self._clouds.app = code.ready if code else None
        self._front_door.lead_to(code)

    async def _end(self, child: Child, reason: str) -> None:
        await child.stop(reason)
        self._children.discard(child)

    def _own(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            text = f"Internal error in {task.get_name()!r}: {error!r}"
            self._journal.add(Note(text=text, fix="Please report this.", is_problem=True))


def _is_of_other_app(session: RelayedSession, old: _Code | None, new: _Code) -> bool:
    """Return whether a session was for the package that the code had before: it ends with it."""
    if old is None or old.ready.package_name == new.ready.package_name:
        return False
    return session.request.session_id == session_id_of(session.request.user_id, old.ready.package_name)


def _died(code: _Code) -> str:
    lived_s = _clock() - code.since
    return f"The app's process ended by itself, with exit code {code.ended.result()}, after {lived_s:.1f} s."


def _answer(asked: list[asyncio.Future[Outcome]], outcome: Outcome) -> None:
    for future in asked:
        if not future.done():
            future.set_result(outcome)


def _clock() -> float:
    """Return the loop's clock, in seconds: a virtual one in tests."""
    return asyncio.get_running_loop().time()

"""Which code serves the sessions, and how newer code takes over from it.

The rules:

* New code is loaded beside the code that serves. It takes over if it is ready, and each live session starts in it;
  otherwise nothing changes but what is shown.
* A newer save ends a load that is under way: the newest code is what counts.
* The code before stays until the new code has lived for ``PROVEN_AFTER_S``. If the new code ends by itself within that
  time, the sessions go back to the code before, which noticed nothing.
* Code that ends by itself later is started again, unless it had only just begun: then a save does it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentra.session.stop_reason import StopReason
from mentra_cli.dev.children import Child, Observer, Starter
from mentra_cli.dev.clouds import Clouds
from mentra_cli.dev.front_door import NO_ANSWER, FrontDoor
from mentra_cli.dev.journal import AppOutput, Blocked, Journal, Loaded, LoadFailed, Note
from mentra_cli.dev.relay import Relay
from mentra_cli.dev.relayed_session import RelayedSession
from mentra_cli.dev.reports import BlockedLoop, Failed, Outcome, Ready
from mentra_cli.errors import CliError

_logger = logging.getLogger(__name__)

PROVEN_AFTER_S = 1.0
"""How long the code before stays."""
_SLOW_AFTER_S = 2.0
"""A load that takes longer is mentioned."""
_CRASH_WITHIN_S = 2.0
"""Code that ends sooner than this after its start would end again: a save restarts it, and nothing else."""
_DIES_WITHIN_S = 0.5
"""How long it may take to learn that code which did not answer has ended."""
_PREPARE_AFTER_S = 0.05
"""How long after a load the next start is prepared: the sessions go first."""

ReadEnvironment = Callable[[], Mapping[str, str]]
"""Returns the environment that the app is to have; raises ``CliError``."""


@dataclass(frozen=True, eq=False)
class _Code:
    """Code that has taken over, at some time."""

    child: Child
    ready: Ready
    since: float
    ended: asyncio.Task[int]
    """Done when the child has ended, with its exit code."""


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
        taken_over: Callable[[Ready], Awaitable[None]],
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
        self._now: _Code | None = None
        self._before: _Code | None = None
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
        return self._now.ready if self._now else None

    def matters(self, file: Path) -> bool:
        """Return whether a change of a source file is a change of the app."""
        # After a failure any source file may be the missing piece.
        return self.failure is not None or self._now is None or self._files is None or file in self._files

    def save(self) -> None:
        """Load the code as it is now."""
        self._saved.set()

    async def reload(self) -> Outcome:
        """Load the code as it is now, changed or not, and tell how that went."""
        asked: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self.save()
        return await asked

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
        self._now = self._before = None
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
        began = _now()
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
            await self._take_over(_Code(child, outcome, _now(), ended), began)
            return outcome
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
                self._journal.add(Note(text="The code is still loading. What does it wait for while it is imported?"))
                await asyncio.wait([reporting, saved], return_when=asyncio.FIRST_COMPLETED)
            return reporting.result() if reporting.done() else None
        finally:
            reporting.cancel()
            saved.cancel()

    def _fail(self, failure: Failed) -> None:
        self.failure = failure
        self._journal.add(LoadFailed(failure=failure, still_serving=self._now is not None))

    def _prepare_soon(self) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
        self._preparing = asyncio.get_running_loop().call_later(_PREPARE_AFTER_S, self._prepare)

    def _prepare(self) -> None:
        self._starter.prepare(self._now.ready.modules if self._now else [])

    # Changing.

    async def _take_over(self, new: _Code, began: float) -> None:
        async with self._changing:
            old, self._now = self._now, new
            self._replace_before(old)
            files = new.ready.files
            self._files = None if files is None else {Path(file) for file in files}
            self.failure = None
            self._journal.keep_secret(new.ready.api_key)
            self._lead_to(new)
            sessions = self._relay.sessions()
            await asyncio.gather(*(self._hand_over(session, new) for session in sessions))
            self.last_load_s = _now() - began
            self.reloads += old is not None
            if not new.ended.done():
                self._journal.add(
                    Loaded(how=new.ready.how, took_s=self.last_load_s, again=old is not None, sessions=len(sessions))
                )
        self._own(self._mourn(new), name="let other code take its place")
        if old is not None:
            self._own(self._prove(new, old), name="end the old code")
        await self._taken_over(new.ready)

    async def _hand_over(self, session: RelayedSession, code: _Code) -> None:
        reply = await self._front_door.start_session(code, self._relay.hand_over(session))
        if reply.status < 300:
            return
        if reply.status == NO_ANSWER:
            await asyncio.wait([code.ended], timeout=_DIES_WITHIN_S)
        if code.ended.done():
            return  # The session waits for the code that takes its place.
        session.end()
        self._journal.add(
            Note(
                text=f"The session of {session.request.user_id} did not start in the new code: "
                f"{reply.body.decode(errors='replace')}",
                fix="Its connection was closed: the cloud starts it anew in a few seconds.",
                is_problem=True,
            )
        )

    async def _prove(self, new: _Code, old: _Code) -> None:
        """Let the old code go once the new code has lived for a while."""
        await asyncio.sleep(PROVEN_AFTER_S)
        async with self._changing:
            if self._now is new and self._before is old:
                self._replace_before(None)

    def _replace_before(self, code: _Code | None) -> None:
        before, self._before = self._before, code
        if before is not None:
            self._own(self._end(before.child, StopReason.RELOAD), name="end the old code")

    async def _mourn(self, code: _Code) -> None:
        """Wait for the end of code; if it still served, let other code take its place."""
        exit_code = await asyncio.shield(code.ended)
        async with self._changing:
            if code is self._before:
                self._before = None
            if code is not self._now:
                return
            code.child.kill()  # It is gone; what it had started must not stay.
            self._children.discard(code.child)
            lived_s = _now() - code.since
            died = f"The app's process ended by itself, with exit code {exit_code}, after {lived_s:.1f} s."
            before, self._now, self._before = self._before, None, None
            if before is not None:
                await self._fall_back(before, died)
                return
            self._lead_to(None)
            restart = lived_s > _CRASH_WITHIN_S
            self.failure = Failed(
                message=died, fix="It is started again." if restart else "Save a file to start it again."
            )
            self._journal.add(Note(text=died, fix=self.failure.fix, is_problem=True))
            if restart:
                self.save()

    async def _fall_back(self, before: _Code, died: str) -> None:
        self._now = before
        self._lead_to(before)
        rest = [session for session in self._relay.sessions() if not session.take_back()]
        await asyncio.gather(*(self._hand_over(session, before) for session in rest))
        self._fail(Failed(message=died, fix="What it printed last may tell why."))
        await self._taken_over(before.ready)

    def _lead_to(self, code: _Code | None) -> None:
        self._clouds.app = code.ready if code else None
        self._front_door.lead_to(code)

    async def _end(self, child: Child, reason: str) -> None:
        await child.stop(reason)
        self._children.discard(child)

    def _own(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            text = f"Internal error in {task.get_name()!r}: {error!r}"
            self._journal.add(Note(text=text, fix="Please report this.", is_problem=True))


def _answer(asked: list[asyncio.Future[Outcome]], outcome: Outcome) -> None:
    for future in asked:
        if not future.done():
            future.set_result(outcome)


def _now() -> float:
    """Return the loop's clock, in seconds: a virtual one in tests."""
    return asyncio.get_running_loop().time()

"""``mentra dev``: joins the parts of this package, and changes the code under them.

    clouds ──HTTP──▶ front door ──▶ current child (the developer's app)
    clouds ◀─sockets─ relay ◀─sockets─┘

A change of code: start a child with the new code; if it is ready, hand each live session over to it; end the old one.
If it is not ready, the old one goes on.
"""

import asyncio
import contextlib
import errno
import functools
import logging
import os
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from mentra.config import DEFAULT_PORT
from mentra.session.stop_reason import StopReason
from mentra.transport.base import Listener, Network
from mentra.transport.sockets import SocketNetwork
from mentra_cli.dev import state_file
from mentra_cli.dev.children import Child, ChildProcess, Output, files_of
from mentra_cli.dev.clouds import Clouds
from mentra_cli.dev.control import Control
from mentra_cli.dev.front_door import FrontDoor
from mentra_cli.dev.journal import AppOutput, Journal, Loaded, LoadFailed, Note
from mentra_cli.dev.local_user import LocalUser
from mentra_cli.dev.options import DevOptions
from mentra_cli.dev.relay import Relay
from mentra_cli.dev.relayed_session import RelayedSession
from mentra_cli.dev.reports import Failed, Ready, Report
from mentra_cli.dev.watch import MatchesApp, changes
from mentra_cli.environment import Environment, load_environment
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.local_key import LOCAL_PREFIX
from mentra_cli.location import Location, locate

_logger = logging.getLogger(__name__)

_WATCH_AGAIN_AFTER_S = 5.0
_MAX_BODY_BYTES = 16 * 1024 * 1024
"""What passes the public port: an app in another language may take photos. The app itself has its own limit."""
_SLOW_AFTER_S = 2.0
"""A load that takes longer is mentioned, and given up for a newer save."""
_CRASH_WITHIN_S = 2.0
"""A child that ends sooner than this after its start would end again: a save restarts it, and nothing else."""


StartChild = Callable[[Location, Mapping[str, str], Output], Awaitable[Child]]
"""Starts a child for an app with an environment; see ``ChildProcess.start``."""

Watch = Callable[[Path, MatchesApp, Callable[[], bool]], AsyncGenerator[set[Path], None]]
"""Yields the files of a folder that changed; see ``changes``."""


class Supervisor:
    """Everything that outlives a change of the developer's code."""

    def __init__(
        self,
        options: DevOptions,
        journal: Journal,
        *,
        network: Network | None = None,
        start_child: StartChild = ChildProcess.start,
        watch: Watch = changes,
    ) -> None:
        self.journal = journal
        self.user = None if options.cloud else LocalUser(journal)
        self._options = options
        self._root = options.location.root
        self._network = network or SocketNetwork()
        self._start_child = start_child
        self._watch_files = watch
        self._clouds = Clouds(self._network, self.user, options.cloud)
        self.relay = Relay(journal, self._clouds.find, self._clouds.is_key)
        self._front_door = FrontDoor(self._network, journal, self.relay.admit)
        self._token = secrets.token_urlsafe(24)
        self._control = Control(self.user, self._token)
        self._public: Listener | None = None
        self._child: Child | None = None
        """The one that serves."""
        self._children: set[Child] = set()
        """Every one that has not ended: loading, serving, or ending."""
        self._files: set[Path] = set()
        self._load_failed = False
        self._saved = asyncio.Event()
        self._loaded_once = asyncio.Event()
        self._port_asked = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """Where the public port is reached."""
        return self._public.url if self._public else ""

    async def open(self) -> None:
        """Take the ports and find no code yet; ``load`` comes next.

        Raises:
            CliError: The public port is taken.
        """
        async with contextlib.AsyncExitStack() as opened:
            opened.push_async_callback(self._network.close)
            self._public = await self._listen()
            opened.push_async_callback(self._public.close)
            await self.relay.open(self._network, self._clouds.handle_rest)
            opened.push_async_callback(self.relay.close)
            await self._control.open(self._network)
            opened.push_async_callback(self._control.close)
            if self.user is not None:
                await self.user.open(self._front_door.handle)
                opened.push_async_callback(self.user.close)
            opened.callback(state_file.remove, self._root)
            state_file.write(self._root, self._state())
            opened.push_async_callback(self._end_children)
            opened.push_async_callback(self._end_tasks)
            self._opened = opened.pop_all()

    async def load(self) -> None:
        """Load the app, attach the built-in user, and watch for saves from now on.

        Code that cannot be loaded is no error here: it is in the journal, and the next save is awaited.
        """
        self._own(self._watch(), name="watch files")
        self._own(self._reload(), name="load the code")
        await self._loaded_once.wait()

    async def close(self) -> None:
        """End the app, free the port, leave nothing behind."""
        opened, self._opened = self._opened, contextlib.AsyncExitStack()
        await opened.aclose()

    async def say(self, text: str) -> None:
        """Speak to the app through the built-in user."""
        if self.user is None:
            self.journal.add(Note(text="There are no virtual glasses here: speak to the real ones.", is_problem=True))
        else:
            await self.user.say(text)

    def kill(self) -> None:
        """End all children at once, whatever they do."""
        for child in self._children:
            child.kill()

    @functools.cached_property
    def _defaults(self) -> dict[str, str]:
        """What an app without credentials gets, so that it can be tried before there are any."""
        if self.user is None:
            return {}
        return {
            "PACKAGE_NAME": "com.example.app",
            "API_KEY": f"{LOCAL_PREFIX}{secrets.token_hex(16)}",
        }

    def environment(self) -> Environment:
        """Read the project's environment, as it is now."""
        return load_environment(self._root, env_file=self._options.env_file, shell=os.environ)

    def _state(self) -> state_file.DevState:
        return state_file.DevState(
            pid=os.getpid(),
            port=int(self.url.rpartition(":")[2]),
            control_url=self._control.url,
            cloud_url=self.relay.http_url,
            token=self._token,
        )

    async def _end_children(self) -> None:
        self._child = None
        if self.user is not None:
            self.user.look_away()
        await asyncio.gather(*(self._end(child, StopReason.SERVER_STOPPED) for child in list(self._children)))

    async def _end(self, child: Child, reason: str) -> None:
        await child.stop(reason)
        self._children.discard(child)

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # Loading and changing the code.

    async def _change_code(self) -> None:
        """Load the code as it is now, and let it take over if it is good."""
        self._saved.clear()
        began = _now()
        try:
            location = locate(self._options.target, self._options.folder)
            environment = self.environment()
        except CliError as error:
            self._failed(Failed(message=error.message, fix=error.fix))
            return
        self._note_environment(environment)
        values = self._defaults | environment.values
        for name in ("API_KEY", "MENTRAOS_API_KEY"):
            self.journal.keep_secret(values.get(name, ""))
        child = await self._start_child(location, values, self._printed)
        self._children.add(child)
        report = await self._report(child)
        if isinstance(report, Ready):
            self._files = files_of(report)
            await self._switch_to(child, report, began)
            return
        child.kill()
        await self._end(child, StopReason.SERVER_STOPPED)
        if report is not None:
            self._files |= files_of(report)
            self._failed(report)

    async def _report(self, child: Child) -> Report | None:
        """Wait for what a child reports; ``None`` when a save comes while it seems to hang."""
        reporting = asyncio.create_task(child.report())
        saved = asyncio.create_task(self._saved.wait())
        try:
            done, _ = await asyncio.wait([reporting], timeout=_SLOW_AFTER_S)
            if not done:
                self.journal.add(Note(text="The code is still loading. What does it wait for while it is imported?"))
                await asyncio.wait([reporting, saved], return_when=asyncio.FIRST_COMPLETED)
            return reporting.result() if reporting.done() else None
        finally:
            reporting.cancel()
            saved.cancel()

    def _failed(self, failure: Failed) -> None:
        self._load_failed = True
        self.journal.add(LoadFailed(failure=failure, still_serving=self._child is not None))

    def _note_environment(self, environment: Environment) -> None:
        for problem in environment.problems:
            where = f"{problem.file.name}:{problem.line}" if problem.line else problem.file.name
            self.journal.add(Note(text=f"{where} {problem.message}.", is_problem=True))
        port = environment.values.get("PORT", str(DEFAULT_PORT))
        if self._options.port is None and port != self._port_asked:
            self._port_asked = port
            self.journal.add(
                Note(text=f"PORT is {port} now.", fix="To use it, end mentra dev and start it again.", is_problem=True)
            )

    async def _switch_to(self, child: Child, ready: Ready, began: float) -> None:
        old, self._child, self._clouds.app = self._child, child, ready
        self._load_failed = False
        self.journal.keep_secret(ready.api_key)
        self._front_door.lead_to(ready)
        sessions = self.relay.sessions()
        await asyncio.gather(*(self._hand_over(session, ready) for session in sessions))
        self.journal.add(Loaded(how=ready.how, took_s=_now() - began, again=old is not None, sessions=len(sessions)))
        self._own(self._mourn(child, _now()), name="wait for the app's process")
        if old is not None:
            self._own(self._end(old, StopReason.RELOAD), name="end the old code")
        if self.user is not None:
            await self.user.wear(ready)

    async def _hand_over(self, session: RelayedSession, ready: Ready) -> None:
        reply = await self._front_door.start_session(ready, self.relay.hand_over(session))
        if reply.status >= 300:
            session.end()
            self.journal.add(
                Note(
                    text=f"The session of {session.request.user_id} did not start in the new code: "
                    f"{reply.body.decode(errors='replace')}",
                    fix="Its connection was closed: the cloud starts it anew in a few seconds.",
                    is_problem=True,
                )
            )

    async def _mourn(self, child: Child, since: float) -> None:
        """Wait for the end of a child; if it was still the current one, start another."""
        code = await child.wait()
        if child is not self._child:
            return
        self._child = self._clouds.app = None
        child.kill()  # It is gone; what it had started must not stay.
        self._children.discard(child)
        self._front_door.lead_to(None)
        lived_s = _now() - since
        restart = lived_s > _CRASH_WITHIN_S
        self.journal.add(
            Note(
                text=f"The app's process ended by itself, with exit code {code}, after {lived_s:.1f} s.",
                fix="Starting it again." if restart else "Save a file to start it again.",
                is_problem=True,
            )
        )
        if restart:
            self._saved.set()

    async def _watch(self) -> None:
        """Take note of saves. Whatever befalls the watching, it goes on: without it nothing would ever reload."""
        while True:
            try:
                async for changed in self._watch_files(self._root, self._matters, lambda: self._child is None):
                    names = ", ".join(sorted(file.relative_to(self._root).as_posix() for file in changed))
                    self.journal.add(Note(text=f"Changed: {names}"))
                    self._saved.set()
            except Exception as error:  # noqa: BLE001 - the watcher's library raises errors of its own.
                self.journal.add(Note(text=f"Watching the files failed, and is tried again: {error}", is_problem=True))
            await asyncio.sleep(_WATCH_AGAIN_AFTER_S)

    async def _reload(self) -> None:
        """Load the code, now and after each save. Whatever befalls one load, the next save gets another."""
        while True:
            try:
                await self._change_code()
            except Exception as error:
                _logger.exception("A change of code failed.")
                self.journal.add(Note(text=f"The app could not be started: {error!r}", is_problem=True))
            self._loaded_once.set()
            await self._saved.wait()

    def _matters(self, file: Path) -> bool:
        # After a failure any source file may be the missing piece.
        return self._load_failed or self._child is None or file in self._files

    def _printed(self, stream: str, line: str) -> None:
        self.journal.add(AppOutput(stream=stream, line=line))

    async def _listen(self) -> Listener:
        port = self._port()
        try:
            return await self._network.listen(
                self._options.host, port, self._front_door.handle, max_body_bytes=_MAX_BODY_BYTES
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CliError(
                    f"Port {port} is already in use, perhaps by another mentra dev.",
                    fix=f"Stop the program that uses it, or choose another port: mentra dev --port {port + 1}",
                ) from error
            raise CliError(
                f"Port {port} on {self._options.host} cannot be used: {error.strerror or error}.",
                fix=f"Choose another port: mentra dev --port {DEFAULT_PORT}",
            ) from error

    def _port(self) -> int:
        if self._options.port is not None:
            return self._options.port
        text = self._port_asked = self.environment().values.get("PORT", str(DEFAULT_PORT))
        if not text.isdecimal() or int(text) > 65535:
            raise CliError(
                f"PORT is {text!r}, which is no port number.",
                fix="Set PORT in .env to a number from 1 to 65535.",
                code=ExitCode.VALIDATION,
            )
        return int(text)

    def _own(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            text = f"Internal error in {task.get_name()!r}: {error!r}"
            self.journal.add(Note(text=text, fix="Please report this.", is_problem=True))


def _now() -> float:
    """Return the loop's clock, in seconds: a virtual one in tests."""
    return asyncio.get_running_loop().time()

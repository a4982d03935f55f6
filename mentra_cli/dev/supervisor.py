"""``mentra dev``: joins the parts of this package.

    clouds ──HTTP──▶ front door ──▶ current child (the developer's app)
    clouds ◀─sockets─ relay ◀─sockets─┘

How new code takes over is in ``serving.py``.
"""

import asyncio
import contextlib
import dataclasses
import errno
import functools
import os
import secrets
from collections.abc import Callable, Mapping

from mentra.config import DEFAULT_PORT
from mentra.localcloud import DEFAULT_MODEL
from mentra.transport.base import Listener, Network
from mentra.transport.sockets import SocketNetwork
from mentra_cli.console_file import FILE
from mentra_cli.dev import state_file
from mentra_cli.dev.built_in_cloud import BuiltInCloud
from mentra_cli.dev.children import Starter
from mentra_cli.dev.clouds import Clouds
from mentra_cli.dev.command import Command
from mentra_cli.dev.console_record import ConsoleRecord
from mentra_cli.dev.control import Control
from mentra_cli.dev.developer import Developer
from mentra_cli.dev.front_door import MAX_BODY_BYTES, FrontDoor
from mentra_cli.dev.journal import Journal, Note, Started
from mentra_cli.dev.neighbour import refuse_neighbour
from mentra_cli.dev.network import NetworkTrouble
from mentra_cli.dev.options import DevOptions
from mentra_cli.dev.phone import Phone
from mentra_cli.dev.program import Program
from mentra_cli.dev.relay import Relay
from mentra_cli.dev.reports import Ready
from mentra_cli.dev.serving import ServingCode
from mentra_cli.dev.sources import ANY_LANGUAGE, PYTHON
from mentra_cli.dev.spares import Spares
from mentra_cli.dev.waits import Waits
from mentra_cli.dev.watch import POLL_EVERY_MS, FileWatch, Watch, why_polling
from mentra_cli.dev.wearer import Wearer
from mentra_cli.environment import Environment, load_environment
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.local_key import LOCAL_PREFIX
from mentra_cli.location import Location, locate, watched_extras

_WATCH_AGAIN_AFTER_S = 5.0
_POLLING = "WATCHFILES_FORCE_POLLING"
"""What people set for other tools that watch files with the same library."""


class Supervisor:
    """Everything that outlives a change of the developer's code."""

    def __init__(
        self,
        options: DevOptions,
        journal: Journal,
        *,
        network: Network | None = None,
        starter: Starter | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.journal = journal
        self._built_in = (
            None
            if options.cloud
            else BuiltInCloud(journal, model=options.glasses or DEFAULT_MODEL, faithful=options.faithful)
        )
        self.user = self._built_in.users if self._built_in else None
        self._console = ConsoleRecord(options.root / FILE, journal)
        self._options = options
        self._root = options.root
        self._network = network or SocketNetwork()
        self._base = ANY_LANGUAGE if options.command else PYTHON
        self._sources = self._base
        self._watch = watch
        self._clouds = Clouds(self._network, self._built_in, options.cloud, journal)
        self.relay = Relay(journal, self._clouds.find, self._clouds.is_key)
        self._front_door = FrontDoor(journal, self.relay.admit, sign_in=self.user is None)
        self.code = ServingCode(
            starter or self._starter(),
            journal,
            self.relay,
            self._front_door,
            self._clouds,
            environment=self._app_environment,
            taken_over=self._taken_over,
        )
        self.on_stop_requested: Callable[[], object] = lambda: None
        """Called when another program asks ``mentra dev`` to end."""
        self._token = secrets.token_urlsafe(24)
        self._control = self._make_control()
        self._public: Listener | None = None
        self._port_asked = ""
        self._watching: asyncio.Task[None] | None = None
        self._opened = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """Where the public port is reached."""
        return self._public.url if self._public else ""

    async def open(self) -> None:
        """Take the ports and find no code yet; ``load`` comes next.

        Raises:
            CliError: The public port is taken, or another mentra dev runs in this folder.
        """
        async with contextlib.AsyncExitStack() as opened:
            opened.push_async_callback(self._network.close)
            await refuse_neighbour(self._network, self._root)
            self._public = await self._listen()
            opened.push_async_callback(self._public.close)
            await self.relay.open(self._network, self._clouds.handle_rest)
            opened.push_async_callback(self.relay.close)
            await self._control.open(self._network)
            opened.push_async_callback(self._control.close)
            if self._built_in is not None:
                await self._built_in.open(self._front_door.handle)
                opened.push_async_callback(self._built_in.close)
            opened.callback(state_file.remove, self._root)
            state_file.write(self._root, self._state())
            opened.push_async_callback(self._end_code)
            self._opened = opened.pop_all()
        self.journal.add(Started(url=self.url, cloud=self._options.cloud_shown))

    async def load(self) -> None:
        """Load the app, attach the built-in user, and watch for saves from now on.

        Code that cannot be loaded is no error here: it is in the journal, and the next save is awaited.
        """
        self._watching = asyncio.create_task(self._watch_files(), name="watch files")
        await self.code.open()

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
        self.code.kill()

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

    def _make_control(self) -> Control:
        waits = Waits()
        handlers = {
            **Wearer(self.user, waits).handlers(),
            **NetworkTrouble(self.user).handlers(),
            **Phone(self.user, server_url=lambda: self.url, cloud_url=lambda: self.relay.http_url).handlers(),
            **Developer(self, self._options, waits).handlers(),
            **Program(self.journal, waits, lambda: self.on_stop_requested()).handlers(),
        }
        return Control(self._token, waits, handlers)

    def _state(self) -> state_file.DevState:
        return state_file.DevState(
            pid=os.getpid(),
            port=int(self.url.rpartition(":")[2]),
            control_url=self._control.url,
            cloud_url=self.relay.http_url,
            token=self._token,
        )

    async def _end_code(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        if self.user is not None:
            self.user.look_away()
        await self.code.close()

    def _app_environment(self) -> Mapping[str, str]:
        self._sources = dataclasses.replace(self._base, extras=watched_extras(self._root))
        if isinstance(self._watch, FileWatch):
            self._watch.learn_sources()  # Now: what is saved from here on is a change.
        environment = self.environment()
        self._note_environment(environment)
        values = self._defaults | environment.values
        if "MENTRAOS_API_KEY" in environment.values and "API_KEY" not in environment.values:
            del values["API_KEY"]  # The app reads either name, and this one first.
        values["PORT"] = self.url.rpartition(":")[2]  # Where it is reached, whatever the command line said.
        values.setdefault("PUBLIC_URL", self.url)  # Good enough for virtual glasses; phones need the tunnel's.
        if self._options.command and self.user is not None:
            # For the official SDK, which knows no other way. Ours asks, once it needs it.
            values.setdefault("MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY", self.user.cloud.user_token_key())
        for name in ("API_KEY", "MENTRAOS_API_KEY"):
            self.journal.keep_secret(values.get(name, ""))
        return values

    def _starter(self) -> Starter:
        if self._options.command:
            return Command(self._options.command, self._root)
        return Spares(self._root, self._locate, self._clouds.handle_rest, self.relay.accept)

    def _locate(self) -> Location:
        return locate(self._options.target, self._options.folder)

    def _note_environment(self, environment: Environment) -> None:
        for problem in environment.problems:
            where = f"{problem.file.name}:{problem.line}" if problem.line else problem.file.name
            self.journal.add(Note(text=f"{where} {problem.message}", is_problem=True))
        port = environment.values.get("PORT", str(DEFAULT_PORT))
        if self._options.port is None and port != self._port_asked:
            self._port_asked = port
            self.journal.add(
                Note(text=f"PORT is {port} now.", fix="To use it, end mentra dev and start it again.", is_problem=True)
            )

    async def _taken_over(self, app: Ready) -> None:
        if self._built_in is not None:
            await self._built_in.wear(self._console.of(app))

    async def _watch_files(self) -> None:
        """Take note of saves. Whatever befalls the watching, it goes on: without it nothing would ever reload."""
        self._watch = watch = self._watch or self._file_watch()
        while True:
            try:
                async for changed in watch.changes(self.code.matters, lambda: self.code.app is None):
                    names = ", ".join(sorted(file.relative_to(self._root).as_posix() for file in changed))
                    self.journal.add(Note(text=f"Changed: {names}"))
                    self.code.save()
            except Exception as error:  # noqa: BLE001 - the watcher's library raises errors of its own.
                self.journal.add(Note(text=f"Watching the files failed, and is tried again: {error}", is_problem=True))
            await asyncio.sleep(_WATCH_AGAIN_AFTER_S)

    def _file_watch(self) -> Watch:
        asked = {"--poll was given": self._options.poll, f"{_POLLING} is set": os.environ.get(_POLLING)}
        reason = next((reason for reason, wish in asked.items() if wish), "") or why_polling(self._root)
        if reason:
            self._note_polling(reason, is_problem=False)
        return FileWatch(self._root, lambda: self._sources, polling=bool(reason), cannot=self._note_polling)

    def _note_polling(self, reason: str, *, is_problem: bool = True) -> None:
        self.journal.add(
            Note(text=f"Files are looked at every {POLL_EVERY_MS} ms for changes: {reason}.", is_problem=is_problem)
        )

    async def _listen(self) -> Listener:
        port = self._port()
        try:
            return await self._network.listen(
                self._options.host, port, self._front_door.handle, max_body_bytes=MAX_BODY_BYTES
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

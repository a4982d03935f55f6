"""``mentra cloud``: joins the parts of this package.

apps ──sockets, REST──▶ observed network ──▶ local cloud ──▶ virtual glasses
apps ◀──webhooks────────┘      │
└──▶ journal ──▶ views
"""

import asyncio
import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from mentra.localcloud import DEFAULT_USER, LocalCloud
from mentra.transport.base import Network
from mentra.transport.sockets import SocketNetwork
from mentra_cli.cloud.app_servers import AppServers
from mentra_cli.cloud.observed_network import ObservedNetwork
from mentra_cli.cloud.operator import Operator
from mentra_cli.cloud.options import CloudOptions
from mentra_cli.dev import state_file
from mentra_cli.dev.control import Control
from mentra_cli.dev.journal import Journal, Note, Started
from mentra_cli.dev.local_users import Advice, LocalApp, LocalUsers
from mentra_cli.dev.neighbour import refuse_neighbour
from mentra_cli.dev.network import NetworkTrouble
from mentra_cli.dev.phone import Phone
from mentra_cli.dev.program import Program
from mentra_cli.dev.waits import Waits
from mentra_cli.dev.wearer import Wearer
from mentra_cli.errors import CliError

STOP_WITHIN_S = 1.5
"""How long apps have to end their sessions."""
_ADVICE = Advice(
    start_again="Once that is mended, restart the app, or: mentra start",
    load_again="restart the app",
    register="Register a handler when a session begins, in Python:",
    declare="Declare {permission} in its app_config.json",
)


class ServedCloud:
    """A local cloud on a port, with its users, and what other commands need to find it."""

    def __init__(self, options: CloudOptions, journal: Journal, *, network: Network | None = None) -> None:
        self.journal = journal
        self.on_stop_requested: Callable[[], object] = lambda: None
        self._options = options
        self._network = network or SocketNetwork()
        apps = [record.installed for record in options.apps]
        self._observed = ObservedNetwork(self._network, journal, {app.public_url: app.package_name for app in apps})
        self.cloud = LocalCloud(self._observed, generation=options.generation, faithful=options.faithful)
        self._users = LocalUsers(
            self.cloud, journal, model=options.glasses, starts_apps=options.starts_apps, advice=_ADVICE
        )
        for app in apps:
            journal.keep_secret(app.api_key)
            self._users.install(LocalApp(installed=app))
        self._servers = AppServers(self._users, self._network, journal)
        self._watching: asyncio.Task[None] | None = None
        self._token = secrets.token_urlsafe(24)
        waits = Waits()
        self._control = Control(
            self._token,
            waits,
            {
                **Wearer(self._users, waits).handlers(),
                **NetworkTrouble(self._users).handlers(),
                **Phone(self._users, server_url=None, cloud_url=lambda: self.cloud.url).handlers(),
                **Operator(self._users, self._servers, self._observed, journal, waits).handlers(),
                **Program(journal, waits, lambda: self.on_stop_requested()).handlers(),
            },
        )
        self._opened = contextlib.AsyncExitStack()

    @property
    def user(self) -> LocalUsers:
        """The users with virtual glasses."""
        return self._users

    @property
    def url(self) -> str:
        """Where apps connect."""
        return self.cloud.websocket_url

    async def open(self) -> None:
        """Take the ports, and put glasses on everybody; nothing is started before ``load``.

        Raises:
            CliError: The port is taken, or another one runs in this folder.
        """
        async with contextlib.AsyncExitStack() as opened:
            opened.push_async_callback(self._network.close)
            await refuse_neighbour(self._network, self._options.folder)
            await self._listen()
            opened.push_async_callback(self.cloud.close)
            await self._control.open(self._network)
            opened.push_async_callback(self._control.close)
            for user_id in self._options.users or (DEFAULT_USER,):
                self._users.connect(user_id)
            opened.callback(state_file.remove, self._options.folder)
            state_file.write(self._options.folder, self._state())
            opened.push_async_callback(self._stop_apps)
            self._opened = opened.pop_all()
        self.journal.add(Started(url=self.url, cloud="local"))
        for problem in (problem for record in self._options.apps for problem in record.problems):
            where = f"{problem.file.name}:{problem.line}" if problem.line else problem.file.name
            self.journal.add(Note(text=f"{where} {problem.message}", is_problem=True))

    async def load(self) -> None:
        """Start apps from now on, each as soon as its server answers."""
        self._watching = asyncio.create_task(self._servers.watch(), name="watch the servers of apps")

    async def close(self) -> None:
        """Stop the apps, free the port, leave nothing behind."""
        opened, self._opened = self._opened, contextlib.AsyncExitStack()
        await opened.aclose()

    async def say(self, text: str) -> None:
        """Speak as the first user."""
        await self._users.say(text)

    def kill(self) -> None:
        """There are no processes to end."""

    async def _stop_apps(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        self._users.look_away()
        stopping = [
            asyncio.ensure_future(glasses.stop(package_name))
            for glasses in self._users.all_glasses
            for package_name in glasses.running
        ]
        if stopping:
            _, late = await asyncio.wait(stopping, timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()

    def _state(self) -> state_file.DevState:
        return state_file.DevState(
            command="mentra cloud",
            pid=os.getpid(),
            port=urlsplit(self.cloud.url).port or 0,
            control_url=self._control.url,
            cloud_url=self.cloud.url,
            token=self._token,
        )

    async def _listen(self) -> None:
        host, port = self._options.host, self._options.port
        try:
            await self.cloud.open(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CliError(
                    f"Port {port} is already in use, perhaps by another mentra cloud.",
                    fix=f"Stop the program that uses it, or choose another port: mentra cloud --port {port + 1}",
                ) from error
            raise CliError(
                f"Port {port} on {host} cannot be used: {error.strerror or error}.",
                fix="Choose another port, such as mentra cloud --port 8002, or another address: --host 127.0.0.1",
            ) from error

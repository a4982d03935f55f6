"""Which servers of apps answer, and starting the apps of those that do: the order of starting does not matter."""

import asyncio

from mentra.localcloud import VirtualGlasses
from mentra.transport.base import HttpError, Network
from mentra_cli.dev.journal import Journal, Note
from mentra_cli.dev.local_users import LocalApp, LocalUsers

LOOK_EVERY_S = 1.0
_ANSWERS_WITHIN_S = 2.0
_ANY_PATH = "/health"
"""Whatever the answer is, it is one. It exists in apps of every SDK."""


class AppServers:
    """Looks every second after apps that shall run for somebody and do not.

    An app is started when its server answers for the first time, or again. One that answers and still does not start
    is not tried a second time, until its server was gone or somebody asks for it.

    Args:
        network: How to reach the servers. What passes over it is not shown.
    """

    def __init__(self, users: LocalUsers, network: Network, journal: Journal) -> None:
        self._users = users
        self._network = network
        self._journal = journal
        self._answers: dict[str, bool] = {}
        self._tried: dict[str, set[str]] = {}
        """For each app, the users for whom it was tried since its server answers."""

    async def states(self) -> list[tuple[LocalApp, bool]]:
        """Return each app, and whether its server answers: one that shall run as far as is known, another is called."""
        apps = self._users.apps
        return list(zip(apps, await asyncio.gather(*(self._answers_now(app) for app in apps)), strict=True))

    async def watch(self) -> None:
        """Look again and again. No app waits for another one, which may hang."""
        await asyncio.gather(*(self._watch(app) for app in self._users.apps))

    async def _watch(self, app: LocalApp) -> None:
        while True:
            if self._users.cloud.websocket_url:  # Else it is being restarted.
                await self._look_after(app)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look_after(self, app: LocalApp) -> None:
        lacking = self._users.lacking(app.package_name)
        tried = self._tried.setdefault(app.package_name, set())
        tried &= {glasses.user_id for glasses in lacking}
        if self._runs(app):
            self._answers[app.package_name] = True
        # A server whose apps all run is left in peace: many write a line for each request.
        if not lacking:
            return
        if not await self._is_there(app):
            tried.clear()
            return
        # Looked up anew: a server takes its time, and meanwhile users leave, and choose other apps.
        untried = [glasses for glasses in self._users.lacking(app.package_name) if glasses.user_id not in tried]
        tried |= {glasses.user_id for glasses in untried}
        await asyncio.gather(*(self._start(glasses, app) for glasses in untried))

    async def _start(self, glasses: VirtualGlasses, app: LocalApp) -> None:
        await self._users.start(glasses.user_id, app)

    async def _answers_now(self, app: LocalApp) -> bool:
        is_wanted = self._users.lacking(app.package_name) or self._runs(app)
        return self._answers.get(app.package_name, False) if is_wanted else await self._call(app)

    def _runs(self, app: LocalApp) -> bool:
        return any(app.package_name in glasses.running for glasses in self._users.all_glasses)

    async def _is_there(self, app: LocalApp) -> bool:
        """Call an app's server, and say so if it does not answer, once."""
        before = self._answers.get(app.package_name)
        is_there = self._answers[app.package_name] = await self._call(app)
        if not is_there and before is not False:
            more = " any more" if before else ""
            where = app.installed.public_url
            text = f"{app.package_name} does not answer at {where}{more}. It is started as soon as it does."
            self._journal.add(Note(text=text))
        return is_there

    async def _call(self, app: LocalApp) -> bool:
        try:
            await self._network.request("GET", f"{app.installed.public_url}{_ANY_PATH}", timeout=_ANSWERS_WITHIN_S)
        except HttpError:
            return False
        return True

"""The built-in user: a local cloud with virtual glasses, so that an app can be tried without a phone."""

import asyncio
import contextlib
from collections.abc import Callable

from mentra.localcloud import DEFAULT_USER, InstalledApp, LocalCloud, StartFailed, VirtualGlasses
from mentra.protocol.subscriptions import DEFAULT_LANGUAGE, EVERYTHING, transcription_stream
from mentra.transport.base import HandleHttp, HttpReply, HttpRequest
from mentra.transport.memory import MemoryNetwork
from mentra_cli.dev.journal import DisplayChange, Journal, Note, Speech
from mentra_cli.dev.reports import Ready

LISTENS_WITHIN_S = 2.0
"""How long speech waits for an app to subscribe."""
_LOOK_EVERY_S = 0.02
_CLOUD_HOST = "local-cloud"
_APP_HOST = "app"


class LocalUser:
    """One person with virtual glasses on a cloud inside this process. Nothing of it can be reached from outside."""

    def __init__(self, journal: Journal) -> None:
        self.network = MemoryNetwork()
        self.cloud = LocalCloud(self.network)
        self._journal = journal
        self._app: Ready | None = None
        self._glasses: VirtualGlasses
        self._app_url = ""
        self._look_away: Callable[[], None]

    async def open(self, app: HandleHttp) -> None:
        """Open the cloud, and connect the glasses to it.

        Args:
            app: Answers the cloud's webhooks.
        """
        self._app_url = (await self.network.listen(_APP_HOST, 80, app)).url
        await self.cloud.open(_CLOUD_HOST, 443)
        self._glasses = self.cloud.connect_glasses()
        self._look_away = self._glasses.on_display(self._displayed)

    async def close(self) -> None:
        """Close the cloud."""
        await self.cloud.close()

    @property
    def glasses(self) -> VirtualGlasses:
        """The virtual glasses with everything they can do."""
        return self._glasses

    def look_away(self) -> None:
        """Report no more what the glasses show: the end of an app clears them, and that is no news."""
        self._look_away()

    @property
    def display(self) -> str:
        """The text on the glasses."""
        return self._glasses.display

    def on_display(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back when the glasses show something else; return what undoes this."""
        return self._glasses.on_display(lambda _: callback())

    async def wear(self, app: Ready) -> None:
        """Install an app and start it, unless it is the one that runs."""
        before, self._app = self._app, app
        if before is not None and before.package_name != app.package_name:
            await self._glasses.stop(before.package_name)
            self.cloud.uninstall(before.package_name)
        self.cloud.install(
            InstalledApp(
                package_name=app.package_name,
                api_key=app.api_key,
                public_url=self._app_url,
                name=app.name,
                webhook_path=app.webhook_path,
            )
        )
        if app.package_name in self._glasses.running:
            return
        try:
            await self._glasses.start(app.package_name)
        except StartFailed as error:
            self._journal.add(
                Note(
                    text=f"The app did not start for {DEFAULT_USER}: {error}",
                    fix="Save a file to try again, once that is mended.",
                    is_problem=True,
                )
            )

    async def say(self, text: str, *, language: str = DEFAULT_LANGUAGE) -> bool:
        """Speak to the app, as soon as it listens; return whether it did.

        Raises:
            ValueError: There is no such language.
        """
        stream = transcription_stream(language)
        heard = await self._listens(stream)
        self._journal.add(Speech(user_id=DEFAULT_USER, text=text))
        if not heard:
            self._journal.add(
                Note(
                    text=f"Nobody hears this: the app has not subscribed to {stream}.",
                    fix="session.events.on_transcription(handler) in on_session does that.",
                    is_problem=True,
                )
            )
        await self._glasses.say(text, language=language)
        return heard

    async def _listens(self, stream: str) -> bool:
        """Wait a moment for an app that is just being started to subscribe."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LISTENS_WITHIN_S):
                while not any(  # noqa: ASYNC110 - the cloud tells nobody of subscriptions.
                    {stream, *EVERYTHING} & set(self._glasses.subscriptions(package))
                    for package in self._glasses.running
                ):
                    await asyncio.sleep(_LOOK_EVERY_S)
                return True
        return False

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a REST request as the cloud."""
        return await self.network.request(
            request.method, self.cloud.url + request.path, headers=request.headers, body=request.body, timeout=10.0
        )

    def _displayed(self, glasses: VirtualGlasses) -> None:
        self._journal.add(DisplayChange(user_id=glasses.user_id, text=glasses.display))

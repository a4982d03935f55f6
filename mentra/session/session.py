"""``AppSession``: one user of one app, as app code sees it."""

import logging
from typing import TYPE_CHECKING, NoReturn

from mentra.protocol.capabilities import Capabilities
from mentra.protocol.connection import State
from mentra.session.core import SessionCore
from mentra.session.events import Events
from mentra.session.layouts import Layouts
from mentra.session.settings import SessionSettings
from mentra.wrong_names import unknown_name


class AppSession:
    """One user's connection to the app, from ``on_session`` to ``on_stop``.

    Attributes:
        session_id: The cloud's id, ``<user>-<package>``: the same each time this user starts this app.
        user_id: The user's e-mail address, as the cloud wrote it.
        package_name: The app's.
        events: Listen to speech, buttons and everything else.
        layouts: Show something.
        settings: The user's settings of this app.
        logger: Logs with user and session attached.
    """

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self.session_id = core.session_id
        self.user_id = core.user_id
        self.package_name = core.package_name
        self.logger: logging.LoggerAdapter[logging.Logger] = core.logger
        self.events = Events(core.router)
        self.layouts = Layouts(core.show)
        self.settings = SessionSettings(core.settings)

    @property
    def capabilities(self) -> Capabilities | None:
        """What the connected glasses can do; ``None`` while their model is unknown. Changes with the glasses."""
        return self._core.capabilities

    @property
    def connected(self) -> bool:
        """Whether the cloud can be reached right now. A lost connection comes back by itself, or the session ends."""
        return self._core.link.state is State.LIVE

    @property
    def stop_reason(self) -> str | None:
        """Why the session ended; ``None`` while it has not. See ``StopReason``."""
        return self._core.stop_reason

    async def wait_stopped(self) -> str:
        """Wait until the session has ended and ``on_stop`` has run; return the reason."""
        await self._core.stopped.wait()
        return self._core.stop_reason or ""

    def __repr__(self) -> str:
        return f"<AppSession {self.session_id} {self._core.link.state}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, _PUBLIC, moved=_MOVED)


_PUBLIC = (
    "session_id",
    "user_id",
    "package_name",
    "events",
    "layouts",
    "settings",
    "logger",
    "capabilities",
    "connected",
    "stop_reason",
    "wait_stopped",
)
_MOVED = {
    "display": "session.layouts",
    "id": "session.session_id",
    "getSessionId": "session.session_id",
    "getPackageName": "session.package_name",
    "onTranscription": "session.events.on_transcription(handler)",
    "on_transcription": "session.events.on_transcription(handler)",
    "on": "session.events.on(stream, handler)",
    "subscribe": "session.events.on(stream, handler): a handler subscribes by itself",
    "getSetting": 'session.settings.get("key", default)',
}

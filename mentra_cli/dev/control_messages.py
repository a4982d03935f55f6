"""What one may ask of a running ``mentra dev`` or ``mentra cloud``, and what it answers: one Struct per request.

The rules:

* The fields of a request are its JSON body; of a ``GET``, its query. A field that is not known is refused.
* Every answer has a ``version``, raised when a reader of the present one would be misled.
* What a request with a ``user`` is about, is that user of the local cloud, with virtual glasses.
* What a wearer can do is in ``actions.py``; docs/scripting.md has everything.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import msgspec

from mentra.localcloud.glasses import DEFAULT_USER

VERSION = 1


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to do, or to tell."""

    method: ClassVar[str] = "POST"
    path: ClassVar[str]


class UserRequest(Request, frozen=True, kw_only=True):
    """A request about one user. The first one puts glasses on, and starts the app."""

    user: str = DEFAULT_USER


class AppRequest(UserRequest, frozen=True, kw_only=True):
    """A request about one app of one user."""

    app: str = ""
    """Its package name. May be left out where there is only one app."""


class Screen(UserRequest, frozen=True, kw_only=True):
    """Tell what the glasses show, at once or when they show a text."""

    method = "GET"
    path = "/screen"

    text: str = ""
    """Wait for this text, alone or among other text."""
    wait_s: float = 0.0
    screenshot: bool = False
    """Whether to make a picture of what the wearer sees: when the text is shown, else at the end of the wait."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """An image on the glasses."""

    width: int
    height: int
    bmp: bytes
    """A BMP file with one bit a pixel; in JSON base64."""


class Screenshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the wearer sees, drawn for the model of the glasses."""

    width: int
    height: int
    png: bytes
    """A PNG file; in JSON base64."""


class Video(msgspec.Struct, frozen=True, kw_only=True):
    """A video that the glasses stream."""

    kind: str
    """``"rtmp"`` to a server of the app's choice, or ``"managed"`` by the cloud."""
    to: str
    """The server, without what lets somebody in; of a managed one, where it can be watched."""
    also_to: tuple[str, ...] = ()
    """Servers to which a managed one goes besides."""
    status: str
    """As the app was told last: ``"initializing"``, ``"active"``, ``"stopping"``."""

    def __str__(self) -> str:
        also = f", also to {', '.join(self.also_to)}" if self.also_to else ""
        return f"{self.status}, {self.kind}, {'at' if self.kind == 'managed' else 'to'} {self.to}{also}"


class ScreenShown(msgspec.Struct, frozen=True, kw_only=True):
    """What the glasses show."""

    version: int = VERSION
    display: str
    """The text of the main view; empty when it is clear."""
    dashboard: str
    dashboard_mode: str
    """``"main"``, ``"expanded"`` or ``"none"``."""
    bitmap: Picture | None
    """The image on the main view; ``None`` when there is none."""
    light: str | None
    """The colour in which the light of the glasses is lit; ``None`` when it is not."""
    sound: str | None
    """The last sound that the app had played: the text if it is spoken, else the address, without its query."""
    video: Video | None
    """The video that the glasses stream."""
    screenshot: Screenshot | None
    """What the wearer sees; ``None`` when it was not asked for."""
    found: bool
    """Whether the text is, or was for a moment, on the main view."""
    warning: str | msgspec.UnsetType = msgspec.UNSET
    """Why nobody sees it; absent when the wearer does."""


class Settings(AppRequest, frozen=True, kw_only=True):
    """Tell the settings of the app, or of MentraOS itself."""

    method = "GET"
    path = "/settings"

    mentraos: bool = False


class SettingsNow(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, by key; ``None`` is one without a value."""

    version: int = VERSION
    values: dict[str, Any]


class Logs(Request, frozen=True, kw_only=True):
    """Tell what happened."""

    method = "GET"
    path = "/logs"

    after: int = 0
    """The number of the last entry that is known already."""
    wait_s: float = 0.0
    """How long to wait for an entry when there is none."""
    filter: str = ""
    """Only entries with this text, in any case."""
    last: int | None = None
    """Only the last so many."""


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, twice."""

    entry: msgspec.Raw
    """As ``mentra dev --json`` prints it."""
    text: str
    """As a pipe gets it."""


class LogEntries(msgspec.Struct, frozen=True, kw_only=True):
    """What happened."""

    version: int = VERSION
    entries: list[LogEntry]
    next: int
    """What to ask for the next time, as ``after``."""
    missed: int
    """How many entries after the last one known are not kept any more."""
    more: bool
    """Whether there are more already."""
    ended: bool
    """Whether ``mentra dev`` is ending: there will be no more."""


class Status(Request, frozen=True, kw_only=True):
    """Tell how things are."""

    method = "GET"
    path = "/status"


class AppStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The code that serves."""

    name: str
    package_name: str
    how: str
    """How it was found: ``"class CaptionsApp in app.py"``."""


class LocalAppStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An app that is installed in the local cloud of ``mentra cloud``."""

    package_name: str
    kind: str
    """``"standard"`` or ``"background"``."""
    server: str
    """Where its server is reached."""
    answers: bool
    """Whether its server answered when it was called last."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why the code does not load, or what its ``on_session`` raised."""

    message: str
    fix: str = ""
    file: str | None = None
    line: int | None = None
    in_on_session: bool = False
    """Whether the code serves, and its ``on_session`` failed."""


class SessionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One session, of the local cloud or of a real one."""

    session_id: str
    user: str
    connected: bool
    """Whether the cloud has acknowledged it."""


class FailedStart(msgspec.Struct, frozen=True, kw_only=True):
    """An app that shall run for a user, and did not start."""

    app: str
    """Its package name."""
    problem: str
    fix: str


class UserStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One user of the local cloud."""

    user: str
    glasses: str
    """The model."""
    worn: bool
    """Whether they are connected to the phone."""
    online: bool
    """Whether the phone is connected to the cloud."""
    latency_s: float
    jitter_s: float
    loss: float
    display: str
    light: str | None
    """The colour in which the light of the glasses is lit."""
    sound: str | None
    """The last sound that the app had played: the text if it is spoken, else the address, without its query."""
    video: Video | None
    """The video that the glasses stream."""
    running: bool
    """Whether an app runs for them."""
    apps: list[str]
    """The package names of those that run."""
    failed: list[FailedStart]
    """Those that shall run, and did not start when that was tried last."""


class StatusNow(msgspec.Struct, frozen=True, kw_only=True):
    """How things are."""

    version: int = VERSION
    cloud: str
    """``"local"``, or the address of the real one."""
    url: str
    """The public port; of ``mentra cloud`` where apps connect."""
    file: str
    """Of the app, relative to the project; empty where its code runs elsewhere."""
    found: str
    """How the file was found: ``"found app.py"``."""
    app: AppStatus | None
    """The code that serves; ``None`` when none does."""
    apps: list[LocalAppStatus] = []
    """What ``mentra cloud`` has installed; empty elsewhere."""
    problem: Problem | None
    """What is wrong with the code as it was last saved; if it does not load, other code may serve all the same."""
    sessions: list[SessionStatus]
    users: list[UserStatus]
    reloads: int
    last_load_ms: float | None
    last_entry: int
    """The number of the last entry of the log."""
    pid: int
    mentra: str
    """The version of this program."""


class Restart(Request, frozen=True, kw_only=True):
    """Load the code anew, changed or not, and wait for the outcome."""

    path = "/restart"


class Restarted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the load."""

    version: int = VERSION
    loaded: bool
    took_ms: float | None = None
    problem: Problem | None = None
    still_serving: bool
    """Whether any code serves now."""


class Replay(Request, frozen=True, kw_only=True):
    """Deliver an event once more, to the code as it is now."""

    path = "/replay"

    number: int | None = None
    """Of its entry in the log; ``None`` is the last event of a session that lives."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What was delivered."""

    version: int = VERSION
    number: int
    stream: str
    user: str
    display: str | None
    """What the glasses show afterwards; ``None`` for a user of a real cloud."""


class Stop(Request, frozen=True, kw_only=True):
    """End ``mentra dev``, as Ctrl-C does."""

    path = "/stop"


class Stopping(msgspec.Struct, frozen=True, kw_only=True):
    """It is ending."""

    version: int = VERSION
    pid: int


class Routes(Request, frozen=True, kw_only=True):
    """Tell what one can ask."""

    method = "GET"
    path = "/"


class RouteList(msgspec.Struct, frozen=True, kw_only=True):
    """What one can ask."""

    version: int = VERSION
    routes: dict[str, str]
    """``"POST /say"`` and what it does."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not carried out."""

    version: int = VERSION
    error: str
    fix: str = ""


class Refused(Exception):
    """A request is not carried out."""

    def __init__(self, status: int, error: str, fix: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.refusal = Refusal(error=error, fix=fix)


Handler = Callable[[Any], Awaitable[msgspec.Struct]]
"""Carries out a request and returns the answer; raises ``Refused``, or ``ValueError`` for what makes no sense."""

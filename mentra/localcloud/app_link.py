"""One socket of an app, as the cloud sees it: the handshake, the refusals, and what each frame means.

The rules:

* Before an accepted ``tpa_connection_init`` nothing else is answered, and afterwards nothing that is not JSON is
  forgiven.
* After it, ``packageName`` decides which app of the user a frame is about, whichever app the socket is of. A frame
  without a name, or with that of an app that does not run, is lost without a word, but for what is to be seen: there
  the display has its own rules, and the dashboard takes every name. A list of subscriptions counts in the name of any
  app that there is.
* Who sends a second init may be another app: the socket is of both then, and lost to both.
* Messages that the cloud of December 2025 does not know change nothing, but the user's glasses remember them.

Source: MentraOS cloud/packages/cloud/src/services/websocket/websocket-app.service.ts (Dec 2025);
docs/protocol.md, Refusals.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

from mentra.localcloud.loose_requests import LooseRequest
from mentra.localcloud.rules import read_subscriptions
from mentra.localcloud.traffic import Direction
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import (
    AppMessage,
    ConnectionInit,
    DashboardContentUpdate,
    DashboardModeChange,
    DashboardSystemUpdate,
    DisplayEvent,
    OwnershipRelease,
    Ping,
    Reconnect,
    SubscriptionUpdate,
)
from mentra.protocol.base import Wire, iso_timestamp
from mentra.protocol.cloud_to_app import ConnectionRefusal, Pong, ReconnectRejected
from mentra.protocol.codec import Malformed, Unknown
from mentra.protocol.connection import INTERNAL_ERROR, NORMAL_CLOSURE, POLICY_VIOLATION, RefusalCode
from mentra.transport.base import Closed, Connection, Receiver

_INIT = ConnectionInit.__struct_config__.tag
_SUBSCRIPTION_UPDATE = SubscriptionUpdate.__struct_config__.tag

DisplayWish = DisplayEvent | DashboardContentUpdate | DashboardModeChange | DashboardSystemUpdate
"""What an app wants to be seen."""
AppFrame = AppMessage | Unknown | Malformed
"""What an app sent, decoded as far as it can be."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the cloud does not want a connection."""

    code: str | None
    """Of the error frame; ``None`` when there is none."""
    message: str
    """Also the reason of the close, which has 1008."""


class Run(Protocol):
    """What a link belongs to once its app is accepted: one app of one user."""

    @property
    def package_name(self) -> str:
        """The app's package name."""
        ...

    def connected(self, link: "AppLink", session_id: str, *, resumed: bool = False, speaks_3: bool = False) -> None:
        """Take this link as the app's connection from now on, and acknowledge it."""

    def note(self, frame: AppFrame) -> None:
        """Remember a frame of the app."""

    def passed(self, direction: Direction, frame: str | bytes, *, is_sound: bool = False) -> None:
        """Remember what went over the socket, as it was."""

    def subscribe(self, value: Any) -> None:
        """Replace the app's subscriptions by this JSON value.

        Raises:
            ValueError: It is none that could be a list of subscriptions.
        """

    def show(self, wish: DisplayWish) -> None:
        """Show something for the app."""

    def ask(self, message: AppMessage, link: "AppLink") -> None:
        """Do what the app asks for on this link: a photo, a sound, a light, ..."""

    def read_loosely(self, text: str | bytes) -> LooseRequest | None:
        """Return what an app asks for in a frame that lacks something, or has a name that only some clouds know."""
        ...

    def of_same_user(self, package_name: str) -> "Run | None":
        """Return this app or another one of the same user, by its name; ``None`` when there is none."""
        ...

    def take_sound(self, frame: bytes) -> bool:
        """Take a binary frame; return False where the cloud expects none."""
        ...

    def release(self) -> None:
        """Learn that another cloud has the session from now on."""

    def lost(self) -> None:
        """Learn that a link of this app is closed, whoever closed it."""


@dataclass(frozen=True, slots=True)
class Login:
    """What the upgrade of generation 3 says of who connects."""

    user_id: str
    session_id: str
    package_name: str


class Admissions(Protocol):
    """Who decides on the first frame of an app."""

    def admit(self, init: ConnectionInit, login: Login | None) -> Run | Refusal:
        """Decide on a ``tpa_connection_init``."""
        ...

    def resume(self, request: Reconnect, login: Login) -> Run | ReconnectRejected:
        """Decide on a ``reconnect``."""
        ...


class _AnyMessage(Wire, frozen=True, kw_only=True):
    """What the cloud looks at in a message that our Structs do not allow."""

    type: Any = None
    package_name: Any = None
    subscriptions: Any = None
    session_id: Any = None
    api_key: Any = None
    sdk_version: Any = None

    def __repr__(self) -> str:
        return Wire.__repr__(msgspec.structs.replace(self, api_key="..."))


class AppLink(Receiver):
    """The cloud's end of one socket on ``/app-ws``.

    Args:
        connection: The socket.
        admissions: Who decides on its first frame.
        now: The time in what is sent.
        login: What the upgrade said, if it was one of generation 3.
        answers_pings: Whether the cloud knows the message ``ping``, as that of 2026 does, whoever sends it.
    """

    def __init__(
        self,
        connection: Connection,
        admissions: Admissions,
        now: Callable[[], datetime],
        login: Login | None = None,
        *,
        answers_pings: bool = False,
    ) -> None:
        self._connection = connection
        self._admissions = admissions
        self._login = login
        self._answers_pings = answers_pings
        self._now = now
        self._run: Run | None = None
        self._admitted: list[Run] = []
        """Every app that was admitted here; seldom more than one."""
        self._over = False

    def send(self, message: msgspec.Struct) -> None:
        """Send one message."""
        text = codec.encode(message)
        if self._run is not None:
            self._run.passed("to app", text)
        self._connection.send_text(text)

    def send_binary(self, data: bytes) -> None:
        """Send one binary frame."""
        if self._run is not None:
            self._run.passed("to app", data, is_sound=True)
        self._connection.send_binary(data)

    def refuse(self, code: str, message: str) -> None:
        """Refuse a request: an error frame without the request's id, then the close with 1008."""
        self._refuse(Refusal(code, message))

    def end(self, reason: str) -> None:
        """Close the socket because the session is over."""
        self._close(NORMAL_CLOSURE, reason)

    def drop(self) -> None:
        """Break the connection, without a close frame."""
        self._connection.abort()

    def text_received(self, text: str | bytes) -> None:
        """Take one text frame of the app."""
        if self._over:
            return
        frame = codec.decode_from_app(text)
        if isinstance(frame, Malformed):
            frame = _read_init(text) or frame
        if isinstance(frame, ConnectionInit):
            self._greet(frame)
        elif isinstance(frame, Reconnect) and self._login is not None:
            self._resume(frame, self._login)
        elif isinstance(frame, Malformed) and _is_fatal(text):
            self._close(INTERNAL_ERROR, "Internal server error")
        elif self._run is None and self._answers_pings and isinstance(frame, Ping):
            self._pong()
        elif self._run is None:
            self._refuse(Refusal(RefusalCode.SESSION_NOT_FOUND, "Session not found"))
        else:
            self._run.passed("from app", text)
            self._run.note(frame)
            self._obey(frame, self._run, text)

    def binary_received(self, data: bytes) -> None:
        """Take one binary frame: the cloud of December 2025 expects none and fails."""
        if self._run is None or not self._run.take_sound(data):
            self._close(INTERNAL_ERROR, "Internal server error")

    def connection_lost(self, closed: Closed) -> None:
        """Learn that the socket is closed."""
        self._over = True
        self._leave()

    def _greet(self, init: ConnectionInit) -> None:
        session_id = init.session_id or (self._login.session_id if self._login else None)
        if session_id is None:
            self._close(INTERNAL_ERROR, "Internal server error")
            return
        answer = self._admissions.admit(init, self._login)
        if isinstance(answer, Refusal):
            self._refuse(answer)
        else:
            self._take(answer)
            answer.passed("from app", codec.encode(msgspec.structs.replace(init, api_key="...")))
            answer.note(init)
            answer.connected(self, session_id, speaks_3=_speaks_3(init.sdk_version))

    def _resume(self, request: Reconnect, login: Login) -> None:
        answer = self._admissions.resume(request, login)
        if isinstance(answer, ReconnectRejected):
            self.send(answer)
            self._close(POLICY_VIOLATION, answer.message)
        else:
            self._take(answer)
            answer.passed("from app", codec.encode(request))
            answer.note(request)
            answer.connected(self, request.session_id, resumed=True, speaks_3=_speaks_3(request.sdk_version))

    def _take(self, run: Run) -> None:
        self._run = run
        if run not in self._admitted:
            self._admitted.append(run)

    def _obey(self, frame: AppFrame, run: Run, text: str | bytes) -> None:
        match frame:
            case Ping() if self._answers_pings:
                self._pong()
            case SubscriptionUpdate():
                self._subscribe(text, run)
            case Malformed() | Unknown():
                self._subscribe(text, run)
                if request := run.read_loosely(text):
                    self._obey(request, run, text)
            case DisplayEvent() | DashboardContentUpdate() | DashboardModeChange() | DashboardSystemUpdate():
                run.show(frame)  # In whose name it is shown, the display's own rules judge.
            case OwnershipRelease() if frame.package_name == run.package_name:
                run.release()
            case OwnershipRelease() | Reconnect() | Ping():
                pass
            case ConnectionInit():
                pass  # Greeted already.
            case _:
                self._ask(frame.package_name, frame, run)

    def _pong(self) -> None:
        self.send(Pong(timestamp=int(self._now().timestamp() * 1000)))

    def _ask(self, package_name: str, request: AppMessage, run: Run) -> None:
        if asking := run.of_same_user(package_name):
            asking.ask(request, self)

    def _subscribe(self, text: str | bytes, run: Run) -> None:
        # Read again, loosely: the cloud skips members of the list that our Struct does not allow.
        update = _read_loosely(text)
        if update is None or update.type != _SUBSCRIPTION_UPDATE:
            return
        name = update.package_name
        subscribing = run.of_same_user(name) if isinstance(name, str) else None
        try:
            if subscribing is None:
                read_subscriptions(update.subscriptions)  # Judged all the same.
            else:
                subscribing.subscribe(update.subscriptions)
        except ValueError as error:
            self._refuse(Refusal(RefusalCode.MALFORMED_MESSAGE, str(error)))

    def _refuse(self, refusal: Refusal) -> None:
        if refusal.code is not None:
            timestamp = iso_timestamp(self._now())
            self.send(ConnectionRefusal(code=refusal.code, message=refusal.message, timestamp=timestamp))
        self._close(POLICY_VIOLATION, refusal.message)

    def _close(self, code: int, reason: str) -> None:
        self._over = True
        self._connection.close(code, reason)
        # For the cloud its own close is done at once; it does not wait for the app's half.
        self._leave()

    def _leave(self) -> None:
        admitted, self._admitted, self._run = self._admitted, [], None
        for run in admitted:
            run.lost()


def _speaks_3(sdk_version: str | None) -> bool:
    major = (sdk_version or "").partition(".")[0]
    return major.isdigit() and int(major) >= 3


def _read_init(text: str | bytes) -> ConnectionInit | None:
    """Return an init as the cloud reads it, which looks at a few of its values only."""
    init = _read_loosely(text)
    if init is None or init.type != _INIT or not isinstance(init.session_id, str):
        return None
    return ConnectionInit(
        session_id=init.session_id,
        package_name=init.package_name if isinstance(init.package_name, str) else "",
        api_key=init.api_key if isinstance(init.api_key, str) else "",
        sdk_version=init.sdk_version if isinstance(init.sdk_version, str) else None,
    )


def _is_fatal(text: str | bytes) -> bool:
    """Return whether a frame makes the cloud fail: no JSON, ``null``, or an init that lacks something."""
    value = codec.decode_as(object, text)
    if value is None or isinstance(value, Malformed):
        return True
    message = _read_loosely(text)
    return message is not None and message.type == _INIT


def _read_loosely(text: str | bytes) -> _AnyMessage | None:
    message = codec.decode_as(_AnyMessage, text)
    return None if isinstance(message, Malformed) else message

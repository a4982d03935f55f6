"""The life of one app connection, as a table, at the app's end.

* The table says which event leads from which state to which. A pair that is not listed cannot happen; meeting one
  is a bug in the caller and raises ``KeyError``.
* ``what_follows`` reads a close code: is the session over, or is it worth trying again?

Source: @mentra/sdk 2.1.29 dist/app/session/index.js; MentraOS cloud/packages/cloud/src/services/session/
AppManager.ts (Dec 2025); docs/protocol.md, Life of a connection.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto


class State(StrEnum):
    """Where the app's end of a connection stands."""

    IDLE = "idle"
    CONNECTING = "connecting"
    """A socket is being opened."""
    GREETING = "greeting"
    """The socket is open and ``tpa_connection_init`` is sent; no answer yet."""
    LIVE = "live"
    """The cloud acknowledged the connection."""
    WAITING = "waiting"
    """The socket was lost; the next attempt is due after a delay."""
    ENDED = "ended"
    """For good."""


class Event(StrEnum):
    """What can happen to the app's end of a connection. Text, as ``State``: looked up without Python's own hash."""

    CONNECT = auto()
    OPENED = auto()
    ACKNOWLEDGED = auto()
    LOST = auto()
    """The socket closed, or an attempt failed, in a way that is worth trying again."""
    OVER = auto()
    """Refused, stopped by either side, or out of attempts."""


APP: Mapping[State, Mapping[Event, State]] = {
    State.IDLE: {Event.CONNECT: State.CONNECTING, Event.OVER: State.ENDED},
    State.CONNECTING: {Event.OPENED: State.GREETING, Event.LOST: State.WAITING, Event.OVER: State.ENDED},
    State.GREETING: {Event.ACKNOWLEDGED: State.LIVE, Event.LOST: State.WAITING, Event.OVER: State.ENDED},
    State.LIVE: {Event.LOST: State.WAITING, Event.OVER: State.ENDED},
    State.WAITING: {Event.CONNECT: State.CONNECTING, Event.OVER: State.ENDED},
    State.ENDED: {Event.OVER: State.ENDED},
}

SOCKET_PATH = "/app-ws"
"""Where the cloud listens for apps."""
SOCKET_PATH_3 = "/ws/miniapp"
"""Where a cloud of 2026 listens for apps that speak as docs/protocol.md, Generation 3, says."""
SDK_VERSION_3 = "3.0.0"
"""What an app says there of itself; only the major number is read."""

NORMAL_CLOSURE = 1000
GOING_AWAY = 1001
NO_CODE = 1005
"""Never sent: stands for a close frame without a code."""
BROKEN = 1006
"""Never sent: stands for no close frame at all."""
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011


class RefusalCode(StrEnum):
    """Codes of ``tpa_connection_error``; there may be others."""

    INVALID_API_KEY = "INVALID_API_KEY"
    SESSION_NOT_FOUND = "SESSION_NOT_FOUND"
    APP_NOT_STARTED = "APP_NOT_STARTED"
    MALFORMED_MESSAGE = "MALFORMED_MESSAGE"
    MISSING_HEADERS = "MISSING_HEADERS"
    JWT_INVALID = "JWT_INVALID"
    APP_DEPRECATED = "APP_DEPRECATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    """Of a request: the app lacks the permission for it."""
    WIFI_NOT_CONNECTED = "WIFI_NOT_CONNECTED"
    """Of a request: it needs the glasses to be in a Wi-Fi network."""
    INTERNAL_ERROR = "INTERNAL_ERROR"
    """Of a request: everything else, such as glasses that are away."""
    STREAM_CREATE_FAILED = "STREAM_CREATE_FAILED"
    """Of a request; the only refusal after which the socket stays open."""


class RejectionCode(StrEnum):
    """Codes of ``reconnect_rejected``; there may be others."""

    SESSION_NOT_FOUND = "SESSION_NOT_FOUND"
    SESSION_EXPIRED = "SESSION_EXPIRED"
    SESSION_STOPPED = "SESSION_STOPPED"
    NOT_RUNNING = "NOT_RUNNING"
    BOOT_TIMEOUT = "BOOT_TIMEOUT"


CONNECT_WITHIN_S = 5.0
"""From the start webhook to an accepted ``tpa_connection_init``."""
CONNECT_WITHIN_3_S = 6.0
"""The same on a cloud of 2026."""
GRACE_S = 5.0
"""From a lost socket to the restart of the app."""
EMPTY_LIST_IGNORED_S = 8.0
"""After a (re)connect an empty list of subscriptions has no effect for this long."""
RECONNECT_DELAYS_S = (1.0, 2.0, 4.0)
"""Before each attempt to come back; then the connection counts as lost."""
PING_EVERY_S = 15.0
"""How often an app of generation 3 gives a sign of life."""

APP_STOPPED = "App stopped"
USER_SESSION_ENDED = "User session ended"


class Meaning(Enum):
    """What a closed socket means for the session."""

    APP_STOPPED = auto()
    USER_LEFT = auto()
    """The phone was away for a minute. There was no stop webhook and there will be none."""
    REFUSED = auto()
    """The cloud does not want this app. If it did before, it starts it again by webhook, about five seconds later."""
    REQUEST_REFUSED = auto()
    """The cloud did not do what the app asked for, and closed; the app may come back within ``GRACE_S``."""
    CLOSED = auto()
    """A clean close for another reason."""
    LOST = auto()
    """Anything else: try again."""


def session_id_of(user_id: str, package_name: str) -> str:
    """Return the session id of one app of one user. It is the same at every start."""
    return f"{user_id}-{package_name}"


_REFUSES_THE_APP = frozenset(
    {
        RefusalCode.INVALID_API_KEY,
        RefusalCode.SESSION_NOT_FOUND,
        RefusalCode.APP_NOT_STARTED,
        RefusalCode.MISSING_HEADERS,
        RefusalCode.JWT_INVALID,
        RefusalCode.APP_DEPRECATED,
    }
)


def what_follows(code: int, reason: str, *, refusal: str | None = None) -> Meaning:
    """Read a WebSocket close code and its reason.

    Args:
        refusal: The code of the ``tpa_connection_error`` that came on this socket since it was acknowledged, if any.
    """
    if USER_SESSION_ENDED in reason:
        return Meaning.USER_LEFT
    if APP_STOPPED in reason:
        return Meaning.APP_STOPPED
    if code == POLICY_VIOLATION:
        return Meaning.REFUSED if refusal is None or refusal in _REFUSES_THE_APP else Meaning.REQUEST_REFUSED
    if code in (NORMAL_CLOSURE, GOING_AWAY):
        return Meaning.CLOSED
    return Meaning.LOST

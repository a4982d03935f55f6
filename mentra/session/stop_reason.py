"""Why a session ended."""

from enum import StrEnum


class StopReason(StrEnum):
    """The reasons that ``on_stop`` is given; they compare equal to their text.

    ``USER_DISABLED``, ``SYSTEM_STOP`` and ``ERROR`` are the cloud's own words, from its stop webhook. In practice it
    says ``user_disabled`` always, also when it restarts an app: do not conclude that the user wanted it.
    """

    USER_DISABLED = "user_disabled"
    SYSTEM_STOP = "system_stop"
    ERROR = "error"
    APP_STOPPED = "app_stopped"
    """The cloud stopped the app and said so on the socket only."""
    USER_SESSION_ENDED = "user_session_ended"
    """The user's phone was away for a minute."""
    CONNECTION_CLOSED = "connection_closed"
    """The cloud closed the connection without a word about stopping."""
    CONNECTION_REFUSED = "connection_refused"
    """The cloud refused something that the app sent. It starts the app again about five seconds later."""
    CONNECTION_LOST = "connection_lost"
    """The connection broke and three attempts to come back failed."""
    REPLACED = "replaced"
    """The cloud started the session anew, without stopping it before."""
    SERVER_STOPPED = "server_stopped"
    """This server stops."""
    RELOAD = "reload"
    """``mentra dev`` continues the session in newer code."""

"""Every error that this package raises on purpose.

::

    MentraError
    ├── ConfigError            an option is missing or malformed          (also ValueError)
    ├── UntrustedCloud         a webhook named a cloud we do not trust
    ├── ConnectionRefused      the cloud answered the handshake with an error
    │   ├── InvalidApiKey      wrong key, or a package that the cloud does not know
    │   ├── SessionNotFound    the user has no session on this cloud
    │   └── AppNotStarted      the cloud does not expect this app to connect now
    ├── NotConnected           there is no connection to the cloud        (also ConnectionError)
    │   └── SessionStopped     ... and there will be none: the session ended
    ├── RequestTimeout         the cloud did not answer in time           (also TimeoutError)
    └── ToolError              raised by app code: a sentence for the assistant
"""


class MentraError(Exception):
    """Base of all errors of this package."""


class ConfigError(MentraError, ValueError):
    """An option is missing or malformed; the message says which, what was found and where to get it."""


class UntrustedCloud(MentraError):
    """A webhook named a WebSocket URL that may not receive the API key. Nothing was sent to it."""


class ConnectionRefused(MentraError):
    """The cloud refused the handshake.

    Attributes:
        code: The cloud's error code, such as ``"INVALID_API_KEY"``; empty when it only closed the socket.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class InvalidApiKey(ConnectionRefused):
    """The cloud does not accept this API key for this package, or does not know the package."""


class SessionNotFound(ConnectionRefused):
    """The user has no live session on this cloud."""


class AppNotStarted(ConnectionRefused):
    """The cloud does not expect this app to connect now; the five seconds after the webhook may be over."""


class NotConnected(MentraError, ConnectionError):
    """There is no connection to the cloud at this moment."""


class SessionStopped(NotConnected):
    """The session ended, so the call can never be answered."""


class RequestTimeout(MentraError, TimeoutError):
    """The cloud did not answer in time."""


class ToolError(MentraError):
    """Raise it in a tool: its text becomes the tool's reply, for the assistant to act on."""

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
    ├── RequestTimeout         no answer came in time                     (also TimeoutError)
    ├── RequestFailed          the answer was no
    │   ├── PermissionDenied   the app lacks a permission                 (also PermissionError)
    │   ├── HardwareUnavailable  the glasses lack what it takes
    │   ├── PhotoError         there is no photo, and why
    │   ├── StreamError        the video did not start, or ended
    │   ├── AudioError         the sound was not played
    │   └── StorageError       the cloud did not read or store the data
    │       ├── StorageFull    ... because it is too much
    │       └── RateLimited    ... because it came too often
    ├── AuthError              a token of a web page proves no user
    ├── WebError               raised by app code: what a page is told instead of an answer
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


class RequestFailed(MentraError):
    """The cloud, the phone or the glasses said no.

    Attributes:
        code: Their own word for why, such as ``"CAMERA_BUSY"`` or ``"WIFI_NOT_CONNECTED"``; empty when there is none.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class PermissionDenied(RequestFailed, PermissionError):
    """The app has not declared a permission in the developer console, or the user did not grant it.

    Attributes:
        permission: Which one, such as ``"CAMERA"``; empty when the cloud did not say.
    """

    def __init__(self, message: str, *, code: str = "PERMISSION_DENIED", permission: str = "") -> None:
        super().__init__(message, code=code)
        self.permission = permission


class HardwareUnavailable(RequestFailed):
    """The connected glasses lack what the call needs. Nothing was sent.

    Attributes:
        feature: What is missing, such as ``"camera"``.
        model_name: The glasses; ``None`` when unknown.
    """

    def __init__(self, message: str, *, feature: str, model_name: str | None) -> None:
        super().__init__(message, code="HARDWARE_UNAVAILABLE")
        self.feature = feature
        self.model_name = model_name


class PhotoError(RequestFailed):
    """No photo was taken, or it did not arrive.

    Attributes:
        stage: Where it failed, such as ``"BLE_TRANSFER"``; ``None`` when nobody said.
        retryable: Whether another try may succeed; ``None`` when nobody said.
        suggested_action: What the glasses suggest to do; ``None`` when they did not.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "UNKNOWN_ERROR",
        stage: str | None = None,
        retryable: bool | None = None,
        suggested_action: str | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.stage = stage
        self.retryable = retryable
        self.suggested_action = suggested_action


class StreamError(RequestFailed):
    """A video stream did not start, or did not stop.

    Attributes:
        code: The cloud's word for why, such as ``"WIFI_NOT_CONNECTED"``; else the status by which the stream ended,
            such as ``"stopped"``; ``"ALREADY_STREAMING"`` when nothing was sent, as this session streams already.
        details: What the glasses said besides; ``None`` when they did not.
    """

    def __init__(self, message: str, *, code: str = "", details: str | None = None) -> None:
        super().__init__(message, code=code)
        self.details = details


class AudioError(RequestFailed):
    """A sound was not played."""


class StorageError(RequestFailed):
    """The cloud did not read or store an app's data. What was to be stored is kept and tried again."""


class StorageFull(StorageError):
    """A value, or all values of one user together, are larger than the cloud allows."""


class RateLimited(StorageError):
    """The cloud wants fewer requests.

    Attributes:
        retry_after_s: Seconds after which it may be tried again; ``None`` when the cloud did not say.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message, code="RATE_LIMITED")
        self.retry_after_s = retry_after_s


class AuthError(MentraError):
    """A token that a web page brought does not prove who the user is."""


class WebError(MentraError):
    """Raise it in a route: the page gets its status, and its text as the ``message`` of a JSON object.

    Attributes:
        status: The HTTP status, from 400 to 599.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ToolError(MentraError):
    """Raise it in a tool: its text becomes the tool's reply, for the assistant to act on."""

"""What a session tells of itself: no event of a stream, and nothing to subscribe to.

Each kind has a name, by which the session's router finds those who want it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NoReturn

import msgspec

from mentra.protocol.cloud_to_app import CapabilitiesUpdate, PermissionProblem, RefusedStream
from mentra.wrong_names import unknown_name


class _News(msgspec.Struct, frozen=True, kw_only=True):
    _moved: ClassVar[Mapping[str, str]] = MappingProxyType({})

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, self.__struct_fields__, moved=self._moved)


class Connected(_News, frozen=True, kw_only=True):
    """The cloud can be reached."""

    is_first: bool
    """False when a lost connection came back."""


class Reconnected(_News, frozen=True, kw_only=True):
    """A lost connection came back. What happened meanwhile was not delivered and will not be."""

    after_s: float
    """Seconds without a connection."""


class Disconnected(_News, frozen=True, kw_only=True):
    """The connection to the cloud ended."""

    _moved = MappingProxyType(
        {
            "message": "reason",
            "wasClean": "is_clean",
            "permanent": "not will_reconnect",
            "sessionEnded": "not will_reconnect",
            "session_ended": "not will_reconnect",
        }
    )

    code: int
    """The close code of the WebSocket: 1000 for a stop, 1006 for a broken connection, 1008 for a refusal."""
    reason: str
    """The cloud's words; empty when it said nothing."""
    will_reconnect: bool
    """False when the session ends with it."""

    @property
    def is_clean(self) -> bool:
        """Whether one side said goodbye; a network that broke does not."""
        return self.code not in (1005, 1006)


class Stopped(_News, frozen=True, kw_only=True):
    """The session ended."""

    reason: str
    """A ``StopReason``, or another word of the cloud's."""


CONNECTED = "connected"
RECONNECTED = "reconnected"
DISCONNECTED = "disconnected"
STOPPED = "stopped"
ERROR = "error"
CAPABILITIES = "capabilities_update"
PERMISSION_ERROR = "permission_error"
PERMISSION_DENIED = "permission_denied"

NEWS: dict[type[object], str] = {
    Connected: CONNECTED,
    Reconnected: RECONNECTED,
    Disconnected: DISCONNECTED,
    Stopped: STOPPED,
    CapabilitiesUpdate: CAPABILITIES,
    PermissionProblem: PERMISSION_ERROR,
    RefusedStream: PERMISSION_DENIED,
}
"""The name of each kind of news."""

"""How long a server waits for those who connect."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTimes:
    """Times of one server, all in seconds.

    Attributes:
        body_timeout: For the body of a request, and as many more as it takes at ``MIN_BODY_BYTES_PER_S``.
        idle_timeout: How long a connection may have no request on it, or only a part of a head.
        write_timeout: In which who reads a stream has to take some of it.
        close_timeout: For what is under way when the server is closed.
    """

    body_timeout: float
    idle_timeout: float
    write_timeout: float
    close_timeout: float

"""Requests from this machine."""

from urllib.parse import urlsplit

from mentra.transport.base import HttpRequest, is_loopback


def is_local(request: HttpRequest) -> bool:
    """Return whether a request names this machine as such; one that comes through a tunnel does not."""
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return False
    return is_loopback(host)

"""Whom we believe.

The start webhook is not signed, and the first frame on the socket it names carries the API key in clear text. So the
key goes only to hosts that can be a MentraOS cloud: over TLS, to a known path, without user information in the URL.
The same holds for REST calls, which carry the key too.

Source: docs/protocol.md, Security.
"""

import re
from hmac import compare_digest
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from mentra.config import split_url
from mentra.errors import UntrustedCloud
from mentra.protocol.connection import SOCKET_PATH, SOCKET_PATH_3
from mentra.protocol.webhooks import TOOL_KEY_HEADER, SessionRequest, tool_key
from mentra.transport.base import HttpRequest, is_loopback

CLOUD_DOMAINS = ("mentra.glass", "augmentos.cloud")
"""The domains of MentraOS clouds; their subdomains are trusted too."""

PRODUCTION = f"wss://api.mentra.glass{SOCKET_PATH}"
"""The cloud of those whose phone names no other one."""

SOCKET_PATHS = (SOCKET_PATH, SOCKET_PATH_3)

_HOST_NAME = re.compile(r"[a-z0-9.-]+")


def cloud_url(request: SessionRequest, *, configured: str | None, local_allowed: bool) -> str:
    """Return the WebSocket URL for a session: the configured one, else the webhook's if it may be trusted.

    Args:
        request: The start webhook.
        configured: The developer's own choice, which needs no trust.
        local_allowed: Whether a cloud on this machine is trusted.

    Raises:
        UntrustedCloud: The webhook names no URL, or one that may not receive the API key.
    """
    if configured:
        return configured
    url = named_url(request)
    if not url:
        raise UntrustedCloud("The webhook names no WebSocket URL (mentraOSWebsocketUrl).")
    if problem := _problem(url, local_allowed=local_allowed):
        raise UntrustedCloud(
            f"The webhook names {url!r}, which may not receive the API key: {problem}. For a cloud of your own set "
            "mentraos_websocket_url (or MENTRAOS_WEBSOCKET_URL) to its address."
        )
    return url


def named_url(request: SessionRequest) -> str | None:
    """Return the URL that a webhook names."""
    # The newest way to speak goes first; clouds before 2026 have one URL, and it is under the last name.
    return request.websocket_url or request.older_websocket_url


def fits_together(request: SessionRequest, package_name: str) -> bool:
    """Return whether a session is that of its user with this app.

    Otherwise anybody could have the session of one user replaced by that of another one. What cannot be shown on one
    line is no user id either: it becomes part of headers, paths and the log.
    """
    user_id = request.user_id
    whole = f"{user_id}-{package_name}"
    # E-mail addresses differ in case between the clouds' messages.
    is_whole = request.session_id == whole or request.session_id.lower() == whole.lower()
    return is_whole and bool(user_id) and user_id.isprintable()


def rest_base(url: str, *, local_allowed: bool) -> str | None:
    """Return the REST address that a page names for its cloud, without a path; ``None`` if it may not have the key."""
    parts = split_url(url)
    if parts is None or "@" in parts.netloc:
        return None
    if is_loopback(parts.hostname):
        trusted = local_allowed and parts.scheme in ("http", "https")
    else:
        trusted = parts.scheme == "https" and is_cloud_host(parts.hostname)
    return f"{parts.scheme}://{parts.netloc}" if trusted else None


def generation_of(url: str) -> Literal[2, 3]:
    """Return how a cloud wants to be spoken to at this URL; docs/protocol.md, Generation 3."""
    return 3 if urlsplit(url).path == SOCKET_PATH_3 else 2


def is_cloud_host(host: str | None) -> bool:
    """Return whether a host belongs to a MentraOS cloud."""
    name = (host or "").lower()
    if not _HOST_NAME.fullmatch(name):
        return False  # Such as "evil.example\\.mentra.glass": who knows what a resolver makes of it.
    return any(name == domain or name.endswith(f".{domain}") for domain in CLOUD_DOMAINS)


def is_in_clear(url: str) -> bool:
    """Return whether everybody on the way to a cloud can read the key: no TLS, and beyond the local network."""
    parts = urlsplit(url)
    try:
        return parts.scheme == "ws" and not ip_address(parts.hostname or "").is_private
    except ValueError:
        return not is_loopback(parts.hostname)


def is_from_cloud(request: HttpRequest, api_key: str) -> bool:
    """Return whether a tool request carries the header that only a holder of the key can make."""
    # A header may hold any bytes; those that are no UTF-8 arrive as surrogates.
    said = request.headers.get(TOOL_KEY_HEADER, "").encode(errors="surrogateescape")
    return compare_digest(said, tool_key(api_key).encode())


def _problem(url: str, *, local_allowed: bool) -> str | None:
    parts = split_url(url)
    if parts is None:
        return "it is no URL"
    if "@" in parts.netloc:
        return "it contains user information"
    if parts.path not in SOCKET_PATHS:
        return f"its path is neither {' nor '.join(SOCKET_PATHS)}"
    if is_loopback(parts.hostname):
        return (
            None
            if local_allowed and parts.scheme in ("ws", "wss")
            else "a cloud on this machine is trusted in development only (MENTRA_DEV=1)"
        )
    if parts.scheme != "wss":
        return "it is not encrypted (wss)"
    return None if is_cloud_host(parts.hostname) else "its host is no MentraOS cloud"

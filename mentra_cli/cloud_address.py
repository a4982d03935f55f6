"""The address of a cloud, as a person types it: ``--cloud``."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from mentra.protocol.connection import SOCKET_PATH
from mentra.transport.base import is_loopback
from mentra_cli.errors import CliError, ExitCode

_HOST = re.compile(r"[a-z0-9_.:-]+")


@dataclass(frozen=True)
class CloudAddress:
    """Where a cloud is. Encrypted, unless it is on this computer."""

    host: str
    """Without the port; for messages and questions of trust."""
    http_base: str
    """``"https://api.mentra.glass"``: what paths of its REST interface are appended to."""
    socket_url: str
    """``"wss://api.mentra.glass/app-ws"``."""


def parse_cloud_address(text: str) -> CloudAddress:
    """Read a host, an HTTP address or that of a socket.

    Without a scheme it is encrypted, and on this computer it is not. A path is kept for the socket only.

    Raises:
        CliError: USAGE: it is none of these, it contains user information, or it leaves this computer unencrypted.
    """
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, _ = parts.hostname or "", parts.port  # The port raises on nonsense.
    except ValueError:
        raise _refused(f"{text!r} is not the address of a cloud.") from None
    local = is_loopback(host)
    if not local and "." not in host and "://" not in text:
        raise _refused(f"{text!r} is not the address of a cloud.")
    scheme = parts.scheme or ("http" if local else "https")
    if scheme not in ("http", "https", "ws", "wss") or not _HOST.fullmatch(host) or "@" in parts.netloc:
        raise _refused(f"{text!r} is not the address of a cloud.")
    encrypted = scheme in ("https", "wss")
    if not encrypted and not local:
        raise _refused(f"{text!r} is not encrypted, and the API key is a secret.")
    suffix = "s" if encrypted else ""
    path = parts.path if parts.path.strip("/") else SOCKET_PATH
    return CloudAddress(host, f"http{suffix}://{parts.netloc}", f"ws{suffix}://{parts.netloc}{path}")


def _refused(message: str) -> CliError:
    return CliError(
        message,
        fix="Give its host, its address or its socket, such as --cloud https://api.mentra.glass",
        code=ExitCode.USAGE,
    )

"""The socket that a server listens on."""

import errno
import socket
from enum import Enum, auto


class Obstacle(Enum):
    """Why one cannot listen somewhere."""

    ADDRESS = auto()
    """It is none of this machine, whatever the port."""
    RIGHT = auto()
    """The system reserves the port, as most do with those below 1024."""
    PORT = auto()
    """Another program has it, most probably."""


def bind(host: str, port: int) -> socket.socket:
    """Listen on a port; 0 is a free one. In one step, so that a taken port is an OSError and nothing else."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Lets a restarted server have its port back while old connections still fade out.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(1024)
    except BaseException:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def obstacle(error: OSError) -> Obstacle:
    """Return why ``bind`` has failed."""
    if isinstance(error, socket.gaierror) or error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return Obstacle.ADDRESS
    return Obstacle.RIGHT if error.errno == errno.EACCES else Obstacle.PORT


def url_of(host: str, port: int) -> str:
    """Return where on this machine a server is reached that listens there."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"

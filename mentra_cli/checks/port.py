"""PORT: a number, and free, unless it is this project's own ``mentra dev`` that holds it."""

import socket
from collections.abc import Callable

from mentra.config import DEFAULT_PORT
from mentra_cli.checks.findings import Finding
from mentra_cli.checks.settings import Setting
from mentra_cli.dev.state_file import DevState

LISTENS_WITHIN_S = 0.5


def port_in_use(port: int) -> bool:
    """Return whether somebody on this computer answers on a port. Connecting is the same test on every system."""
    with socket.socket() as probe:
        probe.settimeout(LISTENS_WITHIN_S)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def check_port(setting: Setting, dev: DevState | None, in_use: Callable[[int], bool] = port_in_use) -> Finding:
    """Check the port that the app will listen on.

    Args:
        dev: The project's running ``mentra dev``, if there is one.
    """
    text = setting.usable or str(DEFAULT_PORT)
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        return Finding(
            "port.invalid",
            "error",
            f"{setting.name} {text!r} is no port",
            fix=f"Write a number from 1 to 65535, or take the line out: {DEFAULT_PORT} is the default",
            where=setting.where,
        )
    port = int(text)
    if dev is not None and dev.port == port:
        return Finding("port.own", "ok", f"port {port} is held by this project's mentra dev", where=setting.where)
    if port and in_use(port):
        return Finding(
            "port.in-use",
            "error",
            f"port {port} is in use by another program",
            fix=f"End that program, or choose another port, such as {setting.name}={3000 if port != 3000 else 3001}",
            where=setting.where,
        )
    return Finding("port.free", "ok", f"port {port} is free" if port else "any free port", where=setting.where)

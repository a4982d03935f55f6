"""Modules that are imported when they are first needed, while the event loop goes on."""

import asyncio
import time
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

HTTP_CLIENT = "mentra.transport.http_client"
FULL_SERVER = "mentra.transport.full_server"
QUIET_AFTER_S = 1.0
"""How long a server has to be quiet before it imports what it will need."""
QUIET_SHARE = 0.25
"""It is if it has used less of one processor. The import takes 200 ms of that, as much as 1,000 starts of sessions."""
LATEST_S = 60.0
"""A server that is never quiet imports it after so long."""


_imported: set[str] = set()


async def late_import(name: str) -> ModuleType:
    """Import a module in a thread, unless it is there.

    It takes longer than on the loop's thread, but nobody else waits as long: the two have the interpreter by turns of
    5 ms (``sys.setswitchinterval``).
    """
    if name not in _imported:
        # Also if it is in sys.modules: it is there from its first line on, and who imports it then waits for the last.
        await asyncio.to_thread(import_module, name)
        _imported.add(name)
    return import_module(name)


async def import_when_quiet(*, cpu_s: Callable[[], float] = time.process_time) -> None:
    """Import in good time what a server does without at its start: aiohttp, in a thread.

    Else the first photo, page or request has to wait for it, and what all sessions do takes longer meanwhile.

    Args:
        cpu_s: Seconds of processor time that this process has used.
    """
    for _ in range(int(LATEST_S / QUIET_AFTER_S)):
        before_s = cpu_s()
        await asyncio.sleep(QUIET_AFTER_S)
        if cpu_s() - before_s < QUIET_SHARE * QUIET_AFTER_S:
            break
    for name in (HTTP_CLIENT, FULL_SERVER):
        await late_import(name)

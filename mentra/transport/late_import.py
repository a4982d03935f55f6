"""Modules that are imported when they are first needed, while the event loop goes on."""

import asyncio
import sys
from importlib import import_module
from types import ModuleType

HTTP_CLIENT = "mentra.transport.http_client"
FULL_SERVER = "mentra.transport.full_server"
QUIET_AFTER_S = 1.0
"""How long after its start a server imports what it will need: it listens then, and has few sessions yet."""


async def late_import(name: str) -> ModuleType:
    """Import a module in a thread, unless it is there.

    It takes longer than on the loop's thread, but nobody else waits as long: the two have the interpreter by turns of
    5 ms (``sys.setswitchinterval``).
    """
    if name not in sys.modules:
        await asyncio.to_thread(import_module, name)
    return import_module(name)


async def import_when_quiet() -> None:
    """Import in good time what a server does without at its start: aiohttp, in a thread.

    Else the first photo, page or request has to wait for it, and what all sessions do takes longer meanwhile.
    """
    await asyncio.sleep(QUIET_AFTER_S)
    for name in (HTTP_CLIENT, FULL_SERVER):
        await late_import(name)

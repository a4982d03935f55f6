"""Modules that are imported when they are first needed, while the event loop goes on."""

import asyncio
import sys
from importlib import import_module
from types import ModuleType


async def late_import(name: str) -> ModuleType:
    """Import a module in a thread, unless it is there.

    It takes longer than on the loop's thread, but nobody else waits as long: the two have the interpreter by turns of
    5 ms (``sys.setswitchinterval``).
    """
    if name not in sys.modules:
        await asyncio.to_thread(import_module, name)
    return import_module(name)

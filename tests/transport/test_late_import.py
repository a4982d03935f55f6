import asyncio
import sys

import pytest

from mentra.transport import late_import
from mentra.transport.late_import import FULL_SERVER, HTTP_CLIENT, QUIET_AFTER_S, import_when_quiet


async def test_what_a_server_starts_without_is_imported_when_it_is_quiet(monkeypatch: pytest.MonkeyPatch):
    imported: list[tuple[str, float]] = []
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def note(name: str) -> object:
        imported.append((name, round(loop.time() - began, 3)))
        return sys

    monkeypatch.setattr(late_import, "late_import", note)
    await import_when_quiet()

    assert imported == [(HTTP_CLIENT, QUIET_AFTER_S), (FULL_SERVER, QUIET_AFTER_S)]

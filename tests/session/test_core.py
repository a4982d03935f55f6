"""The inside of a session, as its server uses it; stories of it are in tests/conversations/."""

import asyncio
from datetime import UTC, datetime

import pytest

from mentra.errors import NotConnected
from mentra.session.cloud_api import CloudApi
from mentra.session.core import SessionCore
from mentra.session.events import Events
from mentra.transport.base import Connection, Receiver
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_cloud import PACKAGE_NAME, USER_ID, turns


async def nowhere(receiver: Receiver) -> Connection:
    raise NotConnected("There is no cloud in this test.")


async def test_an_end_that_is_cut_short_leaves_no_task_behind():
    core = SessionCore(
        session_id=f"{USER_ID}-{PACKAGE_NAME}",
        user_id=USER_ID,
        package_name=PACKAGE_NAME,
        api_key=lambda: "key",
        api=CloudApi(MemoryNetwork(), "ws://127.0.0.1/app-ws", package_name=PACKAGE_NAME, api_key=lambda: "key"),
        connect=nowhere,
        on_over=lambda core, reason: None,
        now=lambda: datetime(2026, 1, 31, tzinfo=UTC),
    )
    work = core.work.start_soon(asyncio.sleep(1000), None)
    Events(core).on_stopped(lambda news: asyncio.sleep(1))
    core.end("server_stopped")
    closing = asyncio.create_task(core.close())
    await turns()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing

    assert work.cancelled()

"""What app code sees of a session: the documented names, and nothing of the inside."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

import mentra
from mentra.errors import NotConnected
from mentra.session.cloud_api import CloudApi
from mentra.session.core import SessionCore
from mentra.session.session import AppSession
from mentra.transport.base import Connection, Receiver
from mentra.transport.memory import MemoryNetwork


async def nowhere(receiver: Receiver) -> Connection:
    raise NotConnected("There is no cloud in this test.")


@pytest.fixture
async def session() -> AppSession:
    core = SessionCore(
        session_id="you@example.com-com.example.app",
        user_id="you@example.com",
        package_name="com.example.app",
        api_key=lambda: "key",
        api=CloudApi(MemoryNetwork(), "ws://127.0.0.1/app-ws", package_name="com.example.app", api_key=lambda: "key"),
        connect=nowhere,
        on_over=lambda core, reason: None,
        now=lambda: datetime(2026, 1, 31, tzinfo=UTC),
    )
    return AppSession(core)


def names(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def words(text: str) -> set[str]:
    return set(text.split())


async def test_a_session_has_the_documented_names_only(session: AppSession):
    assert names(session) == words(
        "capabilities connected events layouts logger package_name session_id settings stop_reason user_id wait_stopped"
    )


async def test_its_parts_have_the_documented_names_only(session: AppSession):
    subscription = session.events.on("button_press", print)

    assert names(session.events) == words("on on_transcription transcriptions")
    assert names(subscription) == words("active cancel dropped handler stream")
    assert names(session.layouts) == words(
        "clear show_dashboard_card show_double_text_wall show_reference_card show_text_wall"
    )
    assert names(session.settings) == words("get items keys on_change system values")


async def test_the_types_of_its_parts_have_public_names(session: AppSession):
    parts: Iterable[object] = (session, session.events, session.layouts, session.settings)

    assert {type(part).__name__ for part in parts} <= set(mentra.__all__)


async def test_another_thread_is_told_how_to_show(session: AppSession):
    with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
        await asyncio.to_thread(session.layouts.show_text_wall, "hello")


async def test_a_user_id_cannot_forge_a_line_of_the_log(session: AppSession, caplog: pytest.LogCaptureFixture):
    core = SessionCore(
        session_id="x",
        user_id="you\nERROR %s",
        package_name="com.example.app",
        api_key=lambda: "key",
        api=CloudApi(MemoryNetwork(), "ws://127.0.0.1/app-ws", package_name="com.example.app", api_key=lambda: "key"),
        connect=nowhere,
        on_over=lambda core, reason: None,
        now=lambda: datetime(2026, 1, 31, tzinfo=UTC),
    )

    core.logger.warning("It rains in %s.", "London")

    assert caplog.messages == [r"[you\nERROR \x25s] It rains in London."]

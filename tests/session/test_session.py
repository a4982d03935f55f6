"""What app code sees of a session: the documented names, and nothing of the inside."""

import asyncio
import copy
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

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
        "audio call_later camera capabilities connected dashboard device enter events every has_button has_camera "
        "has_display has_light has_microphone has_speaker has_wifi layouts led location logger on_stop package_name "
        "record require session_id settings start_soon state stop_reason storage user_id wait_capabilities wait_stopped"
    )


async def test_its_parts_have_the_documented_names_only(session: AppSession):
    subscription = session.events.on("button_press", print)

    assert names(session.events) == words(
        "audio on on_audio_chunk on_button_press on_calendar_event on_capabilities_update on_connected "
        "on_custom_message on_disconnected on_error on_glasses_battery on_glasses_connection on_head_position "
        "on_location on_permission_denied on_permission_error on_phone_battery on_phone_notification "
        "on_phone_notification_dismissed on_photo_taken on_reconnected on_stopped on_touch_event on_transcription "
        "on_translation on_voice_activity on_vps_coordinates stream transcriptions translations wait_for"
    )
    assert names(session.record("x.wav")) == words("duration_s path")
    assert names(subscription) == words("active cancel dropped handler stream")
    assert names(session.layouts) == words(
        "clear last show_animation show_bitmap show_dashboard_card show_double_text_wall show_reference_card "
        "show_text_wall"
    )
    assert names(session.dashboard) == words("clear mode on_mode_change system write")
    assert names(session.led) == words("blink off on")
    assert names(session.device) == words("on_change request_wifi_setup state wifi")
    assert names(session.audio) == words("play play_bytes play_file playing speak stop")
    assert names(session.storage) == words("all clear contains delete flush get get_json keys set set_json update")
    assert names(session.every(1, print)) == words("active cancel function")
    assert names(session.camera) == words(
        "existing_stream managed_stream managed_stream_statuses on_managed_stream_status on_stream_status photos "
        "request_photo set_fov start_managed_stream start_stream stop_existing_stream stream stream_statuses "
        "upload_photo_to"
    )
    assert names(session.location) == words("get_latest last on_update updates")
    assert names(session.settings) == words("get items keys of on_change system values")
    assert names(session.settings.system) == words("get items keys on_change timezone uses_metric_units values")
    assert names(session.settings.on_change("lines", print)) == words("active cancel handler")


async def test_the_types_of_its_parts_have_public_names(session: AppSession):
    parts: Iterable[object] = (
        session,
        session.events,
        session.layouts,
        session.dashboard,
        session.led,
        session.device,
        session.settings,
        session.audio,
        session.camera,
        session.location,
        session.storage,
        session.call_later(1, print),
    )

    assert {type(part).__name__ for part in parts} <= set(mentra.__all__)


async def test_another_thread_is_told_how_to_show(session: AppSession):
    with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
        await asyncio.to_thread(session.layouts.show_text_wall, "hello")


async def test_threads_that_are_the_first_to_use_a_part_at_once_get_the_same_one(session: AppSession):
    """Each of two would know something else of the glasses."""
    both = threading.Barrier(2)
    core = session._core

    class Core:
        router = core.router
        unheard = core.unheard

        @property
        def settings(self) -> object:
            both.wait(10)
            return core.settings

    shared = AppSession(cast(SessionCore, Core()))
    first, second = await asyncio.gather(*(asyncio.to_thread(lambda: shared.settings) for _ in range(2)))

    assert first is second
    assert first is shared.settings


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


async def test_a_copy_of_a_session_is_the_session(session: AppSession):
    assert copy.copy(session) is session

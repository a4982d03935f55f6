"""The parts of a session are made when they are first used. What the cloud told before is not lost."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mentra import AppSession, DeviceState, GlassesBattery, Location
from mentra.transport.base import Network
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import CloudSocket, ScriptedCloud
from tests.helpers.waiting import until

FIX = {"lat": 48.2, "lng": 16.4, "accuracy": 5, "timestamp": "2026-01-31T10:00:00.000Z"}


@pytest.mark.parametrize(
    ("tell", "read", "known"),
    [
        (
            lambda cloud: cloud.send({"type": "device_state_update", "state": {"batteryLevel": 50}}),
            lambda session: session.device.state,
            DeviceState(battery_level=50),
        ),
        (
            lambda cloud: cloud.send_event("glasses_battery_update", {"level": 60, "charging": True}),
            lambda session: session.device.state,
            DeviceState(battery_level=60, charging=True),
        ),
        (
            lambda cloud: cloud.send_event(
                "glasses_connection_state", {"modelName": "Mentra Live", "status": "CONNECTED"}
            ),
            lambda session: session.device.state,
            DeviceState(connected=True, model_name="Mentra Live"),
        ),
        (
            lambda cloud: cloud.send_event("location_update", FIX),
            lambda session: session.location.last.lat,
            48.2,
        ),
        (
            lambda cloud: cloud.send({"type": "dashboard_mode_changed", "mode": "expanded"}),
            lambda session: session.dashboard.mode,
            "expanded",
        ),
        (
            lambda cloud: cloud.send({"type": "settings_update", "settings": [{"key": "lines", "value": 3}]}),
            lambda session: session.settings["lines"],
            3,
        ),
    ],
)
async def test_what_the_cloud_told_before_a_part_was_used_is_known(
    network: Network,
    cloud: ScriptedCloud,
    tell: Callable[[CloudSocket], None],
    read: Callable[[AppSession], Any],
    known: object,
):
    async with serving(Diary(), network) as app:
        await cloud.start(app)
        await until(lambda: app.current)
        told: list[Any] = []
        app.session.events.on_custom_message(lambda message: told.append(message.action))
        tell(cloud.socket)
        cloud.socket.send({"type": "custom_message", "action": "done", "payload": {}})
        await until(lambda: told)

        assert read(app.session) == known


async def test_what_the_session_knows_is_as_new_as_the_event_that_a_handler_gets(
    network: Network, cloud: ScriptedCloud
):
    seen: list[Any] = []

    async def script(session: AppSession) -> None:
        def battery(event: GlassesBattery) -> None:
            seen.append((event.level, session.device.state.battery_level))

        def fix(event: Location) -> None:
            seen.append((event.lat, session.location.last))

        session.events.on_glasses_battery(battery)
        session.events.on_location(fix)

    async with serving(Diary(script), network) as app:
        await cloud.start(app)
        await until(lambda: cloud.socket.subscriptions)
        for level in (60, 59):
            cloud.socket.send_event("glasses_battery_update", {"level": level, "charging": False})
        cloud.socket.send_event("location_update", FIX)
        await until(lambda: len(seen) == 3)

        assert seen == [(60, 60), (59, 59), (48.2, app.session.location.last)]


async def test_another_thread_may_be_the_first_to_read_what_is_known(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        await cloud.start(app)
        await until(lambda: app.current)
        session = app.session

        assert await asyncio.to_thread(lambda: (session.device.state, session.location.last)) == (DeviceState(), None)


async def test_a_part_is_always_the_same_object(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        await cloud.start(app)
        await until(lambda: app.current)
        session = app.session
        session.state.count = 1

        assert session.layouts is session.layouts
        assert session.camera is session.camera
        assert vars(session.state) == {"count": 1}

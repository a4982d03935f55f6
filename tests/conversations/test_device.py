"""How the glasses are, and what they can do."""

import asyncio
import logging
from typing import Any

import msgspec
import pytest

from mentra import (
    AppSession,
    Capabilities,
    DeviceState,
    HardwareUnavailable,
    NotConnected,
    RequestTimeout,
    SessionStopped,
    WifiState,
)
from mentra.localcloud import WifiSetup
from mentra.localcloud.models import MODELS
from mentra.protocol.connection import EMPTY_LIST_IGNORED_S
from mentra.session.device import FIELDS, DeviceField
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import ACK, PACKAGE_NAME, USER_ID, ScriptedCloud, turns
from tests.helpers.waiting import until


def update(state: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "device_state_update", "state": state, **fields}


async def test_what_the_phone_tells_is_merged_and_told_w_state_1(world: World):
    levels: list[float | None] = []
    app = await world.serve(Diary())
    glasses = await world.wear(app, model="Mentra Live")
    device = app.session.device
    assert (device.state, device.wifi) == (DeviceState(), None)
    device.on_change("battery_level", levels.append)

    await glasses.report(DeviceState(battery_level=80, charging=False))
    await glasses.report(DeviceState(charging=True, wifi_connected=True, wifi_ssid="home"))
    await until(lambda: device.state.charging)

    assert levels == [80]
    assert device.state == DeviceState(battery_level=80, charging=True, wifi_connected=True, wifi_ssid="home")
    assert device.wifi == WifiState(connected=True, ssid="home")


async def test_a_handler_hears_what_is_known_at_once_and_then_changes_only(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        heard: list[Any] = []
        memory_cloud.socket.send(update({"batteryLevel": 50}))
        await turns()

        @app.session.device.on_change("battery_level")
        async def note(level: float | None) -> None:
            heard.append((level, app.session.device.state.charging))

        await turns()
        assert heard == [(50, None)]

        for state in ({"batteryLevel": 50}, {"batteryLevel": 51, "charging": True}, {"batteryLevel": None}):
            memory_cloud.socket.send(update(state, fullSnapshot=True, timestamp="t"))
        await turns()
        assert heard == [(50, None), (51, True), (None, True)]

        note.cancel()
        memory_cloud.socket.send(update({"batteryLevel": 7}))
        await turns()
        assert (len(heard), app.session.device.state.battery_level) == (3, 7)


async def test_a_snapshot_right_behind_the_acknowledgement_is_not_missed(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    class Eager(ScriptedCloud):
        def greet(self, socket: Any, init: Any) -> None:
            super().greet(socket, init)
            socket.send(update({"modelName": "Mentra Live", "connected": True}, fullSnapshot=True))

    async with Eager(memory) as cloud, serving(Diary(), memory) as app:
        await cloud.start(app)
        await turns()

        assert app.session.device.state == DeviceState(connected=True, model_name="Mentra Live")


async def test_what_cannot_be_read_stays_as_it_was_w_state_1(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        for state in (
            {"batteryLevel": 50, "modelName": "Mentra Live"},
            {"batteryLevel": "full", "charging": 1, "caseOpen": True, "novelty": []},
            {"modelName": None},
        ):
            memory_cloud.socket.send(update(state))
        for nonsense in (7, None, "x", []):
            memory_cloud.socket.send(update(nonsense))
        await turns()

        assert app.session.device.state == DeviceState(battery_level=50, case_open=True)


async def test_the_wifi_is_that_of_whoever_spoke_last_w_state_2(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    ssids: list[str | None] = []

    async def script(session: AppSession) -> None:
        session.events.on("glasses_connection_state", lambda event: None)
        session.device.on_change("wifi_ssid", ssids.append)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        socket = memory_cloud.socket

        def connection(**fields: Any) -> dict[str, Any]:
            return {"type": "glasses_connection_state", "modelName": "Mentra Live", "status": "CONNECTED", **fields}

        socket.send(update({"wifiConnected": True, "wifiSsid": "home"}))
        socket.send_event("glasses_connection_state", connection())
        await turns()
        assert app.session.device.wifi == WifiState(connected=True, ssid="home")

        socket.send_event("glasses_connection_state", connection(wifi={"connected": True, "ssid": "train"}))
        await turns()
        assert app.session.device.wifi == WifiState(connected=True, ssid="train")

        socket.send_event("glasses_connection_state", connection(wifi={"connected": False}))
        await turns()
        assert app.session.device.wifi == WifiState(connected=False)
        assert ssids == ["home", "train", None]


@pytest.mark.parametrize("field", FIELDS)
async def test_a_handler_subscribes_to_the_stream_by_which_clouds_of_2025_tell_it_w_state_2(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, field: DeviceField
):
    battery, connection = "glasses_battery_update", "glasses_connection_state"
    streams = {
        **dict.fromkeys(("battery_level", "charging"), battery),
        **dict.fromkeys(("connected", "model_name", "wifi_connected", "wifi_ssid"), connection),
    }

    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        with app.session.device.on_change(field, print):
            await asyncio.sleep(EMPTY_LIST_IGNORED_S)
        await turns()

        assert memory_cloud.socket.subscriptions == ([[streams[field]], []] if field in streams else [])


async def test_what_events_of_2025_tell_is_the_state_w_str_4_w_str_5(world: World):
    heard: list[Any] = []
    app = await world.serve(Diary())
    glasses = await world.wear(app, model="Mentra Live")
    device = app.session.device
    for field in ("battery_level", "charging", "connected", "model_name"):
        device.on_change(field, heard.append)
    await until(lambda: len(glasses.subscriptions(PACKAGE_NAME)) == 2)

    await glasses.set_battery(7, charging=True)
    await until(lambda: len(heard) == 2)
    await glasses.put_on(ssid="home")
    await until(lambda: len(heard) == 4)
    await glasses.take_off()
    await until(lambda: len(heard) == 5)
    await glasses.send("glasses_connection_state", {"modelName": "Mentra Live", "status": "CONNECTING"})
    await turns()

    assert heard == [7, True, True, "Mentra Live", False]
    assert device.state == DeviceState(
        connected=False,
        model_name="Mentra Live",
        battery_level=7,
        charging=True,
        wifi_connected=True,
        wifi_ssid="home",
    )


async def test_a_cancelled_handler_leaves_the_stream_to_the_others(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        one = app.session.device.on_change("battery_level", print)
        two = app.session.device.on_change("charging", print)
        one.cancel()
        one.cancel()
        await asyncio.sleep(EMPTY_LIST_IGNORED_S)
        assert memory_cloud.socket.subscriptions == [["glasses_battery_update"]]

        two.cancel()
        await turns()
        assert memory_cloud.socket.subscriptions == [["glasses_battery_update"], []]


async def test_a_password_is_in_no_log_and_no_repr(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        app.session._core.hears(msgspec_kind(), lambda message: seen.append(repr(message)))
        memory_cloud.socket.send(update({"hotspotPassword": "hunter22", "hotspotSsid": "glasses"}))
        await turns()

        state = app.session.device.state
        assert (state.hotspot_password, state.hotspot_ssid) == ("hunter22", "glasses")
        assert "hunter22" not in repr(state) + "".join(seen) + caplog.text
        assert "glasses" in repr(state)
        assert len(seen) == 1


def msgspec_kind() -> Any:
    from mentra.protocol.cloud_to_app import DeviceStateUpdate

    return DeviceStateUpdate


def test_every_field_of_the_state_can_be_watched():
    assert set(FIELDS) == {field.name for field in msgspec.structs.fields(DeviceState)} - {"timestamp"}


async def test_an_unknown_field_is_answered(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        device: Any = app.session.device

        with pytest.raises(ValueError, match=r"no field 'batery'. Did you mean 'battery_level'\?"):
            device.on_change("batery", print)
        wifi = r"no field 'wifi'. Did you mean 'wifi_connected' or 'wifi_ssid' or 'wifi_local_ip'\?"
        with pytest.raises(ValueError, match=wifi):
            device.on_change("wifi", print)
        with pytest.raises(ValueError, match="There are: connected, model_name"):
            device.on_change("zzz", print)
        with pytest.raises(AttributeError, match=r"Use session\.device\.state\.battery_level instead"):
            _ = device.battery_level
        with pytest.raises(AttributeError, match=r"Use session\.device\.state instead"):
            device.getSnapshot()
        with pytest.raises(AttributeError, match="use 'battery_level'"):
            _ = device.state.batteryLevel


async def test_the_phone_shows_the_wish_for_wifi_w_state_3(world: World):
    app = await world.serve(Diary())
    glasses = await world.wear(app, model="Mentra Live")

    app.session.device.request_wifi_setup("Needed for the video.")
    app.session.device.request_wifi_setup()
    app.session.layouts.show_text_wall("done")
    await glasses.wait_for_display("done")

    assert glasses.wifi_setups == (WifiSetup(PACKAGE_NAME, "Needed for the video."), WifiSetup(PACKAGE_NAME, ""))


async def test_a_wish_for_wifi_has_the_fields_of_the_official_sdk_w_state_3(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        app.session.device.request_wifi_setup("why")
        app.session.device.request_wifi_setup()
        await turns()

    envelope = {
        "type": "request_wifi_setup",
        "packageName": PACKAGE_NAME,
        "sessionId": f"{USER_ID}-{PACKAGE_NAME}",
        "timestamp": ...,
    }
    assert [frame | {"timestamp": ...} for frame in memory_cloud.socket.of_type("request_wifi_setup")] == [
        envelope | {"reason": "why"},
        envelope,
    ]


async def test_wifi_cannot_be_asked_for_in_vain(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        socket, device = memory_cloud.socket, app.session.device
        socket.send(
            {
                "type": "capabilities_update",
                "modelName": "Even Realities G1",
                "capabilities": msgspec.to_builtins(MODELS["Even Realities G1"]),
            }
        )
        await turns()
        with pytest.raises(HardwareUnavailable, match=r"needs glasses with Wi-Fi; the Even Realities G1 have none"):
            device.request_wifi_setup()

        socket.send({"type": "capabilities_update", "modelName": None, "capabilities": None})
        await turns()
        memory_cloud.socket.abort()
        await turns()
        with pytest.raises(NotConnected, match="lost at the moment"):
            device.request_wifi_setup()

        await memory_cloud.live_socket(2)
        await memory_cloud.stop(app)
        await turns()
        with pytest.raises(SessionStopped, match="user_disabled"):
            device.request_wifi_setup()
        assert socket.of_type("request_wifi_setup") == []


async def test_shortcuts_say_what_the_glasses_have(world: World):
    app = await world.serve(Diary())
    glasses = await world.wear(app, model="Mentra Live")
    session = app.session

    def flags() -> list[bool]:
        return [
            session.has_camera,
            session.has_display,
            session.has_microphone,
            session.has_speaker,
            session.has_button,
            session.has_light,
            session.has_wifi,
        ]

    assert flags() == [True, False, True, True, True, True, True]
    session.require("camera")
    with pytest.raises(HardwareUnavailable, match="needs glasses with a display; the Mentra Live have none"):
        session.require("display")

    await glasses.put_on("Glasses of tomorrow")
    await until(lambda: session.capabilities is None)
    assert flags() == [False] * 7
    session.require("display")


async def test_capabilities_that_come_late_can_be_waited_for(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        waiting = asyncio.create_task(app.session.wait_capabilities())
        await turns()
        memory_cloud.socket.send(
            {
                "type": "capabilities_update",
                "modelName": "Mentra Live",
                "capabilities": msgspec.to_builtins(MODELS["Mentra Live"]),
            }
        )

        assert await waiting == await app.session.wait_capabilities(timeout=0) == app.session.capabilities
        assert isinstance(app.session.capabilities, Capabilities)


async def test_capabilities_of_a_new_connection_end_the_wait(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        waiting = asyncio.create_task(app.session.wait_capabilities(timeout=60))
        memory_cloud.answer = {**ACK, "capabilities": msgspec.to_builtins(MODELS["Vuzix Z100"])}
        memory_cloud.socket.abort()

        assert (await waiting).model_name == "Vuzix Z100"


async def test_unknown_glasses_and_the_end_of_the_session_end_the_wait(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        with pytest.raises(RequestTimeout, match="within 5 s"):
            await app.session.wait_capabilities()

        waiting = asyncio.create_task(app.session.wait_capabilities(timeout=None))
        await turns()
        await memory_cloud.stop(app)
        with pytest.raises(SessionStopped, match="user_disabled"):
            await waiting


def test_a_location_is_not_among_the_capabilities():
    capabilities: Any = MODELS["Mentra Live"]

    with pytest.raises(AttributeError, match=r"Use session\.location: it is the phone"):
        _ = capabilities.hasLocation

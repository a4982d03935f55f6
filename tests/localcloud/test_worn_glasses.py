"""Putting glasses on and taking them off does all that the cloud does with it."""

import asyncio
from typing import Any

import pytest

from mentra.localcloud import HardwareRequirement, LocalCloud, VirtualGlasses
from mentra.localcloud.models import MODELS
from mentra.protocol import codec
from tests.helpers.scripted_app import ScriptedApp, let_it_happen

CAMERA = HardwareRequirement(type="CAMERA", level="REQUIRED")


def told(app: ScriptedApp) -> list[Any]:
    """Return what the app was told of its glasses: a model, or the status of a connection."""
    news = []
    for frame in app.socket.frames:
        if frame["type"] == "capabilities_update":
            news.append((frame["modelName"], frame["capabilities"] and frame["capabilities"]["hasCamera"]))
        elif frame["type"] == "data_stream":
            news.append(frame["data"]["status"])
        elif frame["type"] in ("device_state_update", "app_stopped"):
            news.append(frame["type"])
    return news


async def test_each_running_app_is_told_what_other_glasses_can_do_and_then_that_they_connected_w_str_5(
    running, glasses
):
    await running.subscribe("glasses_connection_state")

    await glasses.put_on("Mentra Live", ssid="home")

    assert told(running) == [("Mentra Live", True), "CONNECTED"]
    assert running.socket.frames[-2]["capabilities"] == codec.decode_as(dict, codec.encode(MODELS["Mentra Live"]))
    assert running.socket.frames[-1]["data"]["wifi"] == {"connected": True, "ssid": "home"}
    assert (glasses.model, glasses.capabilities) == ("Mentra Live", MODELS["Mentra Live"])


async def test_who_does_not_listen_hears_of_the_capabilities_only(running, glasses):
    await glasses.put_on("Glasses Nobody Knows")

    assert told(running) == [("Glasses Nobody Knows", None)]


async def test_the_same_glasses_come_back_with_their_capabilities(running, glasses):
    await running.subscribe("glasses_connection_state")

    await glasses.take_off()
    await glasses.put_on()

    assert told(running) == ["DISCONNECTED", ("Even Realities G1", False), "CONNECTED"]


async def test_on_glasses_that_were_taken_off_nothing_appears(running, glasses):
    await running.show("before")
    await glasses.take_off()
    await running.show("unseen")
    await glasses.put_on()
    await running.show("after")

    assert [event.layout["text"] for event in glasses.shown] == ["before", "after"]


async def test_glasses_that_were_taken_off_take_no_photo(running, glasses):
    await glasses.put_on("Mentra Live")
    await glasses.take_off()

    await running.send("photo_request", requestId="p1", size="small", compress="none", saveToGallery=False)

    assert running.socket.frames[-1]["message"] == "Cannot process photo request - smart glasses are not connected"


async def test_an_app_that_requires_what_other_glasses_lack_is_stopped_before_they_count_as_connected(
    cloud, app, glasses
):
    cloud.install(app.installed(hardware_requirements=(CAMERA,)))
    await glasses.put_on("Mentra Live")
    await glasses.start(app.package_name)
    await app.subscribe("glasses_connection_state")

    await glasses.put_on("Vuzix Z100")

    assert told(app) == [("Vuzix Z100", False), "app_stopped"]
    assert app.webhooks == ["session_request", "stop_request"]
    assert glasses.running == ()


async def test_the_wifi_of_glasses_is_forgotten_when_they_are_taken_off(network):
    async with LocalCloud(network, generation=3) as cloud, ScriptedApp(network) as app:
        cloud.install(app.installed())
        glasses = cloud.connect_glasses("user1@example.com")
        await glasses.start(app.package_name)

        await glasses.put_on("Mentra Live", ssid="home")
        await glasses.take_off()
        await glasses.put_on()

    states = [frame["state"] for frame in app.socket.frames if frame["type"] == "device_state_update"]
    live = {"connected": True, "modelName": "Mentra Live"}
    assert states[1:] == [{**live, "wifiConnected": True, "wifiSsid": "home"}, {"connected": False}, live]


async def test_the_cloud_of_2025_tells_nobody_of_the_state(running, glasses):
    await glasses.put_on("Mentra Live", ssid="home")
    await glasses.take_off()

    assert "device_state_update" not in running.socket.types


async def test_an_event_that_is_sent_by_hand_counts_as_much(running, glasses):
    await glasses.send("glasses_connection_state", {"modelName": "Mentra Live", "status": "CONNECTED"})

    assert (glasses.model, told(running)) == ("Mentra Live", [("Mentra Live", True)])


async def test_any_other_status_means_that_they_are_away(running, glasses):
    await glasses.send("glasses_connection_state", {"modelName": "Mentra Live", "status": "CONNECTING"})
    await running.show("unseen")

    assert (glasses.model, list(glasses.shown)) == ("Even Realities G1", [])


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("connect_to_phone", r"Use put_on\(\) instead\."),
        ("disconnect_from_phone", r"Use take_off\(\) instead\."),
        ("change_model", r"Use put_on\(model\) instead\."),
    ],
)
def test_what_it_was_called_before_names_what_it_is_called_now(glasses: VirtualGlasses, name: str, right: str):
    with pytest.raises(AttributeError, match=right):
        getattr(glasses, name)


# Behind a slow network.


async def test_what_follows_from_other_glasses_comes_when_the_cloud_hears_of_them(running, glasses):
    glasses.set_network(latency_s=0.3)

    await glasses.put_on("Mentra Live")
    assert (glasses.model, told(running)) == ("Even Realities G1", [])

    await asyncio.sleep(0.4)
    await let_it_happen()
    assert (glasses.model, told(running)) == ("Mentra Live", [("Mentra Live", True)])


async def test_whether_glasses_are_worn_is_known(running, glasses):
    worn = [glasses.is_worn]
    for happen in (glasses.take_off(), glasses.put_on()):
        await happen
        worn.append(glasses.is_worn)

    assert worn == [True, False, True]


async def test_an_app_that_lost_its_connection_runs_and_is_not_connected(running, glasses):
    before = glasses.connected
    glasses.drop_connection(running.package_name)
    await let_it_happen()

    assert (before, glasses.connected, glasses.running) == ((running.package_name,), (), (running.package_name,))

"""Apps that require what the glasses lack (docs/protocol.md, Capabilities)."""

import asyncio

import pytest

from mentra.localcloud import HardwareRequirement, StartFailed
from mentra.localcloud.hardware import missing_hardware
from mentra.localcloud.models import MODELS
from mentra.transport.base import Closed

CAMERA = HardwareRequirement(type="CAMERA")


async def test_an_app_is_not_started_on_glasses_that_lack_what_it_requires_w_conn_17(cloud, app, glasses):
    cloud.install(app.installed(hardware_requirements=(CAMERA,)))

    with pytest.raises(StartFailed, match="requires what these glasses lack: camera") as failure:
        await glasses.start(app.package_name)

    assert failure.value.stage == "HARDWARE_CHECK"
    assert app.requests == []


async def test_an_app_is_stopped_when_other_glasses_lack_what_it_requires_w_conn_17(cloud, app, glasses):
    cloud.install(app.installed(hardware_requirements=(CAMERA,)))
    await glasses.put_on("Mentra Live")
    await glasses.start(app.package_name)

    await glasses.put_on("Even Realities G1")
    await asyncio.sleep(1.0)

    assert app.webhooks == ["session_request", "stop_request"]
    assert app.socket.types == ["tpa_connection_ack", "capabilities_update", "app_stopped"]
    assert app.socket.closed == Closed(1000, "App stopped")


async def test_what_is_optional_may_be_missing(cloud, app, glasses):
    cloud.install(app.installed(hardware_requirements=(HardwareRequirement(type="CAMERA", level="OPTIONAL"),)))

    await glasses.start(app.package_name)

    assert glasses.running == ("com.example.app",)


async def test_on_glasses_that_nobody_knows_everything_is_started(cloud, app, glasses):
    cloud.install(app.installed(hardware_requirements=(CAMERA,)))
    await glasses.put_on("Mentra Mach1")

    await glasses.start(app.package_name)

    assert glasses.running == ("com.example.app",)


@pytest.mark.parametrize(
    ("model", "missing"),
    [
        ("Even Realities G1", ("CAMERA", "SPEAKER", "BUTTON", "LIGHT", "WIFI")),
        ("Mentra Live", ("DISPLAY",)),
        ("Vuzix Z100", ("CAMERA", "MICROPHONE", "SPEAKER", "IMU", "BUTTON", "LIGHT", "WIFI")),
        ("Simulated Glasses", ("CAMERA", "IMU", "LIGHT", "WIFI")),
    ],
)
def test_what_each_model_lacks(model, missing):
    kinds = ("CAMERA", "DISPLAY", "MICROPHONE", "SPEAKER", "IMU", "BUTTON", "LIGHT", "WIFI")
    everything = [HardwareRequirement(type=kind) for kind in kinds]

    assert missing_hardware(everything, MODELS[model]) == missing

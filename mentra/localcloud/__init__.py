"""The cloud's half, for development and tests: a cloud in this process, with virtual glasses.

::

    async with LocalCloud(network) as cloud:
        cloud.install(InstalledApp(package_name="com.example.app", api_key="key", public_url=app_url))
        glasses = cloud.connect_glasses()
        await glasses.start("com.example.app")
        await glasses.say("hello")
        assert glasses.display == "hello"
"""

from mentra.localcloud.app_start import StartFailed
from mentra.localcloud.catalogue import InstalledApp, NotInstalled
from mentra.localcloud.cloud import LocalCloud
from mentra.localcloud.glasses import DEFAULT_MODEL, DEFAULT_USER, VirtualGlasses
from mentra.localcloud.hardware import HardwareRequirement
from mentra.localcloud.phone.camera import TakenPhoto, VirtualCamera
from mentra.localcloud.phone.leds import Leds, LedSignal
from mentra.localcloud.phone.location import VirtualLocation
from mentra.localcloud.phone.network import NetworkQuality
from mentra.localcloud.phone.speaker import PlayedSound, Speaker
from mentra.localcloud.phone.streamed_video import StreamedVideo
from mentra.localcloud.phone.video import VirtualVideo
from mentra.localcloud.phone.wifi import WifiSetup
from mentra.localcloud.traffic import PassedFrame

__all__ = [
    "DEFAULT_MODEL",
    "DEFAULT_USER",
    "HardwareRequirement",
    "InstalledApp",
    "LedSignal",
    "Leds",
    "LocalCloud",
    "NetworkQuality",
    "NotInstalled",
    "PassedFrame",
    "PlayedSound",
    "Speaker",
    "StartFailed",
    "StreamedVideo",
    "TakenPhoto",
    "VirtualCamera",
    "VirtualGlasses",
    "VirtualLocation",
    "VirtualVideo",
    "WifiSetup",
]

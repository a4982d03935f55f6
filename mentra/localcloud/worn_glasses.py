"""The glasses of a user as the cloud knows them, and what apps are told of them.

Source: MentraOS cloud/packages/cloud/src/services/session/DeviceManager.ts (Dec 2025); docs/protocol.md, Capabilities,
Device state.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.backend import Backend
from mentra.localcloud.hardware import missing_hardware
from mentra.localcloud.models import MODELS
from mentra.protocol.base import iso_timestamp
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import CapabilitiesUpdate, DeviceState, DeviceStateUpdate, merge_device_state
from mentra.protocol.streams import GLASSES_CONNECTED, GlassesConnection


class WornGlasses:
    """What the phone reported of the glasses.

    Args:
        model: The first ones.
        backend: Whose generation and clock count.
        runs: The apps of the user, at each moment.
    """

    def __init__(self, model: str, backend: Backend, runs: Callable[[], Sequence[AppRun]]) -> None:
        self.model = model
        self._now = backend.now
        self._generation = backend.generation
        self._runs = runs
        self._reported = DeviceState()

    @property
    def state(self) -> DeviceState:
        """What is known of them."""
        connected = self._reported.connected is not False  # Unless the phone said otherwise.
        return msgspec.structs.replace(self._reported, connected=connected, model_name=self.model)

    @property
    def capabilities(self) -> Capabilities | None:
        """What they can do; ``None`` when the cloud does not know the model."""
        return MODELS.get(self.model)

    def report(self, state: DeviceState) -> None:
        """Have the phone tell how they are; every running app hears it."""
        self._reported = merge_device_state(self._reported, msgspec.to_builtins(state))
        self._tell_state(state)

    async def connection_changed(self, news: GlassesConnection) -> None:
        """Learn from the phone that glasses connected to it, or went away; apps hear of the event separately.

        When they are other ones, it returns after the apps are stopped for which they lack something.
        """
        connected = news.status == GLASSES_CONNECTED
        changes = DeviceState(connected=connected, model_name=news.model_name if connected else None)
        if news.wifi is not None and connected:
            changes = msgspec.structs.replace(changes, wifi_connected=news.wifi.connected, wifi_ssid=news.wifi.ssid)
        self._reported = merge_device_state(self._reported, msgspec.to_builtins(changes))
        if not connected:
            self._reported = msgspec.structs.replace(self._reported, wifi_connected=None, wifi_ssid=None)
        elif news.model_name is not None:
            await self._change_model(news.model_name)
        if self._generation == 3:
            self._tell_state(changes)

    def tell_capabilities(self) -> None:
        """Tell every running app what they can do."""
        for run in self._reachable:
            run.send(CapabilitiesUpdate(capabilities=self.capabilities, model_name=self.model))

    @property
    def _reachable(self) -> list[AppRun]:
        return [run for run in self._runs() if run.is_connected]

    async def _change_model(self, model: str) -> None:
        self.model = model
        self.tell_capabilities()
        running = [run for run in self._runs() if run.is_running]
        lacking = [run for run in running if missing_hardware(run.app.hardware_requirements, self.capabilities)]
        await asyncio.gather(*(run.stop() for run in lacking))

    def _tell_state(self, state: DeviceState) -> None:
        changes = msgspec.to_builtins(state)
        for run in self._reachable:
            run.send(DeviceStateUpdate(state=changes, full_snapshot=False, timestamp=iso_timestamp(self._now())))

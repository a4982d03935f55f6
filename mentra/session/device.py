"""``session.device``: how the glasses are right now, and their Wi-Fi.

Clouds of 2026 tell it without being asked, those of 2025 do not. There, only what a ``glasses_connection_state`` event
says of the Wi-Fi is known, if the app listens to that stream.

Source: @mentra/sdk 2.1.29 dist/app/session/device-state.js; docs/protocol.md, Device state.
"""

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_args, overload

import msgspec

from mentra.errors import NotConnected, SessionStopped
from mentra.protocol.app_to_cloud import WifiSetupRequest
from mentra.protocol.cloud_to_app import DeviceState, DeviceStateUpdate, merge_device_state
from mentra.protocol.streams import GlassesConnection, WifiState
from mentra.session import hardware
from mentra.session.core import SessionCore
from mentra.session.handlers import Handler
from mentra.session.subscription import Subscription
from mentra.wrong_names import unknown_name

DeviceField = Literal[
    "connected",
    "model_name",
    "wifi_connected",
    "wifi_ssid",
    "wifi_local_ip",
    "battery_level",
    "charging",
    "case_battery_level",
    "case_charging",
    "case_open",
    "case_removed",
    "hotspot_enabled",
    "hotspot_ssid",
    "hotspot_password",
    "hotspot_gateway_ip",
    "android_version",
    "fw_version",
    "build_number",
    "ota_version_url",
    "app_version",
    "bluetooth_name",
    "serial_number",
    "style",
    "color",
]
"""What can change: the fields of ``DeviceState``, without its timestamp."""

FIELDS: tuple[DeviceField, ...] = get_args(DeviceField)


class Device:
    """What is known of the glasses."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._state = DeviceState()
        core.hears(DeviceStateUpdate, self._told)
        core.router.add_handler(GlassesConnection.stream, self._connection_changed, subscribes=False)

    @property
    def state(self) -> DeviceState:
        """All that is known now; what is not known is ``None``. It does not change: ask again for news."""
        return self._state

    @property
    def wifi(self) -> WifiState | None:
        """The Wi-Fi of the glasses; ``None`` while nothing is known of it."""
        connected = self._state.wifi_connected
        return None if connected is None else WifiState(connected=connected, ssid=self._state.wifi_ssid)

    @overload
    def on_change(self, name: DeviceField, handler: Handler[Any], /) -> Subscription: ...
    @overload
    def on_change(self, name: DeviceField, /) -> Callable[[Handler[Any]], Subscription]: ...
    def on_change(
        self, name: DeviceField, handler: Handler[Any] | None = None, /
    ) -> Subscription | Callable[[Handler[Any]], Subscription]:
        """Call a handler with the value of one field of ``state``: at once if it is known, then at each change.

        Use it as a call, ``on_change("battery_level", handler)``, or as a decorator, ``@device.on_change("charging")``.
        The handler gets ``None`` when a value is not known any more. It runs after all fields have their new values.

        Raises:
            ValueError: There is no such field.
        """
        if name not in FIELDS:
            close = difflib.get_close_matches(name, FIELDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(FIELDS)}."
            raise ValueError(f"The state of the glasses has no field {name!r}.{hint}")
        if handler is None:
            return lambda function: self.on_change(name, function)
        router, news = self._core.router, _news(name)
        listener = router.add_teller(news, handler, call="session.device.on_change")
        if (value := getattr(self._state, name)) is not None:
            router.tell(news, value, only=listener)
        return Subscription(router, news, handler, listener=listener)

    def request_wifi_setup(self, reason: str = "") -> None:
        """Ask the wearer, on the phone, to bring the glasses into a Wi-Fi network.

        Nobody answers: ``wifi`` and ``on_change("wifi_connected", handler)`` tell of the success.

        Args:
            reason: What the wearer reads; empty leaves it to the phone.

        Raises:
            HardwareUnavailable: The connected glasses have no Wi-Fi. Nothing was sent.
            NotConnected: There is no connection to the cloud at this moment. Nothing was sent.
            SessionStopped: The session has ended.
        """
        hardware.require(self._core.capabilities, "wifi")
        if self._core.stop_reason is not None:
            raise SessionStopped(f"The session ended: {self._core.stop_reason}.")
        if not self._core.send(WifiSetupRequest(**self._core.envelope(), reason=reason or None)):
            raise NotConnected("The Wi-Fi was not asked for: the connection to the cloud is lost at the moment.")

    def _told(self, update: DeviceStateUpdate) -> None:
        self._become(merge_device_state(self._state, update.state))

    def _connection_changed(self, event: GlassesConnection) -> None:
        if event.wifi is not None:
            self._become(
                msgspec.structs.replace(self._state, wifi_connected=event.wifi.connected, wifi_ssid=event.wifi.ssid)
            )

    def _become(self, new: DeviceState) -> None:
        old, self._state = self._state, new
        for name in FIELDS:
            if (value := getattr(new, name)) != getattr(old, name):
                self._core.router.tell(_news(name), value)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name in FIELDS:
                raise unknown_name(self, name, _PUBLIC, moved={name: f"session.device.state.{name}"})
            raise unknown_name(self, name, _PUBLIC, moved=_MOVED)


def _news(name: str) -> str:
    return f"device state {name}"


_PUBLIC = ("state", "wifi", "on_change", "request_wifi_setup")
_MOVED = {
    "getSnapshot": "session.device.state",
    "snapshot": "session.device.state",
    "getWifiStatus": "session.device.wifi",
    "isWifiConnected": "session.device.state.wifi_connected",
    "batteryLevel": "session.device.state.battery_level",
}

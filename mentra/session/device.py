"""``session.device``: how the glasses are right now, and their Wi-Fi.

Clouds of 2026 tell it without being asked. Those of 2025 tell a part of it, in events of two streams: who wants to hear
of such a field (``on_change``) subscribes to its stream, on any cloud.

Source: @mentra/sdk 2.1.29 dist/app/session/device-state.js; docs/protocol.md, Device state.
"""

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_args, overload

import msgspec

from mentra.errors import NotConnected, SessionStopped
from mentra.protocol.app_to_cloud import WifiSetupRequest
from mentra.protocol.cloud_to_app import DeviceState, DeviceStateUpdate, merge_device_state
from mentra.protocol.streams import GlassesBattery, GlassesConnection, WifiState
from mentra.session import hardware, moved_names
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

_STREAMS: dict[DeviceField, str] = {
    "battery_level": GlassesBattery.stream,
    "charging": GlassesBattery.stream,
    "connected": GlassesConnection.stream,
    "model_name": GlassesConnection.stream,
    "wifi_connected": GlassesConnection.stream,
    "wifi_ssid": GlassesConnection.stream,
}
"""Which stream tells a field, on clouds of 2025 as well."""
_CONNECTED = {"CONNECTED": True, "DISCONNECTED": False}


class Device:
    """What is known of the glasses."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._state = DeviceState()
        core.hears(DeviceStateUpdate, self._told)
        core.router.add_handler(GlassesConnection.stream, self._connection_changed, subscribes=False)
        core.router.add_handler(GlassesBattery.stream, self._battery_changed, subscribes=False)

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

        Clouds of 2026 tell every field. Those of 2025 tell ``battery_level``, ``charging``, ``connected``,
        ``model_name``, ``wifi_connected`` and ``wifi_ssid``, each with its next change.

        Raises:
            ValueError: There is no such field.
        """
        if name not in FIELDS:
            raise ValueError(f"The state of the glasses has no field {name!r}. {_hint(name)}")
        if handler is None:
            return lambda function: self.on_change(name, function)
        router, news = self._core.router, _news(name)
        listener = router.add_teller(news, handler, call="session.device.on_change")
        if (value := getattr(self._state, name)) is not None:
            router.tell(news, value, only=listener)
        release = router.hold(_STREAMS[name]) if name in _STREAMS else None
        return Subscription(router, news, handler, listener=listener, release=release)

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

    def _battery_changed(self, event: GlassesBattery) -> None:
        self._become(msgspec.structs.replace(self._state, battery_level=event.level, charging=event.charging))

    def _connection_changed(self, event: GlassesConnection) -> None:
        new = msgspec.structs.replace(
            self._state,
            connected=_CONNECTED.get(event.status, self._state.connected),
            model_name=event.model_name or self._state.model_name,
        )
        if event.wifi is not None:
            new = msgspec.structs.replace(new, wifi_connected=event.wifi.connected, wifi_ssid=event.wifi.ssid)
        self._become(new)

    def _become(self, new: DeviceState) -> None:
        old, self._state = self._state, new
        for name in FIELDS:
            if (value := getattr(new, name)) != getattr(old, name):
                self._core.router.tell(_news(name), value)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name in FIELDS:
                raise unknown_name(self, name, moved={name: f"session.device.state.{name}"})
            raise unknown_name(self, name, moved=moved_names.DEVICE)


def _hint(name: str) -> str:
    likely = [field for field in FIELDS if name and name.lower() in field] or difflib.get_close_matches(
        name, FIELDS, n=1
    )
    if not likely:
        return f"There are: {', '.join(FIELDS)}."
    return f"Did you mean {' or '.join(repr(field) for field in likely)}?"


def _news(name: str) -> str:
    return f"device state {name}"

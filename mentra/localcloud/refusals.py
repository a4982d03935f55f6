"""When the cloud does not pass on what an app asks for. The app then loses its connection.

The rules, in the order in which they are looked at:

* Photos and video need the permission CAMERA, then a connected phone, then connected glasses.
* Video needs the glasses in a Wi-Fi network besides, if they can be in one.
* Sound and light need a connected phone only.

Source: MentraOS cloud/packages/cloud/src/services/websocket/websocket-app.service.ts,
services/validators/ConnectionValidator.ts (Dec 2025), services/session/handlers/app-message-handler.ts (2026);
docs/protocol.md, Refusals.
"""

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.user import User
from mentra.protocol.connection import RefusalCode
from mentra.protocol.permissions import Permission, is_granted

_ALWAYS_THERE = "Simulated Glasses"
"""A model that counts as connected, whatever the phone says."""
_ADVICE = "Please add the CAMERA permission in the developer console."
"""What the cloud of 2025 adds."""


def refuse_if_cloud_would(user: User, run: AppRun, *, asked: str, to: str, needs_wifi: bool = False) -> bool:
    """Refuse what an app asks of the camera, where the cloud would; return whether it was refused.

    Args:
        asked: What it asks for, as the cloud calls it: ``"photo"`` or ``"stream"``.
        to: What the permission CAMERA is for, in the cloud's words.
        needs_wifi: Whether the glasses have to be in a Wi-Fi network. Where nobody knows, they are.
    """
    if not is_granted(Permission.CAMERA, run.permissions):
        advice = "" if user.generation == 3 else f". {_ADVICE}"
        run.refuse(RefusalCode.PERMISSION_DENIED, f"Camera permission required {to}{advice}")
    elif not user.phone_online:
        # The cloud keeps the closed socket of the phone; 3 is what a WebSocket calls that state.
        problem = f"Cannot process {asked} request - phone WebSocket is not open (state: 3)"
        run.refuse(RefusalCode.INTERNAL_ERROR, problem)
    elif user.device_state.connected is False and user.model != _ALWAYS_THERE:
        run.refuse(RefusalCode.INTERNAL_ERROR, f"Cannot process {asked} request - smart glasses are not connected")
    elif needs_wifi and _lacks_wifi(user):
        run.refuse(
            RefusalCode.WIFI_NOT_CONNECTED,
            "Cannot process request - smart glasses must be connected to WiFi for this operation",
        )
    else:
        return False
    return True


def refuse_without_phone(user: User, run: AppRun) -> bool:
    """Refuse what only a connected phone can do, where the cloud would; return whether it was refused."""
    if user.phone_online:
        return False
    run.refuse(RefusalCode.INTERNAL_ERROR, "Glasses not connected")
    return True


def _lacks_wifi(user: User) -> bool:
    can_have_it = user.capabilities is not None and user.capabilities.has_wifi
    return can_have_it and user.device_state.wifi_connected is False

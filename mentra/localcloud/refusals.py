"""When the cloud does not pass on what an app asks of the camera.

Source: MentraOS cloud/packages/cloud/src/services/websocket/websocket-app.service.ts (Dec 2025);
docs/protocol.md, Refusals.
"""

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.user import User
from mentra.protocol.connection import RefusalCode
from mentra.protocol.permissions import Permission, is_granted

_ALWAYS_THERE = "Simulated Glasses"
"""A model that counts as connected, whatever the phone says."""


def refuse_if_cloud_would(user: User, run: AppRun, *, asked: str, to: str, needs_wifi: bool = False) -> bool:
    """Refuse what an app asks for, where the cloud would; return whether it was refused.

    Args:
        asked: What it asks for, as the cloud calls it: ``"photo"`` or ``"stream"``.
        to: What the permission CAMERA is for, in the cloud's words.
        needs_wifi: Whether the glasses have to be in a Wi-Fi network. Where nobody knows, they may.
    """
    state = user.device_state
    if not is_granted(Permission.CAMERA, run.permissions):
        run.refuse(
            RefusalCode.PERMISSION_DENIED,
            f"Camera permission required to {to}. Please add the CAMERA permission in the developer console.",
        )
    elif state.connected is False and user.model != _ALWAYS_THERE:
        run.refuse(RefusalCode.INTERNAL_ERROR, f"Cannot process {asked} request - smart glasses are not connected")
    elif needs_wifi and state.wifi_connected is False:
        run.refuse(
            RefusalCode.WIFI_NOT_CONNECTED,
            "Cannot process request - smart glasses must be connected to WiFi for this operation",
        )
    else:
        return False
    return True

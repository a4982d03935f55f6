"""The local cloud with an app and glasses, beside which stands what was seen of the cloud of December 2025.

In the tests of this folder each row of a table is one observation, and names the row of docs/protocol.md that has it.
What is not compared is the same as in a replay: docs/local-cloud.md, What is not compared.
"""

from dataclasses import dataclass
from typing import Any

from mentra.localcloud import LocalCloud, StartFailed, VirtualGlasses
from mentra.transport.base import Closed
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_app import API_KEY, ScriptedApp, ScriptedSocket, let_it_happen
from tests.wire.recording import comparable

USER_ID = "user1@example.com"
PACKAGE_NAME = "com.example.app"
SESSION_ID = f"{USER_ID}-{PACKAGE_NAME}"
TIME = "<ISO 8601>"
MS = "<ms since 1970>"

STOPPED = [{"type": "app_stopped", "timestamp": TIME}]
CRASHED = Closed(1011, "Internal server error")
MOVED = {"type": "location_update", "lat": 1.5, "lng": 2.5, "timestamp": TIME}
PHOTO = {"type": "photo_request", "requestId": "p1", "saveToGallery": False, "size": "medium", "compress": "none"}


@dataclass
class World:
    """A cloud, an app and glasses."""

    network: MemoryNetwork
    cloud: LocalCloud
    app: ScriptedApp
    glasses: VirtualGlasses

    async def start(self) -> str | None:
        """Start the app; return where that failed."""
        try:
            await self.glasses.start(PACKAGE_NAME)
        except StartFailed as failure:
            return failure.stage
        return None

    async def open(self, first: Any = None) -> ScriptedSocket:
        """Open a socket by hand, and send a first frame: JSON, or bytes as they are."""
        socket = await ScriptedSocket().open(self.network, self.cloud.websocket_url)
        self.app.sockets.append(socket)
        if isinstance(first, bytes):
            socket.send_raw(first)
        elif first is not None:
            socket.send(first)
        await let_it_happen()
        return socket

    @property
    def said(self) -> list[Any]:
        """What the cloud said on the newest socket since the acknowledgement."""
        return said(self.app.socket)

    @property
    def webhooks(self) -> list[tuple[float, str]]:
        """When the app heard of which webhook."""
        return [(round(when, 3), body["type"]) for when, path, body in self.app.requests if path == "/webhook"]


def said(socket: ScriptedSocket) -> list[Any]:
    return [comparable(frame) for frame in socket.frames if not is_ack(frame)]


def is_ack(frame: Any) -> bool:
    return isinstance(frame, dict) and frame["type"] == "tpa_connection_ack"


def refusal(code: str, message: str) -> dict[str, str]:
    return {"type": "tpa_connection_error", "code": code, "message": message, "timestamp": TIME}


def init(**changes: Any) -> dict[str, Any]:
    frame = {
        "type": "tpa_connection_init",
        "sessionId": SESSION_ID,
        "packageName": PACKAGE_NAME,
        "apiKey": API_KEY,
        "timestamp": "2026-01-31T12:00:00.000Z",
    }
    return {key: value for key, value in {**frame, **changes}.items() if value is not ...}


NOT_FOUND = [refusal("SESSION_NOT_FOUND", "Session not found")], Closed(1008, "Session not found")

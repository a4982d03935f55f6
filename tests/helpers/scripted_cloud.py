"""A cloud that does just what a test says. It speaks literal JSON and knows nothing of our codec."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from mentra import AppServer
from mentra.transport.base import Accept, Closed, Connection, HttpReply, HttpRequest, Listener, Network, Receiver
from tests.helpers.waiting import clock, until

API_KEY = "fedcba9876543210" * 4
PACKAGE_NAME = "com.example.app"
USER_ID = "user1@example.com"

ACK: dict[str, Any] = {"type": "tpa_connection_ack", "settings": [], "augmentosSettings": {}, "capabilities": None}


class CloudSocket(Receiver):
    """The cloud's end of one socket."""

    def __init__(self, cloud: "ScriptedCloud", connection: Connection) -> None:
        self.opened_at = clock()
        self.frames: list[Any] = []
        """What the app sent: decoded JSON, or bytes."""
        self.closed: Closed | None = None
        self._cloud = cloud
        self._connection = connection

    def send(self, value: Any) -> None:
        self._connection.send_text(json.dumps(value).encode())

    def send_raw(self, text: bytes) -> None:
        self._connection.send_text(text)

    def send_binary(self, data: bytes) -> None:
        self._connection.send_binary(data)

    def send_event(self, stream_type: str, data: Any) -> None:
        """Send one ``data_stream``."""
        self.send({"type": "data_stream", "streamType": stream_type, "data": data})

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._connection.close(code, reason)

    def abort(self) -> None:
        self._connection.abort()

    def of_type(self, kind: str) -> list[Any]:
        """Return the frames of one type."""
        return [frame for frame in self.frames if frame["type"] == kind]

    @property
    def subscriptions(self) -> list[list[str]]:
        """The lists of subscriptions so far."""
        return [frame["subscriptions"] for frame in self.of_type("subscription_update")]

    @property
    def shown(self) -> list[str]:
        """The texts of the text walls so far."""
        return [frame["layout"].get("text", "") for frame in self.of_type("display_event")]

    def text_received(self, text: str | bytes) -> None:
        frame = json.loads(text)
        self.frames.append(frame)
        if frame["type"] == "tpa_connection_init":
            self._cloud.greet(self, frame)

    def binary_received(self, data: bytes) -> None:
        self.frames.append(data)

    def connection_lost(self, closed: Closed) -> None:
        self.closed = closed
        self._cloud.note(f"socket {self._cloud.sockets.index(self)} closed")


class ScriptedCloud:
    """Accepts sockets, and posts webhooks when told to."""

    def __init__(self, network: Network) -> None:
        self.reachable = True
        """Whether new sockets are accepted."""
        self.answer: Mapping[str, Any] | Closed | Literal["silence"] = ACK
        """What an init gets: a frame (a refusal is closed with 1008 behind it), only a close, or nothing."""
        self.sockets: list[CloudSocket] = []
        self.attempts: list[float] = []
        """When the app tried to open a socket."""
        self.story: list[str] = []
        """What happened to sockets, in order."""
        self._network = network
        self._listener: Listener

    async def __aenter__(self) -> Self:
        self._listener = await self._network.listen("127.0.0.1", 0, self._http, self._upgrade)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._listener.close()

    @property
    def websocket_url(self) -> str:
        return "ws" + self._listener.url.removeprefix("http") + "/app-ws"

    @property
    def socket(self) -> CloudSocket:
        """The newest socket."""
        return self.sockets[-1]

    async def start(
        self, app: AppServer, *, user_id: str = USER_ID, timestamp: str = "t1", **changes: Any
    ) -> HttpReply:
        """Post a start webhook."""
        body = {
            "type": "session_request",
            "sessionId": f"{user_id}-{PACKAGE_NAME}",
            "userId": user_id,
            "timestamp": timestamp,
            "augmentOSWebsocketUrl": self.websocket_url,
        }
        return await self.post(app, "/webhook", {**body, **changes})

    async def stop(self, app: AppServer, *, user_id: str = USER_ID, reason: str = "user_disabled") -> HttpReply:
        """Post a stop webhook."""
        body = {
            "type": "stop_request",
            "sessionId": f"{user_id}-{PACKAGE_NAME}",
            "userId": user_id,
            "reason": reason,
            "timestamp": "t9",
        }
        return await self.post(app, "/webhook", body)

    async def call_tool(self, app: AppServer, tool_id: str, parameters: Any = None, **headers: str) -> HttpReply:
        """Post a tool call, with the right key unless told otherwise."""
        body = {"toolId": tool_id, "toolParameters": parameters or {}, "timestamp": "t1", "userId": USER_ID}
        key = {"x-app-api-key": hashlib.sha256(API_KEY.encode()).hexdigest()}
        return await self.post(app, "/tool", body, headers=headers or key)

    async def post(
        self, app: AppServer, path: str, body: Any, *, method: str = "POST", headers: Mapping[str, str] | None = None
    ) -> HttpReply:
        """Send a request to the app; ``bytes`` go as they are, anything else as JSON."""
        encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self._network.request(method, app.url + path, headers=headers, body=encoded, timeout=15)

    async def live_socket(self, number: int) -> CloudSocket:
        """Wait until the app has opened so many sockets and greeted on the last one."""
        await until(lambda: len(self.sockets) >= number and self.sockets[number - 1].frames, within=20)
        return self.sockets[number - 1]

    def greet(self, socket: CloudSocket, init: Any) -> None:
        match self.answer:
            case "silence":
                pass
            case Closed(code, reason):
                socket.close(code, reason)
            case frame:
                socket.send({"sessionId": init["sessionId"], **frame})
                if frame["type"] == "tpa_connection_error":
                    socket.close(1008, frame["message"])

    def note(self, what: str) -> None:
        self.story.append(what)

    def _upgrade(self, request: HttpRequest) -> Accept | HttpReply | None:
        self.attempts.append(clock())
        return self._accept if self.reachable else None

    def _accept(self, connection: Connection) -> CloudSocket:
        self.note(f"socket {len(self.sockets)} opened")
        self.sockets.append(CloudSocket(self, connection))
        return self.socket

    async def _http(self, request: HttpRequest) -> HttpReply:
        return HttpReply(404)


def refusal(code: str, message: str) -> dict[str, Any]:
    """Return the frame by which a cloud refuses."""
    return {"type": "tpa_connection_error", "code": code, "message": message}


def body_of(reply: HttpReply) -> Any:
    return json.loads(reply.body)


async def turns(number: int = 20) -> None:
    """Let everybody on this loop have some turns; no time passes."""
    for _ in range(number):
        await asyncio.sleep(0)

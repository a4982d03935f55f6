"""An app's server that does just what a test says. It speaks literal JSON and knows nothing of our SDK."""

import asyncio
import json
from typing import Any, Self

from mentra.localcloud import InstalledApp
from mentra.transport.base import Closed, Connection, HttpReply, HttpRequest, Listener, Network, Receiver

API_KEY = "0123456789abcdef" * 4
TURNS = 20


async def let_it_happen() -> None:
    """Give everybody on this loop some turns; no time passes."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class ScriptedSocket(Receiver):
    """One WebSocket of a scripted app."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        """What the cloud sent: decoded JSON, or bytes."""
        self.closed: Closed | None = None
        self._connection: Connection

    async def open(self, network: Network, url: str, headers: dict[str, str] | None = None) -> Self:
        self._connection = await network.connect(url, self, headers=headers, timeout=1)
        return self

    @property
    def types(self) -> list[str]:
        """The ``type`` of each frame so far."""
        return ["(binary)" if isinstance(frame, bytes) else frame["type"] for frame in self.frames]

    def send(self, value: Any) -> None:
        self._connection.send_text(json.dumps(value).encode())

    def send_raw(self, text: bytes) -> None:
        self._connection.send_text(text)

    def send_binary(self, data: bytes) -> None:
        self._connection.send_binary(data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._connection.close(code, reason)

    async def wait_closed(self) -> None:
        await self._connection.wait_closed()

    def text_received(self, text: str | bytes) -> None:
        self.frames.append(json.loads(text))

    def binary_received(self, data: bytes) -> None:
        self.frames.append(data)

    def connection_lost(self, closed: Closed) -> None:
        self.closed = closed


class ScriptedApp:
    """Answers the cloud's HTTP requests and, if it shall, connects on each start webhook."""

    def __init__(
        self, network: Network, package_name: str = "com.example.app", api_key: str = API_KEY, *, port: int = 0
    ) -> None:
        self._port = port
        self.package_name = package_name
        self.api_key = api_key
        self.connects = True
        """Whether it connects on a start webhook."""
        self.delay_s = 0.0
        """How long it takes to answer any request."""
        self.statuses: list[int] = []
        """The HTTP statuses of the next answers; then 200."""
        self.tool_answer: Any = {"status": "success", "reply": "done"}
        self.requests: list[tuple[float, str, dict[str, Any]]] = []
        """When each request came, to which path, and its body."""
        self.headers: list[dict[str, str]] = []
        self.sockets: list[ScriptedSocket] = []
        self._network = network
        self._listener: Listener

    async def __aenter__(self) -> Self:
        self._listener = await self._network.listen("127.0.0.1", self._port, self._handle)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._listener.close()

    def installed(self, **changes: Any) -> InstalledApp:
        """Return what the console holds about this app."""
        known = {"package_name": self.package_name, "api_key": self.api_key, "public_url": self._listener.url}
        return InstalledApp(**{**known, **changes})

    @property
    def webhooks(self) -> list[str]:
        """The ``type`` of each webhook so far."""
        return [body["type"] for _, path, body in self.requests if path == "/webhook"]

    @property
    def socket(self) -> ScriptedSocket:
        """The newest socket."""
        return self.sockets[-1]

    def init(self, **changes: Any) -> dict[str, Any]:
        """Return its first frame, as the official SDK sends it."""
        session_id = next(body["sessionId"] for _, _, body in reversed(self.requests) if "sessionId" in body)
        frame = {
            "type": "tpa_connection_init",
            "sessionId": session_id,
            "packageName": self.package_name,
            "apiKey": self.api_key,
            "timestamp": "2026-01-31T12:00:00.000Z",
        }
        return {**frame, **changes}

    async def connect(self, **changes: Any) -> ScriptedSocket:
        """Open one more socket and send the first frame."""
        url = next(body["augmentOSWebsocketUrl"] for _, _, body in self.requests if "augmentOSWebsocketUrl" in body)
        self.sockets.append(await ScriptedSocket().open(self._network, url))
        self.socket.send(self.init(**changes))
        return self.socket

    async def subscribe(self, *subscriptions: Any) -> None:
        """Send a list of subscriptions and let the cloud read it."""
        await self.send("subscription_update", subscriptions=list(subscriptions))

    async def show(self, text: str, **changes: Any) -> None:
        """Show a text wall and let the cloud read it."""
        await self.send("display_event", **{"view": "main", "layout": text_wall(text), "sessionId": "", **changes})

    async def send(self, kind: str, **fields: Any) -> None:
        """Send a message on the newest socket and let the cloud read it."""
        self.socket.send({"type": kind, "packageName": self.package_name, **fields})
        await let_it_happen()

    async def _handle(self, request: HttpRequest) -> HttpReply:
        body = json.loads(request.body or b"{}")
        self.requests.append((asyncio.get_running_loop().time(), request.path, body))
        self.headers.append(dict(request.headers))
        status = self.statuses.pop(0) if self.statuses else 200
        if self.connects and status == 200 and body.get("type") == "session_request":
            await self.connect()
        await asyncio.sleep(self.delay_s)
        answer = self.tool_answer if request.path == "/tool" else {"status": "success"}
        return HttpReply(status, json.dumps(answer).encode())


def text_wall(text: str) -> dict[str, str]:
    return {"layoutType": "text_wall", "text": text}

"""A cloud as simple as can be: starts one session, notes what the app shows, starts it anew when its socket closes."""

import asyncio
import contextlib
import time
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, WSMsgType, web

USER = "bench@example.com"
PACKAGE_NAME = "com.example.bench"
API_KEY = "bench-0123456789abcdef"
SESSION = f"{USER}-{PACKAGE_NAME}"
_TRY_AGAIN_AFTER_S = 0.005


class Driver:
    """The cloud's half of one session."""

    def __init__(self) -> None:
        self.closed = 0
        """How many times the app's socket closed."""
        self.url = ""
        self._shown = asyncio.Condition()
        self._texts: dict[str, float] = {}
        self._runner: web.AppRunner
        self._app_url = ""
        self._http: ClientSession
        self._starting: set[asyncio.Task[None]] = set()
        self._over = False

    async def open(self) -> None:
        server = web.Application()
        server.router.add_get("/app-ws", self._socket)
        self._runner = web.AppRunner(server)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"ws://127.0.0.1:{self._runner.addresses[0][1]}/app-ws"
        self._http = ClientSession()

    async def close(self) -> None:
        self._over = True
        for task in self._starting:
            task.cancel()
        await self._http.close()
        await self._runner.cleanup()

    async def drive(self, app_url: str) -> None:
        """Start the session in an app that may not be up yet."""
        self._app_url = app_url
        await self._start()

    async def shown(self, text: str, *, within_s: float) -> float:
        """Wait until the app shows a text; return when it did, by ``time.perf_counter``."""
        async with asyncio.timeout(within_s), self._shown:
            await self._shown.wait_for(lambda: text in self._texts)
        return self._texts[text]

    async def _start(self) -> None:
        webhook = {
            "type": "session_request",
            "sessionId": SESSION,
            "userId": USER,
            "mentraOSWebsocketUrl": self.url,
            "augmentOSWebsocketUrl": self.url,
        }
        while not self._over:
            stamped = {**webhook, "timestamp": f"{time.time():.6f}"}
            with contextlib.suppress(ClientError, OSError, TimeoutError):
                timeout = ClientTimeout(total=5)
                async with self._http.post(f"{self._app_url}/webhook", json=stamped, timeout=timeout) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(_TRY_AGAIN_AFTER_S)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                await self._heard(socket, frame.json())
        self.closed += 1
        if not self._over:
            starting = asyncio.create_task(self._start())
            self._starting.add(starting)
            starting.add_done_callback(self._starting.discard)
        return socket

    async def _heard(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if message["type"] == "tpa_connection_init":
            await socket.send_json({"type": "tpa_connection_ack", "sessionId": SESSION, "settings": []})
        elif message["type"] == "display_event":
            async with self._shown:
                self._texts[message["layout"]["text"]] = time.perf_counter()
                self._shown.notify_all()

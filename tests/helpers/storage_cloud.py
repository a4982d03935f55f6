"""A cloud that keeps data, fails when told to, and notes who asked for what and when."""

import asyncio
import json
from typing import Any, Self

from mentra.session.cloud_api import CloudApi
from mentra.session.storages import Storages
from mentra.session.stored_data import StoredData
from mentra.transport.base import HttpReply, HttpRequest, Listener
from mentra.transport.memory import MemoryNetwork
from tests.helpers.waiting import clock

USER = "User1@example.com"
PATH = "/api/sdk/simple-storage/User1%40example.com"


class StorageCloud:
    """It speaks literal JSON and knows nothing of our codec."""

    def __init__(self) -> None:
        self.network = MemoryNetwork()
        self.data: dict[str, Any] | None = None
        """What is stored; ``None`` when nothing ever was."""
        self.answers: list[HttpReply] = []
        """What the next requests get instead of being done."""
        self.takes_s = 0.0
        """How long a request takes."""
        self.asked: list[tuple[float, str]] = []
        """``(3.0, 'PUT {"k": "v"}')``, in the order of their arrival."""
        self.headers: list[dict[str, str]] = []
        self.storages = Storages()
        self._listener: Listener

    async def __aenter__(self) -> Self:
        self._listener = await self.network.listen("127.0.0.1", 0, self._answer)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.storages.close()
        await self._listener.close()

    def api(self, base: str | None = None) -> CloudApi:
        url = base or "ws" + self._listener.url.removeprefix("http") + "/app-ws"
        return CloudApi(self.network, url, package_name="com.example.app", api_key=lambda: "key")

    def of(self, user_id: str = USER, *, anew: bool = False) -> StoredData:
        return self.storages.of(self.api(), user_id, anew=anew)

    @property
    def requests(self) -> list[str]:
        """What was asked, without the times."""
        return [what for _, what in self.asked]

    async def _answer(self, request: HttpRequest) -> HttpReply:
        body = json.loads(request.body)["data"] if request.body else None
        key = request.path.removeprefix(PATH).removeprefix("/")
        what = " ".join(filter(None, [request.method, key, json.dumps(body) if body else ""]))
        self.asked.append((round(clock(), 3), what))
        self.headers.append(dict(request.headers))
        await asyncio.sleep(self.takes_s)
        if self.answers:
            return self.answers.pop(0)
        match request.method:
            case "PUT":
                self.data = {**(self.data or {}), **body}
            case "DELETE" if self.data is None:
                return HttpReply(404, b'{"success":false,"message":"Storage not found"}')
            case "DELETE":
                self.data = {name: value for name, value in self.data.items() if key and name != key}
            case _:
                return HttpReply(200, json.dumps({"success": True, "data": self.data or {}}).encode())
        return HttpReply(200, b'{"success":true,"message":"done"}')


def refused(status: int, error: str = "no", **headers: str) -> HttpReply:
    return HttpReply(status, json.dumps({"error": error}).encode(), headers)

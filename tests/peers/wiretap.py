"""A network that remembers what passes over it, as it passed: JSON as it was written, none of our Structs."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mentra.transport.base import (
    MAX_BODY_BYTES,
    Accept,
    BodyLimit,
    Closed,
    Connection,
    HandleHttp,
    HandleSocket,
    HttpReply,
    HttpRequest,
    Listener,
    Network,
    Receiver,
)


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that passed."""

    kind: str
    """``"app"`` and ``"cloud"``: a frame of that side; ``"call"``: the cloud called the app's server, or ``"rest"``:
    the app called the cloud."""
    package_name: str
    value: dict[str, Any]
    at_s: float = field(default_factory=lambda: asyncio.get_running_loop().time())


class Wiretap:
    """A network around another one.

    Attributes:
        heard: What passed so far, in order.
        deaf: Whether sockets of apps are dropped before they are open, until the next start webhook.
        sockets: Those of apps, oldest first.
    """

    def __init__(self, network: Network) -> None:
        self.heard: list[Heard] = []
        self.deaf = False
        self.sockets: list[Tap] = []
        self.package_names: dict[str, str] = {}
        """Whose server is at an address."""
        self._network = network

    def of(self, package_name: str, kind: str | None = None) -> list[Heard]:
        """Return what an app said or was told."""
        return [each for each in self.heard if each.package_name == package_name and kind in (None, each.kind)]

    def note(self, kind: str, package_name: str, value: Any) -> None:
        self.heard.append(Heard(kind, package_name, value))

    async def connect(
        self, url: str, receiver: Receiver, *, headers: Mapping[str, str] | None = None, timeout: float
    ) -> Connection:
        return await self._network.connect(url, receiver, headers=headers, timeout=timeout)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        if b'"session_request"' in body:
            self.deaf = False
        reply = await self._network.request(method, url, headers=headers, body=body, timeout=timeout)
        self._note_call(method, url, body, reply)
        return reply

    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        return await self._network.stream(method, url, headers=headers, body=body, timeout=timeout)

    def _note_call(self, method: str, url: str, body: bytes, reply: HttpReply) -> None:
        base, _, path = url.partition("//")[2].partition("/")
        if package_name := self.package_names.get(base):
            said = {
                "method": method,
                "path": f"/{path}",
                "body": _readable(body),
                "status": reply.status,
                "type": reply.headers.get("content-type", "").partition(";")[0],
                "reply": _readable(reply.body),
            }
            self.note("call", package_name, said)

    async def listen(
        self,
        host: str,
        port: int,
        handle_http: HandleHttp,
        handle_socket: HandleSocket | None = None,
        *,
        max_body_bytes: BodyLimit = MAX_BODY_BYTES,
    ) -> Listener:
        async def answer(request: HttpRequest) -> HttpReply:
            reply = await handle_http(request)
            login = request.headers.get("authorization", "").removeprefix("Bearer ")
            said = {
                "method": request.method,
                "path": request.path,
                "authorization": request.headers.get("authorization"),
                "body": _readable(request.body),
                "status": reply.status,
                "reply": _readable(reply.body),
            }
            self.note("rest", login.partition(":")[0] or request.path_only.rpartition("/")[2], said)
            return reply

        def decide(request: HttpRequest) -> Accept | HttpReply | None:
            accept = handle_socket(request) if handle_socket and not self.deaf else None
            return (lambda connection: Tap(self, accept, connection)) if callable(accept) else accept

        return await self._network.listen(host, port, answer, decide, max_body_bytes=max_body_bytes)

    async def close(self) -> None:
        await self._network.close()


class Tap(Receiver):
    """Between the cloud and one socket of an app, for both a stand-in of the other."""

    def __init__(self, tap: Wiretap, accept: Accept, connection: Connection) -> None:
        self._tap = tap
        self._connection = connection
        self._package_name = "?"
        self._cloud = accept(self)
        tap.sockets.append(self)

    # What the cloud hears.

    def text_received(self, text: str | bytes) -> None:
        said = json.loads(text)
        self._package_name = said.get("packageName", self._package_name)
        self._tap.note("app", self._package_name, said)
        self._cloud.text_received(text)

    def binary_received(self, data: bytes) -> None:
        self._tap.note("app", self._package_name, {"type": "(binary)", "data": data.hex()})
        self._cloud.binary_received(data)

    def connection_lost(self, closed: Closed) -> None:
        self._tap.note("app", self._package_name, {"type": "(closed)", "code": closed.code, "reason": closed.reason})
        self._cloud.connection_lost(closed)

    # What the cloud says.

    def send_text(self, text: bytes) -> None:
        self._tap.note("cloud", self._package_name, json.loads(text))
        self._connection.send_text(text)

    def send_raw(self, text: bytes) -> None:
        """Say something that the cloud did not say."""
        self._connection.send_text(text)

    def send_binary(self, data: bytes) -> None:
        self._tap.note("cloud", self._package_name, {"type": "(binary)", "data": data.hex()})
        self._connection.send_binary(data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._tap.note("cloud", self._package_name, {"type": "(close)", "code": code, "reason": reason})
        self._connection.close(code, reason)

    def abort(self) -> None:
        self._connection.abort()

    async def wait_closed(self) -> None:
        await self._connection.wait_closed()


def _readable(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return f"({len(body)} bytes)"

"""The interface behind ``mentra say`` and the other commands: HTTP on a loopback port, for this user of this machine.

Every request needs the token of the state file. Requests that name another host, or come from a web page of another
origin, are refused, so that no page in a browser can reach it. docs/scripting.md has the routes.
"""

import asyncio
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import msgspec

from mentra.protocol import codec
from mentra.transport.base import HttpReply, HttpRequest, Listener, Network
from mentra_cli.dev.control_messages import Handler, Refusal, Refused, Request, RouteList, Routes
from mentra_cli.dev.local_requests import is_local
from mentra_cli.dev.waits import Waits

MAX_BODY_BYTES = 16 * 1024 * 1024
"""A photo, or some minutes of sound."""
_LAST_WORDS_S = 0.2
"""How long what is being answered has at the end."""


class Control:
    """Serves the control interface.

    Args:
        waits: What handlers wait for; it ends with the interface.
        handlers: What answers each request; that for a list of all is here.
    """

    def __init__(self, token: str, waits: Waits, handlers: Mapping[type[Request], Handler]) -> None:
        self._token = token
        self._listener: Listener
        self._waits = waits
        self._answering: set[asyncio.Future[msgspec.Struct]] = set()
        everything: dict[type[Request], Handler] = {Routes: self._list, **handlers}
        self.routes = {(kind.method, kind.path): (kind, handler) for kind, handler in everything.items()}
        """What answers, by method and path."""

    async def open(self, network: Network) -> None:
        """Listen on a free loopback port."""
        self._listener = await network.listen("127.0.0.1", 0, self.handle, max_body_bytes=MAX_BODY_BYTES)

    async def close(self) -> None:
        """Answer those who wait, and stop listening."""
        self._waits.end()
        if self._answering:
            _, late = await asyncio.wait(self._answering, timeout=_LAST_WORDS_S)
            for answering in late:
                answering.cancel()
        await self._listener.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._listener.url

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one request."""
        if not is_local(request) or "origin" in request.headers or not self._knows_token(request):
            return _refused(403, "This interface is for commands of the same user on this machine.")
        route = self.routes.get((request.method, request.path_only))
        if route is None:
            return _refused(
                404, f"There is no {request.method} {request.path_only} here.", "GET / tells what there is."
            )
        kind, handle = route
        try:
            return HttpReply(200, codec.encode(await self._answer(handle, _read(kind, request))))
        except ValueError as error:
            return _refused(400, str(error))
        except Refused as refused:
            return HttpReply(refused.status, codec.encode(refused.refusal))

    async def _answer(self, handle: Handler, asked: Request) -> msgspec.Struct:
        answering: asyncio.Future[msgspec.Struct] = asyncio.ensure_future(handle(asked))
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)
        try:
            await asyncio.wait([answering])
        finally:
            answering.cancel()
        if answering.cancelled():
            raise Refused(503, "It was ended before this was done.", "Start it again: mentra dev, or mentra cloud")
        return answering.result()

    async def _list(self, _: Routes) -> RouteList:
        return RouteList(
            routes={
                f"{method} {path}": (kind.__doc__ or "").partition("\n")[0]
                for (method, path), (kind, _) in self.routes.items()
            }
        )

    def _knows_token(self, request: HttpRequest) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(errors="surrogateescape"), f"Bearer {self._token}".encode())


def _read(kind: type[Request], request: HttpRequest) -> Request:
    """Read a request from its body or query.

    Raises:
        ValueError: It has not what it needs, or something that it has no use for.
    """
    if request.method == "GET":
        query = parse_qsl(urlsplit(request.path).query, keep_blank_values=True)
        return msgspec.convert(dict(query), kind, strict=False)
    asked = codec.decode_as(kind, request.body or b"{}")
    if isinstance(asked, codec.Malformed):
        raise ValueError(asked.problem)
    return asked


def _refused(status: int, error: str, fix: str = "") -> HttpReply:
    return HttpReply(status, codec.encode(Refusal(error=error, fix=fix)))

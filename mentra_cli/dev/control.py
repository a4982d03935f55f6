"""The interface behind ``mentra say``: HTTP on a loopback port of its own, for this user of this machine only.

Every request needs the token of the state file. Requests that name another host, or come from a web page of another
origin, are refused, so that no page in a browser can reach it.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec

from mentra.protocol import codec
from mentra.transport.base import HttpReply, HttpRequest, Listener, Network, is_loopback
from mentra_cli.dev.local_user import LocalUser

REACT_WITHIN_S = 0.4
"""How long the answer to speech waits for the glasses to show something else."""


class Say(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /say``: speak to the app."""

    text: str
    language: str = "en-US"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the glasses show."""

    version: int = 1
    display: str
    heard: bool = True
    """Whether the app listens to what was said."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not carried out."""

    version: int = 1
    error: str


class Control:
    """Serves the control interface."""

    def __init__(self, user: LocalUser | None, token: str) -> None:
        self._user = user
        self._token = token
        self._listener: Listener
        self._routes: dict[tuple[str, str], Callable[[LocalUser, HttpRequest], Awaitable[HttpReply]]] = {
            ("POST", "/say"): self._say,
            ("GET", "/screen"): self._screen,
        }

    async def open(self, network: Network) -> None:
        """Listen on a free loopback port."""
        self._listener = await network.listen("127.0.0.1", 0, self.handle)

    async def close(self) -> None:
        """Stop listening."""
        await self._listener.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._listener.url

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one request."""
        if not _is_local(request) or not self._knows_token(request):
            return _problem(403, "This interface is for commands of the same user on this machine.")
        route = self._routes.get((request.method, request.path_only))
        if route is None:
            return _problem(404, f"There is no {request.method} {request.path_only} here.")
        if self._user is None:
            return _problem(409, "This mentra dev is connected to a real cloud: there are no virtual glasses.")
        return await route(self._user, request)

    async def _say(self, user: LocalUser, request: HttpRequest) -> HttpReply:
        speech = codec.decode_as(Say, request.body)
        if isinstance(speech, codec.Malformed):
            return _problem(400, speech.problem)
        if not speech.text.strip():
            return _problem(400, "There is nothing to say.")
        changed, heard = asyncio.Event(), False
        forget = user.on_display(changed.set)
        try:
            heard = await user.say(speech.text, language=speech.language)
            if heard:
                async with asyncio.timeout(REACT_WITHIN_S):
                    await changed.wait()
        except ValueError as error:
            return _problem(400, str(error))
        except TimeoutError:
            pass  # An app need not react.
        finally:
            forget()
        return _shown(user, heard=heard)

    async def _screen(self, user: LocalUser, _: HttpRequest) -> HttpReply:
        return _shown(user, heard=True)

    def _knows_token(self, request: HttpRequest) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(errors="surrogateescape"), f"Bearer {self._token}".encode())


def _is_local(request: HttpRequest) -> bool:
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return False
    return is_loopback(host) and "origin" not in request.headers


def _shown(user: LocalUser, *, heard: bool) -> HttpReply:
    return HttpReply(200, codec.encode(Shown(display=user.display, heard=heard)))


def _problem(status: int, text: str) -> HttpReply:
    return HttpReply(status, codec.encode(Problem(error=text)))

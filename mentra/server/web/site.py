"""What an app serves besides what MentraOS needs, in this order: routes, static files, an ASGI application."""

import asyncio
import dataclasses
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mentra.config import ServerConfig
from mentra.errors import AuthError, WebError
from mentra.protocol import codec, web_tokens
from mentra.protocol.web_tokens import InitReply
from mentra.server.web.asgi import AsgiApplication, AsgiHost
from mentra.server.web.events import EventBody, event_reply
from mentra.server.web.request import Request, Visitor, query_of
from mentra.server.web.response import is_stream, problem_reply, reply_of
from mentra.server.web.routing import Route, RouteTable
from mentra.server.web.sign_in import HostKey, SignIn
from mentra.server.web.static_files import StaticFiles
from mentra.server.workers import Workers
from mentra.session.session import AppSession
from mentra.transport.base import MAX_BODY_BYTES, HttpReply, HttpRequest, Network, is_cancelled

LOGIN_PATH = "/mentra-auth"
"""Sends a browser to sign in."""
NO_DETAILS = "Internal server error; the app's log has the details."

_TOKENS = (web_tokens.SIGNED_TOKEN, web_tokens.TEMP_TOKEN, web_tokens.FRONTEND_TOKEN)
_READING = ("GET", "HEAD")
_logger = logging.getLogger("mentra.server")


@dataclass(frozen=True, slots=True)
class Pages:
    """What an app brings along for its site."""

    routes: RouteTable
    asgi: AsgiApplication | None
    """Answers when nothing else does."""
    host_key: HostKey | None
    """Returns the public key with which the host's cloud signs tokens; ``None`` without a host."""


class Site:
    """The web site of one app.

    Args:
        pages: What it consists of.
        session_for: Returns the session of a user.
        cloud: The WebSocket URL of the cloud that knows temporary tokens, unless a page names another one.
        now: The time.
        workers: Those that serve the app, if it is more than this process.

    Raises:
        ConfigError: There is no folder where the static files are said to be.
    """

    def __init__(
        self,
        config: ServerConfig,
        network: Network,
        pages: Pages,
        session_for: Callable[[str], AppSession | None],
        *,
        cloud: str | None,
        now: Callable[[], datetime],
        workers: Workers | None = None,
    ) -> None:
        self._config = config
        self._routes = pages.routes
        self._session_for = session_for
        self._sign_in = SignIn(config, network, cloud=cloud, host_key=pages.host_key, now=now, workers=workers)
        self._files = StaticFiles(config.public_dir) if config.public_dir else None
        self._asgi = AsgiHost(pages.asgi) if pages.asgi else None
        self._streams: set[_TrackedEvents] = set()

    async def open(self) -> None:
        """Get ready.

        Raises:
            MentraError: The ASGI application cannot start.
        """
        if self._asgi is not None:
            await self._asgi.start()

    async def end_streams(self) -> None:
        """End the streams: by themselves they would last as long as the pages."""
        if self._asgi is not None:
            self._asgi.disconnect()
        await asyncio.gather(*(stream.aclose() for stream in list(self._streams)))

    async def close(self) -> None:
        """End everything."""
        await self.end_streams()
        await self._sign_in.close()
        if self._asgi is not None:
            await self._asgi.stop()

    def body_limit(self, request: HttpRequest) -> int:
        """Return how large the body of a request may be."""
        found = self._routes.find(request.method, request.path_only)
        return found[0].max_body_bytes if isinstance(found, tuple) else MAX_BODY_BYTES

    async def user_of(self, request: HttpRequest) -> str | None:
        """Return the user whom the answer to a request may be about; ``None`` if it is for everybody."""
        path = request.path_only
        if self._files and request.method in _READING and not self._routes.find("GET", path) and self._files.has(path):
            return None
        return (await self._sign_in.identify(request))[0]

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request. What goes wrong in app code is logged, and answered with 500."""
        visitor = Visitor(lambda: self._sign_in.identify(request))
        reply = await self._answer(request, visitor)
        if request.method in _READING and "?" in request.path and _has_token(request):
            # Whatever page it is: what its scripts ask for next comes without the tokens, and with the cookie.
            await visitor.find()
            reply = _with_headers(reply, {"referrer-policy": "same-origin"})
        if visitor.cookie is not None:
            reply = _with_headers(reply, {"cache-control": "no-store"})
            reply = dataclasses.replace(reply, cookies=(*reply.cookies, visitor.cookie))
        return reply

    async def _answer(self, request: HttpRequest, visitor: Visitor) -> HttpReply:
        method = "GET" if request.method == "HEAD" else request.method
        found = self._routes.find(method, request.path_only)
        if isinstance(found, tuple):
            return await self._call(*found, request, visitor)
        if found:
            allowed = ", ".join(sorted({*found, "HEAD"} if "GET" in found else {*found}))
            message = f"{request.path_only} takes {allowed}, and not {request.method}."
            return problem_reply(405, message, {"allow": allowed})
        if method == "GET" and self._files and (reply := self._files.reply(request)):
            return reply
        if self._asgi is not None:
            return await self._asgi.handle(request, Request(request, {}, visitor, self._session_for))
        return problem_reply(404, f"There is no {request.method} {request.path_only} here.")

    async def _call(self, route: Route, params: Mapping[str, str], http: HttpRequest, visitor: Visitor) -> HttpReply:
        if route.auth and await visitor.find() is None:
            return self._nobody(http)
        try:
            result = route.handler(Request(http, params, visitor, self._session_for))
            if inspect.isawaitable(result):
                result = await result
            return reply_of(result) if not is_stream(result) else self._events(result)
        except WebError as error:
            return problem_reply(error.status, str(error))
        except AuthError as error:
            return problem_reply(401, str(error))
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                raise
            _logger.exception("The route %s %s raised an exception.", route.method, route.path)
            return problem_reply(500, NO_DETAILS)

    def _events(self, events: AsyncIterator[Any]) -> HttpReply:
        body = _TrackedEvents(events, self._streams.discard)
        self._streams.add(body)
        return event_reply(body)

    def _nobody(self, request: HttpRequest) -> HttpReply:
        """Answer a request that needs a user and has none."""
        is_page = request.method in _READING and "text/html" in request.headers.get("accept", "")
        # With a token it has been at the sign-in already: sent there again it might go round for ever.
        if is_page and not _has_token(request):
            return HttpReply(302, headers={"location": LOGIN_PATH, "cache-control": "no-store"})
        return problem_reply(401, "Sign in first: open the page from the MentraOS app, or at " + LOGIN_PATH + ".")

    async def login(self, _: HttpRequest) -> HttpReply:
        """Send a browser to sign in (``GET /mentra-auth``)."""
        return HttpReply(302, headers={"location": web_tokens.login_url(self._config.package_name)})

    async def init(self, request: HttpRequest) -> HttpReply:
        """Tell a page who opened it (``GET /api/mentra/auth/init``). Of several tokens only the first is tried."""
        query = query_of(request)
        signed, temporary = query.get(web_tokens.SIGNED_TOKEN), query.get(web_tokens.TEMP_TOKEN)
        if not signed and not temporary:
            return _init(400, InitReply(success=False, error="No token provided"))
        try:
            user_id = (
                await self._sign_in.signed(signed) if signed else await self._sign_in.exchanged(temporary or "", query)
            )
        except AuthError as error:
            _logger.info("A page was opened with a token that proves nothing: %s", error)
            problem = "Invalid signed user token" if signed else "Token exchange failed"
            return _init(401, InitReply(success=False, error=problem))
        token = web_tokens.frontend_token(user_id, self._config.api_key.reveal())
        reply = _init(200, InitReply(success=True, user_id=user_id, frontend_token=token))
        return dataclasses.replace(reply, cookies=(self._sign_in.cookie(user_id, request),))


class _TrackedEvents(EventBody):
    """A stream that says when it is closed."""

    def __init__(self, events: AsyncIterator[Any], forget: Callable[["_TrackedEvents"], object]) -> None:
        super().__init__(events)
        self._forget = forget

    async def aclose(self) -> None:
        self._forget(self)
        await super().aclose()


def _has_token(request: HttpRequest) -> bool:
    query = query_of(request)
    return any(query.get(name) for name in _TOKENS)


def _with_headers(reply: HttpReply, headers: Mapping[str, str]) -> HttpReply:
    """Return a reply with headers that stand unless it has its own."""
    return dataclasses.replace(reply, headers={**headers, **reply.headers})


def _init(status: int, answer: InitReply) -> HttpReply:
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return HttpReply(status, codec.encode(answer), headers)

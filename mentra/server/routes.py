"""HTTP in, calls to the app out: what the cloud posts to an app, and what it gets to hear.

| Route | Caller | Believed |
|---|---|---|
| ``POST /webhook`` | cloud | start: see ``mentra/server/trust.py``; stop: for sessions we have |
| ``POST /tool`` | cloud | with the key header only |
| ``GET /tool`` | people | yes: the answer is always the same |
| ``POST /settings`` | cloud | for sessions we have |
| ``GET /health`` | cloud, people | yes |
| ``POST /photo-upload`` | glasses, phones | who knows the id of a request; see ``mentra/server/uploads.py`` |
| ``GET /mentra-auth`` | browsers | yes: they are sent to sign in |
| ``GET /api/mentra/auth/init`` | pages | with a token that proves who the user is |
| everything else | browsers | see ``mentra/server/web/site.py`` |
| ``GET /mentra-files/...`` | phones | who knows the path may have the file |

Source: @mentra/sdk 2.1.29 dist/app/server/index.js; docs/protocol.md, HTTP.
"""

import logging
from collections.abc import Awaitable, Callable

import msgspec

from mentra.config import ServerConfig
from mentra.errors import MentraError, UntrustedCloud
from mentra.protocol import codec
from mentra.protocol.photos import UPLOAD_PATH
from mentra.protocol.webhooks import (
    HealthReply,
    SessionRequest,
    SettingsReply,
    StopRequest,
    ToolReply,
    ToolRequest,
    WebhookReply,
)
from mentra.server.sessions import Sessions
from mentra.server.tool_calls import ToolCalls, ToolFailed
from mentra.server.tools import ToolCall
from mentra.server.trust import fits_together, is_from_cloud
from mentra.server.uploads import MAX_UPLOAD_BYTES, UploadRoute
from mentra.server.web.sign_in import INIT_PATH
from mentra.server.web.site import LOGIN_PATH, Site
from mentra.session.published import Published
from mentra.session.uploads import Uploads
from mentra.transport.base import MAX_BODY_BYTES, HttpReply, HttpRequest

_logger = logging.getLogger("mentra.server")


def reserved_paths(webhook_path: str) -> frozenset[str]:
    """Return the paths that an app cannot have for itself."""
    ours = ("/webhook", "/tool", "/settings", "/health", UPLOAD_PATH, LOGIN_PATH, INIT_PATH)
    return frozenset({webhook_path, *ours})


class Routes:
    """The HTTP side of one app."""

    def __init__(
        self,
        config: ServerConfig,
        sessions: Sessions,
        tool_calls: ToolCalls,
        published: Published,
        uploads: Uploads,
        site: Site,
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._tool_calls = tool_calls
        self._published = published
        self._site = site
        self._reserved = reserved_paths(config.webhook_path)
        self._routes: dict[tuple[str, str], Callable[[HttpRequest], Awaitable[HttpReply]]] = {
            ("POST", config.webhook_path): self._webhook,
            ("POST", "/tool"): self._tool,
            ("GET", "/tool"): self._try_tool,
            ("POST", "/settings"): self._settings,
            ("GET", "/health"): self._health,
            ("POST", UPLOAD_PATH): UploadRoute(uploads).handle,
            ("GET", LOGIN_PATH): site.login,
            ("GET", INIT_PATH): site.init,
        }

    @property
    def stopping(self) -> bool:
        """Whether the server stops: no session begins any more."""
        return self._sessions.closed

    def body_limit(self, request: HttpRequest) -> int:
        """Return how large the body of a request may be: photos are larger than what the cloud posts."""
        path = request.path_only
        if path in self._reserved:
            return MAX_UPLOAD_BYTES if path == UPLOAD_PATH else MAX_BODY_BYTES
        return self._site.body_limit(request)

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one request. Never raises: whatever goes wrong is logged and answered with 500."""
        method, path = "GET" if request.method == "HEAD" else request.method, request.path_only
        route = self._routes.get((method, path))
        if route is None:
            if path in self._reserved:
                return _error(404, f"There is no {request.method} {path} here.")
            route = self._page
        try:
            return await route(request)
        except Exception:
            _logger.exception("Answering %r %r failed.", request.method, path)
            return _error(500, "Internal server error; the app's log has the details.")

    async def _page(self, request: HttpRequest) -> HttpReply:
        """Answer what no route of MentraOS does."""
        return self._published.reply(request) or await self._site.handle(request)

    async def _webhook(self, request: HttpRequest) -> HttpReply:
        match codec.decode_webhook(request.body):
            case SessionRequest() as start:
                return await self._start(start)
            case StopRequest() as stop:
                # Answered at once: the user's stop waits for the answer, however long on_stop takes.
                self._sessions.end(stop.session_id, stop.reason or "")
                return _SUCCESS
            case codec.Unknown(kind):
                return _error(400, f"Unknown webhook request type {kind!r}; known: session_request, stop_request.")
            case codec.Malformed(problem):
                return _error(400, f"Malformed webhook: {problem}.")

    async def _start(self, start: SessionRequest) -> HttpReply:
        if not fits_together(start, self._config.package_name):
            return _error(400, "The session id must be the user id, a hyphen and the package name.")
        try:
            await self._sessions.start(start)
        except UntrustedCloud as error:
            _logger.warning("Refused to start %r: %s", start.session_id, error)
            return _error(403, str(error))
        except MentraError as error:
            # The cloud repeats what is refused; while the server stops that is as it should be.
            level = logging.INFO if self.stopping else logging.ERROR
            _logger.log(level, "Could not start %r: %s", start.session_id, error)
            return _error(500, str(error))
        return _SUCCESS

    async def _tool(self, request: HttpRequest) -> HttpReply:
        if not is_from_cloud(request, self._config.api_key.reveal()):
            return _error(401, "The header X-App-API-Key must be the SHA-256 of the app's API key, in hexadecimal.")
        call = codec.decode_as(ToolRequest, request.body)
        if isinstance(call, codec.Malformed):
            return _error(400, f"Malformed tool call: {call.problem}.")
        sessions = self._sessions.of_user(call.user_id)
        try:
            reply = await self._tool_calls.answer(
                ToolCall(
                    name=call.tool_id,
                    parameters=call.tool_parameters or {},
                    user_id=call.user_id,
                    timestamp=call.timestamp,
                    session=sessions[-1] if sessions else None,
                )
            )
        except ToolFailed as error:
            return _error(500, str(error))
        return _json(200, ToolReply(status="success", reply=reply))

    async def _try_tool(self, _: HttpRequest) -> HttpReply:
        """Answer as the official SDK does, for people who look whether the app can be reached."""
        return _json(200, ToolReply(status="success", reply="Hello, world!"))

    async def _settings(self, request: HttpRequest) -> HttpReply:
        change = codec.decode_settings_request(request.body)
        if isinstance(change, codec.Malformed):
            return _error(400, f"Missing userId or settings array in request body: {change.problem}.")
        count = self._sessions.update_settings(change.user_id, change.settings)
        return _json(
            200, SettingsReply(status="success", message="Settings updated successfully", sessions_updated=count)
        )

    async def _health(self, _: HttpRequest) -> HttpReply:
        return _json(
            200,
            HealthReply(status="healthy", app=self._config.package_name, active_sessions=len(self._sessions.by_id)),
        )


def _json(status: int, answer: msgspec.Struct) -> HttpReply:
    return HttpReply(status, codec.encode(answer))


def _error(status: int, message: str) -> HttpReply:
    return _json(status, WebhookReply(status="error", message=message))


_SUCCESS = _json(200, WebhookReply(status="success"))

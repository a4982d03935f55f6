"""HTTP in, calls to the app out: what the cloud posts to an app, and what it gets to hear.

| Route | Caller | Believed |
|---|---|---|
| ``POST /webhook`` | cloud | start: if the cloud it names is trusted; stop: for sessions we have |
| ``POST /tool`` | cloud | with the key header only |
| ``POST /settings`` | cloud | for sessions we have |
| ``GET /health`` | cloud, people | yes |

Source: @mentra/sdk 2.1.29 dist/app/server/index.js; docs/protocol.md, HTTP.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec

from mentra.config import ServerConfig
from mentra.errors import MentraError, ToolError, UntrustedCloud
from mentra.protocol import codec
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
from mentra.server.tools import Tool, ToolCall
from mentra.server.trust import is_from_cloud
from mentra.transport.base import HttpReply, HttpRequest, is_cancelled

_logger = logging.getLogger("mentra.server")


class ToolHook(Protocol):
    """The app's own answer to tools that are not declared with ``@tool``."""

    async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> Any:
        """Answer a call."""


class Routes:
    """The HTTP side of one app."""

    def __init__(self, config: ServerConfig, sessions: Sessions, tools: Mapping[str, Tool], app: ToolHook) -> None:
        self._config = config
        self._sessions = sessions
        self._tools = tools
        self._app = app
        self._routes: dict[tuple[str, str], Callable[[HttpRequest], Awaitable[HttpReply]]] = {
            ("POST", config.webhook_path): self._webhook,
            ("POST", "/tool"): self._tool,
            ("POST", "/settings"): self._settings,
            ("GET", "/health"): self._health,
        }

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one request. Never raises: whatever goes wrong is logged and answered with 500."""
        route = self._routes.get((request.method, request.path_only))
        if route is None:
            return _error(404, f"There is no {request.method} {request.path_only} here.")
        try:
            return await route(request)
        except Exception:
            _logger.exception("Answering %r %r failed.", request.method, request.path_only)
            return _error(500, "Internal server error; the app's log has the details.")

    async def _webhook(self, request: HttpRequest) -> HttpReply:
        match codec.decode_webhook(request.body):
            case SessionRequest() as start:
                return await self._start(start)
            case StopRequest() as stop:
                # Answered at once: the user's stop waits for the answer, however long on_stop takes.
                self._sessions.end(stop.session_id, stop.reason or "")
                return _json(200, WebhookReply(status="success"))
            case codec.Unknown(kind):
                return _error(400, f"Unknown webhook request type {kind!r}; known: session_request, stop_request.")
            case codec.Malformed(problem):
                return _error(400, f"Malformed webhook: {problem}.")

    async def _start(self, start: SessionRequest) -> HttpReply:
        try:
            await self._sessions.start(start)
        except UntrustedCloud as error:
            _logger.warning("Refused to start %r: %s", start.session_id, error)
            return _error(403, str(error))
        except MentraError as error:
            _logger.error("Could not start %r: %s", start.session_id, error)
            return _error(500, str(error))
        return _json(200, WebhookReply(status="success"))

    async def _tool(self, request: HttpRequest) -> HttpReply:
        if not is_from_cloud(request, self._config.api_key.reveal()):
            return _error(401, "The header X-App-API-Key must be the SHA-256 of the app's API key, in hexadecimal.")
        call = codec.decode_as(ToolRequest, request.body)
        if isinstance(call, codec.Malformed):
            return _error(400, f"Malformed tool call: {call.problem}.")
        try:
            reply = await self._call_tool(call)
        except ToolError as error:
            reply = str(error)
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                raise
            _logger.exception("The tool %r raised an exception.", call.tool_id)
            return _error(500, f"The tool {call.tool_id} failed; the app's log has the details.")
        return _json(200, ToolReply(status="success", reply=_reply_text(reply)))

    async def _call_tool(self, request: ToolRequest) -> Any:
        parameters = request.tool_parameters or {}
        tool = self._tools.get(request.tool_id)
        if tool is None:
            result = self._app.on_tool_call(request.tool_id, parameters, request.user_id)
        else:
            result = tool(
                ToolCall(
                    name=request.tool_id,
                    parameters=parameters,
                    user_id=request.user_id,
                    timestamp=request.timestamp,
                )
            )
        return await result if inspect.isawaitable(result) else result

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


def _reply_text(reply: Any) -> str | None:
    """A tool's answer is text on the wire; anything else travels as JSON in that text."""
    return reply if reply is None or isinstance(reply, str) else codec.encode(reply).decode()


def _json(status: int, answer: msgspec.Struct) -> HttpReply:
    return HttpReply(status, codec.encode(answer))


def _error(status: int, message: str) -> HttpReply:
    return _json(status, WebhookReply(status="error", message=message))

"""Where requests come into an app of several workers: each is answered here, or passed on to its owner.

The kernel gives connections to workers, and knows nothing of users. Whose a request is:

| Request | Its owner is that of |
|---|---|
| ``POST /webhook``, ``POST /tool``, ``POST /settings`` | the user that it names |
| ``POST /photo-upload`` | the id of the photo, which its owner has made |
| ``GET /mentra-files/...`` | the path, which its owner has made |
| ``GET /health`` | nobody; the sessions of all are counted |
| static files, ``GET /mentra-auth``, ``GET /api/mentra/auth/init`` | nobody: all answer the same |
| everything else | the user who is signed in, if there is one |

A request is passed on once at most: what comes from another worker goes to the routes, and not through this door. What
cannot be read belongs to nobody, and is refused by whoever has accepted it.
"""

import asyncio
import logging

from mentra.protocol import codec
from mentra.protocol.photos import UPLOAD_PATH
from mentra.protocol.webhooks import HealthReply, ToolRequest, WebhookReply
from mentra.server.routes import Routes, reserved_paths
from mentra.server.uploads import upload_id
from mentra.server.web.site import Site
from mentra.server.workers import Workers, owner_of
from mentra.session.published import PREFIX
from mentra.transport.base import HttpError, HttpReply, HttpRequest

HEALTH_WITHIN_S = 1.0
"""How long the other workers may take to tell how many sessions they have."""

_logger = logging.getLogger("mentra.server")


class Door:
    """Answers requests from outside, in one of several workers.

    Args:
        routes: Answer what this worker owns.
        site: Knows who is signed in.
    """

    def __init__(self, webhook_path: str, routes: Routes, site: Site, workers: Workers) -> None:
        self._webhook_path = webhook_path
        self._reserved = reserved_paths(webhook_path)
        self._routes = routes
        self._site = site
        self._workers = workers

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one request, here or by its owner. Never raises."""
        if request.path_only == "/health":
            return await self._health(request)
        try:
            key = await self._key_of(request)
        except Exception:
            _logger.exception("It cannot be told whose %r %r is.", request.method, request.path_only)
            key = None  # The routes will fail in the same way, and say so.
        owner = self._workers.index if key is None else owner_of(key, self._workers.count)
        if owner == self._workers.index:
            return await self._routes.handle(request)
        try:
            return await self._workers.ask(owner, request)
        except HttpError as error:
            _logger.warning("Worker %d did not answer %r %r: %s", owner, request.method, request.path_only, error)
            message = "The worker that serves this user is being started again."
            return HttpReply(503, codec.encode(WebhookReply(status="error", message=message)))

    async def _key_of(self, request: HttpRequest) -> str | None:
        """Return by what the owner of a request is known; ``None`` if it has none."""
        path = request.path_only
        if path in self._reserved:
            return await self._reserved_key_of(path, request) if request.method == "POST" else None
        return path if path.startswith(PREFIX) else await self._site.user_of(request)

    async def _reserved_key_of(self, path: str, request: HttpRequest) -> str | None:
        if path == UPLOAD_PATH:
            return await upload_id(request)
        if path == self._webhook_path:
            webhook = codec.decode_webhook(request.body)
            return None if isinstance(webhook, codec.Unknown | codec.Malformed) else webhook.user_id
        if path == "/tool":
            call = codec.decode_as(ToolRequest, request.body)
            return None if isinstance(call, codec.Malformed) else call.user_id
        if path == "/settings":
            change = codec.decode_settings_request(request.body)
            return None if isinstance(change, codec.Malformed) else change.user_id
        return None

    async def _health(self, request: HttpRequest) -> HttpReply:
        """Answer with the sessions of all workers. One that does not answer has none, and is being started again."""
        reply = await self._routes.handle(request)
        health = codec.decode_as(HealthReply, reply.body)
        if isinstance(health, codec.Malformed):
            return reply  # Another method.
        others = [index for index in range(self._workers.count) if index != self._workers.index]
        counts = await asyncio.gather(*(self._sessions_of(index, request) for index in others))
        total = health.active_sessions + sum(counts)
        return HttpReply(
            reply.status, codec.encode(HealthReply(status=health.status, app=health.app, active_sessions=total))
        )

    async def _sessions_of(self, worker: int, request: HttpRequest) -> int:
        try:
            async with asyncio.timeout(HEALTH_WITHIN_S):
                reply = await self._workers.ask(worker, HttpRequest("GET", request.path_only))
        except (HttpError, TimeoutError):
            return 0
        health = codec.decode_as(HealthReply, reply.body)
        return 0 if isinstance(health, codec.Malformed) else health.active_sessions

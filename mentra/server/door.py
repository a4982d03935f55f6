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
STARTED_WITHIN_S = 15.0
"""How long a start may take: five seconds to connect, and what ends before it, another start and a session."""
MARGIN_S = 5.0
"""How much longer than it may take an owner is waited for: a late answer of its own says more than ours."""

_logger = logging.getLogger("mentra.server")


class Door:
    """Answers requests from outside, in one of several workers.

    Args:
        routes: Answer what this worker owns.
        site: Knows who is signed in.
        tool_timeout_s: How long the app's tools may take.
    """

    def __init__(
        self, webhook_path: str, routes: Routes, site: Site, workers: Workers, *, tool_timeout_s: float
    ) -> None:
        self._webhook_path = webhook_path
        self._reserved = reserved_paths(webhook_path)
        self._routes = routes
        self._site = site
        self._workers = workers
        self._answer_within_s = max(tool_timeout_s, STARTED_WITHIN_S) + MARGIN_S
        self._stuck: set[int] = set()
        """Workers that are there and did not answer."""

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
            return await self._pass_on(owner, request)
        except TimeoutError:
            self._note_stuck(owner, request)
            return _error(504, "The worker that serves this user does not answer.")
        except HttpError as error:
            if self._routes.stopping:  # The others stop, too, and that one was faster.
                return _error(503, "This server is stopping.")
            _logger.warning("Worker %d did not answer %r %r: %s", owner, request.method, request.path_only, error)
            return _error(503, "The worker that serves this user is being started again.")

    async def _pass_on(self, owner: int, request: HttpRequest) -> HttpReply:
        # How long a page of the app may take, only the app knows.
        is_ours = request.path_only in self._reserved
        async with asyncio.timeout(self._answer_within_s if is_ours else None):
            reply = await self._workers.ask(owner, request)
        self._stuck.discard(owner)
        return reply

    def _note_stuck(self, worker: int, request: HttpRequest) -> None:
        """Say it once, until it answers again: the cloud will ask for each of its users."""
        if worker not in self._stuck:
            self._stuck.add(worker)
            _logger.error(
                "Worker %d runs, and did not answer %r %r within %g s. Something in it may block the event loop.",
                worker,
                request.method,
                request.path_only,
                self._answer_within_s,
            )

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
        """Answer with the sessions of all workers. One that does not answer counts as having none."""
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


def _error(status: int, message: str) -> HttpReply:
    return HttpReply(status, codec.encode(WebhookReply(status="error", message=message)))

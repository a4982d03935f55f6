"""The public port: what clouds and people call, passed on to the current child.

A request that comes while there is no child waits for one, instead of failing. Start webhooks are changed on the way,
so that the child connects to the relay.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from mentra.errors import UntrustedCloud
from mentra.protocol import codec, web_tokens
from mentra.protocol.webhooks import SessionRequest, WebhookReply
from mentra.transport.base import HttpError, HttpReply, HttpRequest
from mentra_cli.dev.children import Child
from mentra_cli.dev.journal import HttpAnswer, HttpCall, Journal
from mentra_cli.dev.reports import Ready

CHILD_WITHIN_S = 8.0
"""How long a request waits for a child; the cloud gives up on a webhook after ten seconds."""
START_WITHIN_S = 10.0
"""How long a child may take for a start webhook; the cloud waits no longer."""
ANSWER_WITHIN_S = 60.0
"""How long a child may take to begin its answer; the cloud gives up on a tool after twenty seconds, people never."""
NO_ANSWER = 502
"""The status of a reply that stands for none."""
MAX_BODY_BYTES = 16 * 1024 * 1024
"""What passes: an app in another language may take photos. The app itself has its own limit."""
_READABLE = ("json", "xml", "javascript", "x-www-form-urlencoded")
_NOT_FORWARDED = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "content-encoding"}
)

Admit = Callable[[SessionRequest], SessionRequest]
"""Takes in a start webhook and returns it as the child is to see it; raises ``UntrustedCloud``."""


class Behind(Protocol):
    """What the door leads to."""

    @property
    def child(self) -> Child:
        """What to ask."""
        ...

    @property
    def ready(self) -> Ready:
        """How it introduced itself."""
        ...


class FrontDoor:
    """Passes requests to whichever child is current."""

    def __init__(self, journal: Journal, admit: Admit) -> None:
        self._journal = journal
        self._admit = admit
        self._current: Behind | None = None
        self._open = asyncio.Event()

    def lead_to(self, behind: Behind | None) -> None:
        """Make a child the current one; ``None`` lets requests wait."""
        self._current = behind
        if behind is None:
            self._open.clear()
        else:
            self._open.set()

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request from outside."""
        began = time.monotonic()
        path = web_tokens.masked(request.path)
        self._journal.add(HttpCall(method=request.method, path=path, body=_noted(request.body, request.headers)))
        try:
            async with asyncio.timeout(CHILD_WITHIN_S):
                await self._open.wait()
            reply = await self._pass_on(request)
        except TimeoutError:
            reply = _error(503, "The app is not running: its code could not be loaded. See the terminal.")
        self._journal.add(
            HttpAnswer(
                method=request.method,
                path=path,
                status=reply.status,
                # Of what is streamed, nothing: nobody knows how long it will be.
                body=_noted(reply.body, reply.headers),
                took_s=time.monotonic() - began,
            )
        )
        return reply

    async def start_session(self, behind: Behind, request: SessionRequest) -> HttpReply:
        """Post a start webhook to one child."""
        webhook = HttpRequest("POST", behind.ready.webhook_path, _JSON, codec.encode(request))
        return await self._send(behind, webhook, within_s=START_WITHIN_S)

    async def _pass_on(self, request: HttpRequest) -> HttpReply:
        behind = self._current
        if behind is None:
            return _error(503, "The app is not running.")
        if request.method == "POST" and request.path_only == behind.ready.webhook_path:
            webhook = codec.decode_webhook(request.body)
            if isinstance(webhook, SessionRequest):
                return await self._start(behind, webhook)
        return await self._send(behind, request)

    async def _start(self, behind: Behind, webhook: SessionRequest) -> HttpReply:
        try:
            reply = await self.start_session(behind, self._admit(webhook))
            if self._current is not None and self._current is not behind:
                # Its code was replaced while the session connected. The next child has it, or takes it now.
                reply = await self.start_session(self._current, self._admit(webhook))
        except UntrustedCloud as error:
            return _error(403, str(error))
        return reply

    async def _send(self, behind: Behind, request: HttpRequest, *, within_s: float = ANSWER_WITHIN_S) -> HttpReply:
        headers = {name: value for name, value in request.headers.items() if name not in _NOT_FORWARDED}
        try:
            return await behind.child.request(dataclasses.replace(request, headers=headers), timeout=within_s)
        except HttpError as error:
            return _error(NO_ANSWER, f"The app did not answer: {error}")


_JSON = {"content-type": "application/json"}


def _noted(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a body as the journal keeps it: of photos and other files, which nobody reads there, only the size."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body or not kind or kind.startswith("text/") or kind.endswith(_READABLE):
        return body
    return f"<{len(body):,} bytes of {kind}>".encode()


def _error(status: int, message: str) -> HttpReply:
    return HttpReply(status, codec.encode(WebhookReply(status="error", message=message)))

"""The public port: what clouds and people call, passed on to the current child.

A request that comes while there is no child waits for one, instead of failing. Start webhooks are changed on the way,
so that the child connects to the relay.
"""

import asyncio
import dataclasses
import shlex
import time
from collections.abc import Callable
from math import inf
from typing import Protocol

from mentra.errors import UntrustedCloud
from mentra.protocol import codec, web_tokens
from mentra.protocol.photos import UPLOAD_PATH
from mentra.protocol.webhooks import SessionRequest, WebhookReply
from mentra.server.web.site import LOGIN_PATH
from mentra.transport.base import HttpError, HttpReply, HttpRequest
from mentra_cli.dev.bodies import noted, noted_reply
from mentra_cli.dev.children import Child
from mentra_cli.dev.journal import HttpAnswer, HttpCall, Journal, Note
from mentra_cli.dev.local_requests import is_local
from mentra_cli.dev.reports import Ready

CHILD_WITHIN_S = 8.0
"""How long a request waits for a child; the cloud gives up on a webhook after ten seconds."""
START_WITHIN_S = 10.0
"""How long a child may take for a start webhook; the cloud waits no longer."""
ANSWER_WITHIN_S = 60.0
"""How long a child may take to begin its answer; the cloud gives up on a tool after twenty seconds, people never."""
LATE_PHOTOS_FOR_S = 60.0
"""How long after a change of code photos may come that the code before has asked for."""
NO_ANSWER = 502
"""The status of a reply that stands for none."""
MAX_BODY_BYTES = 16 * 1024 * 1024
"""What passes: an app in another language may take photos. The app itself has its own limit."""
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

    @property
    def is_let_go(self) -> bool:
        """Whether it is being ended, or has ended."""
        ...


class FrontDoor:
    """Passes requests to whichever child is current.

    Args:
        sign_in: Whether browsers of this machine may be sent to sign in at the account site of MentraOS.
    """

    def __init__(self, journal: Journal, admit: Admit, *, sign_in: bool) -> None:
        self._journal = journal
        self._admit = admit
        self._sign_in = sign_in
        self._current: Behind | None = None
        self._before: Behind | None = None
        self._changed_at = -inf
        self._open = asyncio.Event()

    def lead_to(self, behind: Behind | None) -> None:
        """Make a child the current one; ``None`` lets requests wait."""
        if self._current is not None and behind is not None:
            self._before, self._changed_at = self._current, asyncio.get_running_loop().time()
        self._current = behind
        if behind is None:
            self._open.clear()
        else:
            self._open.set()

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request from outside."""
        began = time.monotonic()
        path = web_tokens.masked(request.path)
        self._journal.add(HttpCall(method=request.method, path=path, body=noted(request.body, request.headers)))
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
                body=noted_reply(reply),
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
        reply = await self._send(behind, request)
        if not self._sign_in and _is_sign_in(reply) and is_local(request):
            return _nobody(request)
        if request.path_only == UPLOAD_PATH and reply.status == 404:
            return await self._pass_on_late_photo(request, reply)
        return reply

    async def _pass_on_late_photo(self, request: HttpRequest, reply: HttpReply) -> HttpReply:
        """Bring a photo to the code before, which may have asked for it; the glasses have made no mistake."""
        if self._before is None or asyncio.get_running_loop().time() - self._changed_at > LATE_PHOTOS_FOR_S:
            return reply
        if not self._before.is_let_go:
            earlier = await self._send(self._before, request)
            if earlier.status < 300:
                return earlier
        self._journal.add(Note(text="A photo came for code that was replaced. It is dropped: nobody waits for it."))
        return HttpReply(200, codec.encode(WebhookReply(status="success")), _JSON)

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


def _is_sign_in(reply: HttpReply) -> bool:
    location = reply.headers.get("location", "")
    return location == LOGIN_PATH or location.startswith(web_tokens.LOGIN)


def _nobody(request: HttpRequest) -> HttpReply:
    page = "" if request.path_only == LOGIN_PATH else f" {shlex.quote(web_tokens.masked(request.path))}"
    text = (
        "Nobody is signed in here, and mentra dev with virtual glasses has no page to sign in.\n"
        f"Open it as the virtual user: mentra open{page}\n"
    )
    return HttpReply(401, text.encode(), {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"})


def _error(status: int, message: str) -> HttpReply:
    return HttpReply(status, codec.encode(WebhookReply(status="error", message=message)))

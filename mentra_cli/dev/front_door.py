"""The public port: what clouds and people call, passed on to the current child.

A request that comes while there is no child waits for one, instead of failing. Start webhooks are changed on the way,
so that the child connects to the relay.
"""

import asyncio
import time
from collections.abc import Callable

from mentra.errors import UntrustedCloud
from mentra.protocol import codec
from mentra.protocol.webhooks import SessionRequest, WebhookReply
from mentra.transport.base import HttpError, HttpReply, HttpRequest, Network
from mentra_cli.dev.journal import HttpAnswer, HttpCall, Journal
from mentra_cli.dev.reports import Ready

CHILD_WITHIN_S = 8.0
"""How long a request waits for a child; the cloud gives up on a webhook after ten seconds."""
START_WITHIN_S = 10.0
"""How long a child may take for a start webhook; the cloud waits no longer."""
ANSWER_WITHIN_S = 60.0
"""How long a child may take; the cloud gives up on a tool after twenty seconds, people on nothing."""
_NOT_FORWARDED = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "content-encoding"}
)

Admit = Callable[[SessionRequest], SessionRequest]
"""Takes in a start webhook and returns it as the child is to see it; raises ``UntrustedCloud``."""


class FrontDoor:
    """Passes requests to whichever child is current."""

    def __init__(self, network: Network, journal: Journal, admit: Admit) -> None:
        self._network = network
        self._journal = journal
        self._admit = admit
        self._child: Ready | None = None
        self._open = asyncio.Event()

    def lead_to(self, child: Ready | None) -> None:
        """Make a child the current one; ``None`` lets requests wait."""
        self._child = child
        if child is None:
            self._open.clear()
        else:
            self._open.set()

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request from outside."""
        began = time.monotonic()
        self._journal.add(HttpCall(method=request.method, path=request.path, body=request.body))
        try:
            async with asyncio.timeout(CHILD_WITHIN_S):
                await self._open.wait()
            reply = await self._pass_on(request)
        except TimeoutError:
            reply = _error(503, "The app is not running: its code could not be loaded. See the terminal.")
        self._journal.add(
            HttpAnswer(
                method=request.method,
                path=request.path,
                status=reply.status,
                body=reply.body,
                took_s=time.monotonic() - began,
            )
        )
        return reply

    async def start_session(self, child: Ready, request: SessionRequest) -> HttpReply:
        """Post a start webhook to one child."""
        webhook = HttpRequest("POST", child.webhook_path, _JSON, codec.encode(request))
        return await self._send(child, webhook, within_s=START_WITHIN_S)

    async def _pass_on(self, request: HttpRequest) -> HttpReply:
        child = self._child
        if child is None:
            return _error(503, "The app is not running.")
        if request.method == "POST" and request.path_only == child.webhook_path:
            webhook = codec.decode_webhook(request.body)
            if isinstance(webhook, SessionRequest):
                return await self._start(child, webhook)
        return await self._send(child, request)

    async def _start(self, child: Ready, webhook: SessionRequest) -> HttpReply:
        try:
            reply = await self.start_session(child, self._admit(webhook))
            if reply.status >= 300 and self._child is not None and self._child is not child:
                # Its code was replaced while the session connected. The next child has it, or takes it now.
                reply = await self.start_session(self._child, self._admit(webhook))
        except UntrustedCloud as error:
            return _error(403, str(error))
        return reply

    async def _send(self, child: Ready, request: HttpRequest, *, within_s: float = ANSWER_WITHIN_S) -> HttpReply:
        headers = {name: value for name, value in request.headers.items() if name not in _NOT_FORWARDED}
        try:
            return await self._network.request(
                request.method, child.url + request.path, headers=headers, body=request.body, timeout=within_s
            )
        except HttpError as error:
            return _error(502, f"The app did not answer: {error}")


_JSON = {"content-type": "application/json"}


def _error(status: int, message: str) -> HttpReply:
    return HttpReply(status, codec.encode(WebhookReply(status="error", message=message)))

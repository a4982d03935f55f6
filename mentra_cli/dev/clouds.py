"""Which cloud a request is about, and whether it may have the app's key.

Real clouds and the local one work side by side: a start webhook names its cloud. A real cloud gets the key only if it
is one (``mentra.server.trust``), and never a key that was made up for the local one.
"""

import asyncio
import hmac
import time
from urllib.parse import urlsplit

from mentra.errors import UntrustedCloud
from mentra.protocol import codec, rest, web_tokens
from mentra.protocol.webhooks import SessionRequest, WebhookReply
from mentra.server.trust import cloud_url
from mentra.transport.base import HttpError, HttpReply, HttpRequest, Network, is_loopback
from mentra_cli.cloud_address import CloudAddress
from mentra_cli.dev import reports
from mentra_cli.dev.built_in_cloud import BuiltInCloud
from mentra_cli.dev.journal import CloudCall, Journal
from mentra_cli.dev.reports import Ready
from mentra_cli.local_key import is_local

_REST_WITHIN_S = 30.0
_LOCAL_KEY = (
    "API_KEY is a local development key; it is not sent to a real cloud. Put the key from the developer console into "
    ".env."
)


class Clouds:
    """The clouds that one ``mentra dev`` works with.

    Attributes:
        app: The app that serves now; its key is what this is about.
    """

    def __init__(
        self, network: Network, built_in: BuiltInCloud | None, address: CloudAddress | None, journal: Journal
    ) -> None:
        self.app: Ready | None = None
        self._journal = journal
        self._storing: asyncio.Task[None] | None = None
        self._network = network
        self._built_in = built_in
        self._address = address

    def find(self, request: SessionRequest) -> tuple[Network, str]:
        """Return how to reach the cloud that sent a start webhook, and its WebSocket URL.

        Raises:
            UntrustedCloud: It may not have the app's key.
        """
        if self._built_in is not None and request.older_websocket_url == self._built_in.cloud.websocket_url:
            return self._built_in.network, self._built_in.cloud.websocket_url
        if self.app is None:
            raise UntrustedCloud("The app is not running.")
        url = cloud_url(
            request,
            configured=self._address.socket_url if self._address else self.app.mentraos_websocket_url,
            local_allowed=False,
        )
        if self._must_stay_here(url):
            raise UntrustedCloud(_LOCAL_KEY)
        return self._network, url

    async def handle_rest(self, request: HttpRequest) -> HttpReply:
        """Pass a REST call of the app, or of a command on this machine, on to the cloud."""
        if self._built_in is not None and request.path == reports.USER_TOKEN_KEY:
            return HttpReply(200, self._built_in.cloud.user_token_key().encode(), {"content-type": "text/plain"})
        if self._storing is not None and request.method == "GET" and request.path.startswith(rest.STORAGE):
            await asyncio.wait([self._storing])
        began = time.monotonic()
        reply = await self._pass_on(request)
        self._journal.add(
            CloudCall(
                method=request.method,
                path=web_tokens.masked(request.path),
                body=request.body,
                status=reply.status,
                answer=reply.body,
                took_s=time.monotonic() - began,
            )
        )
        return reply

    async def _pass_on(self, request: HttpRequest) -> HttpReply:
        if self._built_in is not None:
            return await self._built_in.handle(request)
        if self._address is None:
            return _refused(502, "There is no cloud.")
        if self._must_stay_here(self._address.http_base):
            return _refused(403, _LOCAL_KEY)
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        try:
            return await self._network.request(
                request.method,
                self._address.http_base + request.path,
                headers=headers,
                body=request.body,
                timeout=_REST_WITHIN_S,
            )
        except HttpError as error:
            return _refused(502, str(error))

    def read_after(self, storing: asyncio.Task[None]) -> None:
        """Let the app read stored data only when this is done: code that was replaced stores what it has written."""
        self._storing = storing

    def is_key(self, key: str) -> bool:
        """Return whether this is the app's key: what tells the app from other programs on this machine."""
        return self.app is not None and hmac.compare_digest(self.app.api_key.encode(), key.encode())

    def _must_stay_here(self, url: str) -> bool:
        return self.app is not None and is_local(self.app.api_key) and not is_loopback(urlsplit(url).hostname)


def _refused(status: int, message: str) -> HttpReply:
    return HttpReply(status, codec.encode(WebhookReply(status="error", message=message)))

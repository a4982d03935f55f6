"""Who opened a page: the kinds of proof, in the order of the official SDK; the first that holds counts.

| Proof | Where | Why it is believed |
|---|---|---|
| signed token | query | the cloud's signature, with a claim that is bound to the app's API key |
| temporary token | query | the cloud says whose it is, once |
| frontend token | header ``authorization``, or query | not at all, unless ``frontend_tokens`` is on: it never expires |
| cookie | ``mentra-<package name>`` | our own signature |

A proof that does not hold is passed over. No token is ever logged.

Source: @mentra/sdk 2.1.29 dist/app/webview/index.js; docs/protocol.md, Web pages.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from urllib.parse import urlencode

from mentra.config import ServerConfig
from mentra.errors import AuthError
from mentra.protocol import codec, rest, web_tokens
from mentra.protocol.web_tokens import ExchangeReply, ExchangeRequest, InitReply
from mentra.server.trust import rest_base
from mentra.server.web.cookie import SessionCookie
from mentra.server.web.request import cookies_of, query_of
from mentra.server.web.signed_token import SignedTokens
from mentra.server.workers import Workers, owner_of
from mentra.transport.base import HttpError, HttpRequest, Network, http_base

INIT_PATH = "/api/mentra/auth/init"
"""Tells a page who opened it; for the official helper of pages in React, and for other workers."""
EXCHANGE_WITHIN_S = 10.0
PASSED_ON_WITHIN_S = 20.0
"""How long another worker may take for an exchange: it may have to be started again before."""
KEPT_FOR_S = 10.0
"""How long the answer of an exchange is remembered, for the other requests of the same page."""
MAX_EXCHANGES = 100
"""How many exchanges may be under way: whoever makes tokens up makes us ask the cloud."""

HostKey = Callable[[], str | Awaitable[str]]
"""Returns a public key in PEM, or fetches it; raises ``AuthError`` if that fails."""

_logger = logging.getLogger("mentra.server")


class SignIn:
    """Recognises the users of one app.

    Args:
        network: How to ask the cloud.
        cloud: The WebSocket URL of the cloud that is asked when a page names no other; ``None`` if there is none.
        host_key: Returns the public key, in PEM, with which the cloud of a host signs tokens, besides that of the
            configuration; ``None`` for an app without a host, as in production.
        now: The time.
        workers: Those that serve the app, if it is more than this process.
    """

    def __init__(
        self,
        config: ServerConfig,
        network: Network,
        *,
        cloud: str | None,
        host_key: HostKey | None,
        now: Callable[[], datetime],
        workers: Workers | None = None,
    ) -> None:
        self._config = config
        self._network = network
        self._default_cloud = http_base(cloud) if cloud else ""
        secret = config.cookie_secret or config.api_key
        self._cookie = SessionCookie(config.package_name, secret.reveal(), now)
        self._now = now
        self._signed_tokens = self._tokens_by(config.user_token_key)
        self._host_key = host_key
        self._host_tokens: SignedTokens | None = None
        self._workers = workers
        self._exchanges: dict[tuple[str, str], asyncio.Task[str]] = {}

    async def identify(self, request: HttpRequest) -> tuple[str | None, str | None]:
        """Return the user who made a request, and a header ``set-cookie`` if they are to get a cookie."""
        query = query_of(request)
        user_id = await self._by_signed_token(query) or await self._by_temp_token(query)
        if user_id is None and self._config.frontend_tokens:
            user_id = self._by_frontend_token(request.headers, query)
        if user_id is None:
            known = self._cookie.read(cookies_of(request.headers).get(self._cookie.name, ""))
            if known is None or not known.needs_renewal:
                return known.user_id if known else None, None
            user_id = known.user_id
        return user_id, self.cookie(user_id, request)

    def cookie(self, user_id: str, request: HttpRequest) -> str:
        """Return a header ``set-cookie`` by which the user is known in the next requests."""
        # What proxies say is not proved; a wrong word makes a cookie of the liar's own less useful, no more.
        proxied = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
        public = self._config.public_url or ""
        return self._cookie.make(user_id, secure=proxied == "https" or public.startswith("https:"))

    async def signed(self, token: str) -> str:
        """Return the user of a signed token.

        Raises:
            AuthError: It proves nothing.
        """
        try:
            return self._signed_tokens.user_of(token)
        except AuthError:
            if self._host_key is None:
                raise
        if self._host_tokens is None:
            key = self._host_key()
            self._host_tokens = self._tokens_by(key if isinstance(key, str) else await key)
        return self._host_tokens.user_of(token)

    def _tokens_by(self, public_key: str) -> SignedTokens:
        return SignedTokens(api_key=self._config.api_key.reveal, public_key=lambda: public_key, now=self._now)

    async def exchanged(self, token: str, query: Mapping[str, str]) -> str:
        """Return the user of a temporary token, as the cloud knows it.

        Raises:
            AuthError: The cloud does not say.
        """
        key = (self._cloud(query), token)
        task = self._exchanges.get(key)
        if task is None:
            if sum(not task.done() for task in self._exchanges.values()) >= MAX_EXCHANGES:
                raise AuthError("Too many temporary tokens are being exchanged.")
            task = self._exchanges[key] = asyncio.create_task(self._user_of_token(*key, query), name="exchange a token")
            task.add_done_callback(lambda task: self._exchanged(key, task))
        # Shielded: others wait for the same answer.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Stop asking."""
        tasks = list(self._exchanges.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _by_signed_token(self, query: Mapping[str, str]) -> str | None:
        token = query.get(web_tokens.SIGNED_TOKEN)
        if not token:
            return None
        try:
            return await self.signed(token)
        except AuthError as error:
            _logger.debug("%s", error)
            return None

    async def _by_temp_token(self, query: Mapping[str, str]) -> str | None:
        token = query.get(web_tokens.TEMP_TOKEN)
        if not token:
            return None
        try:
            return await self.exchanged(token, query)
        except AuthError as error:
            _logger.info("A page was opened with a temporary token that proves nothing: %s", error)
            return None

    def _by_frontend_token(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        header = headers.get("authorization", "")
        token = header.removeprefix(rest.BEARER).strip() if header else query.get(web_tokens.FRONTEND_TOKEN, "")
        user_id = token.rpartition(":")[0]  # An id may have colons.
        if not user_id:
            return None
        expected = web_tokens.frontend_token(user_id, self._config.api_key.reveal())
        same = hmac.compare_digest(token.encode(errors="surrogatepass"), expected.encode(errors="surrogatepass"))
        return user_id if same else None

    def _cloud(self, query: Mapping[str, str]) -> str:
        """Return the REST address of the cloud that made a token; the API key goes there."""
        url = query.get(web_tokens.CLOUD_URL)
        if not url:
            return self._default_cloud
        expected = web_tokens.cloud_url_checksum(url, self._config.api_key.reveal())
        given = query.get(web_tokens.CLOUD_URL_CHECKSUM, "")
        if not hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode()):
            return self._default_cloud
        # The checksum alone is weak: whoever has seen one of the hashes of the key could have made it.
        return rest_base(url, local_allowed=self._config.development) or self._default_cloud

    async def _user_of_token(self, cloud: str, token: str, query: Mapping[str, str]) -> str:
        workers = self._workers
        if workers is None or (owner := owner_of(token, workers.count)) == workers.index:
            return await self._exchange(cloud, token)
        # The cloud says it once. The requests of a page may come to any worker, so one of them asks for all.
        names = (web_tokens.TEMP_TOKEN, web_tokens.CLOUD_URL, web_tokens.CLOUD_URL_CHECKSUM)
        kept = urlencode({name: query[name] for name in names if name in query})
        try:
            async with asyncio.timeout(PASSED_ON_WITHIN_S):
                reply = await (await workers.ask(owner, HttpRequest("GET", f"{INIT_PATH}?{kept}"))).whole()
        except (HttpError, TimeoutError) as error:
            raise AuthError(f"Worker {owner}, which exchanges this token, did not answer: {error}") from error
        answer = codec.decode_as(InitReply, reply.body)
        if isinstance(answer, codec.Malformed) or not answer.success or not answer.user_id:
            raise AuthError(f"Worker {owner}, which exchanges this token, learnt nothing from it.")
        return answer.user_id

    async def _exchange(self, cloud: str, token: str) -> str:
        if not cloud:
            raise AuthError("Nobody knows which cloud made the token: the page does not say, or must not.")
        body = codec.encode(ExchangeRequest(temp_token=token, package_name=self._config.package_name))
        headers = {
            "authorization": rest.BEARER + self._config.api_key.reveal(),
            "content-type": "application/json",
        }
        try:
            reply = await self._network.request(
                "POST", cloud + web_tokens.EXCHANGE, headers=headers, body=body, timeout=EXCHANGE_WITHIN_S
            )
        except HttpError as error:
            raise AuthError(f"{cloud} did not answer: {error}") from error
        answer = codec.decode_as(ExchangeReply, reply.body)
        if isinstance(answer, codec.Malformed):
            raise AuthError(f"{cloud} answered {reply.status} with something that cannot be read.")
        if reply.status != 200 or not answer.success or not answer.user_id:
            raise AuthError(f"{cloud} answered {reply.status}: {answer.code or ''} {answer.error or ''}".rstrip())
        return answer.user_id

    def _exchanged(self, key: tuple[str, str], task: asyncio.Task[str]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._exchanges.pop(key, None)
        else:
            asyncio.get_running_loop().call_later(KEPT_FOR_S, self._exchanges.pop, key, None)

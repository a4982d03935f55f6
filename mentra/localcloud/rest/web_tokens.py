"""The tokens with which the phone opens an app's pages, and their exchange.

The key that signs them is made for this process. The app has to be told the public one, in place of the real cloud's.

Source: MentraOS cloud/packages/cloud/src/services/core/temp-token.service.ts, routes/auth.routes.ts, middleware (Dec
2025), api/hono/routes/auth.routes.ts (2026); docs/protocol.md, Web pages.
"""

import functools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from mentra.localcloud.catalogue import Catalogue, InstalledApp
from mentra.localcloud.rest.app_keys import app_of_either, app_of_key
from mentra.protocol import codec, web_tokens
from mentra.protocol.web_tokens import ExchangeReply, ExchangeRequest, SignedClaims
from mentra.transport.base import HttpReply, HttpRequest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_INVALID = ExchangeReply(success=False, error="Invalid or expired token")
_PROBLEMS = {
    "token_not_found": "Temporary token not found",
    "token_used": "Temporary token already used",
    "token_expired": "Temporary token expired",
    "token_package_mismatch": "Temporary token was issued for a different app",
}


@dataclass(slots=True)
class _TempToken:
    user_id: str
    package_name: str
    made: datetime
    is_used: bool = False


class WebTokens:
    """Makes tokens, and exchanges them."""

    def __init__(self, catalogue: Catalogue, now: Callable[[], datetime], *, generation: int = 2) -> None:
        self._generation = generation
        self._catalogue = catalogue
        self._now = now
        self._temp_tokens: dict[str, _TempToken] = {}

    @property
    def kept(self) -> int:
        """How many temporary tokens are remembered, good ones and others."""
        return len(self._temp_tokens)

    def temp_token(self, user_id: str, package_name: str) -> str:
        """Return a temporary token: 64 hexadecimal digits."""
        self._forget_old()
        token = secrets.token_hex(32)
        self._temp_tokens[token] = _TempToken(user_id, package_name, self._now())
        return token

    def signed_token(self, user_id: str, app: InstalledApp) -> str:
        """Return a signed token, which names one app only by the hash in a claim."""
        # PyJWT with cryptography takes 60 ms to import, and most tests open no page.
        import jwt

        now_s = int(self._now().timestamp())
        claims = SignedClaims(
            issuer=web_tokens.ISSUER,
            user_id=user_id,
            frontend_token=web_tokens.frontend_token(user_id, app.api_key),
            issued_s=now_s,
            expires_s=now_s + int(web_tokens.SIGNED_TOKEN_LASTS_S),
        )
        return jwt.encode(msgspec.to_builtins(claims), _key(), web_tokens.ALGORITHM, headers={"kid": "v1"})

    def query(self, user_id: str, app: InstalledApp, cloud_url: str) -> str:
        """Return what the phone puts behind the address of an app's page."""
        return urlencode(
            {
                web_tokens.TEMP_TOKEN: self.temp_token(user_id, app.package_name),
                web_tokens.SIGNED_TOKEN: self.signed_token(user_id, app),
                web_tokens.CLOUD_URL: cloud_url,
                web_tokens.CLOUD_URL_CHECKSUM: web_tokens.cloud_url_checksum(cloud_url, app.api_key),
            }
        )

    def exchange(self, request: HttpRequest, body: bytes) -> HttpReply:
        """Tell an app whose a temporary token is. The key is looked at before the token.

        Raises:
            BadKey: The app is not who it says.
        """
        read = codec.decode_as(ExchangeRequest, body)
        asked = ExchangeRequest() if isinstance(read, codec.Malformed) else read
        header = request.headers.get("authorization")
        app_of = app_of_either if self._generation == 3 else app_of_key
        package_name = app_of(self._catalogue, header, asked.package_name).package_name
        if not asked.temp_token:
            return _reply(400, ExchangeReply(success=False, error="Missing aos_temp_token"))
        problem = self._problem(asked.temp_token, package_name)
        if problem is not None:
            told = ExchangeReply(success=False, code=problem, error=_PROBLEMS[problem])
            return _reply(401, told if self._generation == 3 else _INVALID)
        token = self._temp_tokens[asked.temp_token]
        token.is_used = True
        return _reply(200, ExchangeReply(success=True, user_id=token.user_id))

    def _problem(self, text: str, package_name: str) -> str | None:
        """Return why a token is not good for an app, by the code of the cloud of 2026."""
        token = self._temp_tokens.get(text)
        if token is None:
            return "token_not_found"
        if token.is_used:
            return "token_used"
        if self._now() - token.made > timedelta(seconds=web_tokens.TEMP_TOKEN_LASTS_S):
            return "token_expired"
        return None if token.package_name == package_name else "token_package_mismatch"

    def _forget_old(self) -> None:
        """Forget tokens as the database of the cloud does: some time after they have expired."""
        old = self._now() - 2 * timedelta(seconds=web_tokens.TEMP_TOKEN_LASTS_S)
        # The oldest is first.
        while self._temp_tokens and (text := next(iter(self._temp_tokens))) and self._temp_tokens[text].made < old:
            del self._temp_tokens[text]


def public_key() -> str:
    """Return the key that checks the signed tokens of this process, in PEM."""
    # As above.
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return _key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@functools.cache
def _key() -> "RSAPrivateKey":
    # Making a key takes 100 ms or more; one serves all local clouds of a process, as none of them guards anything.
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _reply(status: int, answer: ExchangeReply) -> HttpReply:
    return HttpReply(status, codec.encode(answer))

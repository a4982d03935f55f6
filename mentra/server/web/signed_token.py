"""The signed token with which the phone and the account site open an app's pages.

It has no audience: the server of any app that a user opens could show it to another one. What makes it ours is the
claim ``frontendToken``, which only the cloud can sign, and which contains a hash over the API key of the app.

Source: docs/protocol.md, Web pages.
"""

import functools
import hmac
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from mentra.errors import AuthError
from mentra.protocol import web_tokens
from mentra.protocol.web_tokens import LEEWAY_S, SignedClaims

_logger = logging.getLogger("mentra.server")


class SignedTokens:
    """Reads signed tokens for one app.

    Args:
        api_key: Returns the app's key.
        public_key: Returns the cloud's key, in PEM.
        now: The time.
    """

    def __init__(
        self, *, api_key: Callable[[], str], public_key: Callable[[], str], now: Callable[[], datetime]
    ) -> None:
        self._api_key = api_key
        self._public_key = public_key
        self._now = now

    def user_of(self, token: str) -> str:
        """Return the user whom a token names.

        Raises:
            AuthError: It proves nothing. The message says why, without the token.
        """
        claims = self._verified(token)
        if claims.issuer != web_tokens.ISSUER:
            raise AuthError(f"The signed token is of another issuer, {claims.issuer!r}.")
        now_s = self._now().timestamp()
        if now_s > claims.expires_s + LEEWAY_S:
            raise AuthError("The signed token has expired.")
        if now_s < claims.issued_s - LEEWAY_S:
            raise AuthError("The signed token is of the future.")
        expected = web_tokens.frontend_token(claims.user_id, self._api_key())
        if not hmac.compare_digest(claims.frontend_token.encode(), expected.encode()):
            raise AuthError("The signed token is for another app, or was made with another API key.")
        return claims.user_id

    def _verified(self, token: str) -> SignedClaims:
        # Importing PyJWT with cryptography takes 60 ms, and most apps have no pages.
        import jwt

        unchecked = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
        options: Any = {**unchecked, "verify_sub": False}
        try:
            claims = jwt.decode(token, self._key, algorithms=[web_tokens.ALGORITHM], options=options)
            return msgspec.convert(claims, SignedClaims)
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError) as error:
            raise AuthError(f"The signed token is not valid: {error}") from error

    @functools.cached_property
    def _key(self) -> Any:
        # As above.
        from jwt import PyJWTError
        from jwt.algorithms import RSAAlgorithm

        try:
            return RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(self._public_key())
        except (PyJWTError, ValueError) as error:
            _logger.error("Signed tokens cannot be checked: MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY is no RSA key.")
            raise AuthError("The public key of the cloud cannot be read.") from error

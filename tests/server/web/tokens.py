"""Signed tokens, good and bad, made with the key of the local cloud or with another one."""

from datetime import UTC, datetime
from typing import Any

import jwt

from mentra.localcloud.rest.web_tokens import _key, public_key
from mentra.protocol import web_tokens

KEY = "0123456789abcdef" * 4
USER = "user1@example.com"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOW_S = int(NOW.timestamp())

__all__ = ["KEY", "NOW", "NOW_S", "USER", "public_key", "signed"]


def claims(**changes: Any) -> dict[str, Any]:
    good = {
        "iss": web_tokens.ISSUER,
        "sub": USER,
        "frontendToken": web_tokens.frontend_token(USER, KEY),
        "iat": NOW_S,
        "exp": NOW_S + 600,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(key: Any = None, algorithm: str = "RS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key or _key(), algorithm, headers={"kid": "v1"})

"""What tells an app's server who opened a page of it: the parameters in the page's address, and how they are made.

Source: @mentra/sdk 2.1.29 dist/app/webview/index.js; MentraOS cloud/packages/cloud/src/services/core/
temp-token.service.ts, routes/auth.routes.ts (Dec 2025); docs/protocol.md, Web pages.
"""

import hashlib
import re
from urllib.parse import quote

import msgspec

from mentra.protocol.base import Number, Wire

SIGNED_TOKEN = "aos_signed_user_token"  # noqa: S105 - the name of a parameter.
"""A JWT of the cloud, RS256: the user in ``sub``, for one app by its claim ``frontendToken``, for ten minutes."""
TEMP_TOKEN = "aos_temp_token"  # noqa: S105 - the name of a parameter.
"""64 hexadecimal digits, which the cloud exchanges for the user, once, within a minute."""
FRONTEND_TOKEN = "aos_frontend_token"  # noqa: S105 - the name of a parameter.
"""See ``frontend_token``. Also as ``Authorization: Bearer ...``."""
CLOUD_URL = "cloudApiUrl"
"""The REST address of the cloud that the phone uses."""
CLOUD_URL_CHECKSUM = "cloudApiUrlChecksum"
"""See ``cloud_url_checksum``."""

PARAMETERS = frozenset({SIGNED_TOKEN, TEMP_TOKEN, FRONTEND_TOKEN, CLOUD_URL, CLOUD_URL_CHECKSUM})

ISSUER = "https://prod.augmentos.cloud"
"""``iss`` of signed tokens."""
ALGORITHM = "RS256"
LEEWAY_S = 120.0
"""How far the clocks of the cloud and of an app's server may be apart."""
SIGNED_TOKEN_LASTS_S = 600.0
TEMP_TOKEN_LASTS_S = 60.0

EXCHANGE = "/api/auth/exchange-user-token"
"""Where the cloud exchanges temporary tokens."""
FOR_PHONES = "/api/auth"
"""What the routes begin with by which a phone has tokens made."""
ROUTES_FOR_PHONES = ("generate-webview-token", "hash-with-api-key", "generate-webview-signed-user-token")
LOGIN = "https://account.mentra.glass/auth"
"""Where users sign in; from there they come back to the app's page, with a signed token."""

PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0Yt2RtNOdeKQxWMY0c84
ADpY1Jy58YWZhaEgP2A5tBwFUKgy/TH9gQLWZjQ3dQ/6XXO8qq0kluoYFqM7ZDRF
zJ0E4Yi0WQncioLRcCx4q8pDmqY9vPKgv6PruJdFWca0l0s3gZ3BqSeWum/C23xK
FPHPwi8gvRdc6ALrkcHeciM+7NykU8c0EY8PSitNL+Tchti95kGu+j6APr5vNewi
zRpQGOdqaLWe+ahHmtj6KtUZjm8o6lan4f/o08C6litizguZXuw2Nn/Kd9fFI1xF
IVNJYMy9jgGaOi71+LpGw+vIpwAawp/7IvULDppvY3DdX5nt05P1+jvVJXPxMKzD
TQIDAQAB
-----END PUBLIC KEY-----
"""
"""Checks the signature of signed tokens."""

_TOKENS = re.compile(rf"\b({SIGNED_TOKEN}|{TEMP_TOKEN}|{FRONTEND_TOKEN})=[^&#\s]*")
_FORM_TOKENS = re.compile(_TOKENS.pattern.encode())
_JSON_TOKENS = re.compile(
    rf'("(?:{SIGNED_TOKEN}|{TEMP_TOKEN}|{FRONTEND_TOKEN}|frontendToken)"\s*:\s*)"(?:[^"\\]|\\.)*"'.encode()
)


def frontend_token(user_id: str, api_key: str) -> str:
    """Return ``<user id>:<hash>``, which only the cloud and the app can make, and which never expires."""
    return f"{user_id}:{_sha256(user_id + _sha256(api_key))}"


def cloud_url_checksum(url: str, api_key: str) -> str:
    """Return what goes with the address of a cloud, so that not everybody can name one."""
    return _sha256(url + _sha256(api_key))


def login_url(package_name: str) -> str:
    """Return where users sign in for an app."""
    return f"{LOGIN}?packagename={quote(package_name, safe='')}"


def masked(address: str) -> str:
    """Return a path or an address without the tokens in its query, to be shown or logged."""
    return _TOKENS.sub(r"\1=***", address)


def masked_body(body: bytes) -> bytes:
    """Return a body without the tokens in it, if it is JSON or a form."""
    return _JSON_TOKENS.sub(rb'\1"***"', _FORM_TOKENS.sub(rb"\1=***", body))


class SignedClaims(Wire, frozen=True, kw_only=True):
    """What a signed token says. Times are seconds since 1970."""

    issuer: str = msgspec.field(name="iss")
    user_id: str = msgspec.field(name="sub")
    frontend_token: str
    issued_s: Number = msgspec.field(name="iat")
    expires_s: Number = msgspec.field(name="exp")


class ExchangeRequest(Wire, frozen=True, kw_only=True):
    """Asks the cloud whose a temporary token is."""

    temp_token: str | None = msgspec.field(name=TEMP_TOKEN, default=None)
    package_name: str | None = None


class ExchangeReply(Wire, frozen=True, kw_only=True):
    """Whose it is, or why that is not told."""

    success: bool | None = None
    user_id: str | None = None
    error: str | None = None
    code: str | None = None
    """2026 only: ``"token_not_found"``, ``"token_used"``, ``"token_expired"``, ``"token_package_mismatch"``."""


class InitReply(Wire, frozen=True, kw_only=True):
    """Our answer to a page that asks who opened it."""

    success: bool
    user_id: str | None = None
    frontend_token: str | None = None
    error: str | None = None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

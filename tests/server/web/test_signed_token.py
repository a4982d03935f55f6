"""Which signed tokens prove something to this app."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from mentra import AuthError
from mentra.protocol import web_tokens
from mentra.server.web.signed_token import SignedTokens
from tests.server.web.tokens import KEY, NOW, NOW_S, USER, claims, public_key, signed


def tokens(age: timedelta = timedelta(0), api_key: str = KEY, public: str | None = None) -> SignedTokens:
    return SignedTokens(api_key=lambda: api_key, public_key=lambda: public or public_key(), now=lambda: NOW + age)


@pytest.fixture(scope="module")
def other_key() -> Any:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_a_token_of_the_cloud_names_the_user_w_page_2():
    assert tokens().user_of(signed()) == USER


@pytest.mark.parametrize("user_id", ["a|b:c@example.com", "Zoë@example.com"])
def test_any_user_id_can_be_named(user_id: str):
    token = signed(sub=user_id, frontendToken=web_tokens.frontend_token(user_id, KEY))

    assert tokens().user_of(token) == user_id


@pytest.mark.parametrize(
    ("age", "good"),
    [
        (timedelta(seconds=-120), True),
        (timedelta(seconds=-121), False),
        (timedelta(seconds=720), True),
        (timedelta(seconds=721), False),
    ],
)
def test_clocks_may_be_two_minutes_apart(age: timedelta, good: bool):
    try:
        assert tokens(age).user_of(signed()) == USER
        assert good
    except AuthError:
        assert not good


def test_a_token_for_another_app_is_refused_though_the_cloud_signed_it_w_page_3():
    other = web_tokens.frontend_token(USER, "another key")

    with pytest.raises(AuthError, match="for another app"):
        tokens().user_of(signed(frontendToken=other))


def test_the_claim_of_another_user_is_refused():
    with pytest.raises(AuthError, match="for another app"):
        tokens().user_of(signed(sub="user2@example.com"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": None}, "not valid"),
        ({"exp": None}, "not valid"),
        ({"iat": None}, "not valid"),
        ({"sub": None}, "not valid"),
        ({"frontendToken": None}, "not valid"),
        ({"frontendToken": 5}, "not valid"),
        ({"frontendToken": ""}, "for another app"),
        ({"sub": 5}, "not valid"),
        ({"exp": "never"}, "not valid"),
        ({"exp": NOW_S - 121}, "expired"),
        ({"iat": NOW_S + 121}, "future"),
    ],
)
def test_a_token_that_lacks_something_is_refused(changes: dict[str, Any], words: str):
    with pytest.raises(AuthError, match=words):
        tokens().user_of(signed(**changes))


def test_a_token_with_another_signature_is_refused(other_key: Any):
    with pytest.raises(AuthError, match="not valid"):
        tokens().user_of(signed(other_key))


def test_a_token_of_the_local_cloud_is_refused_unless_its_key_was_named():
    with pytest.raises(AuthError, match="not valid"):
        tokens(public=web_tokens.PUBLIC_KEY).user_of(signed())


@pytest.mark.parametrize("key", ["-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "x"])
def test_a_key_that_cannot_be_read_is_an_error_in_the_log_and_nobody_is_signed_in(
    key: str, caplog: pytest.LogCaptureFixture
):
    with pytest.raises(AuthError, match="cannot be read"):
        tokens(public=key).user_of(signed())

    assert "MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY is no RSA key" in caplog.text


def unsigned(header: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims())]
    return b".".join([*parts, b""]).decode()


def test_a_token_without_signature_is_refused():
    with pytest.raises(AuthError, match="not valid"):
        tokens().user_of(unsigned({"alg": "none"}))


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused():
    said = unsigned({"alg": "HS256"})[:-1]
    signature = hmac.digest(public_key().encode(), said.encode(), hashlib.sha256)

    with pytest.raises(AuthError, match="not valid"):
        tokens().user_of(f"{said}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "\udcff", "." * 5000])
def test_what_is_no_token_is_refused(token: str):
    with pytest.raises(AuthError, match="not valid"):
        tokens().user_of(token)


def test_no_error_contains_the_token():
    token = signed(iss="x")

    with pytest.raises(AuthError) as caught:
        tokens().user_of(token)

    assert all(part not in str(caught.value) for part in token.split("."))

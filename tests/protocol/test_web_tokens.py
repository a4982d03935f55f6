"""How the tokens of web pages are made, and how they are kept out of sight."""

import hashlib

import pytest

from mentra.protocol import codec, web_tokens
from mentra.protocol.web_tokens import ExchangeReply, ExchangeRequest, SignedClaims

KEY = "0123456789abcdef"
KEY_HASH = hashlib.sha256(KEY.encode()).hexdigest()


def test_a_frontend_token_is_the_user_and_a_hash_over_the_hash_of_the_key_w_page_5():
    expected = hashlib.sha256(f"user1@example.com{KEY_HASH}".encode()).hexdigest()

    assert web_tokens.frontend_token("user1@example.com", KEY) == f"user1@example.com:{expected}"


def test_the_checksum_of_a_cloud_is_a_hash_over_the_hash_of_the_key_w_page_6():
    expected = hashlib.sha256(f"https://api.mentra.glass{KEY_HASH}".encode()).hexdigest()

    assert web_tokens.cloud_url_checksum("https://api.mentra.glass", KEY) == expected


def test_the_sign_in_names_the_app_w_page_7():
    assert web_tokens.login_url("com.example.app") == "https://account.mentra.glass/auth?packagename=com.example.app"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/page", "/page"),
        ("/page?aos_temp_token=abc&x=1", "/page?aos_temp_token=***&x=1"),
        ("/p?x=1&aos_signed_user_token=a.b-c_d#top", "/p?x=1&aos_signed_user_token=***#top"),
        ("/p?aos_frontend_token=u%40e:1&aos_temp_token=", "/p?aos_frontend_token=***&aos_temp_token=***"),
        ("/p?not_aos_temp_token=1", "/p?not_aos_temp_token=1"),
    ],
)
def test_tokens_are_not_shown(address: str, shown: str):
    assert web_tokens.masked(address) == shown


def test_the_exchange_has_the_names_of_the_wire_w_page_4():
    assert codec.encode(ExchangeRequest(temp_token="t", package_name="p")) == (
        b'{"aos_temp_token":"t","packageName":"p"}'
    )
    assert codec.decode_as(ExchangeReply, b'{"success":true,"userId":"u","extra":1}') == ExchangeReply(
        success=True, user_id="u"
    )


def test_a_signed_token_has_the_names_of_the_wire_w_page_2():
    claims = SignedClaims(issuer="i", user_id="u", frontend_token="f", issued_s=1, expires_s=2)

    assert codec.encode(claims) == b'{"iss":"i","sub":"u","frontendToken":"f","iat":1,"exp":2}'

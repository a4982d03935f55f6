"""Whom we believe, by host name and by header. URLs as a whole: tests/conversations/test_security.py."""

import hashlib

import pytest

from mentra.protocol.webhooks import SessionRequest
from mentra.server.trust import fits_together, is_cloud_host, is_from_cloud
from mentra.transport.base import HttpRequest

KEY = "0123456789abcdef" * 4


@pytest.mark.parametrize("host", ["mentra.glass", "api.mentra.glass", "A.B.Augmentos.Cloud"])
def test_hosts_of_mentraos_are_known(host: str):
    assert is_cloud_host(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "glass",
        "evilmentra.glass",
        "mentra.glass.evil",
        "mentra.glass.",
        "x%2f.mentra.glass",
        "x .mentra.glass",
    ],
)
def test_other_hosts_are_not(host: str | None):
    assert not is_cloud_host(host)


@pytest.mark.parametrize(
    ("headers", "believed"),
    [
        ({"x-app-api-key": hashlib.sha256(KEY.encode()).hexdigest()}, True),
        ({"x-app-api-key": hashlib.sha256(KEY.encode()).hexdigest().upper()}, False),
        ({"x-app-api-key": KEY}, False),
        ({"x-app-api-key": ""}, False),
        ({"x-app-api-key": "é"}, False),
        ({"x-app-api-key": "\udcff"}, False),
        ({}, False),
    ],
)
def test_only_the_hash_of_the_key_proves_the_cloud_w_http_10(headers: dict[str, str], believed: bool):
    assert is_from_cloud(HttpRequest("POST", "/tool", headers), KEY) is believed


@pytest.mark.parametrize(
    ("session_id", "user_id", "fits"),
    [
        ("user1@example.com-com.example.app", "user1@example.com", True),
        ("User1@Example.com-com.example.app", "user1@example.com", True),
        ("a-b@example.com-com.example.app", "a-b@example.com", True),
        ("user2@example.com-com.example.app", "user1@example.com", False),
        ("user1@example.com-com.example.other", "user1@example.com", False),
        ("user1@example.com", "user1@example.com", False),
        ("-com.example.app", "", False),
        ("a\r\nx-user-id: b-com.example.app", "a\r\nx-user-id: b", False),
        ("a\u2028b-com.example.app", "a\u2028b", False),
    ],
)
def test_a_session_is_that_of_its_user(session_id: str, user_id: str, fits: bool):
    assert fits_together(SessionRequest(session_id=session_id, user_id=user_id), "com.example.app") == fits

"""Whom we believe, by host name and by header. URLs as a whole: tests/conversations/test_security.py."""

import hashlib

import pytest

from mentra.server.trust import is_cloud_host, is_from_cloud
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

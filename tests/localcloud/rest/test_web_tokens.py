"""The tokens of the local cloud, and their exchange, with the answers of the cloud of December 2025."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from mentra.localcloud import LocalCloud
from mentra.localcloud.catalogue import Catalogue
from mentra.localcloud.rest.web_tokens import WebTokens
from mentra.protocol import web_tokens
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_app import API_KEY, ScriptedApp

PACKAGE_NAME = "com.example.app"
USER = "user1@example.com"
KEY = {"authorization": f"Bearer {API_KEY}"}
INVALID = (401, {"success": False, "error": "Invalid or expired token"})


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def cloud(network: MemoryNetwork, clock: Clock, generation: Literal[2, 3]) -> Any:
    async with LocalCloud(network, now=clock, generation=generation) as cloud:
        yield cloud


@pytest.fixture
def opened(cloud: LocalCloud, app: ScriptedApp) -> dict[str, str]:
    """The parameters with which the phone opens a page."""
    address = cloud.connect_glasses(USER).webview_url(PACKAGE_NAME, "/page?lang=en")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.fixture
def exchange(network: MemoryNetwork, cloud: LocalCloud, app: ScriptedApp) -> Any:
    async def exchange(body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        reply = await network.request(
            "POST",
            cloud.url + web_tokens.EXCHANGE,
            headers={"content-type": "application/json", **(KEY if headers is None else headers)},
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
            timeout=1,
        )
        return reply.status, json.loads(reply.body)

    return exchange


@pytest.fixture
def generation() -> Literal[2, 3]:
    return 2


def asked(token: str, package_name: str = PACKAGE_NAME) -> dict[str, str]:
    return {"aos_temp_token": token, "packageName": package_name}


async def test_the_phone_opens_a_page_with_all_of_them_w_page_1(
    cloud: LocalCloud, app: ScriptedApp, opened: dict[str, str]
):
    address = cloud.connect_glasses(USER).webview_url(PACKAGE_NAME, "/page?lang=en")

    assert address.startswith(app.installed().public_url + "/page?lang=en&aos_temp_token=")
    assert list(opened) == [
        "lang",
        web_tokens.TEMP_TOKEN,
        web_tokens.SIGNED_TOKEN,
        web_tokens.CLOUD_URL,
        web_tokens.CLOUD_URL_CHECKSUM,
    ]
    assert opened[web_tokens.CLOUD_URL] == cloud.url
    assert opened[web_tokens.CLOUD_URL_CHECKSUM] == web_tokens.cloud_url_checksum(cloud.url, API_KEY)
    assert len(bytes.fromhex(opened[web_tokens.TEMP_TOKEN])) == 32


async def test_a_page_is_opened_where_its_reader_reaches_the_server(cloud: LocalCloud, app: ScriptedApp):
    address = cloud.connect_glasses(USER).webview_url(
        PACKAGE_NAME, "/page#top", server_url="http://127.0.0.1:3000", cloud_url="http://127.0.0.1:4000"
    )

    parts = urlsplit(address)
    assert (parts.netloc, parts.path, parts.fragment) == ("127.0.0.1:3000", "/page", "top")
    assert parse_qs(parts.query)[web_tokens.CLOUD_URL] == ["http://127.0.0.1:4000"]


async def test_a_signed_token_is_what_the_cloud_signs_w_page_2(cloud: LocalCloud, clock: Clock, opened: dict[str, str]):
    token, now_s = opened[web_tokens.SIGNED_TOKEN], int(clock.now.timestamp())
    claims = jwt.decode(token, cloud.user_token_key(), ["RS256"], options={"verify_exp": False, "verify_iat": False})

    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": "v1", "typ": "JWT"}
    assert claims == {
        "iss": "https://prod.augmentos.cloud",
        "sub": USER,
        "frontendToken": web_tokens.frontend_token(USER, API_KEY),
        "iat": now_s,
        "exp": now_s + 600,
    }


async def test_a_temporary_token_is_exchanged_once_w_page_4(exchange: Any, opened: dict[str, str]):
    token = opened[web_tokens.TEMP_TOKEN]

    assert await exchange(asked(token)) == (200, {"success": True, "userId": USER})
    assert await exchange(asked(token)) == INVALID


@pytest.mark.parametrize(("age_s", "good"), [(60, True), (61, False)])
async def test_a_temporary_token_lasts_a_minute_w_page_4(
    exchange: Any, clock: Clock, opened: dict[str, str], age_s: int, good: bool
):
    clock.now += timedelta(seconds=age_s)

    assert ((await exchange(asked(opened[web_tokens.TEMP_TOKEN])))[0] == 200) is good


async def test_a_token_of_another_app_is_invalid(
    cloud: LocalCloud, app: ScriptedApp, exchange: Any, opened: dict[str, str]
):
    cloud.install(app.installed(package_name="com.example.other"))

    assert await exchange(asked(opened[web_tokens.TEMP_TOKEN], "com.example.other")) == INVALID
    assert (await exchange(asked(opened[web_tokens.TEMP_TOKEN])))[0] == 200


@pytest.mark.parametrize(
    ("body", "headers", "status", "answer"),
    [
        (asked("x"), {}, 401, {"error": "Missing or invalid Authorization header"}),
        (asked("x"), {"authorization": API_KEY}, 401, {"error": "Missing or invalid Authorization header"}),
        ({"aos_temp_token": "x"}, KEY, 400, {"error": "Package name required for API key validation"}),
        ([], KEY, 400, {"error": "Package name required for API key validation"}),
        (asked("x", "com.example.no"), KEY, 401, {"error": "Invalid API Key or Package Name"}),
        (asked("x"), {"authorization": "Bearer wrong"}, 401, {"error": "Invalid API Key"}),
        ({"packageName": PACKAGE_NAME}, KEY, 400, {"success": False, "error": "Missing aos_temp_token"}),
        (asked("x"), KEY, *INVALID),
    ],
)
async def test_an_exchange_that_is_refused_says_why_w_page_4(
    exchange: Any, body: Any, headers: dict[str, str], status: int, answer: Any
):
    assert await exchange(body, headers) == (status, answer)


PAIR = {"authorization": f"Bearer {PACKAGE_NAME}:{API_KEY}"}


def failed(code: str, error: str) -> tuple[int, Any]:
    return 401, {"success": False, "code": code, "error": error}


@pytest.mark.parametrize("generation", [3])
async def test_the_cloud_of_2026_says_what_is_wrong_with_a_token_w_page_4(
    cloud: LocalCloud, app: ScriptedApp, exchange: Any, clock: Clock, opened: dict[str, str]
):
    cloud.install(app.installed(package_name="com.example.other"))
    token = opened[web_tokens.TEMP_TOKEN]

    assert await exchange(asked("x")) == failed("token_not_found", "Temporary token not found")
    assert await exchange(asked(token, "com.example.other")) == failed(
        "token_package_mismatch", "Temporary token was issued for a different app"
    )
    assert await exchange({"aos_temp_token": token}, PAIR) == (200, {"success": True, "userId": USER})
    assert await exchange(asked(token), PAIR) == failed("token_used", "Temporary token already used")
    late = parse_qs(urlsplit(cloud.connect_glasses(USER).webview_url(PACKAGE_NAME)).query)[web_tokens.TEMP_TOKEN][0]
    clock.now += timedelta(seconds=61)
    assert await exchange(asked(late)) == failed("token_expired", "Temporary token expired")


@pytest.mark.parametrize("generation", [3])
@pytest.mark.parametrize(
    ("body", "headers", "status", "answer"),
    [
        (asked("x"), {}, 401, {"error": "Missing or invalid Authorization header"}),
        ({"aos_temp_token": "x"}, KEY, 401, {"error": "Invalid token format"}),
        (asked("x"), {"authorization": "Bearer a:b:c"}, 401, {"error": "Invalid token format"}),
        (asked("x"), {"authorization": "Bearer :b"}, 401, {"error": "Invalid credentials"}),
        (asked("x", "com.example.no"), PAIR, 401, {"error": "Invalid credentials"}),
        (asked("x", "com.example.no"), KEY, 401, {"error": "Invalid API key"}),
        (asked("x"), {"authorization": "Bearer wrong"}, 401, {"error": "Invalid API key"}),
        (b"no JSON", PAIR, 400, {"success": False, "error": "Missing aos_temp_token"}),
    ],
)
async def test_an_exchange_that_the_cloud_of_2026_refuses_says_why_w_page_4(
    exchange: Any, body: Any, headers: dict[str, str], status: int, answer: Any
):
    assert await exchange(body, headers) == (status, answer)


async def test_old_tokens_are_forgotten(clock: Clock):
    tokens = WebTokens(Catalogue(), clock)
    for _ in range(1000):
        tokens.temp_token(USER, PACKAGE_NAME)
        clock.now += timedelta(seconds=1)

    assert tokens.kept <= 121

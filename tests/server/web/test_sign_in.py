"""Who a request comes from: the order of the proofs, the exchange with the cloud, and where the key goes."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from mentra.config import read_config
from mentra.errors import AuthError
from mentra.protocol import web_tokens
from mentra.server.web.cookie import SessionCookie
from mentra.server.web.sign_in import INIT_PATH, KEPT_FOR_S, MAX_EXCHANGES, SignIn
from mentra.server.workers import owner_of
from mentra.transport.base import HttpReply, HttpRequest
from mentra.transport.memory import MemoryNetwork
from tests.helpers.crew import Crew
from tests.server.web.tokens import KEY, NOW, USER, public_key, signed

PACKAGE_NAME = "com.example.app"
TEMP = "a" * 64


class Cloud:
    """Exchanges tokens, and notes who asks with what."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.answer = HttpReply(200, json.dumps({"success": True, "userId": USER}).encode())
        self.delay_s = 0.0

    async def handle(self, request: HttpRequest) -> HttpReply:
        self.asked.append((request.path, request.headers["authorization"], json.loads(request.body)))
        await asyncio.sleep(self.delay_s)
        return self.answer


@pytest.fixture
def network() -> MemoryNetwork:
    return MemoryNetwork()


@pytest.fixture
async def cloud(network: MemoryNetwork) -> AsyncIterator[Cloud]:
    cloud = Cloud()
    listener = await network.listen("api.mentra.glass", 443, cloud.handle)
    network._listeners["api.mentra.glass"] = network._listeners.pop("api.mentra.glass:443")
    yield cloud
    await listener.close()


MakeSignIn = Callable[..., SignIn]


@pytest.fixture
async def make(network: MemoryNetwork) -> AsyncIterator[MakeSignIn]:
    made: list[SignIn] = []

    def make(at: datetime = NOW, cloud: str | None = "wss://api.mentra.glass/app-ws", **options: Any) -> SignIn:
        config = read_config({"PACKAGE_NAME": PACKAGE_NAME, "API_KEY": KEY}, **options)
        made.append(SignIn(config, network, cloud=cloud, host_key=public_key, now=lambda: at))
        return made[-1]

    yield make
    for each in made:
        await each.close()


def request(query: dict[str, str] | None = None, **headers: str) -> HttpRequest:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest("GET", "/?" + urlencode(query or {}), names)


def cookie(user_id: str = USER, *, age: timedelta = timedelta(0), secret: str = KEY) -> str:
    return SessionCookie(PACKAGE_NAME, secret, lambda: NOW - age).make(user_id, secure=False).partition(";")[0]


async def test_nobody_is_nobody(make: MakeSignIn, cloud: Cloud):
    assert await make().identify(request()) == (None, None)
    assert cloud.asked == []


async def test_a_signed_token_is_enough_and_gives_a_cookie(make: MakeSignIn, cloud: Cloud):
    user_id, made = await make().identify(request({web_tokens.SIGNED_TOKEN: signed()}))

    assert user_id == USER
    assert made is not None
    assert await make().identify(request(cookie=made.partition(";")[0])) == (USER, None)
    assert cloud.asked == []


async def test_a_temporary_token_is_exchanged_w_page_4(make: MakeSignIn, cloud: Cloud):
    user_id, made = await make().identify(request({web_tokens.TEMP_TOKEN: TEMP}))

    assert user_id == USER
    assert made is not None
    assert cloud.asked == [
        (web_tokens.EXCHANGE, f"Bearer {KEY}", {"aos_temp_token": TEMP, "packageName": PACKAGE_NAME})
    ]


async def test_a_bad_signed_token_falls_through_to_the_temporary_one(make: MakeSignIn, cloud: Cloud):
    query = {web_tokens.SIGNED_TOKEN: signed(iss="x"), web_tokens.TEMP_TOKEN: TEMP}

    assert (await make().identify(request(query)))[0] == USER
    assert len(cloud.asked) == 1


@pytest.mark.parametrize("delay_s", [0.0, 1.0])
async def test_the_requests_of_one_page_share_one_exchange(make: MakeSignIn, cloud: Cloud, delay_s: float):
    cloud.delay_s = delay_s
    sign_in = make()
    query = {web_tokens.TEMP_TOKEN: TEMP}
    found = await asyncio.gather(*(sign_in.identify(request(query)) for _ in range(5)))
    later = await sign_in.identify(request(query))
    await asyncio.sleep(KEPT_FOR_S)
    await sign_in.identify(request(query))

    assert [user_id for user_id, _ in [*found, later]] == [USER] * 6
    assert len(cloud.asked) == 2


async def test_a_request_that_is_given_up_does_not_end_the_exchange_for_the_others(make: MakeSignIn, cloud: Cloud):
    cloud.delay_s = 1.0
    sign_in = make()
    first = asyncio.create_task(sign_in.identify(request({web_tokens.TEMP_TOKEN: TEMP})))
    second = asyncio.create_task(sign_in.identify(request({web_tokens.TEMP_TOKEN: TEMP})))
    await asyncio.sleep(0.5)
    first.cancel()

    assert (await second)[0] == USER
    assert len(cloud.asked) == 1


async def test_a_worker_that_does_not_answer_keeps_no_page_waiting(network: MemoryNetwork):
    async def never(_: HttpRequest) -> HttpReply:
        return await asyncio.Future()

    crew = Crew()
    config = read_config({"PACKAGE_NAME": PACKAGE_NAME, "API_KEY": KEY})
    owner = owner_of(TEMP, 2)
    await crew.workers(owner).open(never)
    workers = crew.workers(1 - owner)
    sign_in = SignIn(config, network, cloud=None, host_key=None, now=lambda: NOW, workers=workers)

    async with asyncio.timeout(60):
        found = await sign_in.identify(request({web_tokens.TEMP_TOKEN: TEMP}))
    await sign_in.close()

    assert found == (None, None)
    assert crew.passed_on == [(1 - owner, owner, "GET " + INIT_PATH)]


@pytest.mark.parametrize(
    "answer",
    [
        HttpReply(401, b'{"success":false,"error":"Invalid or expired token"}'),
        HttpReply(401, b'{"success":false,"code":"token_used","error":"Temporary token already used"}'),
        HttpReply(401, b'{"error":"Invalid API Key"}'),
        HttpReply(500, b'{"success":true,"userId":"user1@example.com"}'),
        HttpReply(302, b"", {"location": "https://evil.example/"}),
        HttpReply(200, b'{"success":true}'),
        HttpReply(200, b'{"success":false,"userId":"user1@example.com"}'),
        HttpReply(200, b'{"success":true,"userId":""}'),
        HttpReply(200, b'{"success":true,"userId":5}'),
        HttpReply(200, b"<html>"),
        HttpReply(200, b""),
    ],
)
async def test_an_exchange_that_fails_proves_nothing_and_is_tried_again(
    make: MakeSignIn, cloud: Cloud, answer: HttpReply
):
    cloud.answer = answer
    sign_in = make()

    for _ in range(2):
        assert await sign_in.identify(request({web_tokens.TEMP_TOKEN: TEMP})) == (None, None)
    assert len(cloud.asked) == 2


async def test_a_cloud_that_is_not_there_or_does_not_answer_proves_nothing(make: MakeSignIn, cloud: Cloud):
    cloud.delay_s = 11.0
    query = {web_tokens.TEMP_TOKEN: TEMP}

    assert await make().identify(request(query)) == (None, None)
    assert await make(cloud="ws://nobody/app-ws").identify(request(query)) == (None, None)
    assert await make(cloud=None).identify(request(query)) == (None, None)


async def test_made_up_tokens_cannot_make_us_ask_the_cloud_without_end(make: MakeSignIn, cloud: Cloud):
    cloud.delay_s = 1.0
    sign_in = make()
    waiting = [
        asyncio.create_task(sign_in.identify(request({web_tokens.TEMP_TOKEN: str(number)})))
        for number in range(MAX_EXCHANGES + 5)
    ]
    found = [await each for each in waiting]

    assert len(cloud.asked) == MAX_EXCHANGES
    assert [user_id for user_id, _ in found[MAX_EXCHANGES:]] == [None] * 5


async def test_exchanges_that_are_done_keep_nobody_from_signing_in(make: MakeSignIn, cloud: Cloud):
    sign_in = make()
    found = [await sign_in.identify(request({web_tokens.TEMP_TOKEN: str(n)})) for n in range(MAX_EXCHANGES + 5)]

    assert [user_id for user_id, _ in found] == [USER] * (MAX_EXCHANGES + 5)


@pytest.mark.parametrize(
    ("url", "development"),
    [
        ("https://evil.example", False),
        ("https://evil.example/api.mentra.glass", False),
        ("https://api.mentra.glass@evil.example", False),
        ("https://evil.example\\.mentra.glass", False),
        ("http://api.mentra.glass", False),
        ("wss://api.mentra.glass", False),
        ("http://127.0.0.1:8002", False),
        ("https://localhost", False),
        ("http://10.0.0.1", True),
        ("not a url", False),
        ("https://[::1", False),
    ],
)
async def test_the_key_goes_to_no_other_host_even_with_the_right_checksum_w_page_6(
    network: MemoryNetwork, make: MakeSignIn, cloud: Cloud, url: str, development: bool
):
    async def steal(request: HttpRequest) -> HttpReply:
        raise AssertionError("the key was sent")

    thieves = [
        await network.listen(host, 1, steal)
        for host in ("evil.example", "127.0.0.1", "localhost", "10.0.0.1", "api.mentra.glass@evil.example")
    ]
    for netloc in list(network._listeners):
        network._listeners.setdefault(netloc.removesuffix(":1"), network._listeners[netloc])
    query = {
        web_tokens.TEMP_TOKEN: TEMP,
        web_tokens.CLOUD_URL: url,
        web_tokens.CLOUD_URL_CHECKSUM: web_tokens.cloud_url_checksum(url, KEY),
    }

    assert (await make(development=development).identify(request(query)))[0] == USER
    assert len(cloud.asked) == 1
    for thief in thieves:
        await thief.close()


@pytest.mark.parametrize(
    ("url", "base", "development"),
    [
        ("https://eu.mentra.glass:8443", "eu.mentra.glass:8443", False),
        ("https://eu.mentra.glass:8443/api/?x=1", "eu.mentra.glass:8443", False),
        ("http://127.0.0.1:8002", "127.0.0.1:8002", True),
    ],
)
async def test_a_page_may_name_another_cloud_w_page_6(
    network: MemoryNetwork, make: MakeSignIn, cloud: Cloud, url: str, base: str, development: bool
):
    other = Cloud()
    host, _, port = base.rpartition(":")
    listener = await network.listen(host, int(port), other.handle)
    query = {web_tokens.TEMP_TOKEN: TEMP, web_tokens.CLOUD_URL: url}
    good = {**query, web_tokens.CLOUD_URL_CHECKSUM: web_tokens.cloud_url_checksum(url, KEY)}
    bad = {**query, web_tokens.CLOUD_URL_CHECKSUM: web_tokens.cloud_url_checksum(url, "another key")}
    for each in (good, bad, query):
        await make(development=development).identify(request(each))
    await listener.close()

    assert (len(other.asked), len(cloud.asked)) == (1, 2)


FRONTEND = web_tokens.frontend_token(USER, KEY)


@pytest.mark.parametrize(
    "proof", [request({web_tokens.FRONTEND_TOKEN: FRONTEND}), request(authorization=f"Bearer {FRONTEND}")]
)
async def test_a_frontend_token_proves_nothing_unless_the_app_says_so_w_page_5(make: MakeSignIn, proof: HttpRequest):
    assert await make().identify(proof) == (None, None)
    assert (await make(frontend_tokens=True).identify(proof))[0] == USER


@pytest.mark.parametrize(
    "token",
    [
        "",
        ":",
        USER,
        f"{USER}:",
        f"{USER}:{'0' * 64}",
        web_tokens.frontend_token(USER, "another key"),
        f"user2@example.com:{FRONTEND.rpartition(':')[2]}",
        "é:é",
        "\udcff:x",
    ],
)
async def test_a_bad_frontend_token_proves_nothing(make: MakeSignIn, token: str):
    sign_in = make(frontend_tokens=True)

    assert await sign_in.identify(request(authorization=f"Bearer {token}")) == (None, None)


async def test_user_ids_with_colons_have_frontend_tokens_too(make: MakeSignIn):
    token = web_tokens.frontend_token("a:b|c@example.com", KEY)

    assert (await make(frontend_tokens=True).identify(request(authorization=f"Bearer {token}")))[
        0
    ] == "a:b|c@example.com"


async def test_a_token_goes_before_the_cookie(make: MakeSignIn):
    query = {web_tokens.SIGNED_TOKEN: signed()}

    assert (await make().identify(request(query, cookie=cookie("user2@example.com"))))[0] == USER


async def test_a_cookie_is_renewed_when_half_of_its_time_is_over(make: MakeSignIn):
    fresh = await make().identify(request(cookie=cookie(age=timedelta(days=14))))
    old_user, renewed = await make().identify(request(cookie=cookie(age=timedelta(days=16))))

    assert fresh == (USER, None)
    assert old_user == USER
    assert renewed is not None
    assert await make(NOW + timedelta(days=20)).identify(request(cookie=renewed.partition(";")[0])) == (
        USER,
        renewed_at(20),
    )


def renewed_at(days: int) -> str:
    return SessionCookie(PACKAGE_NAME, KEY, lambda: NOW + timedelta(days=days)).make(USER, secure=False)


async def test_an_app_may_have_a_secret_of_its_own(make: MakeSignIn):
    sign_in = make(cookie_secret="correct horse")

    assert (await sign_in.identify(request(cookie=cookie(secret="correct horse"))))[0] == USER
    assert (await sign_in.identify(request(cookie=cookie(secret=KEY))))[0] is None


@pytest.mark.parametrize(
    ("headers", "options", "secure"),
    [
        ({}, {}, False),
        ({"x_forwarded_proto": "http"}, {}, False),
        ({"x_forwarded_proto": "https"}, {}, True),
        ({"x_forwarded_proto": "HTTPS, http"}, {}, True),
        ({}, {"public_url": "https://app.example.com"}, True),
        ({}, {"public_url": "http://app.example.com"}, False),
    ],
)
async def test_behind_https_the_cookie_is_for_https_only(
    make: MakeSignIn, headers: dict[str, str], options: dict[str, Any], secure: bool
):
    _, made = await make(**options).identify(request({web_tokens.SIGNED_TOKEN: signed()}, **headers))

    assert made is not None
    assert ("Secure" in made) is secure


async def test_no_token_and_no_cookie_is_ever_logged(make: MakeSignIn, cloud: Cloud, caplog: pytest.LogCaptureFixture):
    """Defect 28 of the official SDK 2.1.29: it prints tokens, and the signature that a bad cookie should have had."""
    caplog.set_level(logging.DEBUG)
    cloud.answer = HttpReply(401, b'{"error":"Invalid API Key"}')
    token, forged = signed(iss="x"), cookie(secret="wrong")
    query = {web_tokens.SIGNED_TOKEN: token, web_tokens.TEMP_TOKEN: TEMP, web_tokens.FRONTEND_TOKEN: FRONTEND}
    await make().identify(request(query, cookie=forged))

    secrets = [token, TEMP, FRONTEND, KEY, forged, cookie()]
    assert "Invalid API Key" in caplog.text
    assert [secret for secret in secrets if secret in caplog.text] == []


# The key of a host, as mentra dev has one for its local cloud.


async def test_without_a_host_only_the_configured_key_counts(network: MemoryNetwork):
    config = read_config({"PACKAGE_NAME": PACKAGE_NAME, "API_KEY": KEY, "MENTRA_DEV": "1"})
    sign_in = SignIn(config, network, cloud=None, host_key=None, now=lambda: NOW)

    assert await sign_in.identify(request({web_tokens.SIGNED_TOKEN: signed()})) == (None, None)


async def test_with_a_host_tokens_of_the_configured_cloud_still_count(network: MemoryNetwork):
    environment = {"PACKAGE_NAME": PACKAGE_NAME, "API_KEY": KEY, "MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY": public_key()}
    asked = []
    sign_in = SignIn(
        read_config(environment), network, cloud=None, host_key=lambda: asked.append("key") or "", now=lambda: NOW
    )

    assert (await sign_in.identify(request({web_tokens.SIGNED_TOKEN: signed()})))[0] == USER
    assert asked == []


async def test_the_key_of_a_host_is_fetched_when_it_is_needed_until_that_succeeds(network: MemoryNetwork):
    answers = iter([AuthError("not now"), public_key()])

    async def fetch() -> str:
        answer = next(answers)
        if isinstance(answer, AuthError):
            raise answer
        return answer

    config = read_config({"PACKAGE_NAME": PACKAGE_NAME, "API_KEY": KEY})
    sign_in = SignIn(config, network, cloud=None, host_key=fetch, now=lambda: NOW)
    pages = request({web_tokens.SIGNED_TOKEN: signed()})

    assert [(await sign_in.identify(pages))[0] for _ in range(3)] == [None, USER, USER]

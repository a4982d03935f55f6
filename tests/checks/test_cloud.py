import pytest

from mentra.localcloud import InstalledApp, LocalCloud
from mentra.transport.base import HttpReply, HttpRequest, Network
from mentra.transport.memory import MemoryNetwork
from mentra.transport.sockets import SocketNetwork
from mentra_cli.checks.cloud import LOCAL, NamedCloud, check_cloud, choose_cloud
from mentra_cli.checks.findings import Finding
from mentra_cli.cloud_address import parse_cloud_address
from mentra_cli.dev.state_file import DevState
from tests.checks.fake_cloud import (
    ACCEPTED,
    API_KEY,
    BROKEN,
    KNOWN,
    LOGIN_PAGE,
    PACKAGE_NAME,
    REDIRECT,
    REFUSED,
    UNKNOWN,
    FakeCloud,
)

LOCAL_KEY = "local-abcdefghijklmnop"


def dev(cloud_url: str) -> DevState:
    return DevState(pid=1, port=3000, control_url="http://127.0.0.1:1", cloud_url=cloud_url, token="t")


RUNNING = dev("http://127.0.0.1:8002")
REAL = dev("https://api.mentra.glass")
CLOUD = "https://api.mentra.glass"


def named(option: str | None) -> NamedCloud | None:
    return None if option is None else LOCAL if option == LOCAL else parse_cloud_address(option)


@pytest.mark.parametrize(
    ("option", "key", "websocket_url", "state", "chosen"),
    [
        (None, API_KEY, "", None, "https://api.mentra.glass"),
        (None, API_KEY, "", RUNNING, "https://api.mentra.glass"),
        (None, API_KEY, "wss://dev-api.mentra.glass/app-ws", None, "https://dev-api.mentra.glass"),
        (None, API_KEY, "ws://localhost:8002/app-ws", None, "http://localhost:8002"),
        (None, LOCAL_KEY, "", RUNNING, "http://127.0.0.1:8002"),
        ("local", API_KEY, "", RUNNING, "http://127.0.0.1:8002"),
        ("https://cloud.example.org/", API_KEY, "", None, "https://cloud.example.org"),
        ("wss://prod.augmentos.cloud/app-ws", API_KEY, "", None, "https://prod.augmentos.cloud"),
        ("http://[::1]:8002", LOCAL_KEY, "", None, "http://[::1]:8002"),
    ],
)
def test_the_key_may_go_to(option: str | None, key: str, websocket_url: str, state: DevState | None, chosen: str):
    assert choose_cloud(named(option), key, websocket_url, state) == chosen


@pytest.mark.parametrize(
    ("option", "key", "websocket_url", "state", "rule", "level"),
    [
        (None, LOCAL_KEY, "", None, "cloud.skipped-local-key", "ok"),
        (None, LOCAL_KEY, "", REAL, "cloud.skipped-local-key", "ok"),
        ("https://api.mentra.glass", LOCAL_KEY, "", None, "cloud.local-key", "error"),
        ("https://127.evil.example", LOCAL_KEY, "", None, "cloud.local-key", "error"),
        ("https://localhost.evil.example", LOCAL_KEY, "", None, "cloud.local-key", "error"),
        (None, API_KEY, "https://api.mentra.glass@evil.example", None, "cloud.bad-url", "error"),
        (None, API_KEY, "wss://[::1", None, "cloud.bad-url", "error"),
        (None, API_KEY, "wss://cloud.example.org/app-ws", None, "cloud.untrusted", "error"),
        (None, API_KEY, "wss://mentra.glass.evil.example/app-ws", None, "cloud.untrusted", "error"),
        (None, API_KEY, "ws://api.mentra.glass/app-ws", None, "cloud.bad-url", "error"),
        ("local", API_KEY, "", dev("https://evil.example"), "cloud.not-running", "error"),
        ("local", API_KEY, "", None, "cloud.not-running", "error"),
        ("local", LOCAL_KEY, "", REAL, "cloud.not-running", "error"),
    ],
)
def test_nobody_is_asked(
    option: str | None, key: str, websocket_url: str, state: DevState | None, rule: str, level: str
):
    finding = choose_cloud(named(option), key, websocket_url, state)

    assert isinstance(finding, Finding)
    assert (finding.rule, finding.level) == (rule, level)
    assert finding.fix
    assert key not in finding.message + finding.fix


@pytest.mark.parametrize(
    ("package", "key", "rules"),
    [
        (KNOWN, ACCEPTED, ["cloud.package", "cloud.key"]),
        (KNOWN, HttpReply(200, b'{"success":true,"data":{"value":"x"}}'), ["cloud.package", "cloud.key"]),
        (KNOWN, REFUSED, ["cloud.package", "cloud.bad-key"]),
        (KNOWN, BROKEN, ["cloud.package", "cloud.trouble"]),
        (KNOWN, HttpReply(429), ["cloud.package", "cloud.trouble"]),
        (KNOWN, LOGIN_PAGE, ["cloud.package", "cloud.not-a-cloud"]),
        (KNOWN, None, ["cloud.unreachable"]),
        (UNKNOWN, ACCEPTED, ["cloud.unknown-package"]),
        (BROKEN, ACCEPTED, ["cloud.trouble"]),
        (LOGIN_PAGE, ACCEPTED, ["cloud.not-a-cloud"]),
        (REDIRECT, ACCEPTED, ["cloud.not-a-cloud"]),
        (HttpReply(404, b"404 page not found"), ACCEPTED, ["cloud.not-a-cloud"]),
        (HttpReply(200, b"\xff\x00"), ACCEPTED, ["cloud.not-a-cloud"]),
        (None, ACCEPTED, ["cloud.unreachable"]),
    ],
)
async def test_answers_of_the_cloud(package: HttpReply | None, key: HttpReply | None, rules: list[str]):
    network = FakeCloud(package, key)

    findings = await check_cloud(network, CLOUD, PACKAGE_NAME, API_KEY)

    assert [finding.rule for finding in findings] == rules
    assert all(finding.fix for finding in findings if finding.level == "error")
    # Who does not answer as a cloud does is not sent the key.
    assert network.hosts_with_key == (["api.mentra.glass"] if package is KNOWN else [])


async def test_the_questions_read_only_and_name_nobody():
    network = FakeCloud()

    await check_cloud(network, CLOUD, PACKAGE_NAME, API_KEY)

    (about_package, no_credentials), (about_key, credentials) = network.asked
    assert about_package == f"{CLOUD}/api/public/permissions/com.example.hello"
    assert no_credentials is None
    assert about_key.rpartition("/")[0] == f"{CLOUD}/api/sdk/simple-storage/mentra-check%40example.invalid"
    assert credentials == f"Bearer {PACKAGE_NAME}:{API_KEY}"


async def test_the_permissions_of_the_package_are_named():
    findings = await check_cloud(FakeCloud(), CLOUD, PACKAGE_NAME, API_KEY)

    assert findings[0].message == "api.mentra.glass knows com.example.hello; permissions: MICROPHONE, CAMERA"


async def ask_local_cloud(network: Network) -> list[list[str]]:
    installed = InstalledApp(package_name=PACKAGE_NAME, api_key=API_KEY, public_url="http://127.0.0.1:9")
    async with LocalCloud(network) as cloud:
        cloud.install(installed)
        asked = [(PACKAGE_NAME, API_KEY), (PACKAGE_NAME, API_KEY[::-1]), ("com.example.other", API_KEY)]
        return [[finding.rule for finding in await check_cloud(network, cloud.url, *pair)] for pair in asked]


LOCAL_ANSWERS = [["cloud.package", "cloud.key"], ["cloud.package", "cloud.bad-key"], ["cloud.unknown-package"]]


async def test_the_local_cloud_answers_as_the_real_one():
    assert await ask_local_cloud(MemoryNetwork()) == LOCAL_ANSWERS


@pytest.mark.sockets
async def test_the_local_cloud_answers_over_sockets():
    network = SocketNetwork()
    try:
        assert await ask_local_cloud(network) == LOCAL_ANSWERS
    finally:
        await network.close()


@pytest.mark.sockets
async def test_a_redirect_takes_the_key_nowhere():
    seen: list[HttpRequest] = []

    async def answer(request: HttpRequest) -> HttpReply:
        seen.append(request)
        known = "/api/public/" in request.path
        return KNOWN if known else HttpReply(307, b"", {"location": f"{listener.url}/stolen"})

    network = SocketNetwork()
    listener = await network.listen("127.0.0.1", 0, answer)
    try:
        findings = await check_cloud(network, listener.url, PACKAGE_NAME, API_KEY)
    finally:
        await listener.close()
        await network.close()

    assert [finding.rule for finding in findings] == ["cloud.package", "cloud.not-a-cloud"]
    assert [request.path.split("/")[2] for request in seen] == ["public", "sdk"]
    assert seen[1].headers["authorization"] == f"Bearer {PACKAGE_NAME}:{API_KEY}"


@pytest.mark.sockets
async def test_a_closed_port_is_unreachable():
    network = SocketNetwork()
    listener = await network.listen("127.0.0.1", 0, lambda request: None)  # type: ignore[arg-type,return-value]  # never called
    await listener.close()
    try:
        findings = await check_cloud(network, listener.url, PACKAGE_NAME, API_KEY)
    finally:
        await network.close()

    assert [finding.rule for finding in findings] == ["cloud.unreachable"]

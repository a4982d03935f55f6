"""Where the sessions of an app connect."""

from collections.abc import Mapping

import pytest

from mentra.config import ServerConfig, read_config
from mentra.errors import UntrustedCloud
from mentra.protocol.webhooks import SessionRequest
from mentra.server.clouds import REMEMBERED, Clouds
from mentra.transport.base import Closed, Connection, Receiver
from mentra.transport.memory import MemoryNetwork


class Nobody(Receiver):
    def text_received(self, text: str | bytes) -> None:
        pass

    def binary_received(self, data: bytes) -> None:
        pass

    def connection_lost(self, closed: Closed) -> None:
        pass


class NotingNetwork(MemoryNetwork):
    """Notes where one wanted to connect, and with which login."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Mapping[str, str] | None]] = []

    async def connect(
        self, url: str, receiver: Receiver, *, headers: Mapping[str, str] | None = None, timeout: float
    ) -> Connection:
        self.asked.append((url, headers))
        return await super().connect(url, receiver, headers=headers, timeout=timeout)


def config(mentraos_websocket_url: str | None = None) -> ServerConfig:
    return read_config(
        {}, package_name="com.example.app", api_key="key" * 20, mentraos_websocket_url=mentraos_websocket_url
    )


def request(url: str, user_id: str = "you@example.com", websocket_url: str | None = None) -> SessionRequest:
    return SessionRequest(
        session_id=f"{user_id}-com.example.app",
        user_id=user_id,
        websocket_url=websocket_url,
        mentraos_websocket_url=url,
    )


def test_all_sessions_of_a_cloud_share_it():
    clouds = Clouds(config(), MemoryNetwork())
    url = "wss://api.mentra.glass/app-ws"
    first = clouds.of(request(url))

    assert clouds.of(request(url, "me@example.com")) is first
    assert (first.url, first.generation, first.api.base) == (url, 2, "https://api.mentra.glass")
    assert clouds.of(request("wss://eu.mentra.glass/app-ws")) is not first


def test_a_cloud_that_is_not_trusted_is_refused_each_time():
    clouds = Clouds(config(), MemoryNetwork())
    clouds.of(request("wss://api.mentra.glass/app-ws"))

    for _ in range(2):
        with pytest.raises(UntrustedCloud):
            clouds.of(request("wss://evil.example/app-ws"))
        with pytest.raises(UntrustedCloud):
            clouds.of(request(""))


def test_the_configured_cloud_is_that_of_all_sessions():
    clouds = Clouds(config(mentraos_websocket_url="wss://cloud.example/app-ws"), MemoryNetwork())

    assert clouds.of(request("wss://evil.example/app-ws")) is clouds.of(request("wss://api.mentra.glass/app-ws"))


def test_of_hosts_without_end_the_newest_are_remembered():
    clouds = Clouds(config(), MemoryNetwork())
    made = [clouds.of(request(f"wss://a{number}.mentra.glass/app-ws")) for number in range(REMEMBERED + 1)]

    assert clouds.of(request(made[-1].url)) is made[-1]
    assert clouds.of(request(made[0].url)) is not made[0]


def test_an_address_of_a_megabyte_is_not_remembered():
    """Nobody has one, but whoever reaches the webhook can name it, and a hundred of them."""
    clouds = Clouds(config(), MemoryNetwork())
    long = request("wss://api.mentra.glass/app-ws?" + "a" * 1_000_000)

    assert clouds.of(long) is not clouds.of(long)
    assert clouds.of(long).url == long.mentraos_websocket_url


async def test_each_user_has_a_login_where_the_cloud_wants_one():
    network = NotingNetwork()
    clouds = Clouds(config(), network)
    old, new = "wss://api.mentra.glass/app-ws", "wss://api.mentra.glass/ws/miniapp"
    requests = [request(old, "a@x.org"), *(request(old, user, websocket_url=new) for user in ("b@x.org", "c@x.org"))]
    for each in requests:
        with pytest.raises(ConnectionRefusedError):
            await clouds.connect(clouds.of(each), each)(Nobody())

    assert [(url, headers and headers["x-user-id"]) for url, headers in network.asked] == [
        (old, None),
        (new, "b@x.org"),
        (new, "c@x.org"),
    ]

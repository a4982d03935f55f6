"""The clouds on which an app has sessions: what is the same for all sessions of one is made once."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from mentra.config import ServerConfig
from mentra.protocol.connection import CONNECT_WITHIN_S
from mentra.protocol.webhooks import SessionRequest, login_headers
from mentra.server.trust import cloud_url, generation_of, named_url
from mentra.session.cloud_api import CloudApi
from mentra.session.link import Connect
from mentra.transport.base import Network

REMEMBERED = 100
"""Addresses. There are a few clouds; but whoever reaches the webhook can name hosts of a trusted domain without end."""
LONGEST_REMEMBERED = 500
"""Characters of an address. Real ones have fewer than 50, the body of a webhook has room for a million."""


class Cloud(NamedTuple):
    """One cloud, by one of its addresses."""

    url: str
    generation: Literal[2, 3]
    api: CloudApi
    connect: Connect | None
    """Opens the WebSocket of any session; ``None`` where each needs a login of its own."""


class Clouds:
    """Finds the cloud that a start names.

    Args:
        config: Says which clouds are trusted, and with which key.
        network: How to get there.
    """

    def __init__(self, config: ServerConfig, network: Network) -> None:
        self._config = config
        self._network = network
        self._by_url: dict[str, Cloud] = {}

    def of(self, request: SessionRequest) -> Cloud:
        """Return the cloud of a start.

        Raises:
            UntrustedCloud: It may not receive the API key.
        """
        # What was trusted once, is: that depends on nothing but the address. Looking at it takes 15 us.
        cloud = self._by_url.get(self._config.mentraos_websocket_url or named_url(request) or "")
        if cloud is None:
            url = cloud_url(
                request, configured=self._config.mentraos_websocket_url, local_allowed=self._config.development
            )
            generation = generation_of(url)
            connect = self._connect(url, headers=None) if generation == 2 else None
            cloud = Cloud(url, generation, self.api(url), connect)
            if len(url) <= LONGEST_REMEMBERED:
                if len(self._by_url) >= REMEMBERED:
                    self._by_url.clear()
                self._by_url[url] = cloud
        return cloud

    def api(self, url: str) -> CloudApi:
        """Return the REST routes of a cloud."""
        config = self._config
        return CloudApi(self._network, url, package_name=config.package_name, api_key=config.api_key.reveal)

    def connect(self, cloud: Cloud, request: SessionRequest) -> Connect:
        """Return what opens the WebSocket of a session."""
        if cloud.connect is not None:
            return cloud.connect
        headers = login_headers(request, self._config.package_name, self._config.api_key.reveal())
        return self._connect(cloud.url, headers=headers)

    def _connect(self, url: str, *, headers: Mapping[str, str] | None) -> Connect:
        network = self._network
        return lambda receiver: network.connect(url, receiver, headers=headers, timeout=CONNECT_WITHIN_S)

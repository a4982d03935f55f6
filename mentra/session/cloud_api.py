"""Calls to the cloud's REST routes, in the name of the app.

The key goes only where a session's socket may go as well: the base is made of a URL that ``mentra.server.trust`` let
pass, and no redirect is followed (``mentra.transport.base``).

Source: docs/protocol.md, Simple storage, Checking credentials.
"""

from collections.abc import Callable

from mentra.errors import NotConnected
from mentra.protocol import rest
from mentra.transport.base import HttpError, HttpReply, Network, http_base

ANSWER_WITHIN_S = 10.0
"""How long the cloud may take for an answer."""


class CloudApi:
    """The REST routes of one cloud.

    Args:
        network: How to get there.
        url: The cloud's WebSocket URL; scheme, host and port are kept.
        package_name: The app's.
        api_key: Returns the app's key.
    """

    def __init__(self, network: Network, url: str, *, package_name: str, api_key: Callable[[], str]) -> None:
        self.base = http_base(url)
        """``https://api.mentra.glass``"""
        self.package_name = package_name
        self._network = network
        self._api_key = api_key

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        authorization: str | None = None,
        timeout: float = ANSWER_WITHIN_S,
    ) -> HttpReply:
        """Call a route; any status is an answer.

        Args:
            path: As ``mentra.protocol.rest`` makes it.
            body: JSON.
            authorization: The header of this name; the app's own credentials if left out, no header if empty.
            timeout: Seconds.

        Raises:
            NotConnected: There was no answer.
        """
        headers = {"content-type": "application/json"}
        if authorization is None:
            authorization = rest.bearer(self.package_name, self._api_key())
        if authorization:
            headers["authorization"] = authorization
        try:
            return await self._network.request(method, self.base + path, headers=headers, body=body, timeout=timeout)
        except HttpError as error:
            raise NotConnected(f"{self.base} did not answer {method} {path}: {error}") from error

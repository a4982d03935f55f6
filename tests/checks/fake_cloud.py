"""A network on which every host is a cloud with one app."""

from collections.abc import Mapping
from typing import NoReturn

from mentra.transport.base import HttpError, HttpReply, Network

PACKAGE_NAME = "com.example.hello"
API_KEY = "0123456789abcdef" * 4

KNOWN = HttpReply(
    200,
    b'{"success":true,"packageName":"com.example.hello","permissions":[{"type":"MICROPHONE","_id":"1"},{"type":"CAMERA"}]}',
)
UNKNOWN = HttpReply(404, b'{"error":"App not found"}')
ACCEPTED = HttpReply(404, b'{"success":false,"message":"Key not found"}')
REFUSED = HttpReply(401, b'{"error":"Invalid API key","message":"Provided API key is not valid for this packageName"}')
BROKEN = HttpReply(500, b'{"error":"Authentication failed","message":"Internal server error during authentication"}')
LOGIN_PAGE = HttpReply(200, b"<html>Welcome to our Wi-Fi</html>")
REDIRECT = HttpReply(302, b"", {"location": "https://elsewhere.example/"})


class FakeCloud(Network):
    """Answers the two questions as docs/protocol.md, Checking credentials, has them; keeps what it was asked.

    Args:
        package: The answer about the package; ``None`` is no answer.
        key: The answer about the key.
    """

    def __init__(self, package: HttpReply | None = KNOWN, key: HttpReply | None = ACCEPTED) -> None:
        self._package = package
        self._key = key
        self.asked: list[tuple[str, str | None]] = []
        """Each URL, and the credentials that came with it."""

    @property
    def hosts_with_key(self) -> list[str]:
        """Who was sent credentials."""
        return [url.split("/")[2] for url, credentials in self.asked if credentials]

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float,
    ) -> HttpReply:
        assert (method, body) == ("GET", b"")
        self.asked.append((url, (headers or {}).get("authorization")))
        answer = self._package if "/api/public/permissions/" in url else self._key
        if answer is None:
            raise HttpError(f"{url} did not answer within {timeout:g} s.")
        return answer

    async def connect(self, *arguments: object, **options: object) -> NoReturn:
        raise AssertionError("mentra check opens no WebSocket")

    async def listen(self, *arguments: object, **options: object) -> NoReturn:
        raise AssertionError("mentra check does not listen")

    async def close(self) -> None:
        """Nothing is held."""

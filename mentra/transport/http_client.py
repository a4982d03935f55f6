"""HTTP requests, by aiohttp. Importing this imports it."""

import io
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from mentra.transport.base import MAX_BODY_BYTES, HttpError, HttpReply, is_loopback
from mentra.transport.headers import streamed_headers


class HttpClient:
    """Keeps connections to those whom it has asked."""

    def __init__(self) -> None:
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def send(self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes) -> HttpReply:
        """Send a request, and return when the head of the answer is there; the body is in its chunks.

        Raises:
            HttpError: There was no answer.
        """
        try:
            answer = await self._session(url).request(
                method,
                _exact(url),
                # aiohttp warns of large bodies that are not files.
                data=io.BytesIO(body) if len(body) > MAX_BODY_BYTES else body or None,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None),  # Callers have their own.
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise HttpError(f"{url} could not be reached: {error}.") from error
        headers = streamed_headers(answer.headers)
        if headers.pop("content-encoding", None):
            headers.pop("content-length", None)  # Of the packed body; aiohttp unpacks it.
        return HttpReply(
            answer.status,
            headers=headers,
            cookies=tuple(answer.headers.getall("set-cookie", ())),
            chunks=_Body(answer, url),
        )

    def _session(self, url: str) -> aiohttp.ClientSession:
        # aiohttp would send a request to this machine through the proxy, too.
        through_proxy = not is_loopback(urlsplit(url).hostname)
        if through_proxy not in self._sessions:
            # Many users' requests go through one session: none may see another's cookies.
            cookies = aiohttp.DummyCookieJar()
            self._sessions[through_proxy] = aiohttp.ClientSession(trust_env=through_proxy, cookie_jar=cookies)
        return self._sessions[through_proxy]

    async def close(self) -> None:
        """Drop all connections."""
        while self._sessions:
            await self._sessions.popitem()[1].close()


def _exact(url: str) -> URL | str:
    """Return a URL so that aiohttp sends it as it is: it would write ``%40`` as ``@``, and resolve ``..``."""
    # What may not stand in a request line it has to quote.
    sendable = url.isascii() and url.isprintable() and " " not in url
    return URL(url, encoded=True) if sendable else url


class _Body(AsyncIterator[bytes]):
    """The body of an answer, as it comes."""

    def __init__(self, answer: aiohttp.ClientResponse, url: str) -> None:
        self._answer = answer
        self._url = url

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._answer.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise HttpError(f"{self._url} broke off: {error}.") from error
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        # Nothing more is read: a connection with a rest on it cannot be used again, and aiohttp closes it.
        self._answer.close()

"""The web view of the phone: opens pages of an app as its user, and keeps their cookies."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from mentra.errors import WebError
from mentra.protocol import codec
from mentra.transport.base import HttpError, HttpReply, Network, lower_names

HEAD_WITHIN_S = 10.0
"""How long a stream of events may take to begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebReply:
    """What an app's server answered.

    Attributes:
        status: The HTTP status.
        headers: The headers, with names in lower case.
        body: The body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Return the body, read as JSON.

        Raises:
            ValueError: It is none.
        """
        value = codec.decode_as(object, self.body)
        if isinstance(value, codec.Malformed):
            raise ValueError(f"The answer is no JSON: {value.problem}. It is {self.text!r}.")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEvent:
    """An event as ``EventSource`` gives it to a page.

    Attributes:
        data: The data, as text.
        event: The type; ``"message"`` if the app gave none.
        id: The id of this event, or of the last one that had any; empty if there was none.
    """

    data: str
    event: str = "message"
    id: str = ""

    def json(self) -> Any:
        """Return the data, read as JSON.

        Raises:
            ValueError: It is none.
        """
        value = codec.decode_as(object, self.data)
        if isinstance(value, codec.Malformed):
            raise ValueError(f"The data are no JSON: {value.problem}. They are {self.data!r}.")
        return value


class Phone(Protocol):
    """Who opens pages."""

    def webview_url(self, package_name: str, path: str = "/") -> str:
        """Return the address of a page, with tokens."""
        ...


class WebView:
    """One web view, in which pages of one app are opened.

    Args:
        package_name: The app's.
        phone: The user's phone, with the virtual glasses.
        network: How to reach the app.
    """

    def __init__(self, package_name: str, phone: Phone, network: Network) -> None:
        self._package_name = package_name
        self._phone = phone
        self._network = network
        self.cookies: dict[str, str] = {}
        """What the app has set, by name."""

    async def fetch(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        signed_in: bool = True,
        timeout: float,
    ) -> WebReply:
        """Send a request. Redirects are not followed.

        Args:
            signed_in: False sends neither tokens nor cookies, and keeps none.
            timeout: Seconds for all of it.

        Raises:
            TimeoutError: The answer did not come in time.
            HttpError: There was none.
        """
        url, sent = self._request(path, headers, signed_in=signed_in)
        try:
            async with asyncio.timeout(timeout):
                reply = await self._network.stream(method, url, headers=sent, body=body, timeout=timeout * 2)
                reply = await reply.whole()
        except TimeoutError:
            raise TimeoutError(f"{method} {path} was not answered within {timeout:g} s.") from None
        if signed_in:
            self._keep_cookies(reply)
        return WebReply(status=reply.status, headers=reply.headers, body=reply.body)

    @contextlib.asynccontextmanager
    async def open_events(self, path: str, *, signed_in: bool = True) -> AsyncGenerator[AsyncIterator[PageEvent], None]:
        """Open a stream of events, and close it at the end of the block.

        Raises:
            WebError: The server answered with something else.
            HttpError: It did not answer.
        """
        url, headers = self._request(path, {"accept": "text/event-stream"}, signed_in=signed_in)
        reply = await self._network.stream("GET", url, headers=headers, timeout=HEAD_WITHIN_S)
        try:
            if signed_in:
                self._keep_cookies(reply)
            if reply.status != 200 or not reply.headers.get("content-type", "").startswith("text/event-stream"):
                body = (await reply.whole()).body.decode(errors="replace")
                raise WebError(reply.status, f"GET {path} was answered with {reply.status}, and no events: {body}")
            yield _events(reply)
        finally:
            await reply.close()

    def _request(self, path: str, headers: Mapping[str, str] | None, *, signed_in: bool) -> tuple[str, dict[str, str]]:
        url = self._phone.webview_url(self._package_name, path)
        sent = lower_names(headers)
        if signed_in and not self.cookies:
            return url, sent
        if signed_in:
            sent.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        return urlsplit(url)._replace(path="", query="").geturl() + path, sent

    def _keep_cookies(self, reply: HttpReply) -> None:
        for cookie in reply.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if "max-age=0" in cookie.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


async def _events(reply: HttpReply) -> AsyncGenerator[PageEvent, None]:
    """Read events as the HTML standard says (Server-sent events, section 9.2.6)."""
    fields: dict[str, list[str]] = {}
    last_id = ""
    async for line in _lines(reply):
        if line:
            name, _, value = line.partition(":")
            if name:
                fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        last_id = fields.get("id", [last_id])[-1]
        if data := fields.get("data"):
            yield PageEvent(data="\n".join(data), event=fields.get("event", ["message"])[-1], id=last_id)
        fields = {}


async def _lines(reply: HttpReply) -> AsyncGenerator[str, None]:
    waiting = b""
    if reply.chunks is None:
        return
    with contextlib.suppress(HttpError):  # As a browser: the stream is over, however it ended.
        async for chunk in reply.chunks:
            *lines, waiting = (waiting + chunk).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace").removesuffix("\r")

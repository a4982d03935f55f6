"""The opening handshake of a WebSocket, up to the last byte of its head.

* Without a proxy it is ours: a request made of bytes, and an answer in one piece that plainly agrees. It takes 50 us of
  CPU less than the library's.
* All other answers are judged by the websockets library, as it reads them: refusals, nonsense, heads in pieces.
* Through a proxy the library makes the connection, too, with ``Opening`` in place of its own ``ClientConnection``.
* What follows the head is for ``client_socket.py``.
"""

import asyncio
import functools
import logging
import os
import re
import sys
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from hashlib import sha1
from typing import Any, NamedTuple, cast

from websockets.asyncio.client import connect as websocket_connect
from websockets.asyncio.client import get_proxy  # type: ignore[attr-defined]  # Its home is another one in version 15.
from websockets.client import ClientProtocol
from websockets.headers import build_authorization_basic, build_host
from websockets.http11 import USER_AGENT
from websockets.protocol import State
from websockets.uri import WebSocketURI, parse_uri
from websockets.utils import GUID

from mentra.transport.base import is_loopback
from mentra.transport.tls import Tls, TlsTransport

_HEAD_END = b"\r\n\r\n"
_MAX_PLAIN_BYTES = 8192
"""A longer head is the library's: it has limits, and errors for them."""
_PLAIN_HEAD = re.compile(
    rb"HTTP/1\.1 101 [\t\x20-\x7e\x80-\xff]*\r\n(?:[-!#$%&'*+.^_`|~0-9a-zA-Z]+:[\t\x20-\x7e\x80-\xff]*\r\n)+\r\n"
)
_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_BEFORE_ACCEPT = b"\r\nsec-websocket-accept: "
_AGREEING = re.compile(rb"\r\n(upgrade|connection|sec-websocket-(?:accept|extensions|protocol)):([^\r]*)")
_CONSENT = [(b"connection", b" upgrade"), (b"sec-websocket-accept", b" "), (b"upgrade", b" websocket")]
"""All that a plain head says of these, in the order of the alphabet and without the value that proves it."""
_USER_AGENT = f"User-Agent: {USER_AGENT}\r\n"
_GUID = GUID.encode()


class Opening(asyncio.Protocol):
    """One handshake, from the connection to the head of the answer, which the library reads."""

    transport: asyncio.Transport

    def __init__(self, protocol: ClientProtocol | None, **_: object) -> None:
        self.rest = b""
        """What came behind the head: frames, perhaps the beginning of one."""
        self.lost = False
        """Whether the connection has broken since."""
        self._protocol = protocol
        self._tail = b""
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def protocol(self) -> ClientProtocol:
        """The library's half of the connection, without input and output."""
        if self._protocol is None:
            self._protocol = self.make_protocol()
        return self._protocol

    @property
    def make_protocol(self) -> Callable[[], ClientProtocol]:
        """What returns the library's half, each time anew if it is not needed yet; it keeps nothing else of this."""
        protocol = self.protocol
        return lambda: protocol

    async def handshake(self, headers: Mapping[str, str] | None, user_agent: str | None) -> None:
        """Ask, and wait for the answer.

        Raises:
            WebSocketException: It is none, or no consent.
        """
        request = self.protocol.connect()
        request.headers.update(headers or {})
        if user_agent is not None:
            request.headers.setdefault("User-Agent", user_agent)
        self.protocol.send_request(request)
        for data in self.protocol.data_to_send():
            self.transport.write(data)
        await self.answer()

    async def answer(self) -> None:
        """Wait for the answer.

        Raises:
            WebSocketException: It is none, or no consent.
            OSError: TLS has failed.
        """
        await self._answered
        if self._protocol is not None and self._protocol.handshake_exc is not None:
            raise self._protocol.handshake_exc

    def start_keepalive(self) -> None:
        """Do nothing: pings are for the open connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn from asyncio whom to write to."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Give the library the head, and keep what follows."""
        if self.protocol.state is State.CONNECTING:
            # Cut here, not by the library: it would keep the beginning of a frame to itself.
            seen = self._tail + data
            end = seen.find(_HEAD_END)
            cut = len(data) if end < 0 else end + len(_HEAD_END) - len(self._tail)
            self._tail = seen[-len(_HEAD_END) + 1 :]
            self.protocol.receive_data(data[:cut])
            data = data[cut:]
        if self.protocol.state is State.OPEN:
            self.rest += data
        elif data:
            self.protocol.receive_data(data)  # The body of a refusal.
        self._look()

    def eof_received(self) -> None:
        """Learn that nothing more comes."""
        if self.protocol.state is State.CONNECTING:
            self.protocol.receive_eof()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the connection is gone."""
        self.lost = True
        self.eof_received()

    def _look(self) -> None:
        if self.protocol.state is not State.CONNECTING or self.protocol.handshake_exc is not None:
            self._be_answered()

    def _be_answered(self) -> None:
        if not self._answered.done():  # It is also done when who waits has just given up.
            self._answered.set_result(None)


class Limits(NamedTuple):
    """What the library is told of every connection."""

    max_size: int
    logger: logging.Logger


class DirectOpening(Opening):
    """One handshake without a proxy: it asks when it is connected, and leaves to the library what is not plain.

    Raises:
        ValueError: A header cannot be sent.
    """

    def __init__(self, address: "Address", headers: Mapping[str, str]) -> None:
        super().__init__(None)
        self._address = address
        self._key = _fresh_key()
        self._request = address.request(self._key, headers)
        self._agreed = False

    @property
    def make_protocol(self) -> Callable[[], ClientProtocol]:
        """What returns the library's half: made when it is first needed, and without a reference to this."""
        if self._protocol is not None:
            return super().make_protocol
        return self._address.opened if self._agreed else self._address.connecting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        super().connection_made(transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Look whether they agree, and keep what follows."""
        if self._protocol is not None:
            super().data_received(data)
        elif self._agreed:
            self.rest += data
        elif end := _end_of_consent(data, _accept(self._key)):
            self._agreed = True
            self.rest = data[end:]
            self._be_answered()
        else:
            self.protocol.key = self._key
            super().data_received(data)

    def fail(self, error: Exception) -> None:
        """Learn that there will be no connection."""
        if not self._answered.done():
            self._answered.set_exception(error)
            self._answered.exception()  # Who has given up meanwhile does not fetch it; asyncio would log that.


class Address(NamedTuple):
    """A URL, read."""

    uri: WebSocketURI
    head: str
    """The request, up to what is not the same each time."""
    is_loopback: bool
    limits: Limits

    def connecting(self) -> ClientProtocol:
        """Make the library's half of a connection that is yet to be opened."""
        return ClientProtocol(self.uri, **self.limits._asdict())

    def opened(self) -> ClientProtocol:
        """Make the library's half of one that is open."""
        return ClientProtocol(self.uri, state=State.OPEN, **self.limits._asdict())

    def request(self, key: str, headers: Mapping[str, str]) -> bytes:
        """Return the whole request.

        Raises:
            ValueError: A header cannot be sent. Which, but not its value: that may be a key.
        """
        said = _header_lines(headers) if headers else _USER_AGENT
        return f"{self.head}Sec-WebSocket-Key: {key}\r\n{said}\r\n".encode("iso-8859-1")


@functools.lru_cache(maxsize=64)
def read_address(url: str, limits: Limits) -> Address:
    """Read a URL: always the same one, and 30 us each time.

    Raises:
        WebSocketException: It is no URL of a WebSocket.
        ValueError: The same, noticed elsewhere.
    """
    uri = parse_uri(url)
    head = f"GET {uri.resource_name} HTTP/1.1\r\nHost: {build_host(uri.host, uri.port, uri.secure)}\r\n"
    if uri.user_info:
        head += f"Authorization: {build_authorization_basic(*uri.user_info)}\r\n"
    head += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    return Address(uri, head, is_loopback(uri.host), limits)


def _header_lines(headers: Mapping[str, str]) -> str:
    """Return headers as they are sent, with the user agent if it is not among them. See ``Address.request``."""
    lines: list[str] = []
    agent = _USER_AGENT
    for name, value in headers.items():
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            raise ValueError(f"the header {name!r} has characters that cannot be sent")
        if name.lower() == "user-agent":
            agent = ""
        lines.append(f"{name}: {value}\r\n")
    return "".join([*lines, agent])


def _fresh_key() -> str:
    """Return sixteen random bytes as they are sent. As is ``_accept``: in half as many calls as the library's own."""
    return b2a_base64(os.urandom(16), newline=False).decode()


def _accept(key: str) -> bytes:
    """Return what proves that a key was read. Source: RFC 6455, section 4.2.2."""
    return b2a_base64(sha1(key.encode() + _GUID, usedforsecurity=False).digest(), newline=False)


def _end_of_consent(data: bytes, accept: bytes) -> int:
    """Return where a plain head ends that says yes, or 0. What is not plain may be a yes for all that."""
    end = data.find(_HEAD_END, 0, _MAX_PLAIN_BYTES)
    if end < 0:
        return 0
    end += len(_HEAD_END)
    before, said, after = data[:end].partition(accept)
    return end if said and _is_consent(before, after) else 0


@functools.lru_cache(maxsize=16)
def _is_consent(before: bytes, after: bytes) -> bool:
    """Return whether a plain head says yes if there is the right value between these two.

    A cloud says mostly the same around it, and judging that takes 2 us. No secret of ours is in it.
    """
    head = before + after
    return (
        _PLAIN_HEAD.fullmatch(head) is not None
        and before.lower().endswith(_BEFORE_ACCEPT)
        and sorted(_AGREEING.findall(head.lower())) == _CONSENT
    )


class _Connect(websocket_connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc  # Followed, it would take the headers, and so the API key, to any host.


async def open_websocket(
    url: str, *, headers: Mapping[str, str] | None, tls: Callable[[], Tls], limits: Limits, timeout: float
) -> Opening:
    """Open a WebSocket, through the proxy of the environment if it leads to another machine.

    Args:
        tls: Called if it is needed.

    Raises:
        OSError: Nobody is there, or the time is over.
        WebSocketException: It was refused.
        ValueError: The address is impossible, or a header.
        ImportError: There is a SOCKS proxy, but not the package for it.
    """
    address = read_address(url, limits)
    if not address.is_loopback and _may_need_proxy() and (proxy := get_proxy(address.uri)):
        return await _open_through(proxy, url, address, headers=headers, tls=tls, timeout=timeout)
    opening = DirectOpening(address, headers or {})
    try:
        async with asyncio.timeout(timeout):
            await _open_directly(opening, address.uri, tls)
    except TimeoutError as error:
        raise TimeoutError("timed out during opening handshake") from error
    return opening


def _may_need_proxy() -> bool:
    # Really looking takes 150 us, and going through the names one by one twice as long as this, 7.
    has_settings = sys.platform in ("darwin", "win32")
    return has_settings or "_proxy=" in "=".join([*os.environ, ""]).lower()


async def _open_directly(opening: DirectOpening, uri: WebSocketURI, tls: Callable[[], Tls]) -> None:
    protocol = TlsTransport(opening, tls(), (uri.host, uri.port), opening.fail) if uri.secure else opening
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, uri.host, uri.port)
    try:
        await opening.answer()
    except BaseException:
        transport.abort()
        raise


async def _open_through(
    proxy: str, url: str, address: Address, *, headers: Mapping[str, str] | None, tls: Callable[[], Tls], timeout: float
) -> Opening:
    options: dict[str, Any] = {}
    if address.uri.secure:
        options["ssl"] = tls().context
    if proxy.startswith("https:"):
        options["proxy_ssl"] = tls().context  # The library would build one each time, for 20 ms.
    opened = await _Connect(
        url,
        additional_headers=headers,
        proxy=proxy,
        # The cloud declines compression anyway (docs/protocol.md, Handshake).
        compression=None,
        open_timeout=timeout,
        # It asks for a subclass of its own, and uses of it what is here.
        create_connection=cast(Any, Opening),
        **address.limits._asdict(),
        **options,
    )
    return cast(Opening, opened)

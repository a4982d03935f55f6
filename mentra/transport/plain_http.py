"""Plain requests of HTTP/1.1 and plain answers to them: between bytes and what they mean, without input and output.

Plain is what nearly all requests are: a head of no more than 8 KiB in ASCII, and a body of known length that fits into
64 KiB. What is not, what is malformed and what is only odd is ``None`` here, and is left to aiohttp, which knows all of
HTTP and refuses what it has to. So nothing is judged here, and nothing forgiven: two readers of one connection must
never differ in where a request ends.
"""

import re
from http import HTTPStatus
from typing import NamedTuple

from mentra.transport.base import HttpReply
from mentra.transport.headers import joined, kept_headers

MAX_HEAD_BYTES = 8 * 1024
"""Less than what aiohttp takes in one line, so that nothing passes here that it would refuse for its length."""
MAX_BODY_BYTES = 64 * 1024

_MAX_HEADERS = 100
_MAX_LENGTH_DIGITS = len(str(MAX_BODY_BYTES))
# For bytes as ISO 8859-1 has them: one character each.
_METHODS = r"(GET|POST|PUT|PATCH|DELETE|OPTIONS)"
_TARGET = r"(/[!\"$-~]*)"  # Without "#", of which no two programs think the same.
_FIELDS = r"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~]*\r\n)"
_HEAD = re.compile(_METHODS + r" " + _TARGET + r" HTTP/1\.1\r\n(" + _FIELDS + rf"{{1,{_MAX_HEADERS}}})\r\n")
_BEGUN_FIELDS = re.compile(_METHODS + r" " + _TARGET + r" HTTP/1\.1\r\n" + _FIELDS + r"*[\t -~]*\r?")
_BEGUN_LINE = re.compile(r"[A-Z]{1,7}(?: [!-~]*(?: [!-~]*\r?)?)?")
_NEVER = frozenset({"transfer-encoding", "content-encoding", "expect", "upgrade", "trailer", "te"})
"""Who sends one of these wants more than a plain answer, or sends more than a plain body."""
_REPEATABLE = frozenset({"cookie", "forwarded", "via", "accept", "accept-encoding", "accept-language", "cache-control"})
_WITHOUT_BODY = frozenset({204, 304})
_NO_VALUE = re.compile(r"[^\t -~]")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_USUAL_HEADERS = HttpReply(200).headers
_USUAL_LINES = "".join(f"{name}: {value}\r\n" for name, value in _USUAL_HEADERS.items())


class Head(NamedTuple):
    """The head of a plain request."""

    method: str
    target: str
    """The path and the query as they were sent."""
    headers: dict[str, str]
    """By names in lower case; what comes in several is joined."""
    body_bytes: int
    keep_alive: bool


def read_head(head: bytes) -> Head | None:
    """Read a whole head, with the empty line at its end. ``None``: the request is not plain."""
    found = _HEAD.fullmatch(head.decode("iso-8859-1"))
    if found is None:
        return None
    method, target, fields = found.groups()
    headers: dict[str, str] = {}
    for line in fields.splitlines():
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        if name in headers:
            if name not in _REPEATABLE and not name.startswith("x-"):
                return None
            value = joined(name, headers[name], value)
        headers[name] = value
    length = headers.get("content-length", "0")
    connection = headers.get("connection", "keep-alive").lower()
    if (
        "host" not in headers
        or not _NEVER.isdisjoint(headers)
        # aiohttp takes forms apart, and 240 ms to be imported: not while a handler waits for it (multipart.py).
        or headers.get("content-type", "").lower().startswith("multipart/")
        or len(length) > _MAX_LENGTH_DIGITS
        or not length.isdecimal()
        or int(length) > MAX_BODY_BYTES
        or connection not in ("keep-alive", "close")
    ):
        return None
    return Head(method, target, headers, int(length), connection == "keep-alive")


def may_become_plain(beginning: bytes) -> bool:
    """Return whether a head that is not all there may still turn out to be plain.

    Whoever sends nonsense without an end is not waited for.
    """
    text = beginning.decode("iso-8859-1")
    return bool(_BEGUN_FIELDS.fullmatch(text) or _BEGUN_LINE.fullmatch(text))


def write_reply(reply: HttpReply, *, date: str, close: bool) -> bytes | None:
    """Return a reply as it is sent, ``None`` if it is not plain: streamed, without a body by its status, or odd.

    Args:
        date: The time, as ``Date`` tells it.
        close: Whether the connection is closed after it.
    """
    if reply.chunks is not None or reply.status < 200 or reply.status in _WITHOUT_BODY:
        return None
    lines: str | None
    if reply.headers == _USUAL_HEADERS and not reply.cookies:  # As nearly all, and 2 us less.
        lines = f"{_USUAL_LINES}Content-Length: {len(reply.body)}\r\nDate: {date}\r\n"
    else:
        lines = _lines(reply, date)
    if lines is None:
        return None
    if close:
        lines += "Connection: close\r\n"
    reason = _REASONS.get(reply.status, "")
    return f"HTTP/1.1 {reply.status} {reason}\r\n{lines}\r\n".encode("ascii") + reply.body


def _lines(reply: HttpReply, date: str) -> str | None:
    """Return the headers of any reply, but for ``Connection``; ``None`` if one is odd."""
    headers = kept_headers(reply.headers)
    fields = [*headers.items(), *(("set-cookie", cookie) for cookie in reply.cookies)]
    if any(_NO_VALUE.search(value) or not _NAME.fullmatch(name) for name, value in fields):
        return None
    fields.append(("Content-Length", str(len(reply.body))))
    if reply.body and "content-type" not in headers:
        fields.append(("Content-Type", "application/octet-stream"))
    if "date" not in headers:
        fields.append(("Date", date))
    return "".join([f"{name}: {value}\r\n" for name, value in fields])

"""What a route answers."""

import dataclasses
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeGuard
from urllib.parse import quote

from mentra.protocol import codec
from mentra.protocol.webhooks import WebhookReply
from mentra.transport.base import HttpReply, lower_names

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"
BYTES = "application/octet-stream"

# Source: RFC 9110, sections 5.1 and 5.5.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_AS_THEY_ARE = "!#$%&'()*+,/:;=?@[]~"
"""What stands for itself in a URL, or escapes something else."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with a status and headers of its own.

    Attributes:
        body: As a route may return it: text, bytes, anything that JSON can express, ``None`` for nothing; and an async
            iterator of ``bytes``, which is sent piece by piece, and closed when nobody reads any more.
        status: The HTTP status.
        headers: The headers. ``content-type`` follows from the body if it is not among them.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def html(cls, page: str, *, status: int = 200) -> Self:
        """Return a page. What users wrote must have been escaped, as with ``html.escape``."""
        return cls(page, status, {"content-type": HTML})

    @classmethod
    def redirect(cls, url: str, *, status: int = 302) -> Self:
        """Send the browser elsewhere.

        Args:
            url: Where to. If a part of it comes from the request, check that it is a path of this app: links of
                strangers would lead through it to any site.
        """
        # A header is ASCII; what cannot stand in one at all is left to be refused.
        return cls(None, status, {"location": url if _NO_VALUE.search(url) else quote(url, safe=_AS_THEY_ARE)})


def reply_of(value: Any) -> HttpReply:
    """Return what a route returned as it is sent."""
    if value is None:
        return HttpReply(204, headers={})
    if not isinstance(value, Response):
        return _reply(value, {})
    headers = lower_names(value.headers)
    check_headers(headers.items())
    cookie = headers.pop("set-cookie", None)
    reply = HttpReply(200, headers=headers) if value.body is None else _reply(value.body, headers)
    return dataclasses.replace(reply, status=value.status, cookies=(cookie,) if cookie else ())


def check_headers(headers: Iterable[tuple[str, str]]) -> None:
    """Check what app code wants to send, perhaps with what strangers wrote in it.

    Raises:
        ValueError: It would not be one header, but more, or none.
    """
    for name, value in headers:
        if not _NAME.fullmatch(name) or _NO_VALUE.search(value):
            raise ValueError(f"The header {name!r} cannot be sent: {value!r} must be one line, its name one word.")


def problem_reply(status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpReply:
    """Return an error as a page gets it: JSON with ``status`` and ``message``."""
    body = codec.encode(WebhookReply(status="error", message=message))
    return HttpReply(status, body, {"content-type": JSON, **(headers or {})})


def is_stream(value: object) -> TypeGuard[AsyncIterator[Any]]:
    """Return whether a value is an async iterator."""
    return isinstance(value, AsyncIterator)


def _reply(body: Any, headers: dict[str, str]) -> HttpReply:
    if is_stream(body):
        return HttpReply(200, headers={"content-type": BYTES, **headers}, chunks=body)
    match body:
        case str():
            kind, data = TEXT, body.encode()
        case bytes():
            kind, data = BYTES, body
        case _:
            kind, data = JSON, codec.encode(body)
    return HttpReply(200, data, {"content-type": kind, **headers})

"""What a route answers."""

import dataclasses
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeGuard

from mentra.protocol import codec
from mentra.protocol.webhooks import WebhookReply
from mentra.transport.base import HttpReply, lower_names

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"
BYTES = "application/octet-stream"


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
        """Send the browser elsewhere."""
        return cls(None, status, {"location": url})


def reply_of(value: Any) -> HttpReply:
    """Return what a route returned as it is sent."""
    if value is None:
        return HttpReply(204, headers={})
    if not isinstance(value, Response):
        return _reply(value, {})
    headers = lower_names(value.headers)
    cookie = headers.pop("set-cookie", None)
    reply = HttpReply(200, headers=headers) if value.body is None else _reply(value.body, headers)
    return dataclasses.replace(reply, status=value.status, cookies=(cookie,) if cookie else ())


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

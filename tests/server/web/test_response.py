"""What a route returns becomes an answer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from mentra import Response
from mentra.server.web.response import reply_of
from mentra.transport.base import HttpReply

JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain; charset=utf-8"}
BYTES = {"content-type": "application/octet-stream"}


@dataclass
class Note:
    text: str
    at: datetime


class Struct(msgspec.Struct):
    text: str


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        (None, HttpReply(204, headers={})),
        ("<b>Zoë</b>", HttpReply(200, "<b>Zoë</b>".encode(), TEXT)),
        ("", HttpReply(200, b"", TEXT)),
        (b"\x00\xff", HttpReply(200, b"\x00\xff", BYTES)),
        ({"a": [1, None]}, HttpReply(200, b'{"a":[1,null]}', JSON)),
        ([], HttpReply(200, b"[]", JSON)),
        (0, HttpReply(200, b"0", JSON)),
        (False, HttpReply(200, b"false", JSON)),
        (Struct("x"), HttpReply(200, b'{"text":"x"}', JSON)),
        (
            Note("x", datetime(2026, 1, 2, tzinfo=UTC)),
            HttpReply(200, b'{"text":"x","at":"2026-01-02T00:00:00Z"}', JSON),
        ),
        (Response(), HttpReply(200, headers={})),
        (Response(status=404), HttpReply(404, headers={})),
        (Response("", 201), HttpReply(201, b"", TEXT)),
        (Response([1], 201, {"X-Kind": "list"}), HttpReply(201, b"[1]", {**JSON, "x-kind": "list"})),
        (Response(b"", headers={"Content-Type": "image/png"}), HttpReply(200, b"", {"content-type": "image/png"})),
        (Response(headers={"Set-Cookie": "a=1"}), HttpReply(200, headers={}, cookies=("a=1",))),
        (Response.html("<b>"), HttpReply(200, b"<b>", {"content-type": "text/html; charset=utf-8"})),
        (Response.html("gone", status=410), HttpReply(410, b"gone", {"content-type": "text/html; charset=utf-8"})),
        (Response.redirect("/x"), HttpReply(302, headers={"location": "/x"})),
        (Response.redirect("/x", status=303), HttpReply(303, headers={"location": "/x"})),
    ],
)
def test_what_a_route_returns_is_sent(value: Any, reply: HttpReply):
    assert reply_of(value) == reply


async def test_an_iterator_of_bytes_is_sent_piece_by_piece():
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    reply = reply_of(Response(pieces(), headers={"content-type": "audio/mpeg"}))
    whole = await reply.whole()

    assert (reply.body, whole.body, reply.headers) == (b"", b"one two", {"content-type": "audio/mpeg"})


def test_what_json_cannot_express_is_a_type_error():
    with pytest.raises(TypeError, match="object"):
        reply_of(object())


@pytest.mark.parametrize(
    "headers",
    [
        {"x-kind": "a\r\nset-cookie: b=1"},
        {"x-kind": "a\nb"},
        {"x-kind": "a\x00"},
        {"x-kind\r\nset-cookie": "a=1"},
        {"x kind": "a"},
        {"": "a"},
        {"set-cookie": "a=1\r\nset-cookie: b=2"},
    ],
)
def test_a_header_cannot_bring_others_along(headers: dict[str, str]):
    with pytest.raises(ValueError, match="header"):
        reply_of(Response("text", headers=headers))


def test_a_redirect_cannot_bring_headers_along():
    with pytest.raises(ValueError, match="header"):
        reply_of(Response.redirect("/x\r\nset-cookie: a=1"))


def test_the_target_of_a_redirect_is_written_in_ascii():
    assert reply_of(Response.redirect("/café?q=a b&r=%41#é")).headers == {"location": "/caf%C3%A9?q=a%20b&r=%41#%C3%A9"}

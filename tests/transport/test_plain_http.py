"""What is plain, and what is left to aiohttp."""

from collections.abc import AsyncIterator

import pytest

from mentra.transport.base import HttpReply
from mentra.transport.plain_http import MAX_BODY_BYTES, MAX_HEAD_BYTES, Head, may_become_plain, read_head, write_reply

DATE = "Thu, 26 Nov 2026 04:00:00 GMT"
HEAD = (
    b"POST /webhook?a=%20b HTTP/1.1\r\nHost: app\r\nContent-Type: application/json\r\nX-Empty:\r\n"
    b"X-Spaces: \t a  b \t \r\nContent-Length: 12\r\n\r\n"
)

NOT_PLAIN = {
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
    "two other lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\n",
    "a length with a sign": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "a list of lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n",
    "a length with an underscore": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\n",
    "a hexadecimal length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n",
    "an empty length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
    "a length and chunks": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunks": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunks of odd case": b"POST / HTTP/1.1\r\nHost: a\r\ntRANSFER-eNCODING: cHUNKED\r\n\r\n",
    "a length after a space": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n",
    "a header that goes on": b"POST / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\nContent-Length: 5\r\n\r\n",
    "a folded first header": b"POST / HTTP/1.1\r\n Host: a\r\n\r\n",
    "a bare line feed": b"POST / HTTP/1.1\r\nHost: a\nContent-Length: 5\r\n\r\n",
    "bare line feeds": b"POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\n\r\n\r\n",
    "a bare carriage return": b"POST / HTTP/1.1\r\nHost: a\r\nX: b\rContent-Length: 5\r\n\r\n",
    "a NUL": b"POST / HTTP/1.1\r\nHost: a\r\nX: b\x00c\r\n\r\n",
    "a NUL in a name": b"POST / HTTP/1.1\r\nHost: a\r\nX\x00: b\r\n\r\n",
    "a control character": b"POST / HTTP/1.1\r\nHost: a\r\nX: b\x1b[0m\r\n\r\n",
    "no colon": b"POST / HTTP/1.1\r\nHost: a\r\nNonsense\r\n\r\n",
    "no name": b"POST / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
    "no host": b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two hosts": b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no headers": b"POST / HTTP/1.1\r\n\r\n",
    "HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\n\r\n",
    "HTTP/1.2": b"POST / HTTP/1.2\r\nHost: a\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\n",
    "no version": b"POST /\r\nHost: a\r\n\r\n",
    "two spaces": b"POST  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in the target": b"POST /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a fragment": b"POST /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a whole URL": b"POST http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "no path": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "letters beyond ASCII in the target": b"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
    "letters beyond ASCII": b"GET / HTTP/1.1\r\nHost: a\r\nX: caf\xc3\xa9\r\n\r\n",
    "HEAD": b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT": b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "an odd method": b"PURGE / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method in lower case": b"post / HTTP/1.1\r\nHost: a\r\n\r\n",
    "an upgrade": b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "an upgrade that is not announced": b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
    "what the connection shall forget": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x-a\r\n\r\n",
    "a question before the body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    "a packed body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\n",
    "a form with files": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: Multipart/form-data; boundary=x\r\n\r\n",
    "two types": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: a/c\r\n\r\n",
    "a large body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
    "a length of many digits": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %s5\r\n\r\n" % (b"0" * 5000),
    "many headers": b"POST / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 101 + b"\r\n",
    "a line end before it": b"\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}
"""Heads that end, and are not for us."""


def test_a_plain_head_is_read_whole():
    headers = {
        "host": "app",
        "content-type": "application/json",
        "x-empty": "",
        "x-spaces": "a  b",
        "content-length": "12",
    }

    assert read_head(HEAD) == Head("POST", "/webhook?a=%20b", headers, 12, True)


def test_a_request_without_a_length_has_no_body():
    assert read_head(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n") == Head("GET", "/health", {"host": "a"}, 0, True)


@pytest.mark.parametrize(("said", "keep_alive"), [(b"close", False), (b"Close", False), (b"Keep-Alive", True)])
def test_the_caller_says_whether_more_is_to_come(said: bytes, keep_alive: bool):
    head = read_head(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: " + said + b"\r\n\r\n")

    assert head is not None
    assert head.keep_alive is keep_alive


def test_headers_that_may_come_several_times_are_joined():
    head = read_head(
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1\r\nCookie: a=1\r\nx-forwarded-for: 2\r\ncookie: b=2\r\n\r\n"
    )

    assert head is not None
    assert head.headers == {"host": "a", "x-forwarded-for": "1, 2", "cookie": "a=1; b=2"}


@pytest.mark.parametrize("head", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_not_plain_is_not_read(head: bytes):
    assert read_head(head) is None


def test_each_beginning_of_a_plain_head_may_become_one():
    assert [end for end in range(1, len(HEAD)) if not may_become_plain(HEAD[:end])] == []


@pytest.mark.parametrize(
    "beginning",
    [
        b"hello",
        b"\x16\x03\x01",
        b"\r\n",
        b"POST / HTTP/1.1\n",
        b"POST / HTTP/1.0\r\n",
        b"GET /caf\xc3\xa9",
        b"POST / HTTP/1.1\r\nHost: a\n",
        b"POST / HTTP/1.1\r\nHost : a\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\n b\r\n",
        b"POST / HTTP/1.1\r\nX: \x00",
        b"A" * 100,
    ],
)
def test_nonsense_is_not_waited_for(beginning: bytes):
    assert not may_become_plain(beginning)


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "hostile",
    [b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 2000, b"GET /" + b"a" * MAX_HEAD_BYTES, b"GET / HTTP/1.1\r\na:" + b" " * 8000],
)
def test_no_head_takes_long(hostile: bytes):
    for _ in range(100):
        read_head(hostile)
        may_become_plain(hostile)


def test_a_plain_reply_is_written_whole():
    reply = HttpReply(201, b'{"a": 1}', {"content-type": "application/json", "x-a": "b"}, ("a=1; Secure", "b=2"))

    assert write_reply(reply, date=DATE, close=False) == (
        b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nx-a: b\r\nset-cookie: a=1; Secure\r\n"
        b"set-cookie: b=2\r\nContent-Length: 8\r\nDate: Thu, 26 Nov 2026 04:00:00 GMT\r\n\r\n"
        b'{"a": 1}'
    )


@pytest.mark.parametrize(("close", "line"), [(False, b""), (True, b"Connection: close\r\n")])
def test_a_reply_of_the_usual_kind_is_written_as_any_other(close: bool, line: bytes):
    assert write_reply(HttpReply(404, b"{}"), date=DATE, close=close) == (
        b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\nContent-Length: 2\r\n"
        b"Date: Thu, 26 Nov 2026 04:00:00 GMT\r\n" + line + b"\r\n{}"
    )


def test_a_reply_keeps_its_date_and_loses_what_its_sending_decides():
    headers = {"Date": "now", "Content-Length": "99", "Transfer-Encoding": "chunked", "connection": "keep-alive"}

    assert write_reply(HttpReply(799, b"?", headers), date=DATE, close=True) == (
        b"HTTP/1.1 799 \r\ndate: now\r\nContent-Length: 1\r\nContent-Type: application/octet-stream\r\n"
        b"Connection: close\r\n\r\n?"
    )


async def _chunks() -> AsyncIterator[bytes]:
    yield b"one"


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(200, chunks=_chunks()),
        HttpReply(101),
        HttpReply(204),
        HttpReply(304),
        HttpReply(200, headers={"x-a": "b\r\nset-cookie: c=d"}),
        HttpReply(200, headers={"x-a": "b\nc"}),
        HttpReply(200, headers={"x-a\r\nx-b": "c"}),
        HttpReply(200, headers={"x a": "b"}),
        HttpReply(200, headers={"x-a": "caf\u00e9"}),
        HttpReply(200, cookies=("a=b\r\nc: d",)),
    ],
)
def test_a_reply_that_is_not_plain_is_not_written(reply: HttpReply):
    assert write_reply(reply, date=DATE, close=False) is None

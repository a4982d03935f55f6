"""What the app's own server hands out to phones."""

import pytest

from mentra import ConfigError
from mentra.session.published import Published
from mentra.transport.base import HttpReply, HttpRequest

BASE = "https://app.example.com"
HEADERS = {"content-type": "audio/mpeg", "accept-ranges": "bytes", "cache-control": "no-store"}


def ask(published: Published, url: str, *, method: str = "GET", **headers: str) -> HttpReply | None:
    return published.reply(HttpRequest(method, url.removeprefix(BASE), headers))


def test_a_file_is_handed_out_as_long_as_it_is_needed():
    published = Published(BASE)

    with published.file(b"sound", "audio/mpeg", suffix=".mp3") as url:
        assert url.startswith(f"{BASE}/mentra-files/")
        assert url.endswith(".mp3")
        assert ask(published, url) == HttpReply(200, b"sound", HEADERS)

    assert ask(published, url) is None


def test_no_two_files_have_the_same_path():
    published = Published(BASE)

    with published.file(b"one", "audio/mpeg") as one, published.file(b"two", "audio/mpeg") as two:
        assert one != two
        assert len(one.rpartition("/")[2]) >= 32


def test_nothing_else_is_answered():
    published = Published(BASE)

    with published.file(b"sound", "audio/mpeg") as url:
        assert ask(published, url, method="POST") is None
        assert ask(published, f"{BASE}/mentra-files/") is None
        assert ask(published, f"{BASE}/webhook") is None


@pytest.mark.parametrize(
    ("asked", "part", "content_range"),
    [
        ("bytes=0-1", b"so", "bytes 0-1/5"),
        ("bytes=2-", b"und", "bytes 2-4/5"),
        ("bytes=2-99", b"und", "bytes 2-4/5"),
        ("bytes=-2", b"nd", "bytes 3-4/5"),
        ("bytes=-99", b"sound", "bytes 0-4/5"),
    ],
)
def test_a_player_gets_the_range_that_it_asks_for(asked: str, part: bytes, content_range: str):
    published = Published(BASE)

    with published.file(b"sound", "audio/mpeg") as url:
        assert ask(published, url, range=asked) == HttpReply(206, part, {**HEADERS, "content-range": content_range})


@pytest.mark.parametrize("nonsense", ["bytes=-", "bytes=3-1", "bytes=0-1,3-4", "lines=1-2"])
def test_a_range_that_means_nothing_is_the_whole_file(nonsense: str):
    published = Published(BASE)

    with published.file(b"sound", "audio/mpeg") as url:
        assert ask(published, url, range=nonsense) == HttpReply(200, b"sound", HEADERS)


@pytest.mark.parametrize("beyond", ["bytes=5-", "bytes=9-12", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(beyond: str):
    published = Published(BASE)

    with published.file(b"sound", "audio/mpeg") as url:
        assert ask(published, url, range=beyond) == HttpReply(416, b"", {**HEADERS, "content-range": "bytes */5"})


def test_without_a_public_url_one_is_told_what_to_set():
    with pytest.raises(ConfigError, match=r"public_url=.* or set PUBLIC_URL"), Published().file(b"sound", "audio/mpeg"):
        pass

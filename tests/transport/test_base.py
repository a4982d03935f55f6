"""What the transports share."""

import pytest

from mentra.transport.base import Closed, HttpRequest, close_frame, http_base, is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_known_by_its_names(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "0.0.0.0",
        "10.0.0.1",
        "example.com",
        "127.example.com",
        "localhost.example.com",
        "::",
        "127.1",
        "2130706433",
    ],
)
def test_anything_else_is_not_this_machine(host: str | None):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("websocket_url", "base"),
    [
        ("wss://api.mentra.glass/app-ws", "https://api.mentra.glass"),
        ("ws://127.0.0.1:8002/app-ws?x=1", "http://127.0.0.1:8002"),
        ("ws://[::1]:8002/app-ws", "http://[::1]:8002"),
    ],
)
def test_the_server_behind_a_websocket(websocket_url: str, base: str):
    assert http_base(websocket_url) == base


@pytest.mark.parametrize(
    ("closed", "frame"),
    [
        (Closed(1000), Closed(1000)),
        (Closed(4999, "x"), Closed(4999, "x")),
        (Closed(1005), Closed(1000)),
        (Closed(1006, "x"), None),
        (Closed(1015), None),
        (Closed(0), None),
        (Closed(999), None),
        (Closed(2000), None),
        (Closed(5000), None),
        (Closed(1008, "x" * 124), Closed(1008, "x" * 123)),
        (Closed(1008, "é" * 62), Closed(1008, "é" * 61)),
    ],
)
def test_what_a_close_frame_can_carry(closed: Closed, frame: Closed | None):
    assert close_frame(closed) == frame


@pytest.mark.parametrize(("path", "only"), [("/a", "/a"), ("/a?b=c?d", "/a"), ("/?", "/")])
def test_a_path_without_its_query(path: str, only: str):
    assert HttpRequest("GET", path).path_only == only

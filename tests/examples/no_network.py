"""A plugin of pytest: whoever connects to anything fails."""

import socket

import pytest


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody connect a socket, or look up a name."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("This test wants a network.")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

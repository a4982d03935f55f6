"""Of the messages that cannot be sent, the newest of each kind waits."""

import pytest

from mentra.protocol.app_to_cloud import AppMessage, Ping
from mentra.session.wishes import Make, Wishes


class Wire:
    """Sends while it is up."""

    def __init__(self) -> None:
        self.is_up = True
        self.sent: list[str | None] = []

    def send(self, message: AppMessage) -> bool:
        if self.is_up:
            self.sent.append(message.timestamp)
        return self.is_up


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def wishes(wire: Wire) -> Wishes:
    return Wishes(wire.send)


def wish(text: str) -> Make:
    return lambda: Ping(timestamp=text)


def test_what_can_be_sent_is_sent_at_once_and_only_once(wire: Wire, wishes: Wishes):
    wishes.add("a", wish("1"))
    wishes.send_waiting()

    assert wire.sent == ["1"]


def test_the_newest_of_each_kind_waits_in_the_order_of_the_last_wishes(wire: Wire, wishes: Wishes):
    wire.is_up = False
    for key, text in (("a", "1"), ("b", "2"), ("a", "3")):
        wishes.add(key, wish(text))
    wire.is_up = True
    wishes.send_waiting()

    assert wire.sent == ["2", "3"]


def test_what_is_sent_meanwhile_takes_the_place_of_what_waits(wire: Wire, wishes: Wishes):
    wire.is_up = False
    wishes.add("a", wish("old"))
    wire.is_up = True
    wishes.add("a", wish("new"))
    wishes.send_waiting()

    assert wire.sent == ["new"]


def test_what_cannot_be_sent_again_waits_on(wire: Wire, wishes: Wishes):
    wire.is_up = False
    wishes.add("a", wish("1"))
    wishes.send_waiting()
    wire.is_up = True
    wishes.send_waiting()

    assert wire.sent == ["1"]

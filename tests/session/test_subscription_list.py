"""The cloud has the list of what is wanted, whatever became of the connection."""

import asyncio

import pytest

from mentra.session.subscription_list import Names, SubscriptionList
from tests.helpers.scripted_cloud import turns


class Session:
    """Wants something, and has a connection or not."""

    def __init__(self, *, empty_ignored_s: float = 8.0) -> None:
        self.wanted: Names = []
        self.is_up = True
        self.sent: list[Names] = []
        self.list = SubscriptionList(lambda: list(self.wanted), self.send, empty_ignored_s=empty_ignored_s)

    def send(self, names: Names) -> bool:
        if self.is_up:
            self.sent.append(names)
        return self.is_up

    def want(self, *names: str) -> None:
        self.wanted = [*names]
        self.list.changed()


@pytest.fixture
async def session() -> Session:
    session = Session()
    session.list.connected()
    return session


async def test_all_changes_of_one_turn_are_one_message(session: Session):
    session.want("a")
    session.want("a", "b")
    await turns()

    assert session.sent == [["a", "b"]]


async def test_a_list_can_go_out_ahead_of_what_is_said_next(session: Session):
    session.want("a")
    session.list.tell_now()
    session.list.tell_now()
    await turns()

    assert session.sent == [["a"]]


async def test_nothing_is_said_of_nothing(session: Session):
    await asyncio.sleep(20)
    session.list.connected()
    await asyncio.sleep(20)

    assert session.sent == []


async def test_an_empty_list_is_said_again_when_it_counts_and_only_then_w_dev_60(session: Session):
    session.want("a")
    await asyncio.sleep(1)
    session.want()
    await asyncio.sleep(60)
    session.want("a")
    await asyncio.sleep(1)
    session.want()
    await asyncio.sleep(60)

    assert session.sent == [["a"], [], [], ["a"], []]


async def test_a_cloud_that_heeds_an_empty_list_hears_it_once():
    session = Session(empty_ignored_s=0.0)
    session.list.connected()
    session.want("a")
    await turns()
    session.want()
    await asyncio.sleep(60)

    assert session.sent == [["a"], []]


async def test_the_next_connection_is_told_whatever_the_last_one_knew(session: Session):
    session.want("a")
    await turns()
    session.is_up = False
    session.want()
    await turns()
    session.is_up = True
    session.list.connected()
    await asyncio.sleep(60)

    assert session.sent == [["a"], [], []]


async def test_what_could_not_be_said_is_said_by_the_next_connection(session: Session):
    session.is_up = False
    session.want("a")
    await turns()
    session.is_up = True
    session.list.connected()
    await turns()

    assert session.sent == [["a"]]


async def test_after_the_end_nothing_is_said(session: Session):
    session.want("a")
    await turns()
    session.want()  # To be repeated later.
    await turns()
    session.want("b")
    session.list.end()
    session.want("c")
    await asyncio.sleep(60)

    assert session.sent == [["a"], []]

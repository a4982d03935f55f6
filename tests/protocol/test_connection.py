"""The table of a connection's life: whole, reachable, and silent about what cannot happen."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest

from mentra.protocol.connection import (
    APP,
    Event,
    Meaning,
    State,
    session_id_of,
    what_follows,
)

Table = Mapping[Any, Mapping[Any, Any]]


def reachable(table: Table, start: Enum) -> set[Enum]:
    found, new = {start}, [start]
    while new:
        for state in table[new.pop()].values():
            if state not in found:
                found.add(state)
                new.append(state)
    return found


def test_every_state_is_listed_and_can_be_reached():
    assert set(APP) == set(State)
    assert reachable(APP, State.IDLE) == set(State)


def test_every_event_happens_somewhere():
    assert {event for row in APP.values() for event in row} == set(Event)


def test_an_app_can_be_over_from_everywhere_and_nothing_follows():
    assert {row[Event.OVER] for row in APP.values()} == {State.ENDED}
    assert set(APP[State.ENDED]) == {Event.OVER}


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.IDLE, Event.OPENED),
        (State.CONNECTING, Event.ACKNOWLEDGED),
        (State.LIVE, Event.CONNECT),
        (State.LIVE, Event.ACKNOWLEDGED),
        (State.WAITING, Event.LOST),
        (State.ENDED, Event.CONNECT),
    ],
)
def test_what_cannot_happen_to_an_app_is_not_listed(state: State, event: Event):
    with pytest.raises(KeyError):
        APP[state][event]


@pytest.mark.parametrize(
    ("code", "reason", "meaning"),
    [
        (1000, "App stopped", Meaning.APP_STOPPED),
        (1006, "App stopped", Meaning.APP_STOPPED),
        (1000, "User session ended", Meaning.USER_LEFT),
        (1008, "User session ended", Meaning.USER_LEFT),
        (1008, "Permission denied", Meaning.REFUSED),
        (1008, "", Meaning.REFUSED),
        (1000, "", Meaning.CLOSED),
        (1001, "", Meaning.CLOSED),
        (1002, "", Meaning.LOST),
        (1005, "", Meaning.LOST),
        (1006, "", Meaning.LOST),
        (1011, "Internal server error", Meaning.LOST),
        (1012, "", Meaning.LOST),
        (4000, "", Meaning.LOST),
    ],
)
def test_a_close_code_is_read_as_the_official_sdk_reads_it_w_conn_10(code: int, reason: str, meaning: Meaning):
    assert what_follows(code, reason) is meaning


def test_a_session_id_is_made_of_user_and_package_w_conv_7():
    assert session_id_of("a@b.org", "com.example.app") == "a@b.org-com.example.app"

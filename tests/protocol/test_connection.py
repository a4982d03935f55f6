"""The tables of a connection's life: whole, reachable, and silent about what cannot happen."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest

from mentra.protocol.connection import (
    APP,
    CLOUD,
    Event,
    Meaning,
    RunEvent,
    RunState,
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


@pytest.mark.parametrize(("table", "states", "start"), [(APP, State, State.IDLE), (CLOUD, RunState, RunState.STOPPED)])
def test_every_state_can_be_reached_and_left_is_listed(table: Table, states: type[Enum], start: Enum):
    assert set(table) == set(states)
    assert reachable(table, start) == set(states)


@pytest.mark.parametrize(("table", "events"), [(APP, Event), (CLOUD, RunEvent)])
def test_every_event_happens_somewhere(table: Table, events: type[Enum]):
    assert {event for row in table.values() for event in row} == set(events)


def test_an_app_can_be_over_from_everywhere_and_nothing_follows():
    assert {row[Event.OVER] for row in APP.values()} == {State.ENDED}
    assert set(APP[State.ENDED]) == {Event.OVER}


def test_a_run_can_be_stopped_from_everywhere():
    assert {row[RunEvent.STOP] for row in CLOUD.values()} == {RunState.STOPPED}


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
    ("state", "event"),
    [
        (RunState.STOPPED, RunEvent.CONNECTED),
        (RunState.STOPPED, RunEvent.LOST),
        (RunState.RUNNING, RunEvent.START),
        (RunState.RESTARTING, RunEvent.CONNECTED),
    ],
)
def test_what_cannot_happen_to_a_run_is_not_listed(state: RunState, event: RunEvent):
    with pytest.raises(KeyError):
        CLOUD[state][event]


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

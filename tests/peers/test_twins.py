"""The official TypeScript SDK and ours, with the same app, do the same in the same situation, field by field.

``script.py`` has the steps, ``twin.mjs`` and ``twin.py`` the app, ``twins.py`` has them played. What passes is compared
as it passed, without our Structs in between. Where they differ, the step in ``script.py``, the world in ``twins.py`` or
a table below says how, and why.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.peers.script import STEPS, Outcome, Step
from tests.peers.twins import NEXT, NOT_IN_3, OFFICIAL, OURS, WORLDS, Played, play_all, shown_by

pytestmark = [pytest.mark.node, pytest.mark.sockets, pytest.mark.processes, pytest.mark.timeout(300)]

EVERYWHERE = {
    "sessionId": "The official SDK leaves it empty in what it shows, makes one up for the LED, and another one for the "
    "dashboard. No cloud reads it (docs/protocol.md, App to cloud).",
    "timestamp": "The official SDK leaves it out here and there. No cloud reads it (W-CONV-4).",
}
"""Fields of an app's frames that are not compared, and why."""

STATUSES = "They come without a subscription."
SUBSCRIBED_ONLY = {
    OFFICIAL: {"rtmp_stream_status": STATUSES, "managed_stream_status": STATUSES},
    NEXT: {"rtmp_stream_status": STATUSES, "managed_stream_status": STATUSES},
    OURS: {"location_stream": "The official SDK loses the accuracy (W-LOC-1)."},
}
"""Subscriptions of one side alone, and why."""

TOLD_ONLY_THE_OFFICIAL = {"rtmp_stream_status": "It subscribes to what comes anyway (W-VIDEO-5)."}
ASKED_ONLY_BY_US = {"/api/public/permissions/PACKAGE": "The official SDK asks at an https URL that is not there."}


def says(outcome: Outcome, step: Step, *, walls: bool) -> list[Any]:
    """Return an app's frames without what may differ; its walls, if they may not, in any order."""

    def is_wall(frame: dict[str, Any]) -> bool:
        return frame["type"] == "display_event" and frame["layout"]["layoutType"] == "text_wall"

    frames = [without(frame, *EVERYWHERE, step.apart) for frame in outcome.frames]
    shown = sorted(filter(is_wall, frames), key=str) if walls else []
    return [frame for frame in frames if not is_wall(frame)] + shown


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: part for key, part in value.items() if key not in names}


def is_told(outcome: Outcome) -> list[Any]:
    return [frame for frame in outcome.told if frame.get("streamType") not in TOLD_ONLY_THE_OFFICIAL]


def calls(outcome: Outcome, step: Step) -> list[Any]:
    names = (step.apart, "type") if step.apart == "reply" else (step.apart,)
    return [without(call, *names) for call in outcome.http if call["path"] not in ASKED_ONLY_BY_US]


def subscribes(outcome: Outcome, side: str) -> set[str]:
    names = {name if isinstance(name, str) else name["stream"] for name in outcome.subscriptions}
    return names - set(SUBSCRIBED_ONLY[side])


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def twins(world: str, official_sdk: str, used_code: Path) -> dict[str, Played]:
    return asyncio.run(play_all(WORLDS[world], used_code))


@pytest.mark.parametrize("side", [OFFICIAL, NEXT])
@pytest.mark.parametrize("number", range(len(STEPS)), ids=[step.name for step in STEPS])
def test_ours_does_the_same(world: str, twins: dict[str, Played], number: int, side: str) -> None:
    step = WORLDS[world].steps()[number]
    official, ours = twins[side][number], twins[OURS][number]
    same_walls = step.official is None

    assert (ours.problem, official.problem) == ("", "")
    assert ours.walls == sorted(step.shows)
    assert official.walls == sorted(shown_by(side, step))
    if side == NEXT and step.name in NOT_IN_3:
        assert calls(ours, step) != calls(official, step)
        return
    assert says(ours, step, walls=same_walls) == says(official, step, walls=same_walls)
    assert calls(ours, step) == calls(official, step)
    if step.apart != "subscriptions":
        assert is_told(ours) == is_told(official)
        assert subscribes(ours, OURS) == subscribes(official, side)


def test_nothing_is_left_out() -> None:
    assert len(STEPS) >= 200
    assert all(step.because for step in STEPS if step.official is not None or step.apart)

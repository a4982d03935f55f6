"""Trouble with the network, as commands make it: slow, lossy, offline, and a cloud that restarts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mentra import AppServer, AppSession
from tests.dev.stage import API_KEY, PACKAGE_NAME, Stage
from tests.dev.test_control import ask, told

BOB = "bob@example.com"
PERFECT = {"version": 1, "online": True, "latency_s": 0.0, "jitter_s": 0.0, "loss": 0.0, "seed": 0}


class Echo(AppServer):
    """Shows what it hears, and how often a session has begun."""

    def __init__(self) -> None:
        super().__init__(package_name=PACKAGE_NAME, api_key=API_KEY)
        self.sessions_begun = 0

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        self.sessions_begun += 1
        session.layouts.show_text_wall(f"session {self.sessions_begun}")
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))


@pytest.fixture
def app() -> Echo:
    return Echo()


@pytest.fixture
async def stage(tmp_path: Path, app: Echo) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    await stage.open(lambda: app)
    await stage.until(lambda: stage.display == "session 1")
    yield stage
    await stage.supervisor.close()


async def test_a_network_is_perfect_until_it_is_made_worse(stage: Stage) -> None:
    assert await told(stage, "GET", "/network") == PERFECT

    changed = await told(stage, "POST", "/network", {"latency_s": 0.3, "loss": 0.05, "seed": 7})

    assert changed == {**PERFECT, "latency_s": 0.3, "loss": 0.05, "seed": 7}
    assert await told(stage, "GET", "/network") == changed


async def test_a_request_without_anything_makes_it_perfect_again(stage: Stage) -> None:
    await told(stage, "POST", "/network", {"latency_s": 0.3, "jitter_s": 0.1})

    assert await told(stage, "POST", "/network") == PERFECT


async def test_behind_a_slow_network_the_glasses_answer_later_and_are_waited_for(stage: Stage) -> None:
    await told(stage, "POST", "/network", {"latency_s": 1, "jitter_s": 0.1})
    began = asyncio.get_running_loop().time()

    shown = await told(stage, "POST", "/say", {"text": "hello"})

    assert shown["display"] == "hello"
    assert asyncio.get_running_loop().time() - began > 2


async def test_each_user_has_a_network_of_their_own(stage: Stage) -> None:
    await told(stage, "POST", "/network", {"latency_s": 3, "user": BOB})

    assert await told(stage, "GET", "/network") == PERFECT


@pytest.mark.parametrize("wrong", [b'{"latency_s": -1}', b'{"loss": 5}', b'{"speed": 1}'])
async def test_what_makes_no_sense_is_refused(stage: Stage, wrong: bytes) -> None:
    answer = await ask(stage, "POST", "/network", wrong)

    assert answer.status == 400
    assert await told(stage, "GET", "/network") == PERFECT


async def test_a_phone_goes_offline_and_comes_back_and_the_app_notices_nothing(stage: Stage, app: Echo) -> None:
    offline = await told(stage, "POST", "/phone", {"online": False})
    lost = await told(stage, "POST", "/say", {"text": "lost"})
    online = await told(stage, "POST", "/phone", {"online": True})
    shown = await told(stage, "POST", "/say", {"text": "heard"})

    assert (offline["online"], online["online"], shown["display"]) == (False, True, "heard")
    assert app.sessions_begun == 1
    assert (lost["heard"], lost["problem"], lost["fix"]) == (
        False,
        "Nobody heard it: the phone of you@example.com is offline.",
        "Bring it back: mentra network online",
    )


async def test_after_a_minute_offline_the_app_is_started_again(stage: Stage, app: Echo) -> None:
    await told(stage, "POST", "/phone", {"online": False})
    await asyncio.sleep(61)
    await told(stage, "POST", "/phone", {"online": True})

    await stage.until(lambda: stage.display == "session 2")


async def test_a_cloud_that_restarts_starts_the_apps_again(stage: Stage, app: Echo) -> None:
    restarted = await told(stage, "POST", "/restart-cloud", {"down_s": 2})

    assert restarted == {"version": 1, "users": ["you@example.com"]}
    await stage.until(lambda: stage.display == "session 2")
    assert (await told(stage, "POST", "/say", {"text": "still there"}))["display"] == "still there"

"""Many users with several apps each on one cloud: nothing is lost, nothing is crossed, and what is kept has a bound.

An hour of 200 users runs as a program of its own, ``benchmarks/many_users.py``, which measures memory as well.
"""

import asyncio
import json
import random
import subprocess
import sys
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from mentra import AppServer, AppSession
from mentra.localcloud import InstalledApp, LocalCloud, VirtualGlasses
from mentra.localcloud.history import FEWEST, TOGETHER
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import serving

API_KEY = "0123456789abcdef" * 4
USERS = 30
MINUTES = 10
PAUSE_S = 8.0
BACK_WITHIN_S = 3.0
"""A connection that broke is back by then."""
STORED_WITHIN_S = 60.0
"""What an app stores has reached the cloud by then."""

MANY_USERS = Path(__file__).parents[2] / "benchmarks" / "many_users.py"
HOUR_TIMEOUT_S = 180.0
STEADY = 1.15
"""How much more memory may be held after an hour than after ten minutes."""


class Captions(AppServer):
    """Shows what is said; its user's name stands in what it shows by two ways, so that a mistake is seen."""

    def __init__(self) -> None:
        super().__init__(package_name="com.example.captions", api_key=API_KEY)
        self.heard: defaultdict[str, list[str]] = defaultdict(list)

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        @session.events.on_transcription
        def _(speech):
            self.heard[user_id].append(speech.text)
            session.layouts.show_text_wall(f"{speech.text}, says {user_id}")


class Counter(AppServer):
    """Counts presses in what it stores, and writes the count on the dashboard."""

    def __init__(self) -> None:
        super().__init__(package_name="com.example.counter", api_key=API_KEY)

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        @session.events.on_button_press
        async def _(press):
            count = int(await session.storage.get("count", "0")) + 1
            await session.storage.set("count", str(count))
            session.dashboard.write(f"{count} presses of {user_id}")


class Notices(AppServer):
    """Shows notifications for two seconds."""

    def __init__(self) -> None:
        super().__init__(package_name="com.example.notices", api_key=API_KEY)
        self.heard: defaultdict[str, list[str]] = defaultdict(list)

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        @session.events.on_phone_notification
        def _(notice):
            self.heard[user_id].append(notice.title)
            session.layouts.show_reference_card(notice.title, f"for {user_id}", duration=2.0)


class Life:
    """What happens to one user, by chance, and what came of it."""

    def __init__(self, glasses: VirtualGlasses, seed: int) -> None:
        self.glasses = glasses
        self.said: list[str] = []
        self.noticed: list[str] = []
        self.presses = 0
        self.foreign: list[str] = []
        """What the glasses showed without the name of who wears them."""
        self._random = random.Random(seed)
        glasses.on_display(self._look)

    async def live(self) -> None:
        for number in range(int(MINUTES * 60 / PAUSE_S)):
            await asyncio.sleep(self._random.uniform(0, PAUSE_S - BACK_WITHIN_S))
            await self._happen(f"{number} of {self.glasses.user_id}")
            if self._random.random() < 0.1:
                self.glasses.drop_connection(self._random.choice(self.glasses.running))
                await asyncio.sleep(BACK_WITHIN_S)

    async def _happen(self, text: str) -> None:
        match self._random.randrange(4):
            case 0:
                self.said.append(text)
                await self.glasses.say(text)
            case 1:
                self.noticed.append(text)
                await self.glasses.notify(text, "hello")
            case 2:
                self.presses += 1
                await self.glasses.press()
            case _:
                await self.glasses.look_up()
                await self.glasses.look_down()

    def _look(self, glasses: VirtualGlasses) -> None:
        texts = (glasses.display, glasses.dashboard)
        self.foreign += [text for text in texts if text and glasses.user_id not in text]


async def test_nothing_is_lost_or_crossed_between_thirty_users_with_three_apps_each():
    network = MemoryNetwork()
    captions, counter, notices = apps = (Captions(), Counter(), Notices())
    async with LocalCloud(network) as cloud, AsyncExitStack() as stack:
        for app in apps:
            await stack.enter_async_context(serving(app, network))
            cloud.install(
                InstalledApp(
                    package_name=app.config.package_name,
                    api_key=API_KEY,
                    public_url=app.url,
                    app_type="standard" if app is captions else "background",
                )
            )
        everybody = [cloud.connect_glasses(f"user{number}@example.com") for number in range(1, USERS + 1)]
        await asyncio.gather(*(glasses.start(app.config.package_name) for glasses in everybody for app in apps))
        lives = [Life(glasses, number) for number, glasses in enumerate(everybody)]

        await asyncio.gather(*(life.live() for life in lives))
        await asyncio.sleep(STORED_WITHIN_S)

        for life in lives:
            user_id = life.glasses.user_id
            assert life.foreign == []
            assert captions.heard[user_id] == life.said
            assert notices.heard[user_id] == life.noticed
            assert life.glasses.stored(counter.config.package_name) == {"count": str(life.presses)}
            assert sorted(life.glasses.running) == sorted(app.config.package_name for app in apps)
        kept = [
            entries
            for glasses in everybody
            for entries in (glasses.traffic, glasses.shown, *map(glasses.frames, glasses.running))
        ]
        assert max(map(len, kept)) <= max(FEWEST, TOGETHER // len(kept))


@pytest.mark.processes
@pytest.mark.timeout(HOUR_TIMEOUT_S)
def test_an_hour_of_two_hundred_users_is_steady_and_its_memory_flat():
    done = subprocess.run(
        [sys.executable, MANY_USERS, "--users", "200", "--minutes", "60", "--json"],
        capture_output=True,
        text=True,
        timeout=HOUR_TIMEOUT_S,
    )

    rows = {row["minute"]: row for row in json.loads(done.stdout)} if done.stdout else {}
    assert (done.returncode, done.stderr) == (0, "")
    assert {(row["running"], row["failed"]) for row in rows.values()} == {(600, 0)}
    assert rows[60]["megabytes"] <= STEADY * rows[10]["megabytes"]

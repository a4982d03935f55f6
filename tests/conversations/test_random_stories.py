"""Faults and races by chance: several users, several apps, and a cloud, phones, networks and servers that come and go.

Each seed is a story of its own, the same every time. What happens in it may cost sessions, photos or sounds; but when
it is quiet again, apps and cloud must agree on who runs, everybody must be heard, and nobody may have been forgotten.
"""

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mentra import AppSession, MentraError
from mentra.localcloud import InstalledApp, LocalCloud, StartFailed, VirtualGlasses
from mentra.localcloud.catalogue import NotInstalled
from mentra.protocol.connection import session_id_of
from mentra.transport.base import HttpError
from mentra.transport.memory import MemoryNetwork
from tests.conversations.agreement import assert_agreement, assert_nothing_left, unstopped
from tests.conversations.world import Diary
from tests.helpers.scripted_cloud import API_KEY

STORIES = 200
SCENES = 6
"""How many things happen to each user."""
USERS = ("ann@example.com", "bob@example.com")
KINDS = {"com.example.one": "standard", "com.example.two": "standard", "com.example.three": "background"}
WITHIN_S = 150.0
"""Nothing that anybody waits for may take longer."""
QUIET_S = 600.0
"""Longer than every wait of cloud and SDK together, and than what is not stored is tried again."""
AS_TOLD = "as told"
"""What our own exceptions say."""
EXPECTED = (AS_TOLD, "Could not start", "The cloud refused a request", "is lost, because the server stops")
"""What may be in the log of errors after all that."""


class Restless(Diary):
    """An app that is slow, fails, stores, asks and shows, by chance."""

    def __init__(self, package_name: str, chance: random.Random) -> None:
        super().__init__(package_name=package_name)
        self.written: dict[str, str] = {}
        """What each user's data must say in the end."""
        self.pressed: defaultdict[str, list[str]] = defaultdict(list)
        self._chance = chance

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        await super().on_session(session, session_id, user_id)
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(f"{user_id}: {speech.text}"))

        @session.events.on_button_press
        async def _(press):
            self.pressed[user_id].append(press.button_id)
            with contextlib.suppress(MentraError):
                await self._do(press.button_id, session)

        match self._chance.randrange(8):
            case 0:
                await asyncio.sleep(self._chance.uniform(0, 12))
            case 1:
                raise RuntimeError(AS_TOLD)
            case _:
                session.layouts.show_text_wall(f"{user_id}: ready")

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        await super().on_stop(session_id, user_id, reason)
        match self._chance.randrange(8):
            case 0:
                await asyncio.sleep(self._chance.uniform(0, 12))
            case 1:
                raise RuntimeError(AS_TOLD)

    async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> str:
        await asyncio.sleep(self._chance.choice((0, 0, 3)))
        return f"{tool_name} for {user_id}"

    async def _do(self, what: str, session: AppSession) -> None:
        match what:
            case "photo":
                await session.camera.request_photo()
            case "sound":
                await session.audio.play("https://example.com/a.mp3")
            case "place":
                await session.location.get_latest()
            case "store":
                value = str(self._chance.random())
                await session.storage.set("value", value)
                self.written[session.user_id] = value
            case "crash":
                raise RuntimeError(AS_TOLD)
            case "slow":
                await asyncio.sleep(4)
            case _:
                session.dashboard.write(f"{session.user_id}: {what}")


class Story:
    """Users, apps and a cloud, to whom things happen."""

    def __init__(self, seed: int, *, generation: Any) -> None:
        self.network = MemoryNetwork()
        self.chance = random.Random(seed)
        self.cloud = LocalCloud(self.network, generation=generation, faithful=self.chance.random() < 0.5)
        self.apps: dict[str, Restless] = {}
        self.ended: list[Restless] = []
        """Servers that were ended in the middle of it."""
        self.foreign: list[str] = []
        """What somebody saw that was not meant for them."""
        self.happened: list[str] = []
        self._ports: dict[str, int] = {}
        self._busy = asyncio.Lock()
        """Held by who ends a cloud or a server: a process does not end twice at once."""

    async def play(self) -> None:
        await self.cloud.open()
        for package_name in KINDS:
            await self._serve(package_name)
        async with asyncio.TaskGroup() as everybody:
            for user_id in USERS:
                everybody.create_task(self._live(user_id))
        await self._calm_down()

    async def close(self) -> None:
        for app in self.apps.values():
            await app.stop()
        await self.cloud.close()

    def glasses(self, user_id: str) -> VirtualGlasses:
        """Return the glasses of a user, who comes back with them if need be."""
        glasses = self.cloud.connect_glasses(user_id, model="Mentra Live")
        if not glasses.shown:
            glasses.on_display(self._look)
        return glasses

    async def _serve(self, package_name: str) -> None:
        app = self.apps[package_name] = Restless(package_name, self.chance)
        port = self._ports.get(package_name, 0)
        await app.start(network=self.network, host="127.0.0.1", port=port, hosted=True)
        self._ports[package_name] = int(app.url.rpartition(":")[2])
        kind = KINDS[package_name]
        self.cloud.install(InstalledApp(package_name=package_name, api_key=API_KEY, public_url=app.url, app_type=kind))

    async def _live(self, user_id: str) -> None:
        async with asyncio.TaskGroup() as at_once:
            for _ in range(SCENES):
                await asyncio.sleep(self.chance.choice((0, 0, 0.02, 1, 4, 6)))
                at_once.create_task(self._happen(user_id))

    async def _happen(self, user_id: str) -> None:
        package_name = self.chance.choice(list(KINDS))
        happening = self.chance.choice(HAPPENINGS)
        self.happened.append(f"{asyncio.get_running_loop().time():.2f} {happening.__name__} {user_id} {package_name}")
        with contextlib.suppress(MentraError, HttpError, StartFailed, NotInstalled):
            async with asyncio.timeout(WITHIN_S):
                await happening(self, self.glasses(user_id), package_name)

    async def _calm_down(self) -> None:
        for user_id in USERS:
            glasses = self.glasses(user_id)
            glasses.set_network()
            await glasses.go_online()
        await asyncio.sleep(QUIET_S)

    def _look(self, glasses: VirtualGlasses) -> None:
        self.foreign += [text for text in (glasses.display,) if "@" in text and glasses.user_id not in text]

    # What may happen.

    async def starts(self, glasses: VirtualGlasses, package_name: str) -> None:
        await glasses.start(package_name)

    async def stops(self, glasses: VirtualGlasses, package_name: str) -> None:
        await glasses.stop(package_name)

    async def stops_and_starts(self, glasses: VirtualGlasses, package_name: str) -> None:
        await asyncio.gather(
            *(act(package_name) for act in (glasses.start, glasses.stop, glasses.start)), return_exceptions=True
        )

    async def flaps(self, glasses: VirtualGlasses, package_name: str) -> None:
        for _ in range(self.chance.randrange(1, 4)):
            glasses.drop_connection(package_name)
            await asyncio.sleep(self.chance.choice((0, 1, 2)))

    async def goes_away(self, glasses: VirtualGlasses, package_name: str) -> None:
        await glasses.go_offline()
        await asyncio.sleep(self.chance.choice((0, 5, 61)))
        await glasses.go_online()

    async def leaves(self, glasses: VirtualGlasses, package_name: str) -> None:
        await glasses.leave()

    async def presses(self, glasses: VirtualGlasses, package_name: str) -> None:
        await glasses.press(self.chance.choice(("photo", "sound", "place", "store", "store", "crash", "slow", "main")))

    async def speaks(self, glasses: VirtualGlasses, package_name: str) -> None:
        await glasses.say("hello")

    async def asks_a_tool(self, glasses: VirtualGlasses, package_name: str) -> None:
        await glasses.call_tool(package_name, "add")

    async def has_photos_refused(self, glasses: VirtualGlasses, package_name: str) -> None:
        glasses.camera.fail("INTERNAL_ERROR", "broken", by=self.chance.choice(("refusal", "upload", "phone")))
        await glasses.press("photo")

    async def changes_glasses(self, glasses: VirtualGlasses, package_name: str) -> None:
        await glasses.put_on(self.chance.choice(("Even Realities G1", "Mentra Live")))

    async def has_a_bad_network(self, glasses: VirtualGlasses, package_name: str) -> None:
        glasses.set_network(latency_s=self.chance.uniform(0, 2), jitter_s=1, loss=0.2, seed=self.chance.randrange(9))

    async def has_no_storage(self, glasses: VirtualGlasses, package_name: str) -> None:
        glasses.fail_storage(self.chance.choice((429, 500, 503)), times=self.chance.randrange(1, 4))
        await glasses.press("store")

    async def is_started_by_a_second_webhook(self, glasses: VirtualGlasses, package_name: str) -> None:
        body = (
            f'{{"type":"session_request","sessionId":"{session_id_of(glasses.user_id, package_name)}",'
            f'"userId":"{glasses.user_id}","timestamp":"{self.chance.randrange(3)}",'
            f'"augmentOSWebsocketUrl":"{self.cloud.websocket_url}"}}'
        )
        await self.network.request(
            "POST", f"{self.apps[package_name].url}/webhook", body=body.encode(), timeout=WITHIN_S
        )

    async def sees_the_cloud_restart(self, glasses: VirtualGlasses, package_name: str) -> None:
        async with self._busy:
            await self.cloud.restart(down_s=self.chance.choice((0, 0.5, 3, 9)))

    async def sees_the_server_restart(self, glasses: VirtualGlasses, package_name: str) -> None:
        async with self._busy:
            app = self.apps[package_name]
            self.ended.append(app)
            await app.stop()
            await asyncio.sleep(self.chance.choice((0, 0.5, 3, 12)))
            await self._serve(package_name)
            self.apps[package_name].written.update(app.written)


HAPPENINGS: tuple[Callable[[Story, VirtualGlasses, str], Awaitable[None]], ...] = (
    *(Story.starts,) * 5,
    *(Story.presses,) * 4,
    Story.stops,
    Story.stops_and_starts,
    Story.flaps,
    Story.goes_away,
    Story.leaves,
    Story.speaks,
    Story.asks_a_tool,
    Story.has_photos_refused,
    Story.changes_glasses,
    Story.has_a_bad_network,
    Story.has_no_storage,
    Story.is_started_by_a_second_webhook,
    Story.sees_the_cloud_restart,
    Story.sees_the_server_restart,
)


@pytest.mark.parametrize("seed", range(STORIES))
async def test_after_every_story_apps_and_cloud_agree(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    story = Story(seed, generation=2 + seed % 2)
    await story.play()

    lost = {user_id for user_id in USERS if f"Data of {user_id!r} is lost" in caplog.text}
    assert_agreement(story.cloud, USERS, *story.apps.values())
    for name, app in story.apps.items():
        running = [user_id for user_id in USERS if name in story.glasses(user_id).running]
        for user_id in running:
            await story.glasses(user_id).press("last")
        await asyncio.sleep(QUIET_S)
        assert [user_id for user_id in running if app.pressed[user_id][-1:] != ["last"]] == []
        kept = {user_id: value for user_id, value in app.written.items() if user_id not in lost}
        assert {user_id: story.glasses(user_id).stored(name).get("value") for user_id in kept} == kept
    assert story.foreign == []

    await story.close()
    assert [unstopped(app) for app in (*story.apps.values(), *story.ended) if unstopped(app)] == []
    assert_nothing_left()
    assert [record.getMessage() for record in caplog.records if is_news(record)] == []


def is_news(record: logging.LogRecord) -> bool:
    """Return whether a record tells of an error that is not ours."""
    said = str(record.exc_info[1]) if record.exc_info else record.getMessage()
    return record.levelno >= logging.ERROR and not any(ours in said for ours in EXPECTED)

"""What the wearer notices of faults, with the official SDK and with ours: the same app on both, see ``test_twins.py``.

Each fault happens on a cloud of its own, all at the same time. A story is what was seen and heard, in order; where
those of the two differ, the reason stands beside them.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from mentra.errors import NotConnected
from mentra.localcloud import LocalCloud, StartFailed, VirtualGlasses
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.connection import session_id_of
from mentra.transport.base import HttpError
from mentra.transport.sockets import SocketNetwork
from tests.peers.conftest import Peer, running
from tests.peers.script import FULL, SMALL, until
from tests.peers.twins import NEXT, OFFICIAL, OURS, TWINS
from tests.peers.wiretap import Heard, Wiretap

pytestmark = [pytest.mark.node, pytest.mark.sockets, pytest.mark.processes, pytest.mark.timeout(300)]

VARIABLES = {"BITMAP": SMALL, "FULL_BITMAP": FULL}


@dataclass(slots=True)
class Scene:
    """One user, whose app meets one fault."""

    cloud: LocalCloud
    tap: Wiretap
    glasses: VirtualGlasses
    peer: Peer
    facts: list[str] = field(default_factory=list)
    """What the fault found out by itself."""

    @property
    def package_name(self) -> str:
        return self.peer.package_name

    @property
    def heard(self) -> list[Heard]:
        return self.tap.of(self.package_name)

    async def begin(self) -> None:
        await self.glasses.start(self.package_name)
        await self.seen("ready")
        await until(lambda: "call" in [each.kind for each in self.heard], lambda: "The webhook was not answered.")

    async def seen(self, text: str, *, times: int = 1, within_s: float = 15.0) -> None:
        """Wait until something was shown so often."""
        await until(
            lambda: sum(wall.startswith(text) for wall in self.walls()) >= times,
            lambda: f"{self.package_name} did not show {text!r}, but {self.walls()}",
            within_s=within_s,
        )

    async def told(self, text: str, *, within_s: float = 15.0) -> None:
        await self.peer.wait_for_line(f"peer: {self.glasses.user_id} {text}", timeout=within_s)

    async def answers(self, button: str) -> None:
        """Press until the app answers: what was pressed while nobody listened is lost."""
        for _ in range(200):
            await self.glasses.press(button)
            await asyncio.sleep(0.05)
            if f"button {button} short" in self.walls():
                return
        raise AssertionError(f"{self.package_name} did not answer to {button!r}.")

    def walls(self) -> list[str]:
        return [text for text in map(self._wall, self.heard) if text is not None]

    def _wall(self, heard: Heard) -> str | None:
        value = heard.value
        if heard.kind != "app" or value.get("type") != "display_event":
            return None
        return str(value["layout"].get("text"))

    def story(self) -> list[str]:
        """Return what was shown, an answer to repeated presses once, and how often the app was told of an end."""
        walls = ["ready" if wall.startswith("ready ") else wall for wall in self.walls()]
        shown = [
            wall for number, wall in enumerate(walls) if not wall.startswith("button") or wall not in walls[:number]
        ]
        start = f"peer: {self.glasses.user_id} stopped "
        stops = [
            line.removeprefix("peer: ").replace(self.glasses.user_id, "app")
            for line in self.peer.lines
            if line.startswith(start)
        ]
        return shown + stops + self.facts


async def dropped(scene: Scene) -> None:
    """The network breaks for a moment; meanwhile the app wants to show something."""
    await scene.begin()
    scene.glasses.drop_connection(scene.package_name)
    await scene.told("disconnected 1006")
    await scene.glasses.call_tool(scene.package_name, "show", {"text": "meanwhile"})
    await scene.told("connected")
    await scene.answers("back")


async def outage(scene: Scene) -> None:
    """The network is away for longer than the cloud waits; it starts the app again."""
    await scene.begin()
    scene.tap.deaf = True
    scene.glasses.drop_connection(scene.package_name)
    await scene.told("stopped")
    await scene.seen("ready", times=2)
    await scene.answers("back")


async def refused(scene: Scene) -> None:
    """The app asks for a photo without the permission."""
    scene.glasses.change_permissions(scene.package_name, ["MICROPHONE"])
    await scene.begin()
    await scene.glasses.press("photo")
    await scene.told("disconnected 1008")
    await scene.answers("back")


async def refused_otherwise(scene: Scene) -> None:
    """The cloud refuses a photo for a reason of its own."""
    await scene.begin()
    scene.glasses.camera.fail("INTERNAL_ERROR", "Cannot process photo request", by="refusal")
    await scene.glasses.press("photo")
    await scene.told("disconnected 1008")
    await scene.answers("back")


async def cloud_closes(scene: Scene) -> None:
    """The cloud ends and does not come back."""
    await scene.begin()
    await scene.cloud.close()
    await scene.told("stopped")


async def started_twice(scene: Scene) -> None:
    """The cloud repeats the start webhook, because the answer was lost."""
    await scene.begin()
    await post_start(scene)
    await scene.answers("still there")


async def started_anew(scene: Scene) -> None:
    """Another cloud takes the user over: a second start of the same session."""
    await scene.begin()
    await post_start(scene, timestamp="2099-01-01T00:00:00.000Z")
    await scene.seen("ready", times=2)
    await scene.answers("still there")


async def post_start(scene: Scene, **changes: str) -> None:
    call = next(each.value for each in scene.heard if each.kind == "call")
    body = json.dumps(call["body"] | changes).encode()
    headers = {"content-type": "application/json"}
    await scene.tap.request("POST", f"{scene.peer.url}/webhook", headers=headers, body=body, timeout=10)
    kinds = [each.value["type"] for each in scene.heard if each.kind == "app"]
    scene.facts += [f"{kinds.count('tpa_connection_init')} connections", f"{kinds.count('ownership_release')} released"]


async def slow(scene: Scene) -> None:
    """The app's on_session takes longer than the cloud waits for the answer to its webhook."""
    began = asyncio.get_running_loop().time()
    await scene.glasses.start(scene.package_name)
    await scene.seen("ready", within_s=30)
    await scene.answers("there")
    once = asyncio.get_running_loop().time() - began < 18  # Twice would take 11 s until the repetition, and 11.5 again.
    scene.facts.append("after the first on_session" if once else "after the second on_session")


async def stopped_while_away(scene: Scene) -> None:
    """The user stops the app while its connection is lost."""
    await scene.begin()
    scene.tap.deaf = True
    scene.glasses.drop_connection(scene.package_name)
    await scene.told("disconnected 1006")
    await scene.glasses.stop(scene.package_name)
    scene.tap.deaf = False
    await asyncio.sleep(8)
    scene.facts.append(f"{len(scene.tap.sockets)} connections, running: {bool(scene.glasses.running)}")


async def wrong_key(scene: Scene) -> None:
    """The app has another key than the console."""
    scene.cloud.install(scene.peer.app(api_key="another"))
    try:
        await scene.glasses.start(scene.package_name)
    except StartFailed as failure:
        scene.facts.append(failure.stage)
    began = asyncio.get_running_loop().time()
    await until(lambda: any(each.kind == "call" for each in scene.heard), lambda: "no answer", within_s=12)
    quick = asyncio.get_running_loop().time() - began < 1
    status = [each.value["status"] for each in scene.heard if each.kind == "call"]
    scene.facts.append(f"{status[0]} {'at once' if quick else 'after 5 s'}")


async def user_leaves(scene: Scene) -> None:
    """The phone is gone for good."""
    await scene.begin()
    await scene.glasses.leave()
    await scene.told("stopped")
    await asyncio.sleep(0.5)


async def nonsense(scene: Scene) -> None:
    """The cloud says what nobody understands."""
    await scene.begin()
    for frame in NONSENSE:
        scene.tap.sockets[-1].send_raw(frame)
    await scene.answers("still there")


# Without an event whose handler is async in JavaScript; see test_an_async_handler_that_fails.
NONSENSE = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"7",
    b'{"type":7}',
    b'{"type":"from_the_future","x":{}}',
    b'{"type":"data_stream"}',
    b'{"type":"data_stream","streamType":"transcription:en-US","data":{"text":7}}',
    b'{"type":"settings_update","settings":7}',
    b'{"type":"capabilities_update"}',
    b'{"type":"device_state_update"}',
    b'{"type":"audio_play_response"}',
    b'{"type":"photo_response"}',
)


async def cloud_restarts(scene: Scene) -> None:
    """The cloud ends, and comes back after a moment."""
    await scene.begin()
    await scene.cloud.restart(down_s=0.2)
    await scene.seen("ready", times=2)
    await scene.answers("back")


async def comes_back(scene: Scene) -> None:
    """The phone is gone for good, and comes back all the same."""
    await scene.begin()
    await scene.glasses.leave()
    await scene.told("stopped")
    scene.glasses = scene.cloud.connect_glasses(scene.glasses.user_id)
    await scene.seen("ready", times=2)
    await scene.answers("back")


async def phone_away(scene: Scene) -> None:
    """The phone loses the cloud for a moment; apps notice nothing but that it has glasses."""
    await scene.begin()
    await scene.glasses.go_offline()
    await scene.glasses.call_tool(scene.package_name, "show", {"text": "meanwhile"})
    await asyncio.sleep(1)
    await scene.glasses.go_online()
    await scene.answers("back")


async def two_at_once(scene: Scene) -> None:
    """Two users have the same fault at the same time; each is answered for themselves."""
    other = scene.cloud.connect_glasses("other@example.com")
    await asyncio.gather(scene.begin(), other.start(scene.package_name))
    await scene.seen("ready", times=2)
    for glasses in (scene.glasses, other):
        glasses.drop_connection(scene.package_name)
    await scene.told("connected")
    await scene.answers("back")
    scene.glasses = other
    await scene.answers("of the other")


@dataclass(frozen=True, slots=True)
class Fault:
    happens: Callable[[Scene], Awaitable[None]]
    ours: list[str]
    official: list[str] | None = None
    """If it is another story."""
    coming: list[str] | None = None
    """That of the official SDK of 3.0, if it is still another one."""
    because: str = ""
    """Why it is."""


STOPPED = "app stopped user_disabled"
NO_CAMERA = "Camera permission required to take photos. Please add the CAMERA permission in the developer console."

FAULTS = (
    Fault(
        dropped,
        ours=["ready", "meanwhile", "button back short"],
        official=["ready", "button back short"],
        because="We keep the newest wish of each view; the official SDK drops what is shown meanwhile.",
    ),
    Fault(outage, ours=["ready", "ready", "button back short", STOPPED]),
    Fault(
        refused,
        ours=["ready", f"photo failed: The cloud refused: {NO_CAMERA}", "button back short"],
        official=["ready", "ready", "button back short", STOPPED],
        because="The official SDK waits until the cloud starts the app again, and 30 s for the photo (W-DEV-4).",
    ),
    Fault(
        refused_otherwise,
        ours=["ready", "photo failed: The cloud refused: Cannot process photo request", "button back short"],
        official=["ready", "ready", "button back short", STOPPED],
        because="As above.",
    ),
    Fault(
        cloud_closes,
        ours=["ready", "app stopped connection_lost"],
        official=["ready", "app stopped Connection permanently lost: Maximum reconnection attempts exceeded"],
        because="Our reasons are words for programs.",
    ),
    Fault(
        started_twice,
        ours=["ready", "button still there short", "1 connections", "0 released"],
        official=["ready", "ready", "button still there short", "2 connections", "1 released"],
        because="The official SDK gives the healthy connection up and begins anew (W-DEV-2).",
    ),
    Fault(
        started_anew,
        ours=["ready", "ready", "button still there short", "app stopped replaced", "2 connections", "1 released"],
        official=["ready", "ready", "button still there short", "2 connections", "1 released"],
        because="The official SDK never tells the app that the older session is over (W-DEV-3).",
    ),
    Fault(
        slow,
        ours=["ready", "button there short", "after the first on_session"],
        official=["ready", "button there short", "after the second on_session"],
        because="The official SDK answers the webhook after onSession, and so is asked twice (W-DEV-1).",
    ),
    Fault(
        stopped_while_away,
        ours=["ready", "ready", STOPPED, "2 connections, running: True"],
        official=["ready", "ready", STOPPED, STOPPED, "2 connections, running: True"],
        because="The cloud undoes the stop (W-CONN-14); the official SDK hears of both stops (W-DEV-3).",
    ),
    Fault(
        wrong_key,
        ours=["AUTHENTICATION", "500 at once"],
        official=["AUTHENTICATION", "500 after 5 s"],
        because="The official SDK waits on after a refusal (W-HAND-6).",
    ),
    Fault(
        user_leaves,
        ours=["ready", "app stopped user_session_ended"],
        official=["ready", "app stopped Clean disconnect: User session ended", "app stopped User session ended"],
        because="The official SDK stops twice (W-CONN-18).",
    ),
    Fault(
        cloud_restarts,
        ours=["ready", "ready", "button back short", "app stopped replaced"],
        official=["ready", "ready", "button back short"],
        because="It starts the app before that comes back; the official SDK tells of no end then (W-DEV-3).",
    ),
    Fault(
        comes_back,
        ours=["ready", "ready", "button back short", "app stopped user_session_ended"],
        official=[
            "ready",
            "ready",
            "button back short",
            "app stopped Clean disconnect: User session ended",
            "app stopped User session ended",
        ],
        because="The official SDK stops twice (W-CONN-18).",
    ),
    Fault(phone_away, ours=["ready", "meanwhile", "wears Mentra Live true false", "button back short"]),
    Fault(two_at_once, ours=["ready", "ready", "button back short", "button of the other short"]),
    Fault(
        nonsense,
        ours=["ready", "button still there short"],
        official=["ready", "heard 7 null null null", "wears null null null", "button still there short"],
        because="We skip what cannot be read (W-DEV-10).",
    ),
)


async def play_all() -> dict[str, dict[str, list[str]]]:
    async with AsyncExitStack() as stack:
        peers = [
            await stack.enter_async_context(running(script, package_name, **VARIABLES, **variables))
            for package_name, (script, variables) in TWINS.items()
        ]
        scenes = [(fault, peer) for fault in FAULTS for peer in peers]
        stories = await asyncio.gather(*(play(*scene) for scene in scenes))
    result: dict[str, dict[str, list[str]]] = {}
    for (fault, peer), story in zip(scenes, stories, strict=True):
        result.setdefault(name_of(fault), {})[peer.package_name] = story
    return result


async def play(fault: Fault, peer: Peer) -> list[str]:
    async with SocketNetwork() as network:
        tap = Wiretap(network)
        tap.package_names[peer.url.removeprefix("http://")] = peer.package_name
        async with LocalCloud(tap) as cloud:
            cloud.install(peer.app())
            name = name_of(fault).replace("_", ".")
            scene = Scene(cloud, tap, cloud.connect_glasses(f"{name}@example.com", model="Mentra Live"), peer)
            try:
                await fault.happens(scene)
            except (AssertionError, TimeoutError, HttpError, StartFailed, NotConnected, pytest.fail.Exception) as error:
                scene.facts.append(f"FAILED: {str(error)[:300]}")
            return scene.story()


def name_of(fault: Fault) -> str:
    return fault.happens.__name__


@pytest.mark.parametrize(("package_name", "lives"), [(OURS, True), (OFFICIAL, False), (NEXT, False)])
async def test_an_async_handler_that_fails(official_sdk: str, package_name: str, lives: bool) -> None:
    """What it raises ends the process of the official SDK, with the sessions of all users."""
    script, variables = TWINS[package_name]
    async with (
        SocketNetwork() as network,
        LocalCloud(network) as cloud,
        running(script, package_name, **VARIABLES, **variables) as peer,
    ):
        cloud.install(peer.app())
        ann, bob = cloud.connect_glasses("ann@example.com"), cloud.connect_glasses("bob@example.com")
        for glasses in (ann, bob):
            await glasses.start(package_name)
            await glasses.wait_for_display("ready")

        await ann.press("explode")
        if not lives:
            await peer.wait_for_line("Node.js")
        await bob.press("main")

        if lives:
            await bob.wait_for_display("button main short")
        else:
            assert bob.display != "button main short"


async def test_apps_of_both_official_sdks_run_side_by_side_for_three_users(official_sdk: str) -> None:
    """A standard app of the one, a background app of the other; and one user puts other glasses on."""
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(SocketNetwork())
        cloud = await stack.enter_async_context(LocalCloud(network))
        for package_name, app_type in ((OFFICIAL, "standard"), (NEXT, "background")):
            script, variables = TWINS[package_name]
            peer = await stack.enter_async_context(running(script, package_name, **VARIABLES, **variables))
            cloud.install(peer.app(app_type=app_type))
        users = [cloud.connect_glasses(f"user{number}@example.com", model="Mentra Live") for number in range(3)]
        await asyncio.gather(*(glasses.start(name) for glasses in users for name in (OFFICIAL, NEXT)))

        def walls(glasses: VirtualGlasses, package_name: str) -> list[str]:
            shown = [frame for frame in glasses.frames(package_name) if isinstance(frame, DisplayEvent)]
            return [
                frame.layout["text"].replace(f" {session_id_of(glasses.user_id, package_name)}", "") for frame in shown
            ]

        def all_show(last: Callable[[VirtualGlasses], str]) -> Callable[[], bool]:
            return lambda: all(
                walls(glasses, name)[-1:] == [last(glasses)] for glasses in users for name in (OFFICIAL, NEXT)
            )

        await until(all_show(lambda glasses: f"ready {glasses.user_id}"), lambda: "Not all are ready.")
        await asyncio.gather(*(glasses.say(f"I am {glasses.user_id}") for glasses in users))
        await until(
            all_show(lambda glasses: f"heard I am {glasses.user_id} true en-US 1000"), lambda: "Not all have heard."
        )
        await users[1].put_on("Even Realities G1")
        await until(lambda: len(walls(users[1], OFFICIAL)) == len(walls(users[1], NEXT)) == 4, lambda: "No news.")

        everyone = [[f"ready {glasses.user_id}", f"heard I am {glasses.user_id} true en-US 1000"] for glasses in users]
        news = ["wears Even Realities G1 false true", "glasses Even Realities G1 CONNECTED null null"]
        for package_name in (OFFICIAL, NEXT):
            assert [walls(glasses, package_name) for glasses in users] == [
                everyone[0],
                everyone[1] + news,
                everyone[2],
            ]
        assert {glasses.running for glasses in users} == {(OFFICIAL, NEXT)}


@pytest.fixture(scope="module")
def stories(official_sdk: str) -> dict[str, dict[str, list[str]]]:
    return asyncio.run(play_all())


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_what_the_wearer_notices(stories: dict[str, dict[str, list[str]]], fault: Fault) -> None:
    official = fault.ours if fault.official is None else fault.official
    coming = official if fault.coming is None else fault.coming

    assert stories[name_of(fault)] == {OURS: fault.ours, OFFICIAL: official, NEXT: coming}

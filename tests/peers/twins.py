"""Has the twins do the same in the same situation: the official SDK as it is and as it will be, and ours.

All play at once in one local cloud over sockets, each for a user of its own; what passes is remembered as it passes.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mentra.localcloud import LocalCloud
from mentra.transport.base import HttpReply, HttpRequest
from mentra.transport.sockets import SocketNetwork
from tests.peers.conftest import CODE_VARIABLE, running
from tests.peers.script import (
    FULL,
    GROUP,
    NAME,
    RTMP,
    SMALL,
    STEPS,
    VOLUME,
    Outcome,
    Step,
    Wearer,
    play,
    until,
    walls_of,
)
from tests.peers.wiretap import Heard, Wiretap

OFFICIAL, NEXT, OURS = "com.example.official", "com.example.next", "com.example.ours"
SDKS = {OFFICIAL: "@mentra/sdk", NEXT: "@mentra/sdk-3"}
TWINS = {
    OFFICIAL: ("twin.mjs", {"SDK": SDKS[OFFICIAL]}),
    NEXT: ("twin.mjs", {"SDK": SDKS[NEXT]}),
    OURS: ("twin.py", {"MENTRA_DEV": "1"}),
}
"""The official SDK as it is, as it will be, and ours."""


NOT_IN_3 = {
    "a photo fails": "3.0 reads what failed from forms only, and has no answer for the app.",
    "an error that nobody waits for": "As above.",
}
"""Steps that the official SDK of 3.0 does not pass, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A kind of local cloud, and what is other there than on that of 2025."""

    generation: Literal[2, 3] = 2
    faithful: bool = False
    as_ours: frozenset[str] = frozenset()
    """The steps in which the official SDK shows what ours does."""
    walls: Mapping[str, str] = field(default_factory=dict)
    """What is shown in place of something else."""
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What is shown besides in a step."""
    ours_more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What only ours shows besides in a step, because the official SDK loses the accuracy of places (W-LOC-1)."""
    apart: Mapping[str, str] = field(default_factory=dict)
    """What is not compared in a step."""

    def steps(self) -> tuple[Step, ...]:
        """Return what happens, with what is to be seen of it here."""
        return tuple(self._here(step) for step in STEPS)

    def _here(self, step: Step) -> Step:
        more = self.more.get(step.name, ())
        shows = tuple(self.walls.get(wall, wall) for wall in step.shows) + more
        official = step.official
        if ours_more := self.ours_more.get(step.name):
            shows, official = shows + ours_more, shows
        if step.name in self.as_ours:
            official = None
        return replace(step, shows=shows, official=official, apart=self.apart.get(step.name, step.apart))


WORLDS = {
    "2025": World(),
    "2025, faithful": World(faithful=True),
    "2026": World(
        generation=3,
        # It names speech after the subscription, tells how the glasses are and what MentraOS is set to, and
        # does not look at hints.
        as_ours=frozenset(
            {
                "speech recognised by the phone",
                "with Wi-Fi",
                "Wi-Fi",
                "metric units",
                "state",
                "Italian, with a hint",
            }
        ),
        walls={f"check unmanaged active {RTMP} null null PACKAGE": "check unmanaged active null null null PACKAGE"},
        # Who subscribes to places hears where the phone is, who connects, how the glasses are.
        ours_more={"follow high": ("fix 52.75 13.5", "location 52.75 13.5 null")},
        more={"stop and start": ("battery 79", "charging false", "case open true", "ssid cafe")},
        apart={"follow high": "subscriptions", "stop and start": "sdkVersion"},
    ),
}
"""The clouds on which the twins are compared."""


Played = list[Outcome]
"""What a side did at each step."""


async def play_all(world: World, code: Path) -> dict[str, Played]:
    """Play all steps.

    Args:
        code: The folder for what node tells of the functions that ran.
    """
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(SocketNetwork())
        tap = Wiretap(network)
        cloud = await stack.enter_async_context(LocalCloud(tap, generation=world.generation, faithful=world.faithful))
        hook = await network.listen("127.0.0.1", 0, thank)
        stack.push_async_callback(hook.close)

        async def one(package_name: str, script: str, variables: dict[str, str]) -> Played:
            variables = variables | {"BITMAP": SMALL, "FULL_BITMAP": FULL, CODE_VARIABLE: str(code / package_name)}
            peer = await stack.enter_async_context(running(script, package_name, **variables))
            tap.package_names[peer.url.removeprefix("http://")] = package_name
            cloud.install(peer.app(settings=(GROUP, VOLUME, NAME), app_type="background"))
            wearer = Wearer(
                cloud.connect_glasses(f"{package_name.rpartition('.')[2]}@example.com"), peer, tap, hook.url
            )
            plain = Names(wearer, cloud.url).forget
            await wearer.glasses.start(package_name)
            await until(lambda: has_begun(tap.of(package_name), plain), lambda: "\n".join(peer.lines))
            steps: Played = []
            for step in world.steps():
                steps.append(await play(step, wearer, shows=shown_by(package_name, step), plain=plain))
            return [comparable(each, plain) for each in steps]

        played = await asyncio.gather(*(one(package_name, *twin) for package_name, twin in TWINS.items()))
        return dict(zip(TWINS, played, strict=True))


def has_begun(heard: list[Heard], plain: Callable[[Any], Any]) -> bool:
    return "ready USER SESSION" in plain(walls_of(heard)) and "call" in [each.kind for each in heard]


def shown_by(side: str, step: Step) -> tuple[str, ...]:
    if side == NEXT and step.name in NOT_IN_3:
        return ()
    return step.shows if side == OURS or step.official is None else step.official


async def thank(_: HttpRequest) -> HttpReply:
    """Answer whoever uploads a photo."""
    return HttpReply(200, b"{}")


class Names:
    """What is called otherwise on each side, and each time."""

    def __init__(self, wearer: Wearer, cloud_url: str) -> None:
        user = wearer.glasses.user_id
        self._words = {
            "SESSION": f"{user}-{wearer.package_name}",
            "PACKAGE": wearer.package_name,
            "USER": user,
            "APP": wearer.peer.url,
            "HOOK": wearer.hook,
            "CLOUD": cloud_url.removeprefix("http://"),
        }

    def forget(self, value: Any) -> Any:
        """Call everything by the same name on both sides."""
        text = json.dumps(value, ensure_ascii=False).replace("%40", "@")  # In a path both are the same.
        for word, own in self._words.items():
            text = text.replace(own, word)
        for pattern, word in _CHANGING:
            text = re.sub(pattern, word, text)
        return json.loads(text)


_CHANGING = (
    (r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"', '"TIME"'),
    (r'"(timestamp|startTime|endTime)": \d+', r'"\1": 0'),
    (r'"utteranceId": "\w+"', '"utteranceId": "ID"'),
    (r"(photo_req|audio_req|led_req|poll)_\w+", r"\1"),
    (r"\b[sm][0-9a-z]{10}\b", "ID"),
    (r"https?://CLOUD", "CLOUD"),
    (r'"duration": \d+', '"duration": 0'),
    (r"\(\d+ bytes\)", "(bytes)"),
)
"""Times, and ids that are made up; and the scheme of speech, for which the official SDK writes https whatever the cloud
speaks (W-SOUND-5)."""


def comparable(outcome: Outcome, plain: Callable[[Any], Any]) -> Outcome:
    return Outcome(
        problem=outcome.problem,
        walls=sorted(plain(outcome.walls)),
        frames=plain(outcome.frames),
        subscriptions=plain(outcome.subscriptions),
        told=plain(outcome.told),
        http=plain(outcome.http),
    )

"""The official SDK uses all that it has: what no twin does, its own pages and tokens, and the dashboard of the system.

Which of its functions ran, node counts.
"""

import asyncio
import json
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

import pytest

from mentra.localcloud import LocalCloud
from mentra.transport.base import Network
from mentra.transport.sockets import SocketNetwork
from tests.peers.conftest import CODE_VARIABLE, HERE, Peer, running
from tests.peers.rest import steps_for
from tests.peers.script import NAME, VOLUME, Wearer, command, play, until, walls_of
from tests.peers.twins import NEXT, OFFICIAL, SDKS, WORLDS, Names, play_all
from tests.peers.wiretap import Wiretap

pytestmark = [pytest.mark.node, pytest.mark.sockets, pytest.mark.processes, pytest.mark.timeout(300)]

SYSTEM_DASHBOARD = "system.augmentos.dashboard"
GENERATIONS: tuple[Literal[2, 3], ...] = (2, 3)
SIDES = (OFFICIAL, NEXT)
PAGE_TIMEOUT_S = 10.0

IN_BOTH = {
    "extractTempToken": "Not exported, and nothing calls it.",
    "getManagedStreamStatus": "Of a part of the camera that apps do not get.",
}
NEVER_RAN = {
    OFFICIAL: IN_BOTH
    | {
        "start": "It listens on every interface and asks the real cloud for the newest SDK; see serve.mjs.",
        "onSession": "Each app has its own.",
        "onToolCall": "Each app has its own.",
    },
    NEXT: IN_BOTH | {"findMatchingStream": "Not for apps: of the events of a session, to find who listens."},
}
"""Public functions of the SDK that no app here uses, and why."""


@dataclass(slots=True)
class Played:
    """What came of the steps and the pages for one app on one cloud."""

    steps: list[tuple[str, str, list[str]]] = field(default_factory=list)
    """Their names, what was waited for in vain, and what was shown."""
    pages: dict[str, Any] = field(default_factory=dict)
    is_back: bool = False
    """Whether the cloud started the app again after it had closed its connection."""


async def play_rest(side: str, code: Path) -> dict[int, Played]:
    """Have one app play everything on a cloud of each generation, at the same time, for another user each."""
    variables = {
        "SDK": SDKS[side],
        "MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY": LocalCloud.user_token_key(),
        CODE_VARIABLE: str(code / side),
    }
    async with running("rest.mjs", side, **variables) as peer:
        played = await asyncio.gather(*(play_on_cloud(peer, side, generation) for generation in GENERATIONS))
    return dict(zip(GENERATIONS, played, strict=True))


async def play_on_cloud(peer: Peer, side: str, generation: Literal[2, 3]) -> Played:
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(SocketNetwork())
        tap = Wiretap(network)
        cloud = await stack.enter_async_context(LocalCloud(tap, generation=generation))
        cloud.install(peer.app(settings=(VOLUME, NAME)))
        glasses = cloud.connect_glasses(f"user{generation}@example.com", model="Mentra Live")
        wearer = Wearer(glasses, peer, tap, hook="http://hook.example.com")
        plain = Names(wearer, cloud.url).forget
        pages = {"before": await page(network, peer.url + "/page")}
        await glasses.start(side)
        await until(lambda: "ready USER SESSION" in plain(walls_of(tap.of(side))), lambda: "\n".join(peer.lines))
        result = Played(pages=pages | await open_pages(wearer, network))
        for step in steps_for(generation, is_next=side == NEXT):
            outcome = await play(step, wearer, shows=step.shows, plain=plain)
            result.steps.append((step.name, outcome.problem, sorted(plain(outcome.walls))))
        result.is_back = await is_back(wearer, generation)
        return result


async def is_back(wearer: Wearer, generation: int) -> bool:
    """Have the app close its connection for good; the cloud of 2025 waits for five seconds and starts it again."""
    connections = len(wearer.tap.sockets)
    await wearer.press("disconnect")
    closed = f"peer: {wearer.glasses.user_id} stopped user_disabled"
    if generation == 2:
        await until(lambda: len(wearer.tap.sockets) > connections, lambda: f"{closed} did not come")
        return True
    await until(lambda: not wearer.glasses.running, lambda: "it runs on")
    return False


async def open_pages(wearer: Wearer, network: Network) -> dict[str, Any]:
    """Open a page of the app by each of the ways in which it can learn who does."""
    address, _, query = wearer.glasses.webview_url(wearer.package_name, "/page").partition("?")
    tokens = dict(parse_qsl(query))
    signed = {"aos_signed_user_token": tokens.pop("aos_signed_user_token")}
    pages: dict[str, Any] = {}
    for name, values in (("signed", signed), ("temporary", tokens), ("used twice", tokens)):
        pages[name] = await page(network, f"{address}?{urlencode(values)}")
    reply = await network.request("GET", f"{address}?{urlencode(signed)}", timeout=PAGE_TIMEOUT_S)
    cookie = reply.cookies[0].partition(";")[0]
    pages["cookie"] = await page(network, address, cookie=cookie)
    start = wearer.peer.url + "/api/mentra/auth/init"
    pages["of 3.0"] = await page(network, f"{start}?{urlencode(signed)}")
    return pages


async def page(network: Network, url: str, **headers: str) -> Any:
    reply = await network.request("GET", url, headers=headers, timeout=PAGE_TIMEOUT_S)
    return json.loads(reply.body) if reply.status == 200 else reply.status


async def play_system_dashboard(side: str, code: Path) -> list[dict[str, Any]]:
    """Have the app of the system's dashboard fill its corners; return what it said."""
    variables = {"SDK": SDKS[side], CODE_VARIABLE: str(code / side)}
    async with SocketNetwork() as network, running("rest.mjs", SYSTEM_DASHBOARD, **variables) as peer:
        tap = Wiretap(network)
        async with LocalCloud(tap) as cloud:
            cloud.install(peer.app(app_type="background"))
            wearer = Wearer(cloud.connect_glasses(), peer, tap, hook="")
            await wearer.glasses.start(SYSTEM_DASHBOARD)
            await until(lambda: bool(walls_of(tap.heard)), lambda: "\n".join(peer.lines))
            outcome = await play(
                command("corners", sends="dashboard_mode_change"), wearer, shows=(), plain=lambda value: value
            )
    return [
        {key: frame[key] for key in ("type", "section", "content", "mode") if key in frame} for frame in outcome.frames
    ]


@pytest.fixture(scope="module")
def rest(official_sdk: str, used_code: Path) -> dict[str, dict[int, Played]]:
    async def both() -> list[dict[int, Played]]:
        return await asyncio.gather(*(play_rest(side, used_code) for side in SIDES))

    return dict(zip(SIDES, asyncio.run(both()), strict=True))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_official_sdk_can_use_all_it_has(
    rest: dict[str, dict[int, Played]], side: str, generation: Literal[2, 3]
) -> None:
    wanted = [(step.name, "", sorted(step.shows)) for step in steps_for(generation, is_next=side == NEXT)]

    assert rest[side][generation].steps == wanted


@pytest.mark.parametrize("side", SIDES)
def test_an_app_that_closed_its_connection_is_started_again_in_2025_and_left_alone_in_2026(
    rest: dict[str, dict[int, Played]], side: str
) -> None:
    assert [rest[side][generation].is_back for generation in GENERATIONS] == [True, False]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_its_pages_learn_who_opens_them(
    rest: dict[str, dict[int, Played]], side: str, generation: Literal[2, 3]
) -> None:
    user_id = f"user{generation}@example.com"
    known, unknown = {"user": user_id, "session": True}, {"user": None, "session": False}
    pages = dict(rest[side][generation].pages)
    of_3 = pages.pop("of 3.0")

    assert pages == {
        "before": unknown,
        "signed": known,
        "temporary": known,
        "used twice": unknown,
        "cookie": known,
    }
    if side == NEXT:
        assert (of_3["success"], of_3["userId"], of_3["frontendToken"].partition(":")[0]) == (True, user_id, user_id)


@pytest.fixture(scope="module")
def corners(official_sdk: str, used_code: Path) -> dict[str, list[dict[str, Any]]]:
    return {side: asyncio.run(play_system_dashboard(side, used_code)) for side in SIDES}


@pytest.mark.parametrize("side", SIDES)
def test_the_dashboard_of_the_system_fills_its_corners(corners: dict[str, list[dict[str, Any]]], side: str) -> None:
    sections = enumerate(("topLeft", "topRight", "bottomLeft", "bottomRight"), 1)
    assert corners[side] == [
        *({"type": "dashboard_system_update", "section": name, "content": str(number)} for number, name in sections),
        {"type": "dashboard_mode_change", "mode": "expanded"},
    ]


def public_functions(side: str) -> set[str]:
    """Return the names of what the SDK declares for apps: methods of its classes, and functions."""
    names: set[str] = set()
    for declared in (HERE / "node_modules" / SDKS[side] / "dist" / "app").rglob("*.d.ts"):
        text = declared.read_text()
        names.update(re.findall(r"^export declare function (\w+)", text, re.MULTILINE))
        for body in re.findall(r"^export declare class [^{]*\{(.*?)^\}", text, re.MULTILINE | re.DOTALL):
            names.update(re.findall(r"^    (?:get |protected )?(\w+)[<(]", body, re.MULTILINE))
    return names - {"constructor"}


def ran(side: str, code: Path) -> set[str]:
    """Return the names of the functions of the SDK that ran in a process of this side."""
    names: set[str] = set()
    for report in (code / side).glob("*.json"):
        scripts = [
            script for script in json.loads(report.read_text())["result"] if f"/{SDKS[side]}/dist/" in script["url"]
        ]
        names.update(
            function["functionName"].removeprefix("get ")
            for script in scripts
            for function in script["functions"]
            if function["ranges"][0]["count"]
        )
    return names


@pytest.fixture(scope="module")
def all_played(rest: object, corners: object, used_code: Path) -> Path:
    asyncio.run(play_all(WORLDS["2025"], used_code))
    return used_code


@pytest.mark.parametrize("side", SIDES)
def test_every_public_function_of_the_sdk_ran(all_played: Path, side: str) -> None:
    assert public_functions(side) - ran(side, all_played) == set(NEVER_RAN[side])

"""``mentra cloud`` with apps of the official SDK, unmodified: they need nothing but to run."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cloud import mentra
from tests.helpers.dev import WITHIN_S, Dev
from tests.peers.conftest import API_KEY, Peer

BOB = "bob@example.com"
pytestmark = [pytest.mark.node, pytest.mark.usefixtures("no_dev_left_behind")]


@pytest.fixture
async def cloud(tmp_path: Path, echo: Peer, watcher: Peer) -> Dev:
    """Two apps of one folder, by a file each; the key of both is in one variable."""
    (tmp_path / ".env").write_text(f"PEERS_KEY={API_KEY}\n")
    for peer, kind in ((echo, "standard"), (watcher, "background")):
        facts = {
            "packageName": peer.package_name,
            "publicUrl": peer.url,
            "apiKeyVariable": "PEERS_KEY",
            "appType": kind,
        }
        (tmp_path / f"{kind}.json").write_text(json.dumps(facts))
    apps = ["--app", "standard.json", "--app", "background.json"]
    return await Dev.start(tmp_path, *apps, "--user", BOB, "--json", command="cloud")


async def status_of(cloud: Dev) -> Any:
    return json.loads((await mentra(cloud.project, "status", "--json"))[1])


async def until_connected(cloud: Dev, sessions: int) -> None:
    await cloud.line("cloud  ")  # The last line of the banner.
    async with asyncio.timeout(WITHIN_S):
        while len((await status_of(cloud))["sessions"]) < sessions:
            await asyncio.sleep(0.05)


async def test_apps_of_the_official_sdk_run_side_by_side_for_several_users(
    cloud: Dev, echo: Peer, watcher: Peer
) -> None:
    await until_connected(cloud, 4)

    said = await mentra(cloud.project, "say", "hello", "--user", BOB)
    status = await status_of(cloud)
    shown = json.loads(await cloud.line('"text":"heard hello"'))

    assert said[0] == 0
    assert (shown["kind"], shown["app"], shown["user_id"], shown["from_app"]) == (
        "frame",
        echo.package_name,
        BOB,
        True,
    )
    assert {user["user"]: sorted(user["apps"]) for user in status["users"]} == {
        user: sorted([echo.package_name, watcher.package_name]) for user in ("you@example.com", BOB)
    }
    assert [app["answers"] for app in status["apps"]] == [True, True]
    assert API_KEY not in "\n".join(cloud.lines)
    assert await cloud.end() == 0


async def test_a_lost_connection_is_named_by_its_app_and_comes_back(cloud: Dev, echo: Peer) -> None:
    await until_connected(cloud, 4)
    seen = len(cloud.lines)

    dropped = await mentra(cloud.project, "drop", "--app", echo.package_name)

    await cloud.line(f"The connection of {echo.package_name} (you@example.com) was broken from here.")
    again = json.loads(await cloud.line('"type":"tpa_connection_init"', after=seen))
    assert (again["app"], again["user_id"]) == (echo.package_name, "you@example.com")
    assert dropped[0] == 0
    assert await cloud.end() == 0

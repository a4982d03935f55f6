"""Trouble with the network in ``mentra cloud``: the cloud restarts, a phone is away."""

import asyncio
from pathlib import Path

from tests.cloud.stage import CloudStage, installed

ECHO = "com.example.echo"
BOB = "bob@example.com"


async def test_a_cloud_that_restarts_is_at_the_same_address_and_starts_apps_again(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO) as app, stage:
        await asyncio.sleep(0.1)
        url = stage.served.url
        restarted = await stage.told("POST", "/restart-cloud", {"down_s": 2})
        await asyncio.sleep(0.1)

        assert restarted == {"version": 1, "users": ["you@example.com"]}
        assert stage.served.url == url
        assert (app.sockets[0].closed is None, app.webhooks) == (False, ["session_request"] * 2)
        assert stage.glasses().running == (ECHO,)


async def test_each_user_has_a_phone_of_their_own(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO), users=[BOB])

    async with stage.app(ECHO), stage:
        await asyncio.sleep(0.1)
        away = await stage.told("POST", "/phone", {"online": False, "user": BOB})
        await asyncio.sleep(61)

        assert (away["online"], (await stage.told("GET", "/network"))["online"]) == (False, True)
        assert [glasses.running for glasses in stage.served.user.all_glasses] == [(ECHO,), ()]

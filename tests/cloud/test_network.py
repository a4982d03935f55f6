"""Trouble with the network in ``mentra cloud``: the cloud restarts, a phone is away."""

import asyncio
import json
from pathlib import Path

from mentra.transport.base import HttpReply, HttpRequest
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


async def test_only_one_restart_goes_on_at_a_time(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)) as stage:
        first = asyncio.create_task(stage.ask("POST", "/restart-cloud", {"down_s": 2}))
        await asyncio.sleep(1)
        second = await stage.ask("POST", "/restart-cloud")

        assert (second.status, json.loads(second.body)) == (
            409,
            {
                "version": 1,
                "error": "The local cloud is away: it is being restarted.",
                "fix": "Wait until it is back: mentra status",
            },
        )
        assert (await first).status == 200


async def test_a_port_that_is_taken_while_the_cloud_is_away_is_told(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)) as stage:
        restarting = asyncio.create_task(stage.ask("POST", "/restart-cloud", {"down_s": 2}))
        await asyncio.sleep(1)
        await stage.network.listen("127.0.0.1", 8002, _never)
        answer = await restarting

        assert answer.status == 409
        assert b"The local cloud cannot come back: " in answer.body


async def _never(request: HttpRequest) -> HttpReply:
    raise NotImplementedError

"""When apps are started: as soon as their servers answer, in whatever order things begin."""

import asyncio
from pathlib import Path

from tests.cloud.stage import CloudStage, installed

ECHO, CLOCK, NOTES = "com.example.echo", "com.example.clock", "com.example.notes"
BOB = "bob@example.com"


async def test_an_app_that_is_there_first_is_started_at_once(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO) as app, stage:
        await asyncio.sleep(0.1)

        assert stage.glasses().running == (ECHO,)
        assert app.webhooks == ["session_request"]


async def test_an_app_that_comes_later_is_started_within_a_second_and_waited_for_with_one_word(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)) as stage:
        await asyncio.sleep(60)
        async with stage.app(ECHO) as app:
            await asyncio.sleep(1.1)

            assert stage.glasses().running == (ECHO,)
            assert app.webhooks == ["session_request"]
        assert stage.notes == [f"{ECHO} does not answer at http://127.0.0.1:7010. It is started as soon as it does."]


async def test_an_app_is_started_for_every_user(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO), users=[BOB])

    async with stage.app(ECHO), stage:
        await asyncio.sleep(0.1)

        assert [glasses.running for glasses in stage.served.user.all_glasses] == [(ECHO,), (ECHO,)]


async def test_an_app_that_was_gone_is_started_again_when_it_is_back(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)) as stage:
        async with stage.app(ECHO) as first:
            await asyncio.sleep(1.1)
            first.socket.close()
        await asyncio.sleep(60)
        was_running = stage.glasses().running
        async with stage.app(ECHO) as second:
            await asyncio.sleep(2)

            assert (was_running, stage.glasses().running) == ((), (ECHO,))
            assert second.webhooks == ["session_request"]
    assert f"{ECHO} does not answer at http://127.0.0.1:7010 any more. It is started as soon as it does." in stage.notes


async def test_an_app_that_does_not_start_is_left_alone_until_its_server_was_gone(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)) as stage:
        async with stage.app(ECHO) as refusing:
            refusing.statuses = [200, 500, 500] + [200] * 20
            await asyncio.sleep(10)
            tried = list(refusing.webhooks)
        await asyncio.sleep(2)
        async with stage.app(ECHO):
            await asyncio.sleep(2)

            assert tried == ["session_request", "session_request"]  # The second one is the cloud's own repetition.
            assert stage.glasses().running == (ECHO,)


async def test_a_user_who_is_offline_is_waited_for(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)) as stage:
        await stage.glasses().go_offline()
        await asyncio.sleep(100)
        async with stage.app(ECHO):
            await asyncio.sleep(10)
            before = stage.glasses().running
            await stage.glasses().go_online()
            await asyncio.sleep(2)

            assert (before, stage.glasses().running) == ((), (ECHO,))


async def test_a_cloud_that_is_restarted_starts_the_apps_again(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO) as app, stage:
        await asyncio.sleep(1)
        await stage.served.cloud.restart(down_s=5)
        await asyncio.sleep(10)

        assert stage.glasses().running == (ECHO,)
        assert app.webhooks == ["session_request", "session_request"]


async def test_of_standard_apps_the_first_one_runs_and_all_of_the_background(tmp_path: Path) -> None:
    apps = [
        installed(ECHO, 7010),
        installed(CLOCK, 7020),
        installed(NOTES, 7030, app_type="background"),
    ]
    stage = CloudStage(tmp_path, *apps)

    async with stage.app(ECHO, 7010), stage.app(CLOCK, 7020), stage.app(NOTES, 7030), stage:
        await asyncio.sleep(5)

        assert set(stage.glasses().running) == {ECHO, NOTES}


async def test_whether_an_app_answers_that_runs_for_nobody_is_known_when_it_is_asked(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO, 7010), installed(CLOCK, 7020))

    async def answers() -> list[bool]:
        return [app["answers"] for app in (await stage.told("GET", "/status"))["apps"]]

    async with stage.app(ECHO, 7010), stage:
        await asyncio.sleep(1)
        before = await answers()
        async with stage.app(CLOCK, 7020):
            meanwhile = await answers()
        assert [before, meanwhile, await answers()] == [[True, False], [True, True], [True, False]]
        assert stage.notes == []


async def test_another_standard_app_takes_the_place_of_the_first_and_keeps_it(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO, 7010), installed(CLOCK, 7020))

    async with stage.app(ECHO, 7010), stage.app(CLOCK, 7020), stage:
        await asyncio.sleep(1)
        await stage.told("POST", "/start", {"app": CLOCK})
        await asyncio.sleep(10)

        assert stage.glasses().running == (CLOCK,)


async def test_without_starting_by_itself_an_app_runs_for_whom_it_is_started(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO), users=[BOB], starts_apps=False)

    async with stage.app(ECHO), stage:
        await asyncio.sleep(10)
        before = stage.glasses().running, stage.glasses(BOB).running
        await stage.told("POST", "/start", {"user": BOB, "app": ECHO})

        assert before == ((), ())
        assert (stage.glasses().running, stage.glasses(BOB).running) == ((), (ECHO,))


async def test_an_app_that_answers_late_does_not_push_out_the_one_that_was_chosen_meanwhile(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO, 7010), installed(CLOCK, 7020))

    async with stage.app(ECHO, 7010) as echo, stage.app(CLOCK, 7020), stage:
        echo.delay_s = 1.5
        await asyncio.sleep(0.5)
        await stage.told("POST", "/start", {"app": CLOCK})
        await asyncio.sleep(10)

        assert stage.glasses().running == (CLOCK,)


async def test_a_user_who_leaves_while_a_server_is_called_does_not_come_back(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO), users=[BOB])

    async with stage.app(ECHO) as echo, stage:
        echo.delay_s = 1.5
        await asyncio.sleep(0.5)
        await stage.told("POST", "/leave", {"user": BOB})
        await asyncio.sleep(10)

        assert [glasses.user_id for glasses in stage.served.user.all_glasses] == ["you@example.com"]


async def test_an_app_does_not_wait_for_another_one_that_does_not_connect(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO, 7010), installed(NOTES, 7020, app_type="background"))

    async with stage.app(ECHO, 7010) as echo, stage:
        echo.connects = False
        await asyncio.sleep(0.5)
        async with stage.app(NOTES, 7020):
            await asyncio.sleep(2)

            assert stage.glasses().running == (NOTES,)

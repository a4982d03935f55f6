"""``mentra cloud`` as other commands see it: users, several apps, status, replay, and its end."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mentra.transport.base import HttpReply, HttpRequest
from mentra_cli import __version__
from mentra_cli.dev import state_file
from mentra_cli.dev.journal import Speech
from mentra_cli.errors import CliError
from tests.cloud.stage import CloudStage, installed
from tests.dev.stage import Stage
from tests.helpers.scripted_app import let_it_happen

ECHO, NOTES = "com.example.echo", "com.example.notes"
YOU, BOB = "you@example.com", "bob@example.com"
SETTINGS = ({"type": "toggle", "key": "loud", "label": "Loud", "defaultValue": False},)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[CloudStage]:
    """One app runs for one user."""
    stage = CloudStage(tmp_path, installed(ECHO, settings=SETTINGS))
    async with stage.app(ECHO), stage:
        await asyncio.sleep(0.1)
        yield stage


@pytest.fixture
async def several(tmp_path: Path) -> AsyncIterator[CloudStage]:
    """Two apps run for one user."""
    stage = CloudStage(tmp_path, installed(ECHO, 7010), installed(NOTES, 7020, app_type="background"))
    async with stage.app(ECHO, 7010), stage.app(NOTES, 7020), stage:
        await asyncio.sleep(0.1)
        yield stage


async def test_the_status_tells_of_apps_and_users(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO, 7010), installed(NOTES, 7020, app_type="background"), users=[BOB])

    async with stage.app(ECHO, 7010), stage:
        await asyncio.sleep(0.1)
        status = await stage.told("GET", "/status")

    assert (status.pop("last_entry"), status.pop("pid")) > (0, 0)
    assert status == {
        "version": 1,
        "cloud": "local",
        "url": "ws://127.0.0.1:8002/app-ws",
        "file": "",
        "found": "",
        "app": None,
        "apps": [
            {"package_name": ECHO, "kind": "standard", "server": "http://127.0.0.1:7010", "answers": True},
            {"package_name": NOTES, "kind": "background", "server": "http://127.0.0.1:7020", "answers": False},
        ],
        "problem": None,
        "sessions": [{"session_id": f"{user}-{ECHO}", "user": user, "connected": True} for user in (YOU, BOB)],
        "users": [
            {
                "user": user,
                "display": "",
                "light": None,
                "sound": None,
                "video": None,
                "running": True,
                "apps": [ECHO],
                "failed": [],
                "glasses": "Even Realities G1",
                "worn": True,
                "online": True,
                "latency_s": 0.0,
                "jitter_s": 0.0,
                "loss": 0.0,
            }
            for user in (YOU, BOB)
        ],
        "reloads": 0,
        "last_load_ms": None,
        "mentra": __version__,
    }


def test_every_route_of_mentra_dev_is_there(tmp_path: Path) -> None:
    of_cloud = CloudStage(tmp_path, installed(ECHO)).served._control.routes

    assert of_cloud.keys() == Stage(tmp_path).supervisor._control.routes.keys()


async def test_why_an_app_does_not_run_is_told_by_the_status_and_by_what_it_does_not_hear(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)) as stage, stage.app(ECHO) as refusing:
        refusing.statuses = [200, 403, 403] + [200] * 20
        await asyncio.sleep(10)
        status = await stage.told("GET", "/status")
        shown = await stage.told("POST", "/say", {"text": "hello"})
        await stage.told("POST", "/start", {})
        afterwards = await stage.told("GET", "/status")

    problem = (
        "The app did not start for you@example.com: The server of com.example.echo did not accept the session: "
        'Request failed with status code 403. It answered: {"status": "success"}'
    )
    fix = "Once that is mended, restart the app, or: mentra start"
    assert status["users"][0]["failed"] == [{"app": ECHO, "problem": problem, "fix": fix}]
    assert (shown["problem"], shown["fix"]) == (f"Nobody heard it: {problem}", fix)
    assert afterwards["users"][0]["failed"] == []


async def test_an_app_with_another_key_is_told_to_have_the_same(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO, api_key="another")) as stage, stage.app(ECHO):
        await asyncio.sleep(2)

        [failed] = (await stage.told("GET", "/status"))["users"][0]["failed"]
        started = await stage.ask("POST", "/start", {})

    assert (started.status, json.loads(started.body)["fix"]) == (409, failed["fix"])
    assert failed["problem"] == (
        "The app did not start for you@example.com: com.example.echo connected with a key that is not its own."
    )
    assert failed["fix"] == (
        "Start it with the key that is known here. Once that is mended, restart the app, or: mentra start"
    )


async def test_the_status_tells_of_glasses_and_of_the_network(stage: CloudStage) -> None:
    await stage.told("POST", "/wear", {"off": True})
    await stage.told("POST", "/network", {"latency_s": 0.3, "loss": 0.05})
    await stage.told("POST", "/phone", {"online": False})

    [user] = (await stage.told("GET", "/status"))["users"]

    assert (user["glasses"], user["worn"]) == ("Even Realities G1", False)
    assert (user["online"], user["latency_s"], user["jitter_s"], user["loss"]) == (False, 0.3, 0.0, 0.05)


async def test_what_an_app_without_connection_does_not_hear_is_told_so(stage: CloudStage) -> None:
    socket = stage.apps[ECHO].socket
    socket.send({"type": "subscription_update", "packageName": ECHO, "subscriptions": ["transcription:en-US"]})
    await let_it_happen()
    socket.close()
    await let_it_happen()

    shown = await stage.told("POST", "/say", {"text": "hello"})

    assert shown["problem"] == (
        "Nobody heard it: the app has lost its connection, and the cloud waits for it to come back."
    )
    assert shown["fix"] == "It has five seconds, then it is started again. See what happens: mentra logs"


async def test_what_is_said_reaches_the_app_and_is_answered_with_what_the_glasses_show(stage: CloudStage) -> None:
    app = stage.apps[ECHO]
    await app.subscribe("transcription:en-US")
    saying = asyncio.create_task(stage.told("POST", "/say", {"text": "hello"}))
    await asyncio.sleep(0.01)
    await app.show("heard hello")

    shown = await saying

    assert shown == {"version": 1, "display": "heard hello", "heard": True}
    assert [speech.text for speech in stage.entries(Speech)] == ["hello"]


async def test_what_a_new_user_says_reaches_all_apps_that_begin_to_listen(several: CloudStage) -> None:
    speaking = asyncio.create_task(several.told("POST", "/say", {"text": "hello", "user": BOB}))
    for name in (ECHO, NOTES):
        await asyncio.sleep(0.1)
        await several.apps[name].subscribe("transcription:en-US")
    await speaking

    assert [several.apps[name].socket.types[-1] for name in (ECHO, NOTES)] == ["data_stream", "data_stream"]


async def test_a_new_user_gets_glasses_and_the_apps(stage: CloudStage) -> None:
    await stage.told("GET", f"/screen?user={BOB}")

    assert stage.glasses(BOB).running == (ECHO,)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/tool", {"name": "forecast"}),
        ("POST", "/drop", {}),
        ("POST", "/settings", {"values": {"loud": True}}),
        ("GET", "/settings", None),
        ("GET", "/permissions", None),
        ("POST", "/permissions", {"deny": ["CAMERA"]}),
        ("POST", "/open", {"page": "/webview"}),
    ],
)
async def test_what_is_about_one_app_needs_its_name_where_there_are_several(
    several: CloudStage, method: str, path: str, body: Any
) -> None:
    unnamed = await several.ask(method, path, body)
    wrong_path = f"{path}?app=com.example.other" if body is None else path
    wrong = await several.ask(method, wrong_path, None if body is None else {**body, "app": "com.example.other"})
    named_path = f"{path}?app={NOTES}" if body is None else path
    named = await several.ask(method, named_path, None if body is None else {**body, "app": NOTES})

    assert (unnamed.status, wrong.status, named.status) == (400, 404, 200)
    assert json.loads(unnamed.body) == {
        "version": 1,
        "error": f"There are several apps: {ECHO}, {NOTES}.",
        "fix": f"Name one: --app {ECHO}",
    }
    assert json.loads(wrong.body)["fix"] == f"Installed: {ECHO}, {NOTES}."


async def test_a_page_is_opened_at_the_address_of_its_app(several: CloudStage) -> None:
    opened = await several.told("POST", "/open", {"app": NOTES})

    assert opened["url"].startswith("http://127.0.0.1:7020/webview?")
    assert "cloudApiUrl=http%3A%2F%2F127.0.0.1%3A8002" in opened["url"]


async def test_an_event_that_no_app_listens_to_names_none(several: CloudStage) -> None:
    shown = await several.told("POST", "/press", {})

    assert shown["problem"] == "Nobody heard it: no running app has subscribed to button_press."


async def test_settings_that_the_file_of_the_app_declares_have_values(stage: CloudStage) -> None:
    assert (await stage.told("GET", "/settings"))["values"] == {"loud": False}


async def test_the_last_event_is_delivered_once_more(stage: CloudStage) -> None:
    app = stage.apps[ECHO]
    await app.subscribe("button_press")
    await stage.told("POST", "/press", {})

    replayed = await stage.told("POST", "/replay", {})

    assert (replayed["stream"], replayed["user"]) == ("button_press", YOU)
    presses = [frame for frame in app.socket.frames if frame["type"] == "data_stream"]
    assert len(presses) == 2
    assert presses[0] == presses[1]


async def test_code_cannot_be_loaded_anew_as_it_runs_elsewhere(stage: CloudStage) -> None:
    answer = await stage.ask("POST", "/restart")

    assert answer.status == 409
    assert "does not run the code" in json.loads(answer.body)["error"]


async def test_another_program_can_end_it(stage: CloudStage) -> None:
    asked: list[str] = []
    stage.served.on_stop_requested = lambda: asked.append("stop")

    await stage.told("POST", "/stop")

    assert asked == ["stop"]


async def test_commands_find_it_by_its_folder_while_it_runs(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)):
        state = state_file.find(tmp_path / "below")

    assert state is not None
    assert (state.command, state.port, state.cloud_url) == ("mentra cloud", 8002, "http://127.0.0.1:8002")
    assert state_file.find(tmp_path) is None


async def test_there_is_only_one_in_a_folder(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)) as stage:
        second = CloudStage(tmp_path, installed(ECHO), port=8003, network=stage.network)

        with pytest.raises(CliError, match="mentra cloud runs in") as caught:
            await second.served.open()

    assert caught.value.fix == "Use that one, or end it first: mentra stop"


async def test_another_program_on_the_port_of_one_that_was_killed_is_no_neighbour(tmp_path: Path) -> None:
    async def refuse(request: HttpRequest) -> HttpReply:
        return HttpReply(404)

    stage = CloudStage(tmp_path, installed(ECHO))
    other = await stage.network.listen("127.0.0.1", 9000, refuse)
    left = state_file.DevState(pid=1, port=8002, control_url=other.url, cloud_url="", token="left")
    state_file.write(tmp_path, left)

    async with stage:
        assert state_file.read(tmp_path) != left


async def test_who_waits_for_an_app_that_hangs_is_answered_at_the_end(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO) as app, stage:
        await asyncio.sleep(0.1)
        app.delay_s = 1000
        calling = asyncio.create_task(stage.ask("POST", "/tool", {"name": "add"}))
        restarting = asyncio.create_task(stage.ask("POST", "/restart-cloud", {"down_s": 30}))
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        await stage.served.close()
        answers = await asyncio.gather(calling, restarting)

        assert asyncio.get_running_loop().time() - began < 3
        assert [(answer.status, json.loads(answer.body)["error"]) for answer in answers] == [
            (503, "It was ended before this was done.")
        ] * 2


async def test_at_its_end_apps_are_stopped_by_webhook(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO) as app:
        async with stage:
            await asyncio.sleep(0.1)
        await let_it_happen()

        assert app.webhooks == ["session_request", "stop_request"]
        assert app.socket.types[-1] == "app_stopped"


async def test_an_app_that_hangs_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO) as app, stage:
        await asyncio.sleep(0.1)
        app.delay_s = 1000
        began = asyncio.get_running_loop().time()
        await stage.served.close()

        assert asyncio.get_running_loop().time() - began < 5

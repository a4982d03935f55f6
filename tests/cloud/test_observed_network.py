"""What passes between the cloud and apps is written down, and nothing of it is changed."""

import asyncio
from pathlib import Path

from mentra.protocol.connection import SOCKET_PATH, SOCKET_PATH_3
from mentra.protocol.webhooks import PACKAGE_HEADER, SESSION_HEADER, USER_HEADER
from mentra_cli.dev.entry_json import entry_json
from mentra_cli.dev.journal import CloudCall, Frame, HttpAnswer, HttpCall, Note
from tests.cloud.stage import CloudStage, installed
from tests.helpers.scripted_app import API_KEY, ScriptedSocket, let_it_happen

ECHO = "com.example.echo"
YOU = "you@example.com"
SESSION = f"{YOU}-{ECHO}"


async def test_webhooks_and_their_answers_have_the_name_of_the_app(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO), stage:
        await asyncio.sleep(0.1)

        [call], [answer] = stage.entries(HttpCall), stage.entries(HttpAnswer)
        assert (call.method, call.path, call.app) == ("POST", "/webhook", ECHO)
        assert b'"session_request"' in call.body
        assert (answer.path, answer.status, answer.body, answer.app) == (
            "/webhook",
            200,
            b'{"status": "success"}',
            ECHO,
        )


async def test_frames_have_the_session_from_the_first_one_on_and_no_key(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO) as app, stage:
        await asyncio.sleep(0.1)
        await app.subscribe("button_press", "audio_chunk")
        await stage.glasses().press()
        await stage.glasses().send_audio(bytes(320))
        await let_it_happen()

        frames = stage.entries(Frame)
        assert {(frame.session_id, frame.user_id, frame.app) for frame in frames} == {(SESSION, YOU, ECHO)}
        said = [(frame.from_app, frame.text.partition(b'"type":"')[2].partition(b'"')[0].decode()) for frame in frames]
        assert [kind for from_app, kind in said if not from_app] == ["tpa_connection_ack", "data_stream", ""]
        assert frames[0].from_app
        assert frames[-1].binary_bytes == 320
        assert not any(API_KEY.encode() in entry_json(entry) for entry in stage.journal)
        # What arrived is what was sent.
        assert app.socket.types == ["tpa_connection_ack", "data_stream", "(binary)"]


async def test_a_refusal_is_written_down_with_the_reason_and_without_the_wrong_key(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO) as app, stage:
        app.api_key = "hunter2"
        await asyncio.sleep(10)

        assert f"The cloud closed the connection of {ECHO} ({YOU}): 1008 Invalid API key" in stage.notes
        assert not any(b"hunter2" in entry_json(entry) for entry in stage.journal)


async def test_who_is_refused_does_not_take_the_place_of_the_app(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO) as app, stage:
        await asyncio.sleep(0.1)
        before = dict(stage.served._observed.sockets)
        await app.connect(apiKey="wrong")
        await let_it_happen()

        assert list(before) == [SESSION]
        assert stage.served._observed.sockets == before


async def test_who_connects_and_says_nothing_sensible_is_written_down_too(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)) as stage:
        socket = await ScriptedSocket().open(stage.network, stage.served.url)
        socket.send({"type": "subscription_update", "packageName": ECHO, "subscriptions": []})
        await let_it_happen()

        first, second = stage.entries(Frame)
        assert (first.from_app, first.session_id, first.app) == (True, "", "")
        assert b"SESSION_NOT_FOUND" in second.text
        closed = "The cloud closed the connection of an app that did not say which it is: 1008 Session not found"
        assert closed in stage.notes


async def test_a_broken_connection_and_one_that_the_app_closes_are_told_apart(tmp_path: Path) -> None:
    stage = CloudStage(tmp_path, installed(ECHO))

    async with stage.app(ECHO) as app, stage:
        await asyncio.sleep(0.1)
        app.socket._connection.abort()
        await let_it_happen()
        await app.connect()
        await let_it_happen()
        app.socket.close(1000, "bye")
        await let_it_happen()

        broke, closed = stage.entries(Note)
        assert (broke.text, broke.is_problem) == (f"The connection of {ECHO} ({YOU}) broke", True)
        assert (closed.text, closed.is_problem) == (
            f"The connection of {ECHO} ({YOU}) was closed by it: 1000 bye",
            False,
        )
        assert stage.served._observed.sockets == {}


async def test_calls_of_apps_are_written_down_with_the_answer(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO)) as stage:
        reply = await stage.network.request(
            "GET",
            f"{stage.served.cloud.url}/api/sdk/simple-storage/{YOU}",
            headers={"authorization": f"Bearer {ECHO}:{API_KEY}"},
            timeout=5,
        )

        [call] = stage.entries(CloudCall)
        assert (call.method, call.path, call.app) == ("GET", f"/api/sdk/simple-storage/{YOU}", ECHO)
        assert (call.status, call.answer) == (reply.status, reply.body)


async def test_an_app_of_generation_3_is_known_by_its_login(tmp_path: Path) -> None:
    async with CloudStage(tmp_path, installed(ECHO), generation=3) as stage:
        url = stage.served.url.replace(SOCKET_PATH, SOCKET_PATH_3)
        headers = {USER_HEADER: YOU, SESSION_HEADER: SESSION, PACKAGE_HEADER: ECHO}
        socket = await ScriptedSocket().open(stage.network, url, headers)
        socket.send({"type": "ping"})
        await let_it_happen()

        assert {(frame.session_id, frame.user_id, frame.app) for frame in stage.entries(Frame)} == {
            (SESSION, YOU, ECHO)
        }

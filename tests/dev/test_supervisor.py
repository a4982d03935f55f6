"""Changing the code under live sessions, with children and files of the test's own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mentra import AppServer, AppSession, Permission, Settings, Transcription, setting
from mentra.localcloud import LocalCloud
from mentra.protocol import codec
from mentra.transport.base import HttpReply
from mentra_cli.dev.journal import Frame, HttpAnswer, HttpCall, Loaded, LoadFailed, Note
from mentra_cli.dev.reports import Failed
from mentra_cli.dev.serving import PROVEN_AFTER_S
from tests.dev.stage import API_KEY, PACKAGE_NAME, MakeApp, Stage

BROKEN = Failed(message="SyntaxError: invalid syntax")
TOKEN_KEY = "MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY"


def echo(version: str, log: list[str] | None = None) -> MakeApp:
    """Code of some version: greets, echoes, and writes down what happens to it."""
    log = [] if log is None else log

    class Echo(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            log.append(f"{version} session {user_id}")
            session.layouts.show_text_wall(f"{version} ready")

            @session.events.on_transcription
            def answer(speech: Transcription) -> None:
                log.append(f"{version} heard {speech.text}")
                session.layouts.show_text_wall(f"{version}: {speech.text}")

        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            log.append(f"{version} stop {reason}")

    return lambda: Echo(package_name=PACKAGE_NAME, api_key=API_KEY)


def deaf() -> MakeApp:
    """Code that is up, and answers no webhook."""

    class Deaf(AppServer):
        async def start(self, **options: object) -> None:
            await super().start(**options)  # type: ignore[arg-type] - a test double
            await self._serving.sessions.close("deaf", timeout=1)  # type: ignore[union-attr]

    return lambda: Deaf(package_name=PACKAGE_NAME, api_key=API_KEY)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    await stage.supervisor.close()


async def test_an_app_is_started_for_the_built_in_user(stage: Stage) -> None:
    await stage.open(echo("one"))

    await stage.until(lambda: stage.display == "one ready")
    await stage.supervisor.say("hello")

    await stage.until(lambda: stage.display == "one: hello")


async def test_a_save_continues_the_live_session_in_the_new_code(stage: Stage) -> None:
    log: list[str] = []
    await stage.open(echo("one", log))
    await stage.until(lambda: stage.display == "one ready")

    await stage.save(echo("two", log))
    await stage.supervisor.say("hello")

    await stage.until(lambda: stage.display == "two: hello")
    await stage.until(lambda: len(log) == 4)
    assert log == [
        "one session you@example.com",
        "two session you@example.com",
        "two heard hello",
        "one stop reload",
    ]


async def test_the_cloud_notices_nothing_of_a_save(stage: Stage) -> None:
    await stage.open(echo("one"))
    await stage.until(lambda: stage.display == "one ready")
    calls = len(stage.entries(HttpCall))

    for version in ("two", "three", "four"):
        await stage.save(echo(version))
    await asyncio.sleep(30)

    assert len(stage.entries(HttpCall)) == calls
    assert stage.display == "four ready"


async def test_ten_saves_one_of_them_broken_give_the_right_text_each_time(stage: Stage) -> None:
    await stage.open(echo("0"))
    shown = []

    for number in range(1, 11):
        await stage.save(BROKEN if number == 5 else echo(str(number)))
        await stage.supervisor.say("x")
        await asyncio.sleep(0.1)
        shown.append(stage.display)
    await asyncio.sleep(PROVEN_AFTER_S)

    assert shown == [f"{4 if number == 5 else number}: x" for number in range(1, 11)]
    assert len(stage.entries(LoadFailed)) == 1
    assert [child.stop_reason for child in stage.children[:-1]] == ["reload"] * 5 + ["server_stopped"] + ["reload"] * 4


async def test_broken_code_at_the_start_is_mended_by_a_save(stage: Stage) -> None:
    await stage.open(BROKEN)

    await stage.save(echo("one"))

    await stage.until(lambda: stage.display == "one ready")
    [failure] = stage.entries(LoadFailed)
    assert isinstance(failure, LoadFailed)
    assert not failure.still_serving


async def test_what_is_said_while_the_code_changes_is_heard_once_and_in_order_by_the_new_code(stage: Stage) -> None:
    log: list[str] = []
    await stage.open(echo("one", log))
    await stage.until(lambda: stage.display == "one ready")

    [session] = stage.supervisor.relay.sessions()
    stage.supervisor.relay.hand_over(session)
    for number in range(20):
        await stage.supervisor.say(f"{number}")
    await stage.save(echo("two", log))

    assert [line for line in log if "heard" in line] == [f"two heard {number}" for number in range(20)]


async def test_a_thousand_numbered_sentences_over_many_saves_arrive_once_each_and_in_order(stage: Stage) -> None:
    log: list[str] = []
    await stage.open(echo("0", log))
    await stage.until(lambda: stage.display == "0 ready")

    async def speak() -> None:
        for number in range(1000):
            await stage.supervisor.say(str(number))
            await asyncio.sleep(0.02)

    speaking = asyncio.create_task(speak())
    for version in range(1, 21):
        await asyncio.sleep(0.3)
        await stage.save(echo(str(version), log))
    await speaking

    heard = [int(line.split()[-1]) for line in log if "heard" in line]
    assert heard == list(range(1000))


async def test_old_code_that_still_shows_something_does_not_overwrite_the_new(stage: Stage) -> None:
    class Stubborn(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            try:
                await asyncio.sleep(1000)
            finally:
                session.layouts.show_text_wall("old, while stopping")

    await stage.open(lambda: Stubborn(package_name=PACKAGE_NAME, api_key=API_KEY))
    await asyncio.sleep(1)

    await stage.save(echo("two"))
    await asyncio.sleep(5)

    assert stage.display == "two ready"


async def test_the_local_cloud_knows_the_settings_and_permissions_that_the_app_declares(stage: Stage) -> None:
    class LineSettings(Settings):
        lines: int = setting(4, min=1, max=9)

    class Declaring(AppServer):
        settings = LineSettings
        permissions = (Permission.CAMERA,)

        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.layouts.show_text_wall(f"lines = {session.settings['lines']}")
            session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))

    await stage.open(lambda: Declaring(package_name=PACKAGE_NAME, api_key=API_KEY))
    assert stage.supervisor.user is not None
    glasses = stage.supervisor.user.glasses
    await glasses.wait_for_display("lines = 4")

    assert glasses.settings(PACKAGE_NAME) == {"lines": 4}
    assert glasses.subscriptions(PACKAGE_NAME) == ()


class ShowsAnySettings(AppServer):
    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.layouts.show_text_wall(f"settings {dict(session.settings)}")
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))


def shows_any_settings() -> AppServer:
    return ShowsAnySettings(package_name=PACKAGE_NAME, api_key=API_KEY)


async def test_the_local_cloud_knows_what_only_the_file_of_the_console_says(stage: Stage, tmp_path: Path) -> None:
    setting = {"type": "toggle", "key": "show", "label": "Show", "defaultValue": True}
    file = {"settings": [{"type": "group", "title": "Looks"}, setting], "permissions": [{"type": "CAMERA"}]}
    (tmp_path / "app_config.json").write_text(json.dumps(file))

    await stage.open(shows_any_settings)
    assert stage.supervisor.user is not None
    glasses = stage.supervisor.user.glasses
    await glasses.wait_for_display("settings {'show': True}")

    assert glasses.settings(PACKAGE_NAME) == {"show": True}
    assert glasses.permissions(PACKAGE_NAME) == ("CAMERA",)


async def test_a_file_of_the_console_that_cannot_be_read_is_told_once_and_hurts_nothing(
    stage: Stage, tmp_path: Path
) -> None:
    file = tmp_path / "app_config.json"
    file.write_text('{"settings": 5}')
    await stage.open(shows_any_settings)
    assert stage.supervisor.user is not None
    glasses = stage.supervisor.user.glasses
    await glasses.wait_for_display("settings {}")

    await stage.save(shows_any_settings)

    assert [(note.text, note.fix) for note in stage.entries(Note) if isinstance(note, Note) and note.is_problem] == [
        (
            f"{file} is no export of the developer console: settings is no list. Nothing of it is used.",
            "Correct it, and save it.",
        )
    ]


async def test_settings_changed_before_a_save_are_known_to_the_new_code(stage: Stage) -> None:
    class ShowsLines(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.layouts.show_text_wall(f"lines = {session.settings.get('lines')}")

    def code() -> AppServer:
        return ShowsLines(package_name=PACKAGE_NAME, api_key=API_KEY)

    await stage.open(code)
    await stage.until(lambda: stage.display == "lines = None")
    assert stage.supervisor.user is not None

    await stage.supervisor.user.glasses.change_settings(PACKAGE_NAME, {"lines": 3})
    await stage.save(code)

    assert stage.display == "lines = 3"


async def test_a_crash_keeps_the_session_for_the_next_code(stage: Stage) -> None:
    await stage.open(echo("one"))
    await stage.until(lambda: stage.display == "one ready")
    calls = len(stage.entries(HttpCall))
    await asyncio.sleep(10)

    await stage.children[-1].crash()
    await stage.until(lambda: len(stage.entries(Loaded)) == 2)
    await stage.supervisor.say("still there?")

    await stage.until(lambda: stage.display == "one: still there?")
    assert len(stage.entries(HttpCall)) == calls


async def test_what_a_crashed_app_had_started_is_ended(stage: Stage) -> None:
    await stage.open(echo("one"))
    await stage.until(lambda: stage.display == "one ready")

    await stage.children[0].crash()
    await asyncio.sleep(1)

    assert stage.children[0].killed


async def test_an_internal_error_does_not_end_reloading(stage: Stage) -> None:
    stage.start_fails = True
    await stage.open(echo("one"))
    stage.start_fails = False

    await stage.save(echo("two"))

    await stage.until(lambda: stage.display == "two ready")
    [failed] = stage.entries(LoadFailed)
    assert isinstance(failed, LoadFailed)
    assert "no child today" in failed.failure.message


async def test_code_that_crashes_at_once_waits_for_a_save(stage: Stage) -> None:
    await stage.open(echo("one"))
    await stage.until(lambda: stage.display == "one ready")

    await stage.children[-1].crash()
    await asyncio.sleep(60)
    assert len(stage.children) == 1

    await stage.save(echo("two"))
    await stage.until(lambda: stage.display == "two ready")


async def test_a_request_waits_for_the_first_code(stage: Stage) -> None:
    await stage.open(BROKEN)
    asking = asyncio.create_task(stage.network.request("GET", f"{stage.supervisor.url}/health", timeout=20))
    await asyncio.sleep(3)

    await stage.save(echo("one"))

    assert (await asking).status == 200


async def test_a_request_without_any_code_is_told_so(stage: Stage) -> None:
    await stage.open(BROKEN)

    answer = await stage.network.request("GET", f"{stage.supervisor.url}/health", timeout=20)

    assert answer.status == 503
    assert b"could not be loaded" in answer.body


async def test_a_webhook_of_an_unknown_cloud_is_refused_and_gets_no_key(stage: Stage) -> None:
    reached: list[object] = []
    listener = await stage.network.listen("evil.example", 443, _no_http, lambda request: reached.append(request))
    await stage.open(echo("one"))

    answer = await stage.network.request(
        "POST",
        f"{stage.supervisor.url}/webhook",
        body=b'{"type":"session_request","sessionId":"a@b.c-com.example.staged","userId":"a@b.c",'
        b'"mentraOSWebsocketUrl":"wss://evil.example/app-ws"}',
        timeout=20,
    )

    assert answer.status == 403
    assert reached == []
    await listener.close()


async def test_a_local_key_is_not_sent_to_a_real_cloud(stage: Stage) -> None:
    await stage.open(echo("one"))

    answer = await stage.network.request(
        "POST",
        f"{stage.supervisor.url}/webhook",
        body=b'{"type":"session_request","sessionId":"a@b.c-com.example.staged","userId":"a@b.c",'
        b'"mentraOSWebsocketUrl":"wss://api.mentra.glass/app-ws"}',
        timeout=20,
    )

    assert answer.status == 403
    assert b"local development key" in answer.body


async def test_no_entry_of_the_journal_holds_the_key(stage: Stage) -> None:
    await stage.open(echo("one"))
    await stage.until(lambda: stage.display == "one ready")
    await stage.save(echo("two"))

    assert stage.entries(Frame)
    assert API_KEY not in repr(list(stage.journal))


async def test_the_journal_has_the_start_in_the_order_in_which_it_happened(stage: Stage) -> None:
    await stage.open(echo("one"))
    await stage.until(lambda: stage.display == "one ready")

    traffic = [entry for entry in stage.journal if isinstance(entry, HttpCall | HttpAnswer | Frame)]

    said = [
        type(codec.decode_from_app(entry.text) if entry.from_app else codec.decode_from_cloud(entry.text)).__name__
        if isinstance(entry, Frame)
        else type(entry).__name__
        for entry in traffic
    ]
    assert said[:3] == ["HttpCall", "ConnectionInit", "ConnectionAck"]
    assert sorted(said[3:6]) == ["DisplayEvent", "HttpAnswer", "SubscriptionUpdate"]


async def test_another_package_name_after_a_save_starts_as_another_app(stage: Stage) -> None:
    await stage.open(echo("one"))
    await stage.until(lambda: stage.display == "one ready")

    class Renamed(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.layouts.show_text_wall("renamed")

    await stage.save(lambda: Renamed(package_name="com.example.renamed", api_key=API_KEY))

    await stage.until(lambda: stage.display == "renamed")


async def test_an_app_with_a_webhook_path_of_its_own_is_started_there(stage: Stage) -> None:
    class Elsewhere(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.layouts.show_text_wall("elsewhere")

    await stage.open(lambda: Elsewhere(package_name=PACKAGE_NAME, api_key=API_KEY, webhook_path="/hooks"))

    await stage.until(lambda: stage.display == "elsewhere")


async def test_closing_ends_the_app_and_frees_the_port(stage: Stage) -> None:
    log: list[str] = []
    await stage.open(echo("one", log))
    await stage.until(lambda: stage.display == "one ready")

    await stage.supervisor.close()

    assert log[-1] == "one stop server_stopped"
    listener = await stage.network.listen("127.0.0.1", 3000, _no_http)
    await listener.close()


async def _no_http(_: object) -> HttpReply:
    return HttpReply(404)


async def test_the_app_knows_where_phones_reach_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    await stage.open(echo("one"))
    (stage.file.parent / ".env").write_text("PUBLIC_URL=https://tunnel.example.com\n")
    await stage.save(echo("two"))

    assert [environment["PUBLIC_URL"] for environment in stage.environments] == [
        stage.supervisor.url,
        "https://tunnel.example.com",
    ]


async def test_what_an_app_says_is_spoken_by_the_cloud_behind_the_relay(stage: Stage) -> None:
    class Speaks(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            result = await session.audio.speak("Hello there")
            session.layouts.show_text_wall(f"said in {result.duration_s} s")

    await stage.open(lambda: Speaks(package_name=PACKAGE_NAME, api_key=API_KEY))
    await stage.until(lambda: stage.display == "said in 0.0 s")

    assert stage.supervisor.user is not None
    (sound,) = stage.supervisor.user.glasses.sounds
    assert (sound.text, sound.url) == ("Hello there", f"{stage.supervisor.user.cloud.url}/api/tts?text=Hello+there")


@pytest.mark.parametrize(
    ("command", "cloud", "own", "given"),
    [
        (("node", "app.mjs"), None, "", LocalCloud.user_token_key),
        (("node", "app.mjs"), None, "mine", lambda: "mine"),
        (("node", "app.mjs"), "wss://api.mentra.glass/app-ws", "", lambda: None),
        ((), None, "", lambda: None),
    ],
    ids=["local", "configured", "real", "python"],
)
async def test_only_a_command_with_the_local_cloud_gets_its_key_by_the_environment(
    tmp_path: Path, command: tuple[str, ...], cloud: str | None, own: str, given: Callable[[], str | None]
) -> None:
    (tmp_path / ".env").write_text(f"{TOKEN_KEY}={own}\n" if own else "")
    stage = Stage(tmp_path, cloud=cloud, command=command)
    await stage.open(echo("one"))
    await stage.supervisor.close()

    assert stage.environments[0].get(TOKEN_KEY) == given()

"""Which code serves: new code that dies at once, saves that overtake each other, what is prepared for the next one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mentra import AppServer, AppSession
from mentra_cli.dev.journal import AppError, Frame, HttpCall, Loaded, LoadFailed, Note
from mentra_cli.dev.reports import BlockedLoop, Failed, Raised, Ready
from mentra_cli.dev.serving import PROVEN_AFTER_S
from tests.dev.stage import API_KEY, BLOCKS, DIES, HANGS, PACKAGE_NAME, MakeApp, Stage
from tests.dev.test_supervisor import BROKEN, deaf, echo


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    await stage.supervisor.close()


async def serving(stage: Stage, code: MakeApp) -> None:
    await stage.open(code)
    await stage.until(lambda: stage.display.endswith("ready"))


def failures(stage: Stage) -> list[str]:
    return [entry.failure.message for entry in stage.entries(LoadFailed) if isinstance(entry, LoadFailed)]


async def test_the_code_before_stays_until_the_new_code_has_proved_itself(stage: Stage) -> None:
    await serving(stage, echo("one"))
    await stage.save(echo("two"))

    before = stage.children[0].stop_reason
    await asyncio.sleep(PROVEN_AFTER_S)

    assert before is None
    assert stage.children[0].stop_reason == "reload"
    assert stage.children[1].stop_reason is None


async def test_new_code_that_dies_at_once_gives_the_sessions_back_to_the_code_before(stage: Stage) -> None:
    log: list[str] = []
    await serving(stage, echo("one", log))
    webhooks = len(stage.entries(HttpCall))
    await stage.save(echo("two"))

    await stage.children[1].crash(7)
    await stage.supervisor.say("still there?")
    await stage.until(lambda: stage.display == "one: still there?")

    await asyncio.sleep(30)
    assert log == ["one session you@example.com", "one heard still there?"]
    assert len(stage.entries(HttpCall)) == webhooks
    assert failures(stage) == ["The app's process ended by itself, with exit code 7, after 0.5 s."]
    assert stage.children[0].stop_reason is None


async def test_new_code_that_dies_while_it_takes_over_leaves_the_session_to_the_code_before(stage: Stage) -> None:
    log: list[str] = []
    await serving(stage, echo("one", log))
    webhooks = len(stage.entries(HttpCall))

    await stage.save(DIES)
    await stage.supervisor.say("still there?")
    await stage.until(lambda: stage.display == "one: still there?")
    await asyncio.sleep(30)

    assert log == ["one session you@example.com", "one heard still there?"]
    assert len(stage.entries(HttpCall)) == webhooks
    assert len(stage.entries(Loaded)) == 1
    assert len(failures(stage)) == 1


async def test_the_glasses_show_what_the_code_before_wants_when_it_is_back(stage: Stage) -> None:
    await serving(stage, echo("one"))
    await stage.supervisor.say("hello")
    await stage.until(lambda: stage.display == "one: hello")
    await stage.save(echo("two"))
    await stage.until(lambda: stage.display == "two ready")

    await stage.children[1].crash()

    await stage.until(lambda: stage.display == "one: hello")


async def test_a_session_that_began_in_code_that_died_starts_in_the_code_before(stage: Stage) -> None:
    log: list[str] = []
    await serving(stage, echo("one", log))
    await stage.save(echo("two"))
    assert stage.supervisor.user is not None
    await stage.supervisor.user.start("ann@example.com")

    await stage.children[1].crash()

    await stage.until(lambda: "one session ann@example.com" in log)
    assert log.count("one session you@example.com") == 1


async def test_a_save_after_the_fall_back_is_loaded(stage: Stage) -> None:
    await serving(stage, echo("one"))
    await stage.save(echo("two"))
    await stage.children[1].crash()
    await stage.until(lambda: failures(stage) != [])

    await stage.save(echo("three"))

    await stage.until(lambda: stage.display == "three ready")
    await asyncio.sleep(PROVEN_AFTER_S)
    assert stage.children[0].stop_reason == "reload"


async def test_code_before_that_dies_while_it_waits_is_not_gone_back_to(stage: Stage) -> None:
    await serving(stage, echo("one"))
    await stage.save(echo("two"))
    await stage.children[0].crash()

    await stage.children[1].crash()
    await asyncio.sleep(1)

    assert stage.supervisor.code.app is None
    assert any("ended by itself" in note.text for note in stage.entries(Note) if isinstance(note, Note))


async def test_two_bad_saves_in_a_row_do_not_lose_the_last_good_code(stage: Stage) -> None:
    await serving(stage, echo("one"))
    await asyncio.sleep(PROVEN_AFTER_S)
    for version in ("two", "three"):
        await stage.save(echo(version))
    shown = []

    for number in (2, 1):
        await stage.children[number].crash()
        await stage.supervisor.say("who?")
        await asyncio.sleep(0.2)
        shown.append(stage.display)

    assert shown == ["two: who?", "one: who?"]


async def test_many_quick_saves_keep_the_newest_code_and_one_that_had_proved_itself(stage: Stage) -> None:
    await serving(stage, echo("0"))
    await asyncio.sleep(PROVEN_AFTER_S)
    for version in range(1, 4):
        await stage.save(echo(str(version)))

    kept = [number for number, child in enumerate(stage.children) if child.stop_reason is None]
    await asyncio.sleep(PROVEN_AFTER_S + 1)

    assert kept == [0, 2, 3]
    assert [child.stop_reason for child in stage.children] == ["reload", "reload", "reload", None]


async def test_new_code_that_does_not_start_the_sessions_leaves_them_to_the_code_before(stage: Stage) -> None:
    log: list[str] = []
    await serving(stage, echo("one", log))

    await stage.save(deaf())
    await stage.supervisor.say("still there?")
    await stage.until(lambda: stage.display == "one: still there?")

    assert log == ["one session you@example.com", "one heard still there?"]
    assert len(stage.entries(Loaded)) == 1
    [failure] = failures(stage)
    assert "does not start its sessions" in failure


async def test_new_code_that_blocks_while_it_starts_the_sessions_leaves_them_to_the_code_before(stage: Stage) -> None:
    log: list[str] = []
    await serving(stage, echo("one", log))

    stage.save_soon(BLOCKS)
    await asyncio.sleep(5)
    await stage.supervisor.say("still there?")
    await stage.until(lambda: stage.display == "one: still there?")

    assert log == ["one session you@example.com", "one heard still there?"]
    [failure] = failures(stage)
    assert "blocked" in failure


async def test_a_save_goes_before_new_code_that_blocks(stage: Stage) -> None:
    await serving(stage, echo("one"))
    stage.save_soon(BLOCKS)
    await stage.until(lambda: len(stage.children) == 2)
    await asyncio.sleep(0.5)

    await stage.save(echo("three"))

    assert stage.display == "three ready"
    assert failures(stage) == []


async def test_a_session_that_starts_while_the_code_changes_runs_in_the_new_code(stage: Stage) -> None:
    log: list[str] = []
    await serving(stage, echo("one", log))
    assert stage.supervisor.user is not None
    starting = asyncio.create_task(stage.supervisor.user.start("ann@example.com"))
    await asyncio.sleep(0)

    await stage.save(echo("two", log))
    await starting
    await asyncio.sleep(PROVEN_AFTER_S + 1)

    assert "two session ann@example.com" in log
    assert sorted(session.request.user_id for session in stage.supervisor.relay.sessions()) == [
        "ann@example.com",
        "you@example.com",
    ]


async def test_a_save_ends_a_load_that_is_under_way(stage: Stage) -> None:
    await serving(stage, echo("one"))
    stage.save_soon(HANGS)
    await stage.until(lambda: len(stage.children) == 2)

    await stage.save(echo("three"))

    await stage.until(lambda: stage.display == "three ready")
    assert stage.children[1].killed
    assert failures(stage) == []
    assert len(stage.entries(Loaded)) == 2


async def test_a_load_that_hangs_leaves_the_old_code_serving_and_is_mentioned(stage: Stage) -> None:
    await serving(stage, echo("one"))

    stage.save_soon(HANGS)
    await asyncio.sleep(5)
    await stage.supervisor.say("x")

    await stage.until(lambda: stage.display == "one: x")
    assert any("still loading" in note.text for note in stage.entries(Note) if isinstance(note, Note))


async def test_the_next_start_is_prepared_with_what_the_code_imports(stage: Stage) -> None:
    stage.modules = ["numpy"]
    await serving(stage, echo("one"))
    await asyncio.sleep(1)

    assert stage.prepared == [["numpy"]]


async def test_nothing_is_prepared_after_the_end(stage: Stage) -> None:
    await serving(stage, echo("one"))
    await stage.supervisor.close()
    prepared = list(stage.prepared)
    await asyncio.sleep(1)

    assert stage.prepared == prepared == []


async def test_a_reload_on_request_tells_how_it_went(stage: Stage) -> None:
    await serving(stage, echo("one"))
    stage.code = BROKEN
    failed = await stage.supervisor.code.reload()
    stage.code = echo("two")
    ready = await stage.supervisor.code.reload()

    assert failed == BROKEN
    assert isinstance(ready, Ready)
    assert stage.display == "two ready"


async def test_a_request_for_a_reload_that_is_overtaken_gets_the_answer_of_the_newer_one(stage: Stage) -> None:
    await serving(stage, echo("one"))
    stage.code = HANGS
    asking = asyncio.create_task(stage.supervisor.code.reload())
    await stage.until(lambda: len(stage.children) == 2)

    await stage.save(BROKEN)

    assert await asking == BROKEN


async def test_what_blocks_the_loop_is_in_the_journal_with_its_place(stage: Stage) -> None:
    await serving(stage, echo("one"))

    stage.supervisor.code.blocked(
        BlockedLoop(file="app.py", line=3, function="answer", blocked_s=0.3, code=[(3, "time.sleep(0.3)")])
    )

    [line] = [str(entry) for entry in stage.journal if type(entry).__name__ == "Blocked"]
    assert "app.py:3" in line


async def test_a_change_of_package_that_dies_brings_the_old_package_back(stage: Stage) -> None:
    await serving(stage, echo("one"))

    class Renamed(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.layouts.show_text_wall("renamed")

    await stage.save(lambda: Renamed(package_name="com.example.renamed", api_key=API_KEY))
    await stage.until(lambda: stage.display == "renamed")
    await stage.children[1].crash()

    await stage.until(lambda: stage.display == "one ready")
    assert stage.supervisor.code.app is not None
    assert stage.supervisor.code.app.package_name == PACKAGE_NAME


async def test_frames_of_the_code_in_reserve_do_not_reach_the_cloud(stage: Stage) -> None:
    class Ticking(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            for number in range(1000):
                session.layouts.show_text_wall(f"tick {number} ready")
                await asyncio.sleep(0.1)

    await serving(stage, lambda: Ticking(package_name=PACKAGE_NAME, api_key=API_KEY))
    await stage.save(echo("two"))
    await asyncio.sleep(0.3)

    frames = [entry for entry in stage.entries(Frame) if isinstance(entry, Frame) and entry.from_app]
    assert stage.display == "two ready"
    assert b"two ready" in [frame.text for frame in frames if b"display_event" in frame.text][-1]


async def test_what_the_code_before_has_written_is_there_when_the_new_code_reads_it(stage: Stage) -> None:
    class Counter(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            count = int(await session.storage.get("count", "0"))
            await session.storage.set("count", f"{count + 1}")
            session.layouts.show_text_wall(f"{count}")

    def make() -> Counter:
        return Counter(package_name=PACKAGE_NAME, api_key=API_KEY)

    await stage.open(make)
    await stage.until(lambda: stage.display == "0")

    for count in ("1", "2", "3"):
        await stage.save(make)
        await stage.until(lambda count=count: stage.display == count)  # type: ignore[misc]


# Errors of app code.


RAISED = Failed(message="App.on_session failed for you@example.com: KeyError: 1", file="app.py", line=3)


async def test_what_on_session_raises_is_a_problem_until_better_code_is_loaded(stage: Stage) -> None:
    await serving(stage, echo("one"))
    code = stage.supervisor.code

    code.raised(stage.children[0], Raised(failure=RAISED, user_id="you@example.com", in_on_session=True))
    problem = code.problem
    await stage.save(echo("two"))

    assert problem == RAISED
    assert code.failure is None
    assert code.problem is None
    entries = [(entry.failure, entry.user_id) for entry in stage.entries(AppError) if isinstance(entry, AppError)]
    assert entries == [(RAISED, "you@example.com")]


async def test_what_new_code_raises_while_it_takes_over_is_told_behind_the_word_that_it_serves(stage: Stage) -> None:
    await serving(stage, echo("one"))

    def raising() -> AppServer:
        app = echo("two")()
        told = Raised(failure=RAISED, user_id="you@example.com", in_on_session=True)
        begin = app.on_session

        async def on_session(*arguments: Any) -> None:
            stage.supervisor.code.raised(stage.children[1], told)
            await begin(*arguments)

        app.on_session = on_session  # type: ignore[method-assign]
        return app

    await stage.save(raising)

    kinds = [type(entry) for entry in stage.journal if isinstance(entry, Loaded | AppError)]
    assert kinds == [Loaded, Loaded, AppError]
    assert stage.supervisor.code.problem == RAISED


async def test_errors_of_handlers_and_of_the_code_before_are_told_and_are_no_problem_of_the_code(stage: Stage) -> None:
    await serving(stage, echo("one"))
    await stage.save(echo("two"))
    code = stage.supervisor.code

    code.raised(stage.children[1], Raised(failure=RAISED, user_id="you@example.com", in_on_session=False))
    code.raised(stage.children[0], Raised(failure=RAISED, user_id="you@example.com", in_on_session=True))

    assert code.problem is None
    assert len(stage.entries(AppError)) == 2

"""What a developer asks of ``mentra dev`` through the control interface: how it is, what happened, restart, replay."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mentra_cli import __version__
from mentra_cli.dev.journal import KEPT, Frame, Note
from mentra_cli.dev.program import MAX_ENTRIES
from mentra_cli.dev.reports import Failed, Raised
from tests.dev.stage import PACKAGE_NAME, Stage
from tests.dev.test_control import ask, told
from tests.dev.test_supervisor import echo

BROKEN = Failed(message="SyntaxError: invalid syntax", fix="Mend it.", file="/p/app.py", line=3, traceback="long")
PROBLEM = {
    "message": "SyntaxError: invalid syntax",
    "fix": "Mend it.",
    "file": "/p/app.py",
    "line": 3,
    "in_on_session": False,
}
RAISED = Failed(message="App.on_session failed for you@example.com: KeyError: 1", file="app.py", line=3)
RAISED_PROBLEM = {"message": RAISED.message, "fix": "", "file": "app.py", "line": 3, "in_on_session": True}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    await stage.open(echo("one"))
    await stage.until(lambda: stage.display == "one ready")
    yield stage
    await stage.supervisor.close()


@pytest.fixture
async def broken(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    await stage.open(BROKEN)
    yield stage
    await stage.supervisor.close()


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[Stage]:
    """Connected to a real cloud."""
    stage = Stage(tmp_path, cloud="wss://api.mentra.glass/app-ws")
    await stage.open(echo("one"))
    yield stage
    await stage.supervisor.close()


# Status.


async def test_the_status_tells_what_serves_and_whom(stage: Stage) -> None:
    await told(stage, "POST", "/start", {"user": "bob@example.com"})
    status = await told(stage, "GET", "/status")

    took_ms, pid, last_entry = (status.pop(name) for name in ("last_load_ms", "pid", "last_entry"))
    assert took_ms >= 0
    assert pid > 0
    assert last_entry == stage.journal.count
    assert status == {
        "version": 1,
        "cloud": "local",
        "url": "http://127.0.0.1:3000",
        "file": "app.py",
        "found": "found app.py",
        "app": {"name": "Echo", "package_name": PACKAGE_NAME, "how": "class Echo"},
        "apps": [],
        "problem": None,
        "sessions": [
            {"session_id": f"{user}-{PACKAGE_NAME}", "user": user, "connected": True}
            for user in ("you@example.com", "bob@example.com")
        ],
        "users": [
            {
                "user": user,
                "display": "one ready",
                "light": None,
                "sound": None,
                "video": None,
                "running": True,
                "apps": [PACKAGE_NAME],
                "failed": [],
                "glasses": "Even Realities G1",
                "worn": True,
                "online": True,
                "latency_s": 0.0,
                "jitter_s": 0.0,
                "loss": 0.0,
            }
            for user in ("you@example.com", "bob@example.com")
        ],
        "reloads": 0,
        "mentra": __version__,
    }


async def test_the_status_counts_reloads(stage: Stage) -> None:
    await stage.save(echo("two"))
    await stage.save(echo("three"))

    assert (await told(stage, "GET", "/status"))["reloads"] == 2


async def test_the_status_tells_why_newer_code_does_not_serve(stage: Stage) -> None:
    await stage.save(BROKEN)

    status = await told(stage, "GET", "/status")

    assert status["problem"] == PROBLEM
    assert status["app"]["how"] == "class Echo"


async def test_the_status_tells_why_nothing_serves(broken: Stage) -> None:
    status = await told(broken, "GET", "/status")

    assert status["problem"] == PROBLEM
    assert status["app"] is None


async def test_the_status_tells_that_the_app_has_crashed(stage: Stage) -> None:
    await stage.children[-1].crash()
    await asyncio.sleep(0.5)

    status = await told(stage, "GET", "/status")

    assert status["app"] is None
    assert "ended by itself" in status["problem"]["message"]


async def test_the_status_names_a_real_cloud(real: Stage) -> None:
    status = await told(real, "GET", "/status")

    assert (status["cloud"], status["users"]) == ("wss://api.mentra.glass/app-ws", [])


# Logs.


async def test_logs_have_each_entry_as_json_and_as_text(stage: Stage) -> None:
    stage.journal.add(Note(text="something", fix="do it"))

    logs = await told(stage, "GET", f"/logs?after={stage.journal.count - 1}")

    [told_entry] = logs["entries"]
    assert (told_entry["entry"]["kind"], told_entry["entry"]["number"]) == ("note", stage.journal.count)
    assert told_entry["text"].endswith("mentra  note: something\n    Fix: do it")
    assert (logs["next"], logs["missed"], logs["more"], logs["ended"]) == (stage.journal.count, 0, False, False)


def numbers(logs: Any) -> list[int]:
    return [told_entry["entry"]["number"] for told_entry in logs["entries"]]


async def test_logs_are_gone_through_in_pieces_without_gaps(stage: Stage) -> None:
    for number in range(MAX_ENTRIES + 10):
        stage.journal.add(Note(text=f"note {number}"))

    first = await told(stage, "GET", "/logs")
    second = await told(stage, "GET", f"/logs?after={first['next']}")

    assert (len(first["entries"]), first["more"], second["more"]) == (MAX_ENTRIES, True, False)
    assert numbers(first) + numbers(second) == list(range(1, stage.journal.count + 1))


async def test_only_the_last_entries_are_told_on_request(stage: Stage) -> None:
    logs = await told(stage, "GET", "/logs?last=2")

    assert numbers(logs) == [stage.journal.count - 1, stage.journal.count]
    assert (await told(stage, "GET", "/logs?last=0"))["entries"] == []


async def test_only_what_contains_a_text_is_told_on_request(stage: Stage) -> None:
    stage.journal.add(Note(text="A Needle"))

    logs = await told(stage, "GET", "/logs?filter=needle&last=5")

    assert numbers(logs) == [stage.journal.count]


async def test_who_fell_behind_is_told_how_much_is_missing(stage: Stage) -> None:
    after = stage.journal.count
    for number in range(KEPT + 7):
        stage.journal.add(Note(text=f"note {number}"))

    logs = await told(stage, "GET", f"/logs?after={after}")

    assert logs["missed"] == 7
    assert numbers(logs)[0] == after + 8


async def test_logs_wait_for_what_is_wanted(stage: Stage) -> None:
    waiting = asyncio.create_task(told(stage, "GET", f"/logs?after={stage.journal.count}&filter=needle&wait_s=60"))
    await asyncio.sleep(20)
    stage.journal.add(Note(text="hay"))
    await asyncio.sleep(20)
    stage.journal.add(Note(text="needle"))

    logs = await waiting

    assert numbers(logs) == [stage.journal.count]


async def test_logs_that_wait_in_vain_say_where_to_go_on(stage: Stage) -> None:
    count = stage.journal.count

    logs = await told(stage, "GET", f"/logs?after={count}&wait_s=5")

    assert (logs["entries"], logs["next"], logs["ended"]) == ([], count, False)


async def test_who_follows_hears_of_the_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.open(echo("one"))
    waiting = asyncio.create_task(told(stage, "GET", "/logs?after=100000&filter=never&wait_s=400"))
    await asyncio.sleep(1)

    await stage.supervisor.close()

    assert (await waiting)["ended"] is True


# Restart.


async def test_a_restart_loads_the_code_anew_and_tells_how_long_it_took(stage: Stage) -> None:
    outcome = await told(stage, "POST", "/restart")

    assert outcome.pop("took_ms") >= 0
    assert outcome == {"version": 1, "loaded": True, "problem": None, "still_serving": True}
    assert len(stage.children) == 2


async def test_a_restart_in_vain_tells_why(broken: Stage) -> None:
    outcome = await told(broken, "POST", "/restart")

    assert outcome == {"version": 1, "loaded": False, "took_ms": None, "problem": PROBLEM, "still_serving": False}


async def test_a_restart_tells_what_on_session_raises_at_once_and_so_does_the_status(stage: Stage) -> None:
    restarting = asyncio.create_task(told(stage, "POST", "/restart"))
    await stage.until(lambda: len(stage.children) == 2 and stage.display == "one ready")
    await asyncio.sleep(0.1)
    report = Raised(failure=RAISED, user_id="you@example.com", in_on_session=True)
    stage.supervisor.code.raised(stage.children[1], report)

    outcome = await restarting
    status = await told(stage, "GET", "/status")

    assert (outcome["loaded"], outcome["problem"]) == (True, RAISED_PROBLEM)
    assert status["problem"] == RAISED_PROBLEM


async def test_a_restart_works_with_a_real_cloud(real: Stage) -> None:
    assert (await told(real, "POST", "/restart"))["loaded"] is True


# Replay.


async def test_the_last_event_is_delivered_again_to_the_code_as_it_is_now(stage: Stage) -> None:
    await told(stage, "POST", "/say", {"text": "hello"})
    await stage.save(echo("two"))
    last = max(entry.number for entry in stage.entries(Frame) if b"transcription:en-US" in entry.text)  # type: ignore[union-attr]

    replayed = await told(stage, "POST", "/replay")

    assert replayed == {
        "version": 1,
        "number": replayed["number"],
        "stream": "transcription:en-US",
        "user": "you@example.com",
        "display": "two: hello",
    }
    assert replayed["number"] <= last
    frames = [entry for entry in stage.entries(Frame) if isinstance(entry, Frame) and b'"data_stream"' in entry.text]
    assert len({frame.text for frame in frames}) == 1
    assert len(frames) == 2


async def test_an_event_is_chosen_by_its_number(stage: Stage) -> None:
    for text in ("first", "second"):
        await told(stage, "POST", "/say", {"text": text})
    [number] = [
        entry.number
        for entry in stage.entries(Frame)
        if isinstance(entry, Frame) and b"first" in entry.text and not entry.from_app
    ]

    replayed = await told(stage, "POST", "/replay", {"number": number})

    assert replayed["display"] == "one: first"


@pytest.mark.parametrize(("body", "status"), [(b'{"number":1}', 409), (b'{"number":100000}', 404), (b"{}", 404)])
async def test_what_is_no_event_is_not_delivered(stage: Stage, body: bytes, status: int) -> None:
    answer = await ask(stage, "POST", "/replay", body)

    assert answer.status == status
    assert json.loads(answer.body)["fix"]


async def test_an_event_of_a_session_that_ended_is_not_delivered(stage: Stage) -> None:
    await told(stage, "POST", "/say", {"text": "hello", "user": "bob@example.com"})
    [number] = [
        entry.number for entry in stage.entries(Frame) if isinstance(entry, Frame) and b'"data_stream"' in entry.text
    ]
    await told(stage, "POST", "/leave", {"user": "bob@example.com"})
    await asyncio.sleep(1)

    answers = [await ask(stage, "POST", "/replay", body) for body in (b"{}", b'{"number":%d}' % number)]

    assert [answer.status for answer in answers] == [404, 409]


# Stop.


async def test_to_stop_is_passed_on(stage: Stage) -> None:
    asked = asyncio.Event()
    stage.supervisor.on_stop_requested = asked.set

    ending = await told(stage, "POST", "/stop")

    assert asked.is_set()
    assert ending["pid"] > 0

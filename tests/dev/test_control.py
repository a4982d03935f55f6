"""The interface for other commands: who may call it, and what it answers."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mentra.transport.base import HttpReply
from mentra_cli.dev import state_file
from tests.dev.stage import Stage
from tests.dev.test_supervisor import echo


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    await stage.open(echo("one"))
    await stage.until(lambda: stage.display == "one ready")
    yield stage
    await stage.supervisor.close()


async def ask(stage: Stage, method: str, path: str, body: bytes = b"", **headers: str) -> HttpReply:
    state = state_file.read(stage.file.parent)
    assert state is not None
    complete = {"authorization": f"Bearer {state.token}", "host": "127.0.0.1:1", **headers}
    return await stage.network.request(method, state.control_url + path, headers=complete, body=body, timeout=5)


async def test_say_speaks_to_the_app_and_answers_with_what_the_glasses_show(stage: Stage) -> None:
    answer = await ask(stage, "POST", "/say", b'{"text":"hello"}')

    assert answer.status == 200
    assert json.loads(answer.body) == {"version": 1, "display": "one: hello", "heard": True}


async def test_say_tells_that_the_app_does_not_listen(stage: Stage) -> None:
    answer = await ask(stage, "POST", "/say", b'{"text":"bonjour","language":"fr-FR"}')

    assert json.loads(answer.body) == {"version": 1, "display": "one ready", "heard": False}


async def test_screen_tells_what_the_glasses_show(stage: Stage) -> None:
    answer = await ask(stage, "GET", "/screen")

    assert json.loads(answer.body) == {"version": 1, "display": "one ready", "heard": True}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer wrong"},
        {"authorization": ""},
        {"host": "evil.example"},
        {"host": "127.evil.example"},
        {"origin": "https://evil.example"},
    ],
    ids=str,
)
async def test_callers_without_the_token_and_web_pages_are_refused(stage: Stage, headers: dict[str, str]) -> None:
    answer = await ask(stage, "POST", "/say", b'{"text":"hello"}', **headers)

    assert answer.status == 403
    assert stage.display == "one ready"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/say", b"{}", 400),
        ("POST", "/say", b'{"text":" "}', 400),
        ("POST", "/say", b'{"text":"x","language":"zz"}', 400),
        ("POST", "/say", b"not json", 400),
        ("POST", "/say", b'{"text":"x","loud":true}', 400),
        ("GET", "/say", b"", 404),
        ("POST", "/else", b"", 404),
    ],
)
async def test_bad_requests_are_told_what_is_wrong(
    stage: Stage, method: str, path: str, body: bytes, status: int
) -> None:
    answer = await ask(stage, method, path, body)

    assert answer.status == status
    assert json.loads(answer.body)["error"]


@pytest.mark.parametrize("url", ["http://evil.example:1", "not a url"])
def test_a_state_file_that_names_another_machine_is_not_believed(tmp_path: Path, url: str) -> None:
    state_file.write(
        tmp_path, state_file.DevState(pid=1, port=1, control_url=url, cloud_url="http://127.0.0.1:1", token="t")
    )

    assert state_file.find(tmp_path) is None


async def test_without_virtual_glasses_there_is_nobody_to_speak(tmp_path: Path) -> None:
    stage = Stage(tmp_path, cloud="wss://api.mentra.glass/app-ws")
    await stage.open(echo("one"))

    answer = await ask(stage, "POST", "/say", b'{"text":"hello"}')
    await stage.supervisor.close()

    assert answer.status == 409


async def test_the_state_file_is_for_its_owner_only_and_gone_afterwards(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.open(echo("one"))
    file = tmp_path / ".mentra-dev" / "dev.json"

    mode = file.stat().st_mode & 0o777
    found_from_below = state_file.find(tmp_path / "deep" / "down")
    await stage.supervisor.close()

    assert mode == 0o600
    assert found_from_below is not None
    assert (tmp_path / ".mentra-dev" / ".gitignore").read_text() == "*\n"
    assert not file.exists()
    assert state_file.find(tmp_path) is None

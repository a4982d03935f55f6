"""The interface for other commands: who may call it, and what it answers."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

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
    """Ask as another program of this user would."""
    state = state_file.read(stage.file.parent)
    assert state is not None
    complete = {"authorization": f"Bearer {state.token}", "host": "127.0.0.1:1", **headers}
    return await stage.network.request(method, state.control_url + path, headers=complete, body=body, timeout=500)


async def told(stage: Stage, method: str, path: str, body: Any = None) -> Any:
    """Ask for something that is done; return the answer."""
    answer = await ask(stage, method, path, b"" if body is None else json.dumps(body).encode())
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


async def test_the_routes_are_listed_with_what_they_do(stage: Stage) -> None:
    listed = await told(stage, "GET", "/")

    assert listed["routes"]["POST /say"] == "Speak to the app."
    assert "GET /screen" in listed["routes"]


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
        ("POST", "/say", b'{"text":"x","user":"with-hyphen@example.com"}', 400),
        ("POST", "/say", b'{"text":"x","user":""}', 400),
        ("POST", "/press", b"[]", 400),
        ("POST", "/look", b'{"direction":"left"}', 400),
        ("POST", "/move", b'{"lat":91,"lng":0}', 400),
        ("POST", "/battery", b'{"level":101}', 400),
        ("POST", "/touch", b'{"gesture":""}', 400),
        ("POST", "/sound", b'{"pcm":"no base64"}', 400),
        ("POST", "/send", b'{"stream":"button_pres","data":{}}', 400),
        ("POST", "/send", b'{"stream":"button_press","data":{}}', 400),
        ("POST", "/send", b'{"stream":"audio_chunk","data":{}}', 400),
        ("GET", "/screen?wait_s=long", b"", 400),
        ("GET", "/logs?since=1", b"", 400),
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


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/say", b'{"text":"hello"}'),
        ("POST", "/press", b"{}"),
        ("POST", "/start", b"{}"),
        ("POST", "/leave", b"{}"),
        ("POST", "/tool", b'{"name":"forecast"}'),
        ("GET", "/screen", b""),
        ("GET", "/settings", b""),
    ],
)
async def test_without_virtual_glasses_there_is_no_wearer(tmp_path: Path, method: str, path: str, body: bytes) -> None:
    stage = Stage(tmp_path, cloud="wss://api.mentra.glass/app-ws")
    await stage.open(echo("one"))

    answer = await ask(stage, method, path, body)
    await stage.supervisor.close()

    assert answer.status == 409
    assert "real cloud" in json.loads(answer.body)["error"]


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

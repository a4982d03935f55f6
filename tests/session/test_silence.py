"""What an app has declared is looked up once, however many sessions ask."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from mentra.session.cloud_api import CloudApi
from mentra.session.silence import Explainer, Silence
from mentra.transport.base import Accept, HttpReply, HttpRequest
from mentra.transport.memory import MemoryNetwork

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))
DECLARED = b'{"success":true,"packageName":"p","permissions":[{"type":"CAMERA","_id":"1"}]}'


class Cloud:
    """Answers look-ups when told to."""

    def __init__(self) -> None:
        self.network = MemoryNetwork()
        self.replies = [HttpReply(200, DECLARED)]
        self.requests: list[HttpRequest] = []
        self.go_on = asyncio.Event()

    async def open(self) -> CloudApi:
        listener = await self.network.listen("127.0.0.1", 0, self._answer, self._refuse)
        url = "ws" + listener.url.removeprefix("http") + "/app-ws"
        return CloudApi(self.network, url, package_name="com.example.app", api_key=lambda: "secret")

    async def _answer(self, request: HttpRequest) -> HttpReply:
        self.requests.append(request)
        await self.go_on.wait()
        return self.replies.pop(0)

    def _refuse(self, request: HttpRequest) -> Accept | None:
        return None


async def test_sessions_that_ask_at_once_share_one_look_up():
    cloud, silence = Cloud(), Silence()
    api = await cloud.open()
    asking = [asyncio.create_task(silence.declared(api)) for _ in range(3)]
    await asyncio.sleep(1)
    cloud.go_on.set()

    assert await asyncio.gather(*asking) == [frozenset({"CAMERA"})] * 3
    assert await silence.declared(api) == {"CAMERA"}
    assert [(each.method, each.path, each.headers.get("authorization")) for each in cloud.requests] == [
        ("GET", "/api/public/permissions/com.example.app", None)
    ]


async def test_a_look_up_whose_session_ended_is_made_by_the_next_one():
    cloud, silence = Cloud(), Silence()
    api = await cloud.open()
    first = asyncio.create_task(silence.declared(api))
    await asyncio.sleep(1)
    second = asyncio.create_task(silence.declared(api))
    await asyncio.sleep(1)
    cloud.replies *= 2
    cloud.go_on.set()
    first.cancel()

    assert await asyncio.gather(first, second, return_exceptions=True) == [AnyCancelled(), frozenset({"CAMERA"})]


class AnyCancelled:
    def __eq__(self, other: Any) -> bool:
        return isinstance(other, asyncio.CancelledError)

    __hash__ = None  # type: ignore[assignment]  # not to be put anywhere


async def test_what_is_no_answer_is_not_kept():
    cloud, silence = Cloud(), Silence()
    api = await cloud.open()
    cloud.go_on.set()
    cloud.replies[:0] = [HttpReply(500, b"oops"), HttpReply(200, b'{"success":true}'), HttpReply(404, DECLARED)]

    assert [await silence.declared(api) for _ in range(4)] == [None, None, None, frozenset({"CAMERA"})]


def test_each_thing_is_news_once():
    silence = Silence()

    assert [silence.is_news("a", "b"), silence.is_news("a", "b"), silence.is_news("a")] == [True, False, True]


@pytest.mark.parametrize("glasses_first", [True, False])
async def test_permissions_are_looked_up_once_per_stream_whenever_the_glasses_change(glasses_first: bool):
    started: list[Coroutine[Any, Any, None]] = []
    api = await Cloud().open()
    explainer = Explainer(Silence(), api, LOGGER, start=started.append, denied=lambda refused: None)

    for again in (glasses_first, not glasses_first, True, False):
        explainer.look_at({"transcription:en-US": "here"}, None, options_work=False, again=again)

    assert len(started) == 1
    started[0].close()


@pytest.mark.parametrize(("permission", "look_ups"), [("MICROPHONE", 0), ("CAMERA", 1)])
async def test_what_is_known_and_not_missing_needs_no_look_up(permission: str, look_ups: int):
    started: list[Coroutine[Any, Any, None]] = []
    cloud, silence = Cloud(), Silence()
    api = await cloud.open()
    cloud.replies = [HttpReply(200, DECLARED.replace(b"CAMERA", permission.encode()))]
    cloud.go_on.set()
    await silence.declared(api)
    explainer = Explainer(silence, api, LOGGER, start=started.append, denied=lambda refused: None)

    explainer.look_at({"transcription:en-US": "here"}, None, options_work=False)

    assert len(started) == look_ups
    for work in started:
        work.close()

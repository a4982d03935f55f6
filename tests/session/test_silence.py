"""What an app has declared is looked up once, however many sessions ask, and all of them are told."""

import asyncio
import logging

import pytest

from mentra.localcloud.models import MODELS
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import RefusedStream
from mentra.session.cloud_api import CloudApi
from mentra.session.silence import LONGEST_REMEMBERED, REMEMBERED, Explainer, Silence
from mentra.transport.base import Accept, HttpReply, HttpRequest
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_cloud import turns

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))
DECLARED = b'{"success":true,"packageName":"p","permissions":[{"type":"CAMERA","_id":"1"}]}'
SPEECH = "transcription:en-US"
PHOTO = "photo_taken"
TOLD = [(SPEECH, "MICROPHONE")]


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


class Session:
    """What a session has of this: it subscribes, is told what is missing, and ends."""

    def __init__(self, silence: Silence, api: CloudApi) -> None:
        self.told: list[tuple[str, str]] = []
        self._explainer = Explainer(silence, api, LOGGER, denied=self._denied)

    def subscribe(self, *streams: str, again: bool = False) -> None:
        self._explainer.look_at(dict.fromkeys(streams, "here"), None, options_work=False, again=again)

    def end(self) -> None:
        self._explainer.close()

    def _denied(self, refused: RefusedStream) -> None:
        self.told.append((refused.stream, refused.required_permission))


def subscribed(number: int, silence: Silence, api: CloudApi) -> list[Session]:
    sessions = [Session(silence, api) for _ in range(number)]
    for session in sessions:
        session.subscribe(SPEECH)
    return sessions


async def test_sessions_that_ask_at_once_share_one_look_up():
    cloud, silence = Cloud(), Silence()
    sessions = subscribed(3, silence, await cloud.open())
    await asyncio.sleep(1)
    cloud.go_on.set()
    await turns()

    assert [session.told for session in sessions] == [TOLD] * 3
    assert [(each.method, each.path, each.headers.get("authorization")) for each in cloud.requests] == [
        ("GET", "/api/public/permissions/com.example.app", None)
    ]


async def test_a_session_that_asks_later_is_told_without_a_look_up():
    cloud, silence = Cloud(), Silence()
    cloud.go_on.set()
    api = await cloud.open()
    subscribed(1, silence, api)
    await turns()
    (later,) = subscribed(1, silence, api)

    assert later.told == []  # Handlers that are registered in the same turn shall hear of it.
    await turns()
    assert later.told == TOLD
    assert len(cloud.requests) == 1


async def test_a_look_up_whose_session_ended_is_there_for_the_others():
    cloud, silence = Cloud(), Silence()
    first, second = subscribed(2, silence, await cloud.open())
    await asyncio.sleep(1)
    first.end()
    cloud.go_on.set()
    await turns()

    assert [first.told, second.told] == [[], TOLD]
    assert len(cloud.requests) == 1


async def test_what_is_no_answer_is_asked_for_again_by_the_next_session_and_then_told_to_all():
    cloud, silence = Cloud(), Silence()
    api = await cloud.open()
    cloud.go_on.set()
    cloud.replies[:0] = [HttpReply(500, b"oops"), HttpReply(200, b'{"success":true}'), HttpReply(404, DECLARED)]
    sessions: list[Session] = []
    told: list[int] = []
    for _ in range(4):
        sessions += subscribed(1, silence, api)
        await asyncio.sleep(60)
        told.append(sum(len(session.told) for session in sessions))

    assert told == [0, 0, 0, 4]
    assert [session.told for session in sessions] == [TOLD] * 4
    assert len(cloud.requests) == 4


async def test_nothing_is_looked_up_until_the_patience_is_over():
    cloud, silence = Cloud(), Silence(patience_s=10.0)
    cloud.go_on.set()
    api = await cloud.open()
    early = subscribed(2, silence, api)
    await asyncio.sleep(9)
    late = subscribed(1, silence, api)
    await asyncio.sleep(0.9)
    assert cloud.requests == []

    await asyncio.sleep(0.2)
    assert [session.told for session in early + late] == [TOLD] * 3
    assert len(cloud.requests) == 1


async def test_sessions_wait_without_a_task_of_their_own():
    silence = Silence(patience_s=10.0)
    api = await Cloud().open()
    before = len(asyncio.all_tasks())
    subscribed(100, silence, api)
    await asyncio.sleep(1)

    assert len(asyncio.all_tasks()) == before + 1
    await silence.close()


async def test_a_session_that_ended_meanwhile_is_told_nothing():
    cloud, silence = Cloud(), Silence(patience_s=10.0)
    cloud.go_on.set()
    first, second = subscribed(2, silence, await cloud.open())
    await asyncio.sleep(5)
    first.end()
    await asyncio.sleep(6)

    assert [first.told, second.told] == [[], TOLD]


async def test_a_session_that_is_ended_by_what_another_one_is_told_is_told_nothing():
    cloud, silence = Cloud(), Silence()
    cloud.go_on.set()
    api = await cloud.open()
    second = Session(silence, api)
    first = Explainer(silence, api, LOGGER, denied=lambda refused: second.end())
    first.look_at({SPEECH: "here"}, None, options_work=False)
    second.subscribe(SPEECH)
    await turns()

    assert second.told == []


async def test_once_the_patience_is_over_nobody_has_to_be_patient():
    """Sessions that are shorter than the patience must not put it off for ever; nor is it looked up for nobody."""
    cloud, silence = Cloud(), Silence(patience_s=10.0)
    cloud.go_on.set()
    api = await cloud.open()
    (short,) = subscribed(1, silence, api)
    short.end()
    await asyncio.sleep(11)
    assert cloud.requests == []

    (later,) = subscribed(1, silence, api)
    await turns()
    assert later.told == TOLD


async def test_after_a_failure_the_next_session_does_not_wait():
    cloud, silence = Cloud(), Silence(patience_s=10.0)
    cloud.go_on.set()
    cloud.replies[:0] = [HttpReply(500, b"oops")]
    api = await cloud.open()
    (first,) = subscribed(1, silence, api)
    await asyncio.sleep(60)
    assert (len(cloud.requests), first.told) == (1, [])

    (second,) = subscribed(1, silence, api)
    await turns()
    assert [first.told, second.told] == [TOLD] * 2


async def test_what_is_subscribed_while_nobody_knows_is_told_together():
    cloud, silence = Cloud(), Silence(patience_s=10.0)
    cloud.replies = [HttpReply(200, DECLARED.replace(b"CAMERA", b"LOCATION"))]
    cloud.go_on.set()
    (session,) = subscribed(1, silence, await cloud.open())
    await asyncio.sleep(5)
    session.subscribe(SPEECH, PHOTO)
    await asyncio.sleep(6)

    assert session.told == [*TOLD, (PHOTO, "CAMERA")]


@pytest.mark.parametrize("after_s", [0.0, 5.0, 11.0])
async def test_the_end_leaves_no_task_however_far_the_look_up_is(after_s: float):
    silence = Silence(patience_s=10.0)
    api = await Cloud().open()  # It does not answer.
    before = asyncio.all_tasks()
    subscribed(1, silence, api)
    await asyncio.sleep(after_s)
    await silence.close()

    # What the cloud's half of the memory network does for a request that was given up is not ours.
    assert [task for task in asyncio.all_tasks() - before if "look-up" in task.get_name()] == []


def test_each_thing_is_news_once():
    silence = Silence()

    assert [silence.is_news("a", "b"), silence.is_news("a", "b"), silence.is_news("a")] == [True, False, True]


@pytest.mark.parametrize("glasses_first", [True, False])
async def test_permissions_are_told_once_per_stream_whenever_the_glasses_change(glasses_first: bool):
    cloud = Cloud()
    cloud.go_on.set()
    session = Session(Silence(), await cloud.open())

    for again in (glasses_first, not glasses_first, True, False):
        session.subscribe(SPEECH, again=again)
        await turns()

    assert session.told == TOLD


async def test_what_is_known_and_not_missing_needs_no_task():
    cloud, silence = Cloud(), Silence()
    cloud.replies = [HttpReply(200, DECLARED.replace(b"CAMERA", b"MICROPHONE"))]
    cloud.go_on.set()
    api = await cloud.open()
    subscribed(1, silence, api)
    await turns()
    before = asyncio.all_tasks()
    (later,) = subscribed(1, silence, api)

    assert asyncio.all_tasks() == before
    assert later.told == []


def unsure_of(
    silence: Silence, api: CloudApi, *streams: str, capabilities: Capabilities | None = None
) -> list[str] | None:
    unsure = silence.unsure_of(api, dict.fromkeys(streams, "here"), capabilities, options_work=False)
    return None if unsure is None else [listening.stream for listening in unsure]


async def test_what_one_session_has_looked_at_no_other_has_to():
    cloud, silence = Cloud(), Silence()
    cloud.go_on.set()
    api = await cloud.open()
    before = unsure_of(silence, api, PHOTO, "button_press")
    Session(silence, api).subscribe(PHOTO, "button_press")
    meanwhile = unsure_of(silence, api, PHOTO, "button_press")
    await turns()
    Session(silence, api).subscribe(PHOTO, "button_press")

    assert [before, meanwhile, unsure_of(silence, api, PHOTO, "button_press")] == [None, [PHOTO], []]
    other = CloudApi(cloud.network, "ws://other.example.com/app-ws", package_name="p", api_key=lambda: "")
    assert unsure_of(silence, other, PHOTO, "button_press") is None
    assert unsure_of(silence, api, PHOTO) is None
    same = dict.fromkeys((PHOTO, "button_press"), "here")
    assert silence.unsure_of(api, same, None, options_work=True) is None  # Another cloud by its age: "auto" is.
    assert unsure_of(silence, api, PHOTO, "button_press", capabilities=MODELS["Vuzix Z100"]) is None


async def test_a_session_that_only_asks_is_told_as_one_that_has_looked():
    cloud, silence = Cloud(), Silence()
    cloud.go_on.set()
    api = await cloud.open()
    subscribed(1, silence, api)
    told: list[RefusedStream] = []
    explainer = Explainer(silence, api, LOGGER, denied=told.append)
    unsure = silence.unsure_of(api, {SPEECH: "here"}, None, options_work=False)
    assert unsure
    for _ in range(2):
        explainer.ask_for(unsure)
        await turns()

    assert [(refused.stream, refused.required_permission) for refused in told] == TOLD


async def test_what_may_not_be_heard_is_looked_at_in_each_session():
    cloud, silence = Cloud(), Silence()
    cloud.go_on.set()
    api = await cloud.open()
    subscribed(1, silence, api)
    await turns()
    (later,) = subscribed(1, silence, api)
    await turns()

    assert unsure_of(silence, api, SPEECH) is None
    assert later.told == TOLD


async def test_names_without_end_do_not_fill_the_memory():
    silence = Silence()
    api = await Cloud().open()
    long = "x" * (LONGEST_REMEMBERED + 1)
    Session(silence, api).subscribe(long)
    for number in range(REMEMBERED + 1):
        Session(silence, api).subscribe(f"x{number}")

    assert [unsure_of(silence, api, name) for name in (long, "x0", f"x{REMEMBERED}")] == [None, None, []]

"""One app in two workers: whichever accepts a request, the owner of its user answers."""

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mentra import AppServer, AppSession, Channel, Request, Settings, route, tool
from mentra.localcloud import InstalledApp, VirtualGlasses
from mentra.localcloud.phone.camera import grey_jpeg
from mentra.protocol import web_tokens
from mentra.server.workers import owner_of
from mentra.transport.base import HttpReply, HttpRequest, Network
from mentra.transport.memory import MemoryNetwork
from mentra.transport.multipart import FormFile, write_form
from tests.conversations.world import World
from tests.helpers.crew import Crew
from tests.helpers.scripted_cloud import API_KEY, PACKAGE_NAME
from tests.helpers.waiting import until

BOB, ALICE = "bob@example.com", "alice@example.com"
"""Of the first worker, and of the second one."""
TOOL_KEY = hashlib.sha256(API_KEY.encode()).hexdigest()


class Taste(Settings):
    tea: bool = False


class Member(AppServer):
    settings = Taste

    def __init__(self, index: int, **options: Any) -> None:
        super().__init__(package_name=PACKAGE_NAME, api_key=API_KEY, **options)
        self.index = index
        self.stopped: list[str] = []
        self.changed: list[str] = []
        self.live: Channel[str] = Channel()

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.layouts.show_text_wall(f"worker {self.index}")
        session.settings.on_change(lambda _: self.changed.append(user_id))

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        self.stopped.append(user_id)

    @tool
    def where(self, user_id: str) -> str:
        """Say where the user is."""
        return f"worker {self.index}, with a session: {self.session_for(user_id) is not None}"

    @route.get("/who", auth=True)
    def who(self, request: Request) -> str:
        return f"worker {self.index}, {request.user_id}, {request.session is not None}"

    @route.get("/any")
    def anybody(self, request: Request) -> str:
        return f"worker {self.index}"

    @route.get("/live", auth=True)
    def events(self, request: Request) -> AsyncIterator[str]:
        return self.live.listen(request.user_id)


@dataclass(frozen=True)
class Pair:
    """Two workers. The cloud and phones reach the first one only; tests reach either."""

    world: World
    network: Network
    crew: Crew
    members: tuple[Member, Member]

    async def wear(self, user_id: str, **options: Any) -> VirtualGlasses:
        return await self.world.wear(self.members[0], user_id, **options)

    async def session_of(self, user_id: str) -> AppSession:
        member = self.members[owner_of(user_id, 2)]
        await until(lambda: member.session_for(user_id))
        session = member.session_for(user_id)
        assert session is not None
        return session

    async def send(
        self, index: int, method: str, path: str, body: Any = b"", headers: dict[str, str] | None = None
    ) -> HttpReply:
        """Send a request to one of them."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = self.members[index].url + path
        return await self.network.request(method, url, body=sent, headers=headers, timeout=10)


@pytest.fixture
async def pair(world: World, network: Network, tmp_path: Path) -> AsyncIterator[Pair]:
    (tmp_path / "style.css").write_text("p {}")
    crew = Crew(2)
    first, second = Member(0, public_dir=tmp_path), Member(1, public_dir=tmp_path)
    options: dict[str, Any] = {
        "network": network,
        "host": "127.0.0.1",
        "port": 0,
        "hosted": True,
        "cloud": world.cloud.websocket_url,
        "user_token_key": world.cloud.user_token_key,
    }
    await first.start(**options, workers=crew.workers(0))
    await second.start(**options, workers=crew.workers(1), public_url=first.url)
    world.cloud.install(
        InstalledApp(package_name=PACKAGE_NAME, api_key=API_KEY, public_url=first.url, permissions=("ALL",))
    )
    yield Pair(world, network, crew, (first, second))
    await second.stop()
    await first.stop()


def test_the_users_of_these_stories_have_the_owners_that_they_need():
    assert (owner_of(BOB, 2), owner_of(ALICE, 2)) == (0, 1)


async def test_a_start_and_a_stop_reach_the_owner(pair: Pair):
    bob, alice = await pair.wear(BOB), await pair.wear(ALICE)
    await until(lambda: (bob.display, alice.display) == ("worker 0", "worker 1"))

    await bob.stop(PACKAGE_NAME)
    await alice.stop(PACKAGE_NAME)
    await until(lambda: pair.members[0].stopped and pair.members[1].stopped)

    assert [member.stopped for member in pair.members] == [[BOB], [ALICE]]
    assert pair.crew.passed_on == [(0, 1, "POST /webhook"), (0, 1, "POST /webhook")]


@pytest.mark.parametrize("accepts", [0, 1])
async def test_a_tool_is_called_by_the_owner(pair: Pair, accepts: int):
    await pair.wear(ALICE)
    call = {"toolId": "where", "toolParameters": {}, "userId": ALICE.upper(), "timestamp": 1}

    reply = await pair.send(accepts, "POST", "/tool", call, {"x-app-api-key": TOOL_KEY})

    assert (reply.status, json.loads(reply.body)["reply"]) == (200, "worker 1, with a session: True")


async def test_a_tool_call_without_the_key_is_refused_by_the_owner(pair: Pair):
    reply = await pair.send(0, "POST", "/tool", {"toolId": "where", "userId": ALICE})

    assert reply.status == 401


@pytest.mark.parametrize("accepts", [0, 1])
async def test_settings_reach_the_owner(pair: Pair, accepts: int):
    await pair.wear(ALICE)
    await until(lambda: pair.members[1].session_for(ALICE))
    change = {"userIdForSettings": ALICE, "settings": [{"key": "tea", "value": True}]}

    reply = await pair.send(accepts, "POST", "/settings", change)
    await until(lambda: pair.members[1].changed)

    assert json.loads(reply.body)["sessionsUpdated"] == 1
    assert [member.changed for member in pair.members] == [[], [ALICE]]


async def test_a_photo_reaches_the_session_that_asked_for_it(pair: Pair):
    await pair.wear(ALICE, model="Mentra Live")
    session = await pair.session_of(ALICE)

    photo = await session.camera.request_photo()

    assert photo.mime_type == "image/jpeg"
    assert pair.crew.passed_on[-1] == (0, 1, "POST /photo-upload")


async def test_an_upload_that_nobody_waits_for_is_refused(pair: Pair):
    content_type, body = write_form(
        {"requestId": "photo_req_1"}, {"photo": FormFile(data=grey_jpeg(8, 8), filename="x")}
    )

    replies = [
        await pair.send(index, "POST", "/photo-upload", sent, {"content-type": kind})
        for index in (0, 1)
        for kind, sent in ((content_type, body), (content_type, b"x"), ("application/json", b"["))
    ]

    assert [reply.status for reply in replies] == [404, 400, 400] * 2


async def test_a_file_is_handed_out_whichever_worker_the_phone_asks(pair: Pair, tmp_path: Path):
    glasses = await pair.wear(ALICE)
    session = await pair.session_of(ALICE)
    glasses.speaker.duration_s = 60.0
    (tmp_path / "ding.mp3").write_bytes(b"ding dong")
    playing = asyncio.create_task(session.audio.play_file(tmp_path / "ding.mp3"))
    await until(lambda: glasses.speaker.playing)
    assert glasses.speaker.playing is not None
    path = urlsplit(glasses.speaker.playing.url).path

    replies = [
        await pair.send(index, method, path, headers={"range": "bytes=0-3"})
        for index in (0, 1)
        for method in ("GET", "HEAD")
    ]
    playing.cancel()

    assert [(reply.status, reply.headers["content-range"]) for reply in replies] == [(206, "bytes 0-3/9")] * 4
    assert [reply.body for reply in replies] == [b"ding", b""] * 2


@pytest.mark.parametrize("accepts", [0, 1])
@pytest.mark.parametrize("dropped", [web_tokens.SIGNED_TOKEN, web_tokens.TEMP_TOKEN])
async def test_a_page_is_answered_by_the_owner_of_who_opened_it(pair: Pair, accepts: int, dropped: str):
    """The cloud says only once whose a temporary token is, whatever worker a page and its scripts ask."""
    glasses = await pair.wear(ALICE)
    query = without(dropped, glasses.webview_url(PACKAGE_NAME))

    page = await pair.send(accepts, "GET", f"/who?{query}")
    cookie = page.cookies[0].partition(";")[0]
    later = await pair.send(0, "GET", "/who", headers={"cookie": cookie})
    init = [await pair.send(index, "GET", f"/api/mentra/auth/init?{query}") for index in (0, 1)]

    assert (page.status, page.body) == (200, b"worker 1, alice@example.com, True")
    assert later.body == page.body
    assert [json.loads(reply.body)["userId"] for reply in init] == [ALICE, ALICE]


async def test_a_temporary_token_is_exchanged_by_one_worker_for_all(pair: Pair):
    glasses = pair.world.cloud.connect_glasses(BOB)
    for _ in range(8):  # Each has one of two owners.
        query = without(web_tokens.SIGNED_TOKEN, glasses.webview_url(PACKAGE_NAME))
        replies = [await pair.send(index, "GET", f"/who?{query}") for index in (1, 0, 1)]

        assert [reply.body for reply in replies] == [b"worker 0, bob@example.com, False"] * 3


async def test_a_token_that_proves_nothing_lets_nobody_in(pair: Pair):
    replies = [
        await pair.send(index, "GET", f"{path}?{web_tokens.TEMP_TOKEN}=made_up_{number}")
        for index in (0, 1)
        for number in range(4)
        for path in ("/who", "/api/mentra/auth/init")
    ]

    assert {reply.status for reply in replies} == {401}


@pytest.mark.parametrize("path", ["/any", "/style.css", "/nothing", "/mentra-auth", "/tool"])
async def test_what_belongs_to_nobody_is_answered_by_whoever_accepts_it(pair: Pair, path: str):
    replies = [await pair.send(index, "GET", path) for index in (0, 1)]

    assert [reply.status for reply in replies] == [{"/nothing": 404, "/mentra-auth": 302}.get(path, 200)] * 2
    assert pair.crew.passed_on == []


async def test_a_file_for_everybody_is_not_fetched_from_the_owner(pair: Pair):
    query = urlsplit(pair.world.cloud.connect_glasses(ALICE).webview_url(PACKAGE_NAME)).query

    reply = await pair.send(0, "GET", f"/style.css?{query}")

    assert reply.body == b"p {}"
    assert pair.crew.passed_on == []


async def test_events_are_streamed_through_the_worker_that_accepted_the_page(pair: Pair):
    query = urlsplit(pair.world.cloud.connect_glasses(ALICE).webview_url(PACKAGE_NAME)).query

    reply = await pair.network.stream("GET", f"{pair.members[0].url}/live?{query}", timeout=5)
    assert reply.chunks is not None
    heartbeat = await anext(reply.chunks)
    await until(lambda: pair.members[1].live.publish(ALICE, "news"))
    event = await anext(reply.chunks)
    await reply.close()
    await until(lambda: not pair.members[1].live.publish(ALICE, "more"))

    assert (heartbeat, event) == (b":\n\n", b"data: news\n\n")


async def test_health_counts_the_sessions_of_all(pair: Pair):
    await pair.wear(BOB)
    await pair.wear(ALICE)

    replies = [await pair.send(index, "GET", "/health") for index in (0, 1)]

    assert [json.loads(reply.body) for reply in replies] == [
        {"status": "healthy", "app": PACKAGE_NAME, "activeSessions": 2}
    ] * 2


async def test_without_its_owner_a_request_is_told_to_come_again(pair: Pair):
    await pair.members[1].stop()

    stop = {"type": "stop_request", "sessionId": f"{ALICE}-{PACKAGE_NAME}", "userId": ALICE, "reason": "x"}
    reply = await pair.send(0, "POST", "/webhook", stop)
    health = await pair.send(0, "GET", "/health")

    assert (reply.status, json.loads(reply.body)) == (
        503,
        {"status": "error", "message": "The worker that serves this user is being started again."},
    )
    assert health.status == 200


async def test_while_all_stop_an_owner_that_was_faster_is_nothing_to_warn_of(
    memory: MemoryNetwork, caplog: pytest.LogCaptureFixture
):
    class Slow(Member):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await asyncio.sleep(3)

    crew, first = Crew(2), Slow(0)
    async with World(memory) as world:
        await first.start(network=memory, host="127.0.0.1", port=0, hosted=True, workers=crew.workers(0))
        world.cloud.install(
            InstalledApp(package_name=PACKAGE_NAME, api_key=API_KEY, public_url=first.url, permissions=("ALL",))
        )
        await world.wear(first, BOB)
        stopping = asyncio.create_task(first.stop())
        await asyncio.sleep(1)
        stop = {"type": "stop_request", "sessionId": f"{ALICE}-{PACKAGE_NAME}", "userId": ALICE, "reason": "x"}
        reply = await memory.request("POST", f"{first.url}/webhook", body=json.dumps(stop).encode(), timeout=5)
        await stopping

    assert (reply.status, json.loads(reply.body)["message"]) == (503, "This server is stopping.")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_an_owner_that_is_stuck_is_waited_for_as_long_as_a_tool_takes_and_told_of_once(
    memory: MemoryNetwork, caplog: pytest.LogCaptureFixture
):
    crew, first, options = Crew(2), Member(0), {"network": memory, "host": "127.0.0.1", "port": 0}
    stop = {"type": "stop_request", "sessionId": f"{ALICE}-{PACKAGE_NAME}", "userId": ALICE, "reason": "x"}
    call = {"toolId": "where", "toolParameters": {}, "userId": ALICE}

    async def stuck(_: HttpRequest) -> HttpReply:
        await asyncio.Event().wait()
        raise AssertionError

    async def answers(_: HttpRequest) -> HttpReply:
        return HttpReply(200)

    async def ask(path: str, body: object) -> tuple[int, float]:
        began = asyncio.get_running_loop().time()
        reply = await memory.request("POST", first.url + path, body=json.dumps(body).encode(), timeout=60)
        return reply.status, round(asyncio.get_running_loop().time() - began)

    await first.start(**options, hosted=True, workers=crew.workers(0))
    crew.handlers[1] = stuck
    replies = [await ask("/webhook", stop), await ask("/tool", call)]
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    crew.handlers[1] = answers
    replies.append(await ask("/webhook", stop))
    await first.stop()

    assert replies == [(504, 23), (504, 23), (200, 0)]
    assert told == [
        "Worker 1 runs, and did not answer 'POST' '/webhook' within 23 s. Something in it may block the event loop."
    ]


async def test_what_comes_from_another_worker_is_never_passed_on_again(pair: Pair):
    """Even if the two did not agree on who owns a user."""
    stop = {"type": "stop_request", "sessionId": f"{BOB}-{PACKAGE_NAME}", "userId": BOB, "reason": "x"}

    reply = await pair.crew.handlers[1](HttpRequest("POST", "/webhook", {}, json.dumps(stop).encode()))

    assert reply.status == 200
    assert pair.crew.passed_on == []


async def test_nonsense_is_refused_by_whoever_accepts_it(pair: Pair):
    replies = [
        await pair.send(0, "POST", path, body, {"x-app-api-key": TOOL_KEY})
        for path in ("/webhook", "/tool", "/settings")
        for body in (b"{", b"[]", b'{"type":"unknown"}')
    ]

    assert {reply.status for reply in replies} == {400}
    assert pair.crew.passed_on == []


def without(token: str, url: str) -> str:
    """Return the query of a page's address, without one of its tokens."""
    return "&".join(part for part in urlsplit(url).query.split("&") if not part.startswith(token))

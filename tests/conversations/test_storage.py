"""What an app keeps for its users, from the first write to the end of the server."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest

from mentra import AppServer, AppSession, MentraError, StorageError, StorageFull, tool
from mentra.testing import simulate
from mentra.transport.base import HttpReply, HttpRequest, Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import API_KEY, PACKAGE_NAME, USER_ID, ScriptedCloud, turns
from tests.helpers.waiting import clock, until


@dataclass
class Prefs:
    lines: int = 3


async def test_what_a_session_stores_is_there_in_the_next(world: World):
    seen: list[Any] = []

    async def script(session: AppSession) -> None:
        seen.append(await session.storage.get_json("prefs", Prefs(), as_type=Prefs))
        await session.storage.set_json("prefs", Prefs(lines=5))

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await until(lambda: len(seen) == 1)
    await glasses.stop(PACKAGE_NAME)
    await until(lambda: glasses.stored(PACKAGE_NAME))
    assert glasses.stored(PACKAGE_NAME) == {"prefs": '{"lines":5}'}

    await glasses.start(PACKAGE_NAME)
    await until(lambda: len(seen) == 2)

    assert seen == [Prefs(lines=3), Prefs(lines=5)]


async def test_each_session_reads_anew_what_others_may_have_written(world: World):
    seen: list[Any] = []

    async def script(session: AppSession) -> None:
        seen.append(await session.storage.get("k"))

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await until(lambda: len(seen) == 1)
    glasses.store(PACKAGE_NAME, {"k": "written by another server"})
    await glasses.stop(PACKAGE_NAME)
    await glasses.start(PACKAGE_NAME)
    await until(lambda: len(seen) == 2)

    assert seen == [None, "written by another server"]


async def test_on_stop_and_clean_up_may_still_write_w_store_9(world: World):
    class Keeps(Diary):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.on_stop(lambda reason: session.storage.set("clean-up", reason))

        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await self.storage_for(user_id).set("on_stop", reason)

    app = await world.serve(Keeps())
    glasses = await world.wear(app)
    await glasses.stop(PACKAGE_NAME)
    await until(lambda: glasses.stored(PACKAGE_NAME))

    assert glasses.stored(PACKAGE_NAME) == {"on_stop": "user_disabled", "clean-up": "user_disabled"}


async def test_a_server_that_stops_stores_what_is_not_stored(world: World):
    async def script(session: AppSession) -> None:
        await session.storage.set("k", session.user_id)

    app = await world.serve(Diary(script))
    glasses = [await world.wear(app, user) for user in ("user1@example.com", "user2@example.com")]
    await until(lambda: len(app.calls) == 2)
    await turns()

    await app.stop()

    assert [each.stored(PACKAGE_NAME) for each in glasses] == [{"k": "user1@example.com"}, {"k": "user2@example.com"}]


async def test_a_tool_and_a_session_of_the_same_user_see_the_same():
    class Notes(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            await session.storage.set("note", "from the session")

            @session.events.on_transcription
            async def show(_: object) -> None:
                session.layouts.show_text_wall(await session.storage.get("note", ""))

        @tool
        async def note(self, text: str, user_id: str) -> str | None:
            """Take a note."""
            storage = self.storage_for(user_id.upper())
            before = await storage.get("note")
            await storage.set("note", text)
            return before

    async with simulate(Notes) as glasses:
        assert await glasses.call_tool("note", {"text": "from the tool"}) == "from the session"
        await glasses.say("note")

        assert glasses.display == "from the tool"
        assert glasses.stored == {}

        await asyncio.sleep(3.1)

        assert glasses.stored == {"note": "from the tool"}


async def test_in_a_simulation_a_user_without_a_session_has_storage_too():
    class Counts(AppServer):
        @tool
        async def count(self, by: int, user_id: str) -> int:
            """Count."""
            storage = self.storage_for(user_id)
            number = int(await storage.get("count", "0")) + by
            await storage.set("count", str(number))
            return number

    async with simulate(Counts, stored={"count": "41"}) as glasses:
        await glasses.stop()

        assert await glasses.call_tool("count", {"by": 1}) == "42"

        await asyncio.sleep(3.1)

        assert glasses.stored == {"count": "42"}

        glasses.glasses.store(glasses.app.config.package_name, {"count": "7"})

        assert await glasses.call_tool("count", {"by": 2}) == "9"


async def test_a_user_who_never_started_the_app_has_storage_in_a_simulation():
    async with simulate(AppServer) as glasses:
        storage = glasses.app.storage_for("somebody.else@example.com")

        assert await storage.all() == {}


async def test_trouble_of_the_cloud_loses_nothing():
    """Defect 20 of the official SDK 2.1.29: what could not be written is lost."""
    async with simulate(AppServer, stored={"old": "1"}) as glasses:
        (session,) = glasses.app.sessions.values()
        glasses.glasses.fail_storage(503)

        with pytest.raises(StorageError):
            await session.storage.get("old")
        assert await session.storage.get("old") == "1"

        await session.storage.set("new", "2")
        glasses.glasses.fail_storage(429, times=2, retry_after_s=30)
        await asyncio.sleep(60)
        assert glasses.stored == {"old": "1"}

        await asyncio.sleep(60)
        assert glasses.stored == {"old": "1", "new": "2"}


async def test_more_than_the_cloud_of_2026_keeps_is_storage_full_w_store_7(memory: MemoryNetwork):
    async with World(memory, generation=3) as world:
        app = await world.serve(Diary())
        glasses = await world.wear(app)
        await app.session.storage.update({f"k{number}": "ü" * 100_000 for number in range(11)})

        with pytest.raises(StorageFull, match="1,000,000"):
            await app.session.storage.flush()
        assert glasses.stored(PACKAGE_NAME) == {}

        await app.session.storage.delete("k10")
        await app.session.storage.flush()

        assert len(glasses.stored(PACKAGE_NAME)) == 10


async def test_storage_before_the_start_of_the_server_says_what_to_do():
    with pytest.raises(MentraError, match=r"await app\.start\(\)"):
        Diary().storage_for(USER_ID)


async def test_a_hosted_app_must_know_the_cloud_of_a_user(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        with pytest.raises(MentraError, match="Nobody knows which cloud"):
            app.storage_for(USER_ID)
        with pytest.raises(ValueError, match="user_id is empty"):
            app.storage_for("")

        await memory_cloud.start(app)
        await turns()
        assert app.storage_for(USER_ID) is not None

        await memory_cloud.stop(app)
        await turns()
        assert app.storage_for(USER_ID.upper()) is not None


class Rest:
    """Notes which host keeps the data."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, request: HttpRequest) -> HttpReply:
        self.asked.append(request.headers["authorization"])
        return HttpReply(200, json.dumps({"success": True, "data": {"from": "here"}}).encode())


@pytest.mark.parametrize(
    ("configured", "host"), [(None, "api.mentra.glass"), ("wss://cloud.example.com/app-ws", "cloud.example.com")]
)
async def test_without_a_session_the_configured_cloud_keeps_it_else_that_of_production(
    memory: MemoryNetwork, configured: str | None, host: str
):
    rest = Rest()
    # A memory network takes the address literally, without a port and without TLS.
    memory_names: Any = memory
    listener = await memory.listen("127.0.0.1", 0, rest.answer)
    memory_names._listeners[host] = memory_names._listeners.pop(listener.url.removeprefix("http://"))
    app = Diary(mentraos_websocket_url=configured)

    async with serving(app, memory, hosted=False):
        assert await app.storage_for(USER_ID).all() == {"from": "here"}

    assert rest.asked == [f"Bearer {PACKAGE_NAME}:{API_KEY}"]


async def test_a_write_in_a_session_is_what_the_official_sdk_sends_w_store_8(network: Network):
    """Golden frame: ``tests/wire/captures/all-capabilities.jsonl``, the PUT of "k"."""
    requests: list[HttpRequest] = []

    class Cloud(ScriptedCloud):
        async def _http(self, request: HttpRequest) -> HttpReply:
            requests.append(request)
            return HttpReply(200, b'{"success":true,"data":{}}')

    async def script(session: AppSession) -> None:
        await session.storage.get("k")
        await session.storage.set("k", f"v-{session.user_id}")
        await session.storage.flush()

    async with Cloud(network) as cloud, serving(Diary(script), network) as app:
        await cloud.start(app)
        await until(lambda: len(requests) == 2)

    path = "/api/sdk/simple-storage/user1@example.com"  # Sockets write the @ as it is, memory and JavaScript as %40.
    assert [(request.method, unquote(request.path)) for request in requests] == [("GET", path), ("PUT", path)]
    assert json.loads(requests[1].body) == {"data": {"k": "v-user1@example.com"}}
    assert requests[1].headers["content-type"] == "application/json"
    assert requests[1].headers["authorization"] == f"Bearer {PACKAGE_NAME}:{API_KEY}"


async def test_odd_keys_are_found_and_removed_again(world: World):
    keys = ["with space", "slash/and?query#hash", "ü:日本", "100%", "%2F", "a+b", "user@example", "~", "-"]

    async def script(session: AppSession) -> None:
        await session.storage.update({key: key for key in keys})
        await session.storage.flush()
        for key in keys[1:]:
            await session.storage.delete(key)
        session.layouts.show_text_wall("done")

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await glasses.wait_for_display("done")

    assert glasses.stored(PACKAGE_NAME) == {"with space": "with space"}


async def test_the_end_of_a_session_waits_for_no_storage(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async def script(session: AppSession) -> None:
        await session.storage.set("k", "v")

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        began = clock()
        await memory_cloud.stop(app)
        await app.session.wait_stopped()

        assert clock() == began


async def test_what_tools_and_pages_read_is_fetched_once_in_a_session(memory: MemoryNetwork):
    asked: list[str] = []

    class Cloud(ScriptedCloud):
        async def _http(self, request: HttpRequest) -> HttpReply:
            asked.append(request.method)
            return HttpReply(200, b'{"success":true,"data":{"k":"v"}}')

    async with Cloud(memory) as cloud, serving(Diary(), memory) as app:
        await cloud.start(app)
        read = [await app.storage_for(USER_ID).get("k") for _ in range(2)]
        read.append(await app.session.storage.get("k"))

    assert (read, asked) == (["v", "v", "v"], ["GET"])

"""Whoever reaches the app's server may post anything. The key goes to MentraOS only, and into no log."""

import asyncio
import logging
import traceback
from typing import Any

import pytest

from mentra import AppSession, tool
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import API_KEY, PACKAGE_NAME, USER_ID, ScriptedCloud, body_of, refusal, turns

PARTS_OF_KEY = [API_KEY[at : at + 12] for at in range(len(API_KEY) - 11)]
"""A library that shortens what it logs must not show half of the key either."""

UNTRUSTED = [
    "wss://evil.example.com/app-ws",
    "wss://api.mentra.glass.evil.example/app-ws",
    "wss://evilmentra.glass/app-ws",
    "wss://mentra.glass.evil/app-ws",
    "wss://evil.example#.mentra.glass/app-ws",
    "wss://evil.example?.mentra.glass/app-ws",
    "wss://evil.example/.mentra.glass/app-ws",
    "wss://api.mentra.glass@evil.example/app-ws",
    "wss://evil.example\\@api.mentra.glass/app-ws",
    "wss://evil.example\\.mentra.glass/app-ws",
    "wss://user:pw@api.mentra.glass/app-ws",
    "wss://api.mentra.glass:port/app-ws",
    "wss://[api.mentra.glass/app-ws",
    "wss://evil.example%2f.mentra.glass/app-ws",
    "wss://evil.example\uff0f.mentra.glass/app-ws",
    "wss://api.mentra.glass",
    "wss://api.mentra.glass/",
    "wss://api.mentra.glass/elsewhere",
    "wss://api.mentra.glass/app-ws/../elsewhere",
    "ws://api.mentra.glass/app-ws",
    "http://api.mentra.glass/app-ws",
    "https://api.mentra.glass/app-ws",
    "ftp://api.mentra.glass/app-ws",
    "file:///app-ws",
    "//api.mentra.glass/app-ws",
    "api.mentra.glass/app-ws",
    "wss:///app-ws",
    "wss://10.0.0.1/app-ws",
    "wss://169.254.169.254/app-ws",
    "wss://[fd00::1]/app-ws",
    "wss://127.example.com/app-ws",
]


@pytest.mark.parametrize("url", UNTRUSTED)
@pytest.mark.parametrize("hosted", [True, False])
async def test_an_untrusted_cloud_is_a_403_and_nothing_is_sent_anywhere_w_sec_1(url: str, hosted: bool):
    tried: list[str] = []

    class Watched(MemoryNetwork):
        async def connect(self, url: str, *args: Any, **options: Any) -> Any:
            tried.append(url)
            raise ConnectionRefusedError(url)

    network = Watched()
    async with serving(Diary(), network, hosted=hosted) as app, ScriptedCloud(network) as cloud:
        reply = await cloud.start(app, augmentOSWebsocketUrl=url)

        assert reply.status == 403
        assert "may not receive the API key" in body_of(reply)["message"]
        assert API_KEY not in reply.body.decode()
        assert tried == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9"])
@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_a_cloud_on_this_machine_is_trusted_in_development_only(host: str, scheme: str):
    tried: list[str] = []

    class Watched(MemoryNetwork):
        async def connect(self, url: str, *args: Any, **options: Any) -> Any:
            tried.append(url)
            raise ConnectionRefusedError(url)

    network = Watched()
    url = f"{scheme}://{host}:8002/app-ws"
    async with ScriptedCloud(network) as cloud:
        async with serving(Diary(), network, hosted=False) as app:
            production = await cloud.start(app, augmentOSWebsocketUrl=url)
        async with serving(Diary(), network, hosted=True) as app:
            development = await cloud.start(app, augmentOSWebsocketUrl=url)

    assert (production.status, development.status) == (403, 500)
    assert tried == [url]


@pytest.mark.parametrize(
    "url",
    [
        "wss://api.mentra.glass/app-ws",
        "wss://API.Mentra.Glass/app-ws",
        "wss://uscentralapi.mentra.glass:443/app-ws",
        "wss://mentra.glass/ws/miniapp",
        "wss://prod.augmentos.cloud/app-ws",
        "wss://api.mentra.glass/app-ws?region=eu",
    ],
)
async def test_the_clouds_of_mentraos_are_trusted(url: str):
    tried: list[str] = []

    class Watched(MemoryNetwork):
        async def connect(self, url: str, *args: Any, **options: Any) -> Any:
            tried.append(url)
            raise ConnectionRefusedError(url)

    network = Watched()
    async with serving(Diary(), network, hosted=False) as app, ScriptedCloud(network) as cloud:
        await cloud.start(app, augmentOSWebsocketUrl=url)

    assert tried == [url]


async def test_a_webhook_without_a_url_is_a_403(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        reply = await memory_cloud.start(app, augmentOSWebsocketUrl=None)

        assert (reply.status, body_of(reply)["message"]) == (
            403,
            "The webhook names no WebSocket URL (mentraOSWebsocketUrl).",
        )


async def test_a_trusted_name_does_not_help_an_untrusted_one(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        reply = await memory_cloud.start(app, mentraOSWebsocketUrl="wss://evil.example.com/app-ws")

        assert reply.status == 403
        assert memory_cloud.attempts == []


async def test_the_configured_cloud_goes_before_the_one_of_the_webhook(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    app = Diary(mentraos_websocket_url=memory_cloud.websocket_url)
    async with serving(app, memory, hosted=False):
        reply = await memory_cloud.start(app, augmentOSWebsocketUrl="wss://evil.example.com/app-ws")

        assert reply.status == 200
        assert len(memory_cloud.sockets) == 1


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("ws://cloud.example.com/app-ws", True),
        ("ws://8.8.8.8/app-ws", True),
        ("wss://cloud.example.com/app-ws", False),
        ("ws://10.0.0.1:8002/app-ws", False),
        ("ws://[fd00::1]/app-ws", False),
        ("ws://localhost:8002/app-ws", False),
        ("ws://127.0.0.1:8002/app-ws", False),
    ],
)
async def test_a_configured_cloud_without_encryption_is_warned_of_at_the_start(
    memory: MemoryNetwork, caplog: pytest.LogCaptureFixture, url: str, warned: bool
):
    async with serving(Diary(mentraos_websocket_url=url), memory, hosted=False):
        warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]

    assert [url in warning and "unencrypted" in warning for warning in warnings] == [True] * warned


async def test_an_untrusted_webhook_does_not_touch_the_live_session(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        await cloud.start(app)
        await turns()
        reply = await cloud.start(app, timestamp="t2", augmentOSWebsocketUrl="wss://evil.example.com/app-ws")
        await turns()

        assert reply.status == 403
        assert app.session.connected
        assert app.calls == [f"session {USER_ID}"]
        assert cloud.socket.closed is None


async def test_an_untrusted_webhook_does_not_touch_a_start_under_way(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    memory_cloud.answer = "silence"
    async with serving(Diary(), memory) as app:
        start = asyncio.create_task(memory_cloud.start(app))
        socket = await memory_cloud.live_socket(1)
        forged = await memory_cloud.start(app, timestamp="t2", augmentOSWebsocketUrl="wss://evil.example.com/app-ws")
        repeated = asyncio.create_task(memory_cloud.start(app))
        await turns()
        socket.send({"type": "tpa_connection_ack"})

        assert [(await start).status, (await repeated).status, forged.status] == [200, 200, 403]
        assert len(memory_cloud.sockets) == 1


async def test_the_key_stands_in_the_first_frame_and_nowhere_else_w_sec_5(
    network: Network, cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    """A story with everything that is logged: starts, refusals, losses, exceptions, tools and stops."""
    caplog.set_level(logging.DEBUG)
    replies: list[Any] = []
    shown: list[str] = []

    class Talkative(Diary):
        @tool
        def breaks(self) -> None:
            """Raise."""
            raise RuntimeError(f"broken: {self.config} {self!r}")

        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await super().on_stop(session_id, user_id, reason)
            raise RuntimeError(f"broken: {self.config}")

    async def script(session: AppSession) -> None:
        session.logger.info("The session: %r %r", session, [getattr(session, name) for name in dir(session)])
        session.events.on("button_press", lambda event: 1 / 0)
        raise RuntimeError(f"broken: {session!r}")

    async with serving(Talkative(script), network) as app:
        for answer in (refusal("INVALID_API_KEY", "Invalid API key"), {"type": "tpa_connection_ack"}):
            cloud.answer = answer
            replies.append(await cloud.start(app))
        await turns()
        cloud.socket.send_event("button_press", {"buttonId": "a", "pressType": "short"})
        cloud.socket.send_raw(b"no JSON")
        replies.append(await cloud.call_tool(app, "breaks"))
        replies.append(await cloud.post(app, "/webhook", b"no JSON"))
        replies.append(await cloud.post(app, "/health", b"", method="GET"))
        cloud.socket.abort()
        await cloud.live_socket(3)
        replies.append(await cloud.start(app, timestamp="t2"))
        replies.append(await cloud.stop(app))
        await app.session.wait_stopped()
        shown += [repr(app), repr(app.config), str(app.config.api_key), repr(app.session), repr(vars(app))]

    formatter = logging.Formatter("%(message)s %(exc_text)s")
    logged = "\n".join(
        formatter.format(record)
        + ("".join(traceback.format_exception(*record.exc_info)) if record.exc_info else "")
        + repr(record.args)
        for record in caplog.records
    )
    assert "RuntimeError" in logged
    assert [part for part in PARTS_OF_KEY if part in logged] == []
    assert API_KEY not in "\n".join(shown)
    assert [reply for reply in replies if API_KEY.encode() in reply.body] == []
    frames = [frame for socket in cloud.sockets for frame in socket.frames if API_KEY in repr(frame)]
    assert {frame["type"] for frame in frames} == {"tpa_connection_init"}
    assert PACKAGE_NAME in logged or USER_ID in logged

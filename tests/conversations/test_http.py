"""What an app answers to whoever calls its HTTP server."""

import asyncio
from typing import Any

import pytest

from mentra.server.sessions import MAX_STARTS
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import ACK, PACKAGE_NAME, USER_ID, ScriptedCloud, body_of, turns

START = {"type": "session_request", "sessionId": f"u-{PACKAGE_NAME}", "userId": "u", "timestamp": "t"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"type": "session_paused", "sessionId": "s"}, "Unknown webhook request type 'session_paused'"),
        ({"sessionId": "s"}, "Malformed webhook"),
        ({"type": "stop_request"}, "Malformed webhook"),
        ({"type": "session_request", "sessionId": "s"}, "userId"),
        ({"type": "session_request", "sessionId": 5, "userId": "u"}, "sessionId"),
        (b"not JSON", "Malformed webhook"),
        (b"", "Malformed webhook"),
        (b"\xff\xfe", "Malformed webhook"),
        (b"[" * 100_000, "Malformed webhook"),
        ([], "Malformed webhook"),
    ],
)
async def test_a_webhook_that_makes_no_sense_is_a_400_with_the_reason_w_http_9(
    network: Network, cloud: ScriptedCloud, body: Any, words: str
):
    async with serving(Diary(), network) as app:
        reply = await cloud.post(app, "/webhook", body)

        assert (reply.status, body_of(reply)["status"]) == (400, "error")
        assert words in body_of(reply)["message"]


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("GET", "/webhook"), ("POST", "/nothing"), ("GET", "/")])
async def test_an_unknown_route_is_a_404(network: Network, cloud: ScriptedCloud, method: str, path: str):
    async with serving(Diary(), network) as app:
        reply = await cloud.post(app, path, b"", method=method)

        assert (reply.status, body_of(reply)) == (
            404,
            {"status": "error", "message": f"There is no {method} {path} here."},
        )


async def test_a_body_that_is_much_too_large_is_a_413(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        reply = await cloud.post(app, "/webhook", b" " * 1_000_001)

        assert reply.status == 413


async def test_health_counts_the_sessions_w_http_15(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        await cloud.start(app)
        reply = await cloud.post(app, "/health?full=1", b"", method="GET")

        assert (reply.status, body_of(reply)) == (
            200,
            {"status": "healthy", "app": PACKAGE_NAME, "activeSessions": 1},
        )


async def test_the_webhook_path_can_be_chosen(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(webhook_path="hooks/mentra"), memory) as app:
        old = await memory_cloud.start(app)
        new = await memory_cloud.post(
            app, "/hooks/mentra", {**START, "augmentOSWebsocketUrl": memory_cloud.websocket_url}
        )

        assert (old.status, new.status) == (404, 200)


async def test_settings_for_nobody_are_a_200_that_says_so_w_http_13(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        reply = await cloud.post(app, "/settings", {"userIdForSettings": "nobody@example.com", "settings": []})

        assert (reply.status, body_of(reply)) == (
            200,
            {"status": "success", "message": "Settings updated successfully", "sessionsUpdated": 0},
        )


@pytest.mark.parametrize("body", [{}, {"userIdForSettings": USER_ID}, {"settings": []}, b"no JSON"])
async def test_settings_without_user_or_list_are_a_400_w_http_14(network: Network, cloud: ScriptedCloud, body: Any):
    async with serving(Diary(), network) as app:
        reply = await cloud.post(app, "/settings", body)

        assert reply.status == 400
        assert "Missing userId or settings array" in body_of(reply)["message"]


async def test_settings_find_the_user_in_any_case_w_conv_6(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app, user_id="User1@Example.com")
        await turns()
        reply = await memory_cloud.post(
            app, "/settings", {"userIdForSettings": "user1@example.com", "settings": [{"key": "a", "value": 1}]}
        )

        assert body_of(reply)["sessionsUpdated"] == 1
        assert app.session_for("USER1@example.com") is app.session
        assert app.session.settings["a"] == 1


@pytest.mark.parametrize("path", ["/health", "/tool"])
async def test_a_head_request_is_answered_like_a_get(network: Network, cloud: ScriptedCloud, path: str):
    async with serving(Diary(), network) as app:
        reply = await cloud.post(app, path, b"", method="HEAD")

        assert (reply.status, reply.body) == (200, b"")


async def test_a_session_of_somebody_else_is_a_400_and_touches_nothing_w_dev_53(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        await cloud.start(app)
        forged = await cloud.start(app, timestamp="t2", userId="eve@example.com")
        await turns()

        assert (forged.status, body_of(forged)) == (
            400,
            {"status": "error", "message": "The session id must be the user id, a hyphen and the package name."},
        )
        assert app.session.connected
        assert app.calls == [f"session {USER_ID}"]


async def test_a_flood_of_starts_is_not_followed(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    memory_cloud.answer = "silence"
    async with serving(Diary(), memory) as app:
        starts = [
            asyncio.create_task(memory_cloud.start(app, user_id=f"user{number}@example.com"))
            for number in range(MAX_STARTS + 1)
        ]
        done, _ = await asyncio.wait(starts, return_when=asyncio.FIRST_COMPLETED)
        memory_cloud.answer = ACK
        replies = [reply.result() for reply in done]
        for start in starts:
            start.cancel()

        assert [(reply.status, body_of(reply)["message"]) for reply in replies] == [
            (500, f"Already {MAX_STARTS} sessions are being connected.")
        ]

"""Our frames beside those of the official SDK, as the cloud of December 2025 and its peer wrote them.

The capture is of @mentra/sdk 2.1.29 with the real cloud. Ids and timestamps differ, of course. On purpose we differ in

* ``display_event``: we name the session, the official SDK leaves ``sessionId`` empty;
* ``subscription_update``: we send one list per turn and no empty first one (docs/protocol.md, W-DEV-6).
"""

import functools
import json
from pathlib import Path
from typing import Any

from mentra import AppSession, Transcription, tool
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import API_KEY, ScriptedCloud, body_of, turns

CAPTURE = Path(__file__).parents[1] / "wire" / "captures" / "all-capabilities.jsonl"


@functools.cache
def captured() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CAPTURE.read_text().splitlines()]


def captured_frames(kind: str, *, of: str = "app>cloud") -> list[dict[str, Any]]:
    return [entry["data"] for entry in captured() if entry["kind"] == of and entry["data"]["type"] == kind]


def captured_request(path: str, kind: str = "") -> Any:
    return next(
        entry["body"]
        for entry in captured()
        if entry["kind"] == "cloud>app.http" and entry["path"] == path and entry["body"].get("type", "") == kind
    )


def captured_answer(path: str) -> tuple[int, Any]:
    entry = next(e for e in captured() if e["kind"] == "app>cloud.httpres" and e["path"] == path)
    return entry["status"], json.loads(entry["body"])


def alike(ours: dict[str, Any], theirs: dict[str, Any], *, but_for: tuple[str, ...] = ("timestamp",)) -> bool:
    """Return whether two frames have the same keys, with the same values but for some."""
    return set(ours) == set(theirs) and all(ours[key] == theirs[key] for key in ours if key not in but_for)


class Peer(Diary):
    """What the official SDK's app did in the capture, as far as we speak it."""

    @tool
    async def demo_tool(self, x: str) -> str:
        """Answer as the captured app did."""
        return "tool:demo_tool:true"


async def like_the_captured_app(session: AppSession) -> None:
    @session.events.on_transcription
    def heard(speech: Transcription) -> None:
        if speech.is_final:
            session.layouts.show_text_wall(f"heard: {speech.text}")

    session.events.on("head_position", lambda head: session.layouts.show_text_wall(f"head {head.position}"))
    for stream in captured_frames("subscription_update")[-1]["subscriptions"][2:]:
        session.events.on(stream, lambda _: None)


async def test_the_whole_capture_is_answered_as_the_official_sdk_answered_it(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    (their_init,) = captured_frames("tpa_connection_init")[:1]
    (ack,) = captured_frames("tpa_connection_ack", of="cloud>app")[:1]
    memory_cloud.answer = ack
    start = captured_request("/webhook", "session_request")

    async with serving(Peer(like_the_captured_app, package_name="com.example.tsfull"), memory) as app:
        reply = await memory_cloud.post(app, "/webhook", {**start, "augmentOSWebsocketUrl": memory_cloud.websocket_url})
        await turns()
        assert (reply.status, body_of(reply)) == captured_answer("/webhook")
        socket = memory_cloud.socket
        assert alike(socket.frames[0], their_init, but_for=("timestamp", "apiKey"))
        assert socket.frames[0]["apiKey"] == API_KEY

        assert app.session.capabilities is not None
        assert app.session.settings == {"flag": False, "name": "anon"}

        their_lists = captured_frames("subscription_update")
        (our_list,) = socket.of_type("subscription_update")
        assert their_lists[0]["subscriptions"] == []
        assert alike(our_list, their_lists[-1])

        for event in captured_frames("data_stream", of="cloud>app"):
            socket.send(event)
        await turns()
        theirs = captured_frames("display_event")
        for ours in socket.of_type("display_event"):
            (same,) = (frame for frame in theirs if frame["layout"] == ours["layout"])
            assert alike(ours, same, but_for=("timestamp", "sessionId"))
            assert (ours["sessionId"], same["sessionId"]) == (start["sessionId"], "")
        assert len(socket.of_type("display_event")) == 2

        (changed,) = captured_frames("settings_update", of="cloud>app")[:1]
        socket.send(changed)
        await turns()
        assert app.session.settings == {"flag": True, "name": "Zoë"}

        reply = await memory_cloud.post(app, "/settings", captured_request("/settings"))
        assert (reply.status, body_of(reply)) == captured_answer("/settings")

        reply = await memory_cloud.call_tool(app, "demo_tool", captured_request("/tool")["toolParameters"])
        assert (reply.status, body_of(reply)) == captured_answer("/tool")

        reply = await memory_cloud.post(app, "/webhook", captured_request("/webhook", "stop_request"))
        assert (reply.status, body_of(reply)) == (200, {"status": "success"})
        await turns()
        assert app.calls == ["session user1@example.com", "stop user1@example.com user_disabled"]


async def test_our_timestamps_are_written_as_theirs(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)

        ours = memory_cloud.socket.frames[0]["timestamp"]

    theirs = captured_frames("tpa_connection_init")[0]["timestamp"]
    assert len(ours) == len(theirs) == len("2026-11-23T00:56:34.089Z")
    assert ours.endswith("Z")

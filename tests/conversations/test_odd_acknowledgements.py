"""What an acknowledgement says besides "yes" is decoration: it may be odd, or missing (docs/protocol.md, W-HAND-3)."""

import json
from typing import Any

import pytest

from mentra.localcloud.models import MODELS
from mentra.protocol.codec import encode
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import ACK, ScriptedCloud, turns

G1 = json.loads(encode(MODELS["Even Realities G1"]))
WITHOUT_CAPABILITIES = {name: value for name, value in ACK.items() if name != "capabilities"}


@pytest.mark.parametrize(
    "odd",
    [
        {"capabilities": {"modelName": "m", "hasCamera": True}},
        {"capabilities": "none"},
        {"settings": [{"key": "a", "value": 1}, {"key": "b", "title": 5}, "x"]},
        {"settings": "none"},
        {"augmentosSettings": []},
    ],
)
async def test_an_odd_acknowledgement_is_one(memory: MemoryNetwork, memory_cloud: ScriptedCloud, odd: dict[str, Any]):
    memory_cloud.answer = {**ACK, **odd}

    async with serving(Diary(), memory) as app:
        reply = await memory_cloud.start(app)

        assert reply.status == 200
        assert app.session.capabilities is None
        assert dict(app.session.settings) == ({"a": 1} if isinstance(odd.get("settings"), list) else {})


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        (WITHOUT_CAPABILITIES, MODELS["Even Realities G1"]),
        ({**ACK, "capabilities": {"modelName": "m"}}, MODELS["Even Realities G1"]),
        ({**ACK, "capabilities": None}, None),
    ],
)
async def test_a_reconnect_that_says_nothing_of_the_glasses_changes_nothing(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, second: dict[str, Any], kept: object
):
    memory_cloud.answer = {**ACK, "capabilities": G1}
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        memory_cloud.answer = second

        memory_cloud.socket.abort()
        await memory_cloud.live_socket(2)
        await turns()

        assert app.session.capabilities == kept

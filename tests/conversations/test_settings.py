"""Settings: the user's choice, else the default; and each change heard once."""

import asyncio
from typing import Any

from mentra import AppSession
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import ACK, PACKAGE_NAME, USER_ID, ScriptedCloud, turns
from tests.helpers.waiting import until

SCHEMA: list[dict[str, Any]] = [
    {"type": "group", "title": "Looks"},
    {"type": "slider", "key": "lines", "label": "Lines", "defaultValue": 3, "min": 1, "max": 9},
    {"type": "toggle", "key": "loud", "label": "Loud", "defaultValue": False},
    {"type": "text", "key": "name", "label": "Name"},
]


async def test_before_the_user_chose_anything_the_defaults_hold_w_dev_9(world: World):
    app = await world.serve(Diary(), settings=SCHEMA)
    await world.wear(app)
    await until(lambda: app.calls)

    settings = app.session.settings
    assert dict(settings) == {"lines": 3, "loud": False}
    assert (settings.get("name", "anonymous"), settings.get("nothing")) == ("anonymous", None)
    assert ("loud" in settings, "name" in settings) == (True, False)


async def test_a_change_is_heard_once_though_the_cloud_tells_it_twice_w_set_6(world: World):
    changes: list[tuple[str, Any, Any]] = []

    async def script(session: AppSession) -> None:
        session.settings.on_change("lines", lambda new, old: changes.append(("lines", new, old)))

        @session.settings.on_change("name")
        async def renamed(new: Any, old: Any) -> None:
            await asyncio.sleep(0)
            changes.append(("name", new, old))

    app = await world.serve(Diary(script), settings=SCHEMA)
    glasses = await world.wear(app)
    await until(lambda: app.calls)
    await turns()

    await glasses.change_settings(PACKAGE_NAME, {"lines": 5, "name": "Zoë"})
    await until(lambda: len(changes) >= 2)
    await turns()

    assert sorted(changes) == [("lines", 5, 3), ("name", "Zoë", None)]
    assert dict(app.session.settings) == {"lines": 5, "loud": False, "name": "Zoë"}


async def test_a_change_by_http_alone_is_heard(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    changes: list[tuple[Any, Any]] = []

    async def script(session: AppSession) -> None:
        session.settings.on_change("lines", lambda new, old: changes.append((new, old)))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        body = {"userIdForSettings": USER_ID, "settings": [{"key": "lines", "value": 5}]}
        await memory_cloud.post(app, "/settings", body)
        await turns()

        assert changes == [(5, None)]


async def test_a_handler_sees_all_settings_new(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    seen: list[dict[str, Any]] = []

    async def script(session: AppSession) -> None:
        session.settings.on_change("a", lambda new, old: seen.append(dict(session.settings)))

    memory_cloud.answer = {**ACK, "settings": [{"key": "a", "value": 1}, {"key": "b", "value": 1}]}
    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send(
            {"type": "settings_update", "settings": [{"key": "a", "value": 2}, {"key": "b", "value": 2}]}
        )
        await turns()

        assert seen == [{"a": 2, "b": 2}]


async def test_a_choice_of_null_or_false_is_a_choice(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    memory_cloud.answer = {
        **ACK,
        "settings": [
            {"key": "a", "value": None, "defaultValue": 1},
            {"key": "b", "value": False, "defaultValue": True},
            {"key": "c", "defaultValue": None},
        ],
    }
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        assert dict(app.session.settings) == {"a": None, "b": False, "c": None}


async def test_an_exception_in_a_change_handler_hurts_nobody(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog
):
    heard: list[Any] = []

    async def script(session: AppSession) -> None:
        session.settings.on_change("a", lambda new, old: 1 / 0)
        session.settings.on_change("a", lambda new, old: heard.append(new))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send({"type": "settings_update", "settings": [{"key": "a", "value": 2}]})
        await turns()

        assert heard == [2]
        assert "ZeroDivisionError" in caplog.text


async def test_the_systems_settings_come_with_the_ack_and_change_in_parts(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    memory_cloud.answer = {**ACK, "augmentosSettings": {"metricSystemEnabled": False, "brightness": 50}}
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send({"type": "augmentos_settings_update", "settings": {"metricSystemEnabled": True}})
        await turns()

        assert dict(app.session.settings.system) == {"metricSystemEnabled": True, "brightness": 50}

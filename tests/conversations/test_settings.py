"""Settings: the user's choice, else the default; and each change heard once."""

import asyncio
import datetime
import zoneinfo
from collections.abc import Mapping
from typing import Any, Literal

import pytest

from mentra import AppSession, SettingChange, Settings, group, setting
from mentra.localcloud import LocalCloud
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


class CaptionSettings(Settings):
    language: Literal["en-US", "es-ES"] = "en-US"
    looks = group("Looks")
    lines: int = setting(3, min=1, max=5)
    wake: datetime.time = datetime.time(7)


class Captions(Diary):
    settings = CaptionSettings


async def pairs(app: Diary, cloud: ScriptedCloud, **values: Any) -> None:
    """Have the cloud tell the full list of settings."""
    settings = [{"key": key, "value": value} for key, value in values.items()]
    cloud.socket.send({"type": "settings_update", "settings": settings})
    await turns()


async def test_declared_settings_are_read_as_they_are_typed_and_always_current(world: World):
    schema = [{"type": "slider", "key": "lines", "defaultValue": 4}, {"key": "wake"}, {"key": "language"}]
    app = await world.serve(Captions(), settings=schema)
    glasses = await world.wear(app)
    await until(lambda: app.calls)

    settings = app.session.settings.of(CaptionSettings)
    assert settings == CaptionSettings(lines=4)

    await glasses.change_settings(PACKAGE_NAME, {"lines": "2", "wake": 60, "language": "es-ES"})
    await until(lambda: settings.lines == 2)

    assert settings == CaptionSettings(lines=2, wake=datetime.time(0, 1), language="es-ES")
    assert dict(app.session.settings) == {"lines": 2, "wake": datetime.time(0, 1), "language": "es-ES"}


async def test_an_impossible_value_is_the_default_and_said_once(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    async with serving(Captions(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        settings = app.session.settings.of(CaptionSettings)

        await pairs(app, memory_cloud, lines=9, language="en-US")
        await pairs(app, memory_cloud, lines="many", language=None)

        assert settings == CaptionSettings()
        assert caplog.messages == [
            (
                "[user1@example.com] The setting 'lines' must be a whole number from 1 to 5, not 9: its default "
                "counts. Does the developer console have it as the code declares it? See: mentra config check"
            )
        ]


async def test_handlers_get_values_as_they_are_declared(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[Any] = []

    async def script(session: AppSession) -> None:
        session.settings.on_change("wake", lambda new, old: heard.append((new, old)))

    async with serving(Captions(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await pairs(app, memory_cloud, wake="60")
        await pairs(app, memory_cloud, wake=60)

        assert heard == [(datetime.time(0, 1), datetime.time(7))]


async def test_settings_that_the_app_does_not_declare_cannot_be_asked_for(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    class Others(Settings):
        x: int = 1

    async with serving(Diary(), memory) as plain:
        await memory_cloud.start(plain)
        await turns()
        with pytest.raises(TypeError, match=r"does not declare Others\. Write in its class: settings = Others$"):
            plain.session.settings.of(Others)
    async with serving(Captions(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        with pytest.raises(TypeError, match="now it is CaptionSettings"):
            app.session.settings.of(Others)


async def test_a_setting_taken_for_an_attribute_is_told_how_to_read(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Captions(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await pairs(app, memory_cloud, extra=1)

        with pytest.raises(AttributeError, match=r"Use session\.settings\.of\(CaptionSettings\)\.lines instead"):
            _ = app.session.settings.lines
        with pytest.raises(AttributeError, match=r'Use session\.settings\["extra"\] instead'):
            _ = app.session.settings.extra


async def test_one_handler_hears_of_all_that_changed_together(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[Mapping[str, SettingChange]] = []

    async def script(session: AppSession) -> None:
        @session.settings.on_change
        async def changed(changes: Mapping[str, SettingChange]) -> None:
            heard.append(dict(changes))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await pairs(app, memory_cloud, a=1, b=[1], c=3)
        await pairs(app, memory_cloud, a=2, b=[1])
        await pairs(app, memory_cloud, a=2, b=[1])

        assert heard == [
            {"a": SettingChange(1, None), "b": SettingChange([1], None), "c": SettingChange(3, None)},
            {"a": SettingChange(new=2, old=1), "c": SettingChange(new=None, old=3)},
        ]


async def test_a_list_that_is_equal_has_not_changed(world: World):
    """Defect 11 of the official SDK 2.1.29: values are compared by identity, so a list changes with every message."""
    heard: list[Any] = []

    async def script(session: AppSession) -> None:
        session.settings.on_change("days", lambda new, old: heard.append((new, old)))

    app = await world.serve(Diary(script), settings=[{"key": "days", "defaultValue": ["mo"]}, {"key": "other"}])
    glasses = await world.wear(app)
    await until(lambda: app.calls)
    await turns()

    await glasses.change_settings(PACKAGE_NAME, {"days": ["mo"]})
    await glasses.change_settings(PACKAGE_NAME, {"days": ["mo", "tu"]})
    await until(lambda: heard)
    await glasses.change_settings(PACKAGE_NAME, {"other": 1})

    assert heard == [(["mo", "tu"], ["mo"])]


async def test_a_cancelled_handler_hears_no_more(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[Any] = []

    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        with app.session.settings.on_change("a", lambda new, old: heard.append(new)) as subscription:
            assert subscription.active
            await pairs(app, memory_cloud, a=1)
        subscription.cancel()
        await pairs(app, memory_cloud, a=2)

        assert (heard, subscription.active) == ([1], False)


async def test_a_slow_handler_finishes_one_change_before_the_next(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    story: list[str] = []

    async def script(session: AppSession) -> None:
        @session.settings.on_change("a")
        async def slow(new: Any, old: Any) -> None:
            story.append(f"begin {new}")
            await asyncio.sleep(1)
            story.append(f"end {new}")

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await pairs(app, memory_cloud, a=1)
        await pairs(app, memory_cloud, a=2)
        await asyncio.sleep(3)

        assert story == ["begin 1", "end 1", "begin 2", "end 2"]


@pytest.mark.parametrize("handler", [None, 5])
async def test_what_is_no_function_cannot_be_a_handler(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, handler: Any
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(TypeError, match="The handler of a setting must be a function"):
            app.session.settings.on_change("a")(handler)
        with pytest.raises(TypeError, match="The handler of a system setting must be a function"):
            app.session.settings.system.on_change("a")(handler)
        await turns()

        assert memory_cloud.socket.subscriptions[-1:] in ([], [[]])


async def test_a_handler_of_a_setting_that_is_not_declared_is_warned_about(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    async with serving(Captions(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        app.session.settings.on_change("line", print)

        assert "CaptionSettings declares no setting 'line', so its handler may never be called" in caplog.text


async def test_the_units_are_subscribed_to_and_their_change_is_heard_until_cancelled(world: World):
    """Defect 9 of the official SDK 2.1.29: it never subscribes, and removes the wrong function."""
    heard: list[Any] = []
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    await until(lambda: app.calls)
    system = app.session.settings.system

    subscriptions = [
        system.on_change("metricSystemEnabled", lambda new, old: heard.append((new, old))),
        system.on_change("metricSystemEnabled")(lambda new, old: None),
    ]
    await until(lambda: glasses.subscriptions(PACKAGE_NAME) == ("augmentos:metricSystemEnabled",))
    await glasses.change_system_settings({"metricSystemEnabled": True, "brightness": 70})
    await until(lambda: heard)

    assert heard == [(True, False)]
    assert (system.uses_metric_units, system["brightness"]) == (True, 50)  # Of the brightness no cloud of 2025 tells.

    subscriptions[0].cancel()
    await turns()
    assert glasses.subscriptions(PACKAGE_NAME) == ("augmentos:metricSystemEnabled",)
    await glasses.change_system_settings({"metricSystemEnabled": False})
    await until(lambda: system.uses_metric_units is False)
    assert heard == [(True, False)]


async def test_without_handlers_the_units_are_not_subscribed_to(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    """Defect 9 of the official SDK 2.1.29."""
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        subscription = app.session.settings.system.on_change("metricSystemEnabled", lambda new, old: None)
        await turns()
        subscription.cancel()
        subscription.cancel()
        await turns()

        assert memory_cloud.socket.subscriptions[-2:] == [["augmentos:metricSystemEnabled"], []]


async def test_an_update_of_the_apps_settings_leaves_the_systems_alone(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    """Defect 10 of the official SDK 2.1.29: the list of the app's settings overwrites those of MentraOS."""
    zone = {"metricSystemEnabled": True, "userTimezone": "Europe/Vienna"}
    memory_cloud.answer = {**ACK, "augmentosSettings": zone}
    heard: list[Any] = []
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        system = app.session.settings.system
        system.on_change("metricSystemEnabled", lambda new, old: heard.append((new, old)))

        await pairs(app, memory_cloud, lines=5)
        body = {"userIdForSettings": USER_ID, "settings": [{"key": "lines", "value": 6}]}
        await memory_cloud.post(app, "/settings", body)
        await turns()

        assert dict(system) == zone
        assert (system.uses_metric_units, system.timezone) == (True, zoneinfo.ZoneInfo("Europe/Vienna"))
        assert heard == []


@pytest.mark.parametrize(
    "settings",
    [{}, {"metricSystemEnabled": "yes", "userTimezone": 5}, {"userTimezone": "Nowhere/Land"}, {"userTimezone": "../x"}],
)
async def test_what_the_system_does_not_say_is_none(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, settings: dict[str, Any]
):
    memory_cloud.answer = {**ACK, "augmentosSettings": settings}
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        assert (app.session.settings.system.uses_metric_units, app.session.settings.system.timezone) == (None, None)


async def test_a_change_during_a_lost_connection_is_heard_when_it_is_back(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    heard: list[Any] = []

    async def script(session: AppSession) -> None:
        session.settings.on_change("a", lambda new, old: heard.append((new, old)))
        session.settings.system.on_change("metricSystemEnabled", lambda new, old: heard.append((new, old)))

    memory_cloud.answer = {**ACK, "augmentosSettings": {"metricSystemEnabled": False}}
    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.answer = {
            **ACK,
            "settings": [{"key": "a", "value": 1}],
            "augmentosSettings": {"metricSystemEnabled": True},
        }
        memory_cloud.socket.abort()
        await memory_cloud.live_socket(2)
        await turns()

        assert sorted(map(str, heard)) == ["(1, None)", "(True, False)"]


async def test_a_cloud_of_generation_3_tells_all_settings_of_the_system(memory: MemoryNetwork):
    heard: list[Any] = []

    async def script(session: AppSession) -> None:
        session.settings.system.on_change("brightness", lambda new, old: heard.append((new, old)))

    world = World(memory)
    world.cloud = LocalCloud(memory, generation=3)
    async with world:
        app = await world.serve(Diary(script))
        glasses = await world.wear(app)
        await until(lambda: glasses.subscriptions(PACKAGE_NAME))
        await glasses.change_system_settings({"brightness": 70})
        await until(lambda: heard)

        assert heard == [(70, 50)]


async def test_what_a_handler_of_settings_raises_is_told_like_any_other_error(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    errors: list[Exception] = []

    async def script(session: AppSession) -> None:
        session.events.on_error(errors.append)

        @session.settings.on_change("lines")
        def broken(new: Any, old: Any) -> None:
            raise ValueError(f"not {new}")

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send({"type": "settings_update", "settings": [{"key": "lines", "value": 5}]})
        await turns()

        assert [str(error) for error in errors] == ["not 5"]


async def test_a_handler_of_settings_that_cancels_itself_does_not_strand_the_changes_behind_it(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    seen: list[Any] = []

    async def script(session: AppSession) -> None:
        @session.settings.on_change("lines")
        async def cancelling(new: Any, old: Any) -> None:
            seen.append(new)
            await asyncio.sleep(1)
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(1)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        for lines in (1, 2, 3):
            memory_cloud.socket.send({"type": "settings_update", "settings": [{"key": "lines", "value": lines}]})
        await asyncio.sleep(10)

        assert seen == [1, 2, 3]


async def test_after_the_end_of_the_session_no_handler_of_settings_is_active(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        subscription = app.session.settings.on_change("lines", lambda new, old: None)
        assert subscription.active

        await memory_cloud.stop(app)
        await app.session.wait_stopped()

        assert not subscription.active
        assert not app.session.settings.on_change("lines", lambda new, old: None).active

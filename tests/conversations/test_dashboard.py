"""The dashboard: lines of apps, its mode, and the one app that owns it."""

from typing import Any

import pytest

from mentra import AppSession, PermissionDenied
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import PACKAGE_NAME, USER_ID, ScriptedCloud, turns
from tests.helpers.waiting import until
from tests.wire.test_captures import ROWS

SYSTEM = "system.augmentos.dashboard"


async def test_a_line_appears_is_replaced_and_goes(world: World):
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    dashboard = app.session.dashboard

    dashboard.write("first")
    dashboard.write(2)
    await until(lambda: glasses.dashboard == "2")

    dashboard.clear()
    await until(lambda: glasses.dashboard == "")


async def test_the_expanded_dashboard_has_lines_of_its_own_w_dash_3(world: World):
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    app.session.dashboard.write("short")
    app.session.dashboard.write("and in detail", modes=["expanded"])
    app.session.layouts.show_text_wall("done")
    await glasses.wait_for_display("done")

    assert (glasses.dashboard_mode, glasses.dashboard) == ("main", "short")
    await glasses.change_dashboard_mode("expanded")
    assert (glasses.dashboard_mode, glasses.dashboard) == ("expanded", " | \nand in detail")
    await glasses.stop(PACKAGE_NAME)
    assert glasses.dashboard == " | \nNo expanded content available"


async def test_the_app_hears_of_another_mode_once_w_dash_4(world: World):
    modes: list[str] = []
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    assert app.session.dashboard.mode is None
    subscription = app.session.dashboard.on_mode_change(modes.append)

    for mode in ("expanded", "expanded", "none"):
        await glasses.change_dashboard_mode(mode)
    await until(lambda: app.session.dashboard.mode == "none")
    assert modes == ["expanded", "none"]

    subscription.cancel()
    await glasses.change_dashboard_mode("main")
    await until(lambda: app.session.dashboard.mode == "main")
    assert modes == ["expanded", "none"]


async def test_content_without_modes_or_time_is_ignored_w_app_6(memory: MemoryNetwork):
    async with World(memory) as world:
        app = await world.serve(Diary())
        glasses = await world.wear(app)
        link: Any = app.session._core.link  # What no method of ours can send.

        for missing in ("modes", "timestamp"):
            frame = {
                "type": "dashboard_content_update",
                "packageName": PACKAGE_NAME,
                "content": "half",
                "modes": ["main"],
                "timestamp": "2026-01-31T12:00:00.000Z",
            }
            del frame[missing]
            link.send(frame)
        await turns()

        assert (glasses.dashboard, PACKAGE_NAME in glasses.running) == ("", True)


async def sent_by(script: Any, memory: MemoryNetwork, cloud: ScriptedCloud) -> list[dict[str, Any]]:
    async with serving(Diary(script), memory) as app:
        await cloud.start(app)
        await turns()
    return [frame for frame in cloud.socket.frames if frame["type"].startswith("dashboard")]


async def test_a_line_is_sent_as_by_the_official_sdk_but_for_the_session_w_dash_1(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    recorded = next(row["data"] for row in ROWS if row.get("data", {}).get("type") == "dashboard_content_update")

    async def script(session: AppSession) -> None:
        session.dashboard.write(recorded["content"])

    [sent] = await sent_by(script, memory, memory_cloud)

    assert sent["timestamp"].endswith("Z")
    assert sent | {"timestamp": ...} == recorded | {
        "timestamp": ...,
        "packageName": PACKAGE_NAME,
        "sessionId": f"{USER_ID}-{PACKAGE_NAME}",
    }


async def test_while_disconnected_the_newest_line_of_each_mode_waits(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await turns()
        for text in ("old", "new"):
            app.session.dashboard.write(text)
            app.session.dashboard.write(f"{text} details", modes=("expanded",))
        second = await memory_cloud.live_socket(2)
        await turns()

    assert [(frame["content"], frame["modes"]) for frame in second.of_type("dashboard_content_update")] == [
        ("new", ["main"]),
        ("new details", ["expanded"]),
    ]


@pytest.mark.parametrize(
    ("modes", "error", "problem"),
    [
        (("wide",), ValueError, "There is no mode 'wide'"),
        ((), ValueError, "at least one of main, expanded"),
        ("main", TypeError, r"such as \('main',\)"),
    ],
)
async def test_impossible_modes_are_refused(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, modes: Any, error: type[Exception], problem: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(error, match=problem):
            app.session.dashboard.write("x", modes=modes)


async def test_the_end_of_the_always_on_dashboard_is_no_error(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    """Defect 29 of the official SDK 2.1.29: it answers this message with an error in the log."""
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send({"type": "dashboard_always_on_changed", "enabled": True, "timestamp": "t"})
        await turns()

        assert app.session.connected
        assert (app.session.dashboard.mode, [record for record in caplog.records if record.levelname != "INFO"]) == (
            None,
            [],
        )


async def test_another_app_is_told_whose_the_dashboard_is(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(PermissionDenied, match=r"Only the system's own .* session\.dashboard\.write\(text\)"):
            _ = app.session.dashboard.system


async def test_the_app_of_the_system_sets_corners_and_mode_w_dash_2(memory: MemoryNetwork):
    modes: list[str] = []
    async with World(memory) as world:
        owner = await world.serve(Diary(package_name=SYSTEM), app_type="background")
        other = await world.serve(Diary())
        glasses = await world.wear(owner)
        await glasses.start(PACKAGE_NAME)
        other.session.dashboard.on_mode_change(modes.append)
        other.session.dashboard.write("line", modes=("main", "expanded"))

        owner.session.dashboard.system.set_corners(top_left="12:00", bottom_right=80)
        await turns()
        assert (glasses.dashboard, modes) == ("12:00\n80\n\nline", [])

        owner.session.dashboard.system.set_corners(top_left="")
        owner.session.dashboard.system.set_mode("expanded")
        await turns()
        assert (glasses.dashboard, modes) == (" | \nline", ["expanded"])
        with pytest.raises(ValueError, match="There is no mode 'none'"):
            owner.session.dashboard.system.set_mode("none")


async def test_the_cloud_ignores_such_wishes_of_others_w_dash_2(
    memory: MemoryNetwork, caplog: pytest.LogCaptureFixture
):
    async with World(memory) as world:
        app = await world.serve(Diary())
        glasses = await world.wear(app)
        link: Any = app.session._core.link
        for frame in (
            {"type": "dashboard_mode_change", "mode": "expanded"},
            {"type": "dashboard_system_update", "section": "topLeft", "content": "mine"},
        ):
            link.send(frame | {"packageName": PACKAGE_NAME})
        await turns()

        assert (glasses.dashboard, glasses.dashboard_mode, app.session.connected) == ("", "main", True)
    assert [message.partition(" is ")[0] for message in caplog.messages] == [PACKAGE_NAME] * 2

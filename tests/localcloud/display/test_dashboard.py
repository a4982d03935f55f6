"""The dashboard: what the cloud puts on it, and when the wearer sees it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.protocol.cloud_to_app import DeviceState
from mentra.transport.memory import MemoryNetwork
from tests.helpers.scripted_app import ScriptedApp

DASHBOARD, DIARY, WEATHER = "system.augmentos.dashboard", "com.example.diary", "com.example.weather"
NOON, LATER = "2026-01-31T12:00:00.000Z", "2026-01-31T12:00:01.000Z"


@pytest.fixture
async def apps(network: MemoryNetwork, cloud: LocalCloud, glasses: VirtualGlasses) -> AsyncIterator[list[ScriptedApp]]:
    """The system's dashboard app and two others, all running in the background."""
    running: list[ScriptedApp] = []
    for package_name in (DASHBOARD, DIARY, WEATHER):
        app = await ScriptedApp(network, package_name).__aenter__()
        cloud.install(app.installed(app_type="background"))
        await glasses.start(package_name)
        running.append(app)
    yield running
    for app in running:
        await app.__aexit__()


async def write(app: ScriptedApp, content: Any, *modes: str, timestamp: Any = NOON) -> None:
    await app.send("dashboard_content_update", content=content, modes=list(modes or ("main",)), timestamp=timestamp)


async def set_corners(app: ScriptedApp, **corners: str) -> None:
    for section, content in corners.items():
        await app.send("dashboard_system_update", section=section, content=content)


def drawn(glasses: VirtualGlasses) -> list[tuple[str, str, str]]:
    """What the cloud drew on the dashboard view in the main mode: who, left and right."""
    return [
        (event.package_name, event.layout["topText"], event.layout["bottomText"])
        for event in glasses.shown
        if event.view == "dashboard"
    ]


async def test_a_text_is_below_a_newline_on_the_right_w_dash_3(apps: list[ScriptedApp], glasses: VirtualGlasses):
    await write(apps[1], "3 entries")

    assert drawn(glasses) == [(DASHBOARD, "", "\n3 entries")]
    assert (glasses.dashboard, glasses.display) == ("3 entries", "")


async def test_the_corners_surround_the_text_w_dash_2(apps: list[ScriptedApp], glasses: VirtualGlasses):
    await write(apps[1], "3 entries")
    await set_corners(apps[0], topLeft="12:00", topRight="80 %", bottomLeft="2 messages")
    assert drawn(glasses)[-1] == (DASHBOARD, "12:00\n2 messages", "80 %\n3 entries")

    await set_corners(apps[0], bottomRight="sunny")
    assert drawn(glasses)[-1] == (DASHBOARD, "12:00\n2 messages", "80 %\nsunny\n\n3 entries")

    await glasses.stop(DIARY)
    assert drawn(glasses)[-1] == (DASHBOARD, "12:00\n2 messages", "80 %\nsunny")


async def test_one_app_is_shown_at_a_time_and_looking_up_turns_to_the_next_w_dash_5(
    apps: list[ScriptedApp], glasses: VirtualGlasses
):
    await write(apps[1], "diary", timestamp=NOON)
    await write(apps[2], "weather", timestamp=LATER)
    seen = [glasses.dashboard]
    for _ in range(3):
        await glasses.look_up()
        seen.append(glasses.dashboard)
        await glasses.look_down()

    assert seen == ["weather", "diary", "weather", "diary"]


async def test_apps_hear_of_looking_up_as_well(apps: list[ScriptedApp], glasses: VirtualGlasses):
    await write(apps[1], "diary")
    await write(apps[2], "weather", timestamp=LATER)
    await apps[1].subscribe("head_position")
    await glasses.send("head_position", {"position": "up"})

    assert glasses.dashboard == "diary"
    assert apps[1].socket.frames[-1]["data"]["position"] == "up"


async def test_with_one_text_looking_up_draws_nothing_anew(apps: list[ScriptedApp], glasses: VirtualGlasses):
    await write(apps[1], "diary")
    await glasses.look_up()

    assert len(drawn(glasses)) == 1


async def test_when_the_app_on_the_dashboard_stops_the_newest_is_shown(
    apps: list[ScriptedApp], glasses: VirtualGlasses
):
    await write(apps[1], "diary")
    await write(apps[2], "weather", timestamp=LATER)
    await glasses.look_up()
    await glasses.stop(DIARY)

    assert glasses.dashboard == "weather"


async def test_looking_up_shows_the_dashboard_view_whoever_wrote_on_it(running: ScriptedApp, glasses: VirtualGlasses):
    views = [glasses.view]
    undo = glasses.on_display(lambda changed: views.append(changed.view))

    await glasses.look_up()
    await glasses.look_up()
    await glasses.look_down()
    undo()

    assert views == ["main", "dashboard", "main"]


async def test_the_dashboard_does_not_open_when_the_setting_is_off(glasses: VirtualGlasses):
    await glasses.change_system_settings({"contextualDashboard": False})
    await glasses.look_up()

    assert glasses.view == "main"


async def test_the_expanded_mode_shows_the_newest_text_under_the_upper_corners_w_dash_5(
    apps: list[ScriptedApp], glasses: VirtualGlasses
):
    await set_corners(apps[0], topLeft="12:00", topRight="80 %", bottomLeft="2 messages")
    await write(apps[1], "diary in detail", "expanded", timestamp=LATER)
    await write(apps[2], "weather in detail", "main", "expanded")
    assert glasses.dashboard == "12:00\n2 messages\n80 %\nweather in detail"

    await apps[0].send("dashboard_mode_change", mode="expanded")
    assert (glasses.dashboard_mode, glasses.dashboard) == ("expanded", "12:00 | 80 %\ndiary in detail")

    for package_name in (DIARY, WEATHER):
        await glasses.stop(package_name)
    assert glasses.dashboard == "12:00 | 80 %\nNo expanded content available"


@pytest.mark.parametrize("mode", ["none", "always_on"])
async def test_in_another_mode_nothing_new_is_drawn(apps: list[ScriptedApp], glasses: VirtualGlasses, mode: str):
    await write(apps[1], "before")
    await glasses.change_dashboard_mode(mode)
    await write(apps[1], "after", "main", mode)

    assert glasses.dashboard == "before"


async def test_apps_hear_of_a_mode_also_when_it_is_no_other_w_dash_4(apps: list[ScriptedApp], glasses: VirtualGlasses):
    await apps[0].send("dashboard_mode_change", mode="main")
    await apps[0].send("dashboard_mode_change", mode="expanded")

    modes = [[frame["mode"] for frame in app.socket.frames if "mode" in frame] for app in apps]
    assert modes == [["main", "expanded"]] * 3


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"layoutType": "text_wall", "text": "wall"}, "wall"),
        ({"layoutType": "double_text_wall", "topText": "top", "bottomText": "bottom"}, "top\nbottom"),
        ({"layoutType": "double_text_wall", "topText": "", "bottomText": "bottom"}, "bottom"),
        ({"layoutType": "dashboard_card", "leftText": "left", "rightText": "right"}, "left | right"),
        ({"layoutType": "reference_card", "title": "title", "text": "text"}, "title\ntext"),
        ({"layoutType": "bitmap_view", "data": "Qk0="}, ""),
        ({"layoutType": "hologram"}, ""),
        (3, ""),
    ],
)
async def test_of_a_layout_the_main_mode_shows_the_text_w_dash_5(
    apps: list[ScriptedApp], glasses: VirtualGlasses, content: Any, text: str
):
    await write(apps[1], content)

    assert glasses.dashboard == text


async def test_a_layout_is_no_text_in_the_expanded_mode(apps: list[ScriptedApp], glasses: VirtualGlasses):
    await glasses.change_dashboard_mode("expanded")
    await write(apps[1], {"layoutType": "text_wall", "text": "wall"}, "expanded")

    assert glasses.dashboard == " | \n[object Object]"


@pytest.mark.parametrize("timestamp", [NOON, "2026-01-31T12:00:00", 1769860800000])
async def test_a_time_is_read_in_every_form(apps: list[ScriptedApp], glasses: VirtualGlasses, timestamp: Any):
    await write(apps[2], "newer", timestamp=LATER)
    await write(apps[1], "older", timestamp=timestamp)

    assert glasses.dashboard == "newer"


async def test_a_text_of_no_time_is_ignored_with_a_warning_w_app_6(
    apps: list[ScriptedApp], glasses: VirtualGlasses, caplog: pytest.LogCaptureFixture
):
    await write(apps[1], "when?", timestamp="soon")

    assert (glasses.dashboard, DIARY in glasses.running) == ("", True)
    assert caplog.messages == [f"{DIARY} wrote on the dashboard at no time: 'soon'"]


async def test_nothing_reaches_glasses_that_are_not_there_w_disp_6(apps: list[ScriptedApp], glasses: VirtualGlasses):
    await glasses.report(DeviceState(connected=False))
    await write(apps[1], "diary")
    await apps[1].show("hello")
    assert (glasses.dashboard, glasses.display) == ("", "")

    await glasses.report(DeviceState(connected=True))
    await apps[1].show("hello")
    await write(apps[2], "weather", timestamp=LATER)
    assert (glasses.dashboard, glasses.display) == ("weather", "hello")


async def test_nothing_reaches_a_phone_that_is_offline(apps: list[ScriptedApp], glasses: VirtualGlasses):
    await write(apps[1], "diary")
    await write(apps[2], "weather", timestamp=LATER)
    await glasses.go_offline()
    await apps[1].show("hello")
    await write(apps[1], "diary of today")
    await glasses.look_up()

    assert (glasses.dashboard, glasses.display) == ("weather", "")


async def test_a_faithful_cloud_shows_the_card_and_then_the_last_wish_of_the_app_w_disp_3(network: MemoryNetwork):
    async with LocalCloud(network, faithful=True) as cloud, ScriptedApp(network) as app:
        cloud.install(app.installed(name="Diary"))
        glasses = cloud.connect_glasses()
        await glasses.start(app.package_name)
        for text in ("one", "two"):
            await app.show(text)
        card = glasses.display

        await glasses.wait_for_display("two", timeout=2.0)

        assert card == "// MentraOS - Starting App\nDiary"
        assert len(glasses.shown) == 2


async def test_a_new_session_begins_with_an_empty_dashboard(apps: list[ScriptedApp], glasses: VirtualGlasses):
    await set_corners(apps[0], topLeft="12:00")
    await glasses.change_dashboard_mode("expanded")
    await glasses.leave()
    await glasses.go_online()

    assert glasses.dashboard_mode == "main"


async def test_an_app_writes_in_every_name_also_in_that_of_the_system_w_dash_6(
    apps: list[ScriptedApp], glasses: VirtualGlasses
):
    await write(apps[1], "the diary's")
    await apps[1].send("dashboard_content_update", packageName="nobody", content="?", modes=["main"], timestamp=LATER)
    await apps[1].send("dashboard_system_update", packageName=DASHBOARD, section="topLeft", content="my clock")

    assert drawn(glasses)[1:] == [(DASHBOARD, "", "\n?"), (DASHBOARD, "my clock", "\n?")]


async def test_while_it_is_the_turn_of_nothing_nothing_is_drawn_w_dash_6(
    apps: list[ScriptedApp], glasses: VirtualGlasses
):
    await write(apps[1], None)
    await write(apps[2], "older", timestamp="2026-01-31T11:00:00.000Z")
    await set_corners(apps[0], topLeft="12:00")
    assert drawn(glasses) == []

    await glasses.look_up()
    assert drawn(glasses) == [(DASHBOARD, "12:00", "\nolder")]


@pytest.mark.parametrize(("content", "text"), [(5, "5"), (None, "No expanded content available"), (["a", "b"], "a,b")])
async def test_the_expanded_mode_takes_everything_for_text(
    apps: list[ScriptedApp], glasses: VirtualGlasses, content: Any, text: str
):
    await glasses.change_dashboard_mode("expanded")
    await write(apps[1], content, "expanded")

    assert glasses.dashboard == f" | \n{text}"


async def test_nanoseconds_are_no_time(apps: list[ScriptedApp], glasses: VirtualGlasses):
    await write(apps[1], "when?", timestamp=1769860800000000000)

    assert drawn(glasses) == []

"""What an app shows, when it can and when it cannot."""

import pytest

from mentra import AppSession, View
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import PACKAGE_NAME, USER_ID, ScriptedCloud, turns


async def test_every_layout_reaches_the_glasses_w_lay(world: World):
    async def script(session: AppSession) -> None:
        session.layouts.show_text_wall(72)
        session.layouts.show_double_text_wall("top", "bottom")
        session.layouts.show_reference_card("title", "text")
        session.layouts.show_dashboard_card("left", "right")
        session.layouts.show_text_wall("on the dashboard", view="dashboard", duration=2.5)
        session.layouts.clear()
        session.layouts.show_text_wall("last")

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await glasses.wait_for_display("last")

    shown = [(event.view, event.layout, event.duration_ms) for event in glasses.shown]
    assert shown == [
        ("main", {"layoutType": "text_wall", "text": "72"}, None),
        ("main", {"layoutType": "double_text_wall", "topText": "top", "bottomText": "bottom"}, None),
        ("main", {"layoutType": "reference_card", "title": "title", "text": "text"}, None),
        ("dashboard", {"layoutType": "dashboard_card", "leftText": "left", "rightText": "right"}, None),
        ("dashboard", {"layoutType": "text_wall", "text": "on the dashboard"}, 2500),
        ("main", {"layoutType": "clear_view"}, None),
        ("main", {"layoutType": "text_wall", "text": "last"}, None),
    ]


async def test_while_disconnected_the_newest_wish_per_view_waits(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await turns()
        layouts = app.session.layouts
        for text in ("old", "older", "newest"):
            layouts.show_text_wall(text)
        layouts.show_text_wall("old", view=View.DASHBOARD)
        layouts.show_text_wall("dashboard", view="dashboard", duration=1)
        second = await memory_cloud.live_socket(2)
        await turns()

        shown = [(frame["view"], frame["layout"]["text"], frame.get("durationMs")) for frame in second.frames[1:]]
        assert shown == [("main", "newest", None), ("dashboard", "dashboard", 1000)]

        layouts.show_text_wall("later")
        await turns()

        assert second.shown == ["newest", "dashboard", "later"]


async def test_a_wish_is_sent_once(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await turns()
        app.session.layouts.show_text_wall("once")
        second = await memory_cloud.live_socket(2)
        await turns()
        second.abort()
        third = await memory_cloud.live_socket(3)
        await turns()

        assert (second.shown, third.shown) == (["once"], [])


async def test_after_the_end_nothing_is_shown_and_nothing_raised(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    class SaysGoodbye(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            self.session.layouts.show_text_wall("goodbye")
            self.session.layouts.clear()
            await super().on_stop(session_id, user_id, reason)

    async with serving(SaysGoodbye(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await memory_cloud.stop(app)
        await turns()

        assert app.calls[-1] == f"stop {USER_ID} user_disabled"
        assert memory_cloud.socket.shown == []


async def test_two_sessions_one_after_the_other_share_nothing(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        first = app.session
        await memory_cloud.start(app, timestamp="t2")
        await turns()
        first.layouts.show_text_wall("from the past")
        app.session.layouts.show_text_wall("now")
        await turns()

        assert memory_cloud.socket.shown == ["now"]


@pytest.mark.parametrize("duration", [-1, float("nan"), float("inf")])
async def test_an_impossible_duration_is_refused(memory: MemoryNetwork, memory_cloud: ScriptedCloud, duration: float):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(ValueError, match="duration must be"):
            app.session.layouts.show_text_wall("x", duration=duration)


async def test_an_unknown_view_is_refused(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(ValueError, match="left_eye"):
            app.session.layouts.show_text_wall("x", view="left_eye")


async def test_unicode_arrives_as_it_was_written(world: World):
    text = 'Zoë 你好 🕶 \u2028 "quoted" \\ \x00'

    async def script(session: AppSession) -> None:
        session.layouts.show_text_wall(text)

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)

    assert await glasses.wait_for_display("Zoë") == text
    assert PACKAGE_NAME in glasses.running


@pytest.mark.parametrize("is_async", [False, True])
async def test_what_a_comeback_shows_is_newer_than_what_waited_for_it(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, is_async: bool
):
    async def script(session: AppSession) -> None:
        def welcome(news: object) -> None:
            session.layouts.show_text_wall("back")

        async def welcome_later(news: object) -> None:
            welcome(news)

        session.events.on_reconnected(welcome_later if is_async else welcome)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await turns()
        app.session.layouts.show_text_wall("lost")
        socket = await memory_cloud.live_socket(2)
        await turns()

        assert socket.shown == ["lost", "back"]

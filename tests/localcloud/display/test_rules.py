"""Who may show what, and when: the decisions of the cloud, frame by frame, with the second at which each is taken."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest

from mentra.localcloud.display.rules import SYSTEM_DASHBOARD, DisplayRules, system_display
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.layouts import ReferenceCard, TextWall, View

MAIN, CAPTIONS, CHAT = "com.example.main", "com.example.captions", "com.example.chat"
CLEAR = "(clear)"


class Glasses:
    """Glasses with some apps, and the rules before them."""

    def __init__(self, *, faithful: bool) -> None:
        self.are_reached = True
        self.running = {MAIN, CAPTIONS, CHAT}
        self.frames: list[DisplayEvent] = []
        self.shown: list[tuple[float, str]] = []
        """When each frame came, in seconds from the start, and what it says."""
        self._began_at = asyncio.get_running_loop().time()
        self.rules = DisplayRules(
            self._show, is_running=self.running.__contains__, timestamp=lambda: "t", faithful=faithful
        )

    def start(self, package_name: str, *, name: str = "", is_standard: bool = False) -> None:
        self.running.add(package_name)
        self.rules.app_started(package_name, name=name or package_name, is_standard=is_standard)

    def stop(self, package_name: str) -> None:
        self.running.discard(package_name)
        self.rules.app_stopped(package_name)

    def show(self, package_name: str, text: str, *, view: str = "main", **more: Any) -> bool:
        layout = {"layoutType": "text_wall", "text": text}
        return self.rules.request(DisplayEvent(package_name=package_name, view=view, layout=layout, **more))

    @property
    def texts(self) -> list[str]:
        """What each frame so far says."""
        return [text for _, text in self.shown]

    def _show(self, event: DisplayEvent) -> bool:
        if self.are_reached:
            self.frames.append(event)
            seconds = round(asyncio.get_running_loop().time() - self._began_at, 3)
            self.shown.append((seconds, event.layout["text"] or CLEAR))
        return self.are_reached


@pytest.fixture
async def glasses() -> Glasses:
    """Glasses with a main app, on a cloud that skips what only costs time."""
    glasses = Glasses(faithful=False)
    glasses.start(MAIN, is_standard=True)
    return glasses


@pytest.fixture
async def faithful() -> Glasses:
    return Glasses(faithful=True)


# The card of starting apps.


async def test_a_card_names_the_app_that_starts_for_a_second_and_a_half_w_disp_3(faithful: Glasses):
    faithful.start(MAIN, name="Captions", is_standard=True)
    await asyncio.sleep(1.6)

    card = ReferenceCard(title="// MentraOS - Starting App", text="Captions")
    assert faithful.frames == [
        system_display(View.MAIN, card, timestamp="t"),
        system_display(View.MAIN, TextWall(text=""), duration_ms=0, timestamp="t"),
    ]
    assert faithful.shown == [(0.0, "Captions"), (1.5, CLEAR)]


async def test_the_end_of_the_card_clears_twice_w_disp_7(faithful: Glasses):
    faithful.start(MAIN, is_standard=True)
    await asyncio.sleep(5)

    assert faithful.shown == [(0.0, MAIN), (1.5, CLEAR), (1.8, CLEAR)]


async def test_the_card_of_several_apps_has_their_names_with_commas(faithful: Glasses):
    faithful.start(MAIN, name="Main", is_standard=True)
    await asyncio.sleep(1.0)
    faithful.start(CHAT, name="Chat")
    await asyncio.sleep(1.0)
    faithful.start(CAPTIONS, name="Captions")

    assert faithful.shown == [(0.0, "Main"), (1.0, "Main, Chat"), (2.0, "Chat, Captions")]
    assert [frame.layout["title"] for frame in faithful.frames] == [
        "// MentraOS - Starting App",
        "// MentraOS - Starting Apps",
        "// MentraOS - Starting Apps",
    ]


async def test_the_last_wish_of_an_app_waits_for_the_end_of_the_card_w_disp_3(faithful: Glasses):
    faithful.start(MAIN, is_standard=True)
    assert faithful.show(MAIN, "first")
    assert faithful.show(MAIN, "second", force_display=True)
    await asyncio.sleep(5)

    assert faithful.shown == [(0.0, MAIN), (1.5, "second")]


async def test_what_waited_for_the_end_of_the_card_has_no_end(faithful: Glasses):
    faithful.start(MAIN, is_standard=True)
    faithful.show(MAIN, "for two seconds", duration_ms=2000)
    await asyncio.sleep(10)

    assert faithful.texts == [MAIN, "for two seconds"]


async def test_after_the_card_the_main_app_comes_first_and_the_others_wait_for_the_next(faithful: Glasses):
    faithful.start(CHAT)
    faithful.start(MAIN, is_standard=True)
    faithful.show(CHAT, "chat")
    faithful.show(MAIN, "main")
    await asyncio.sleep(3)
    assert faithful.texts[2:] == ["main"]

    faithful.start(CAPTIONS)
    await asyncio.sleep(3)
    assert faithful.texts[3:] == [CAPTIONS, "chat"]


async def test_without_the_main_app_the_first_that_waited_is_shown(faithful: Glasses):
    faithful.start(CHAT)
    faithful.start(CAPTIONS)
    faithful.show(CAPTIONS, "captions")
    faithful.show(CHAT, "chat")
    await asyncio.sleep(3)

    assert faithful.texts[2:] == ["captions"]


async def test_what_was_shown_before_the_card_returns_while_its_duration_lasts(faithful: Glasses):
    faithful.start(MAIN, is_standard=True)
    await asyncio.sleep(5)
    faithful.show(MAIN, "long", duration_ms=4000)
    faithful.start(CHAT)
    await asyncio.sleep(5)

    assert faithful.shown[3:] == [(5.0, "long"), (5.0, CHAT), (6.5, CLEAR), (6.5, "long"), (9.0, CLEAR)]


async def test_what_was_shown_before_the_card_without_a_duration_does_not_return(faithful: Glasses):
    faithful.start(MAIN, is_standard=True)
    await asyncio.sleep(5)
    faithful.show(MAIN, "for ever")
    faithful.start(CHAT)
    await asyncio.sleep(5)

    assert faithful.shown[3:] == [(5.0, "for ever"), (5.0, CHAT), (6.5, CLEAR), (6.8, CLEAR)]


async def test_a_duration_that_ends_under_the_card_shows_the_card_again(faithful: Glasses):
    faithful.start(MAIN, is_standard=True)
    await asyncio.sleep(5)
    faithful.show(MAIN, "short", duration_ms=500)
    faithful.start(CHAT)
    await asyncio.sleep(1)

    assert faithful.shown[3:] == [(5.0, "short"), (5.0, CHAT), (5.5, CHAT)]


async def test_what_an_app_that_was_stopped_showed_does_not_return_after_the_card(faithful: Glasses):
    faithful.start(MAIN, is_standard=True)
    await asyncio.sleep(5)
    faithful.show(MAIN, "long", duration_ms=60_000)
    faithful.start(CHAT)
    faithful.stop(MAIN)
    await asyncio.sleep(5)

    assert "long" not in faithful.texts[4:]


async def test_a_start_that_fails_ends_its_card_at_once(faithful: Glasses):
    faithful.start(MAIN, is_standard=True)
    await asyncio.sleep(1.0)
    faithful.stop(MAIN)
    await asyncio.sleep(0.1)

    assert faithful.shown == [(0.0, MAIN), (1.0, CLEAR)]


async def test_while_others_start_the_card_stays_when_one_start_fails(faithful: Glasses):
    faithful.start(MAIN, name="Main", is_standard=True)
    faithful.start(CHAT, name="Chat")
    faithful.stop(MAIN)

    assert faithful.texts == ["Main", "Main, Chat", "Chat"]


async def test_the_dashboard_app_gets_no_card(faithful: Glasses):
    faithful.start(SYSTEM_DASHBOARD)
    await asyncio.sleep(5)

    assert faithful.shown == []


async def test_without_faithfulness_there_is_neither_a_card_nor_a_wait(glasses: Glasses):
    for number in range(6):
        glasses.show(MAIN, str(number))
    await asyncio.sleep(5)

    assert glasses.shown == [(0.0, str(number)) for number in range(6)]


# The pace.


@pytest.fixture
async def awake(faithful: Glasses) -> Glasses:
    """Glasses whose main app was started long ago."""
    faithful.start(MAIN, is_standard=True)
    await asyncio.sleep(10)
    faithful.shown.clear()
    return faithful


async def test_of_six_wishes_50_ms_apart_the_first_and_the_last_are_shown_w_disp_2(awake: Glasses):
    for number in range(6):
        assert awake.show(MAIN, str(number))
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)

    assert awake.shown == [(10.0, "0"), (10.55, "5")]


async def test_force_display_passes_at_once_and_what_waits_still_comes_w_disp_2(awake: Glasses):
    awake.show(MAIN, "first")
    awake.show(MAIN, "waits")
    awake.show(MAIN, "forced", force_display=True)
    await asyncio.sleep(1)

    assert awake.shown == [(10.0, "first"), (10.0, "forced"), (10.3, "waits")]


async def test_each_app_has_a_wish_that_waits(awake: Glasses):
    awake.show(CHAT, "first", duration_ms=60_000)
    awake.show(CHAT, "chat")
    awake.stop(CAPTIONS)  # What waits the longest comes when the next display is looked for.
    await asyncio.sleep(1)

    assert awake.shown == [(10.0, "first"), (10.0, "chat")]


async def test_a_wish_of_a_stopped_app_waits_no_longer(awake: Glasses):
    awake.show(MAIN, "first")
    awake.show(MAIN, "second")
    awake.stop(MAIN)
    await asyncio.sleep(1)

    assert awake.shown == [(10.0, "first"), (10.3, CLEAR)]


async def test_a_duration_counts_from_the_request_and_not_from_its_turn(awake: Glasses):
    awake.show(MAIN, "first")
    awake.show(MAIN, "second", duration_ms=1000)
    await asyncio.sleep(2)

    assert awake.shown == [(10.0, "first"), (10.3, "second"), (11.0, CLEAR)]


async def test_what_waited_is_over_at_once_when_it_waited_longer_than_its_duration(awake: Glasses):
    awake.show(MAIN, "first")
    awake.show(MAIN, "second", duration_ms=100)
    await asyncio.sleep(2)

    assert awake.shown == [(10.0, "first"), (10.3, "second"), (10.601, CLEAR)]


async def test_displays_300_ms_apart_never_wait_w_disp_2(awake: Glasses):
    await asyncio.sleep(20)  # From here on, 300 ms as a sum of binary fractions are often a little less.
    for number in range(20):
        awake.show(MAIN, str(number))
        await asyncio.sleep(0.3)

    assert awake.shown == [(round(30 + number * 0.3, 3), str(number)) for number in range(20)]


async def test_what_is_due_in_the_same_millisecond_comes_in_the_order_of_the_requests(awake: Glasses):
    awake.show(MAIN, "first")
    for number in range(5):
        awake.show(CHAT, f"chat {number}")
        awake.show(MAIN, f"main {number}")
    await asyncio.sleep(1)

    assert awake.texts == ["first", "chat 4", "main 4"]


async def test_of_two_that_wait_since_the_same_millisecond_the_first_app_to_ask_is_the_next(awake: Glasses):
    awake.show(MAIN, "waits for nothing")
    awake.show(CHAT, "chat 1")
    awake.show(MAIN, "main")
    awake.show(CHAT, "chat 2")
    awake.stop(CAPTIONS)

    assert awake.texts == ["waits for nothing", "chat 2"]


async def test_what_is_shown_twice_ends_twice(awake: Glasses):
    awake.show(MAIN, "two seconds", view="dashboard", duration_ms=2000)
    awake.stop(CHAT)  # Whatever stops, what the main app shows is to be shown again, in its turn.
    awake.show(MAIN, "forced", force_display=True)
    await asyncio.sleep(5)

    assert awake.shown == [
        (10.0, "two seconds"),
        (10.0, "forced"),
        (10.3, "two seconds"),
        (12.0, CLEAR),
        (12.3, CLEAR),
    ]


async def test_what_waited_and_reached_nobody_counts_as_shown(awake: Glasses):
    awake.show(MAIN, "first")
    awake.show(MAIN, "second", duration_ms=1000)
    awake.are_reached = False
    await asyncio.sleep(0.5)
    awake.are_reached = True
    await asyncio.sleep(1)

    assert awake.shown == [(10.0, "first"), (11.0, CLEAR)]


async def test_the_dashboard_view_of_the_system_keeps_no_pace_and_its_main_view_does(awake: Glasses):
    awake.show(MAIN, "app")
    awake.show(SYSTEM_DASHBOARD, "12:00", view="dashboard")
    awake.show(SYSTEM_DASHBOARD, "on the main view")
    await asyncio.sleep(1)

    assert awake.shown == [(10.0, "app"), (10.0, "12:00"), (10.3, "on the main view")]


async def test_an_app_on_the_dashboard_view_keeps_the_pace(awake: Glasses):
    awake.show(MAIN, "main")
    awake.show(MAIN, "dashboard", view="dashboard")
    await asyncio.sleep(1)

    assert awake.shown == [(10.0, "main"), (10.3, "dashboard")]


# Durations.


async def test_what_has_a_duration_is_cleared_by_the_system_w_disp_4(glasses: Glasses):
    glasses.show(MAIN, "hello", duration_ms=1000)
    await asyncio.sleep(2)

    assert glasses.shown == [(0.0, "hello"), (1.0, CLEAR)]
    assert glasses.frames[-1] == system_display(View.MAIN, TextWall(text=""), duration_ms=0, timestamp="t")


@pytest.mark.parametrize("duration_ms", [None, 0])
async def test_what_has_no_duration_stays(glasses: Glasses, duration_ms: int | None):
    glasses.show(MAIN, "hello", duration_ms=duration_ms)
    await asyncio.sleep(60)

    assert glasses.shown == [(0.0, "hello")]


@pytest.mark.parametrize("duration_ms", [-5, math.nan, 1e17])
async def test_a_duration_that_ends_at_no_later_moment_is_over_at_once_w_disp_10(glasses: Glasses, duration_ms: float):
    glasses.show(MAIN, "when?", duration_ms=duration_ms)
    await asyncio.sleep(5)

    assert glasses.shown == [(0.0, "when?"), (0.001, CLEAR)]


async def test_a_duration_of_more_than_24_days_is_too_long_for_a_faithful_cloud_w_disp_10(awake: Glasses):
    awake.show(MAIN, "for ever", duration_ms=1e12)
    await asyncio.sleep(1)

    assert awake.shown == [(10.0, "for ever"), (10.301, "for ever"), (10.602, "for ever"), (10.903, "for ever")]


async def test_a_duration_of_more_than_24_days_does_no_harm_without_faithfulness(glasses: Glasses):
    glasses.show(MAIN, "for ever", duration_ms=1e12)
    await asyncio.sleep(100)

    assert glasses.shown == [(0.0, "for ever")]


async def test_a_newer_display_outlives_the_duration_of_the_older(glasses: Glasses):
    glasses.show(MAIN, "first", duration_ms=1000)
    glasses.show(MAIN, "second")
    await asyncio.sleep(5)

    assert glasses.texts == ["first", "second"]


async def test_a_duration_on_the_dashboard_view_clears_the_main_view_w_disp_8(glasses: Glasses):
    glasses.show(MAIN, "hello", view="dashboard", duration_ms=1000)
    await asyncio.sleep(2)

    assert [(frame.view, frame.layout["text"]) for frame in glasses.frames] == [("dashboard", "hello"), ("main", "")]


async def test_when_a_background_app_is_over_the_main_app_is_shown_again_w_disp_8(glasses: Glasses):
    glasses.show(MAIN, "main", duration_ms=5000)
    glasses.show(CHAT, "chat", duration_ms=1000)
    await asyncio.sleep(10)

    # Two timers run for what was shown twice.
    assert glasses.shown == [(0.0, "main"), (0.0, "chat"), (1.0, "main"), (5.0, CLEAR), (5.0, CLEAR)]


async def test_what_the_main_app_showed_without_a_duration_is_not_shown_again_after_a_second(glasses: Glasses):
    glasses.show(MAIN, "main")
    glasses.show(CHAT, "chat", duration_ms=2000)
    await asyncio.sleep(5)

    assert glasses.shown == [(0.0, "main"), (0.0, "chat"), (2.0, CLEAR)]


# The lock.


async def test_of_two_background_apps_one_shows_and_the_other_is_refused_w_disp_5(glasses: Glasses):
    assert glasses.show(CAPTIONS, "captions")
    assert not glasses.show(CHAT, "chat")
    assert glasses.show(CAPTIONS, "more captions")

    assert glasses.texts == ["captions", "more captions"]


async def test_a_lock_is_kept_for_ever_while_nobody_looks_for_the_next_display(glasses: Glasses):
    glasses.show(CAPTIONS, "captions")
    await asyncio.sleep(60)

    assert not glasses.show(CHAT, "chat")
    assert not glasses.show(MAIN, "main")


async def test_a_background_app_on_the_display_keeps_the_main_app_away_until_it_is_over_w_disp_9(glasses: Glasses):
    glasses.show(CAPTIONS, "captions", duration_ms=1000)

    assert not glasses.show(MAIN, "main", duration_ms=5000)
    await asyncio.sleep(2)

    assert glasses.texts == ["captions", "main"]


async def test_what_the_main_app_shows_takes_the_lock_away_w_disp_9(glasses: Glasses):
    glasses.show(CAPTIONS, "captions", duration_ms=1000)
    await asyncio.sleep(2)
    glasses.show(MAIN, "main")

    assert glasses.show(CHAT, "chat")
    assert not glasses.show(CAPTIONS, "captions")


async def test_the_stop_of_the_holder_frees_the_lock_w_disp_9(glasses: Glasses):
    glasses.show(CAPTIONS, "captions")
    glasses.stop(CAPTIONS)

    assert glasses.show(CHAT, "chat")


async def test_an_app_that_does_not_run_any_more_loses_the_lock_to_who_asks(glasses: Glasses):
    glasses.show(CAPTIONS, "captions")
    glasses.running.discard(CAPTIONS)

    assert glasses.show(CHAT, "chat")


@pytest.mark.parametrize(("silent_s", "is_lost"), [(1.8, False), (2.2, True)])
async def test_after_two_silent_seconds_the_lock_is_lost_when_the_next_display_is_looked_for_w_disp_9(
    awake: Glasses, silent_s: float, is_lost: bool
):
    awake.show(CAPTIONS, "captions")
    await asyncio.sleep(silent_s - 1.5)
    awake.start(CHAT)
    await asyncio.sleep(1.6)

    assert awake.show(CHAT, "chat") is is_lost


@pytest.mark.parametrize(("held_s", "is_lost"), [(9.5, False), (10.5, True)])
async def test_after_ten_seconds_the_lock_is_lost_when_the_next_display_is_looked_for_w_disp_9(
    awake: Glasses, held_s: float, is_lost: bool
):
    awake.show(CAPTIONS, "captions")
    await asyncio.sleep(held_s - 1.8)
    awake.show(CAPTIONS, "more captions")
    await asyncio.sleep(0.3)
    awake.start(CHAT)
    await asyncio.sleep(1.6)

    assert awake.show(CHAT, "chat") is is_lost


async def test_a_background_app_that_does_not_run_shows_nothing(glasses: Glasses):
    glasses.running.discard(CHAT)

    assert not glasses.show(CHAT, "chat")
    assert not glasses.show("com.example.unknown", "who?")
    assert glasses.shown == []


async def test_the_main_app_is_not_asked_whether_it_still_runs(glasses: Glasses):
    glasses.running.discard(MAIN)

    assert glasses.show(MAIN, "goodbye")


# Stops.


async def test_the_stop_of_the_app_on_the_display_clears_twice_w_disp_7(glasses: Glasses):
    glasses.show(MAIN, "hello")
    glasses.stop(MAIN)

    assert glasses.texts == ["hello", CLEAR, CLEAR]
    assert not glasses.show(MAIN, "from the past")


async def test_the_stop_of_any_app_clears_what_is_older_than_a_second_w_disp_8(glasses: Glasses):
    glasses.show(MAIN, "hello")
    await asyncio.sleep(1.5)
    glasses.stop(CHAT)

    assert glasses.texts == ["hello", CLEAR]


async def test_the_stop_of_another_app_shows_what_the_main_app_has_just_shown_again(glasses: Glasses):
    glasses.show(MAIN, "hello")
    await asyncio.sleep(0.5)
    glasses.stop(CHAT)

    assert glasses.texts == ["hello", "hello"]


# The system, and nobody.


async def test_who_shows_in_the_name_of_the_system_asks_nobody(glasses: Glasses):
    glasses.show(CAPTIONS, "captions")

    assert glasses.show(SYSTEM_DASHBOARD, "system")
    assert glasses.texts == ["captions", "system"]


async def test_what_reaches_nobody_was_not_shown(glasses: Glasses):
    glasses.are_reached = False
    assert not glasses.show(MAIN, "hello", duration_ms=1000)
    glasses.are_reached = True
    await asyncio.sleep(5)

    assert glasses.shown == []


def show_for_a_moment(glasses: Glasses) -> None:
    glasses.show(MAIN, "hello", duration_ms=500)


def show_too_much(glasses: Glasses) -> None:
    glasses.show(MAIN, "one")
    glasses.show(MAIN, "two")


def start_another(glasses: Glasses) -> None:
    glasses.start(CHAT)


@pytest.mark.parametrize("happens", [show_for_a_moment, show_too_much, start_another])
async def test_the_end_of_the_session_forgets_all(awake: Glasses, happens: Callable[[Glasses], None]):
    happens(awake)
    awake.rules.close()
    awake.shown.clear()
    await asyncio.sleep(60)
    assert awake.shown == []

    awake.start(CAPTIONS)
    assert awake.texts == [CAPTIONS]

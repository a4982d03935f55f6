"""What stays below the traffic."""

import pytest

from mentra.bitmaps.bitmap import Bitmap
from mentra.localcloud import DEFAULT_USER
from mentra_cli.dev.control_messages import Video
from mentra_cli.dev.journal import AppError, DisplayChange, Frame, Loaded, LoadFailed, Note
from mentra_cli.dev.local_users import Perceived
from mentra_cli.dev.reports import Failed
from mentra_cli.dev.views.pinned import Pinned, Place, wrapped

LOCAL = Place(is_local=True, url="http://127.0.0.1:3000")
REAL = Place(is_local=False, url="http://127.0.0.1:3000")


def drawn(pinned: Pinned, columns: int = 100, rows: int = 40) -> list[str]:
    return "".join(part[1] for part in pinned.draw(columns, rows)).split("\n")


def test_the_glasses_show_the_text_of_the_default_user_without_naming_them():
    pinned = Pinned(LOCAL, lambda: "")

    changed = pinned.notice(DisplayChange(user_id=DEFAULT_USER, text="good\nmorning"))

    assert changed
    assert [line.rstrip() for line in drawn(pinned)] == [
        f"╭─ glasses {'─' * 52}╮",
        f"│ good{' ' * 57}│",
        f"│ morning{' ' * 54}│",
        f"╰{'─' * 62}╯",
        " LOCAL cloud | http://127.0.0.1:3000 | Type to speak | Esc h: help | Ctrl-C ends",
        "say>",
    ]


def test_a_failed_on_session_is_mentioned_until_other_code_serves():
    pinned = Pinned(LOCAL, lambda: "")
    shown = []

    for entry in (
        AppError(failure=Failed(message="boom"), user_id="u"),
        AppError(failure=Failed(message="boom"), user_id="u", in_on_session=True),
        Note(text="on it"),
        Loaded(how="class App", took_s=0.1, again=True, sessions=1),
    ):
        pinned.notice(entry)
        shown.append("on_session failed" in "\n".join(drawn(pinned)))

    assert shown == [False, True, True, False]


def test_code_that_does_not_load_is_mentioned_until_other_code_does():
    pinned = Pinned(LOCAL, lambda: "")
    shown = []

    for entry in (
        LoadFailed(failure=Failed(message="boom"), still_serving=True),
        Note(text="on it"),
        Loaded(how="class App", took_s=0.1, again=True, sessions=1),
    ):
        pinned.notice(entry)
        shown.append("the last save does not load" in "\n".join(drawn(pinned)))

    assert shown == [True, True, False]


def test_of_several_users_the_last_one_is_shown_with_their_name():
    pinned = Pinned(LOCAL, lambda: "")

    for user_id in (DEFAULT_USER, "ann@example.com", "bob@example.com", "ann@example.com"):
        pinned.notice(DisplayChange(user_id=user_id, text=f"for {user_id}"))

    title, text, *_ = drawn(pinned)
    assert title.startswith("╭─ glasses of ann@example.com (+2 more) ───")
    assert "for ann@example.com" in text


def test_nothing_changes_with_other_entries():
    assert not Pinned(LOCAL, lambda: "").notice(Note(text="a note"))


@pytest.mark.parametrize("columns", [20, 40, 80, 100])
def test_no_line_is_longer_than_the_terminal_and_it_always_says_which_cloud_it_is(columns: int):
    for place, cloud in ((LOCAL, " LOCAL cloud "), (REAL, " REAL CLOUD ")):
        pinned = Pinned(place, lambda: "a filter")
        pinned.notice(DisplayChange(user_id="a.long.name.of.somebody@example.com", text="many words " * 20))

        lines = drawn(pinned, columns)

        assert max(len(line) for line in lines) <= columns
        assert any(line.startswith(cloud) for line in lines)


def test_a_real_cloud_is_on_red_and_has_no_glasses_here():
    pinned = Pinned(REAL, lambda: "")

    parts = pinned.draw(100, 40)

    assert ("ansired bold reverse", " REAL CLOUD ") in parts
    assert "glasses" not in "".join(part[1] for part in parts)


def test_a_filter_is_named():
    assert " filter: button " in drawn(Pinned(LOCAL, lambda: "button"))[-2]


def test_a_tall_display_leaves_room_for_the_traffic():
    pinned = Pinned(LOCAL, lambda: "")
    pinned.notice(DisplayChange(user_id=DEFAULT_USER, text="line\n" * 50))

    lines = drawn(pinned, rows=24)

    assert len(lines) == 14 + 4
    assert lines[14].startswith("│ ...")


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("short", 20, ["short"]),
        ("", 20, [""]),
        ("one\ntwo", 20, ["one", "two"]),
        ("words are not broken in two", 12, ["words are", "not broken", "in two"]),
        ("averyveryverylongword", 10, ["averyveryv", "erylongwor", "d"]),
        ("日本語の字幕です", 10, ["日本語の字", "幕です"]),
    ],
)
def test_what_the_glasses_show_is_wrapped_at_words_by_the_width_of_characters(
    text: str, columns: int, rows: list[str]
) -> None:
    assert wrapped(text, columns) == rows


def perceiving(perceived: Perceived) -> Pinned:
    return Pinned(Place(is_local=True, url="http://127.0.0.1:3000", look=lambda _: perceived), lambda: "")


def test_what_is_perceived_besides_stands_below_the_text():
    video = Video(kind="rtmp", to="rtmp://live.example.com", status="active")
    pinned = perceiving(Perceived(light="red", sound="Good morning\nto you", video=video))
    pinned.notice(DisplayChange(user_id=DEFAULT_USER, text="hello", dashboard="12:30\n3 new"))

    lines = drawn(pinned)

    assert [line.strip("│ ") for line in lines[1:7]] == [
        "hello",
        f"├{'╌' * 62}┤",
        "dashboard 12:30 / 3 new",
        "light     red",
        "sound     Good morning to you",
        "video     active, rtmp, to rtmp://live.example.com",
    ]
    assert pinned.moves


@pytest.mark.parametrize("columns", [24, 100])
def test_a_long_sound_is_cut(columns: int):
    pinned = perceiving(Perceived(sound="word " * 40))

    lines = drawn(pinned, columns)

    assert lines[3].strip("│ ").endswith("...")
    assert max(len(line) for line in lines) <= columns
    assert not pinned.moves


def test_an_image_is_drawn_in_place_of_its_text_and_leaves_room_for_the_traffic():
    pinned = perceiving(Perceived(bitmap=Bitmap(60, 60, bytes([255]) * 3600), moves=True))
    pinned.notice(DisplayChange(user_id=DEFAULT_USER, text="[bitmap]"))

    lines = drawn(pinned)

    assert lines[1].strip("│ ") == "█" * 28
    assert len(lines) == 14 + 4
    assert pinned.moves


@pytest.mark.parametrize(
    ("tag", "from_app", "changes"),
    [
        ("rgb_led_control", True, True),
        ("audio_play_request", True, True),
        ("display_event", True, False),
        ("rgb_led_control", False, False),
        ("rtmp_stream_status", False, True),
        ("managed_stream_status", False, True),
    ],
)
def test_a_light_a_sound_and_a_video_change_what_is_drawn(tag: str, from_app: bool, changes: bool):
    frame = Frame(session_id="s", user_id="u", from_app=from_app, text=f'{{"type":"{tag}"}}'.encode())

    assert Pinned(LOCAL, lambda: "").notice(frame) is changes

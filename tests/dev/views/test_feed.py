"""From journal entries to what is drawn, on a clock that the test moves."""

import json

import pytest

from mentra_cli.dev.journal import (
    AppOutput,
    Blocked,
    DisplayChange,
    Entry,
    Frame,
    HttpAnswer,
    HttpCall,
    Loaded,
    LoadFailed,
    Note,
    Speech,
    Started,
)
from mentra_cli.dev.reports import Failed
from mentra_cli.dev.views.describe import describe_batch
from mentra_cli.dev.views.feed import Feed
from mentra_cli.dev.views.folding import BURST, CROWD, CROWD_NEWCOMERS, OUTPUT_LINES, OUTPUT_LINES_IN_FLOOD, SUMS, Batch
from tests.dev.views.timers import FakeTimers


class Scene:
    """A feed, with what it draws as text."""

    def __init__(self, *, verbose: bool = False) -> None:
        self.timers = FakeTimers()
        self.batches: list[Batch] = []
        self.feed = Feed(self.batches.append, verbose=verbose, timers=self.timers)

    @property
    def drawn(self) -> list[str]:
        described = [describe_batch(batch) for batch in self.batches]
        return [f"{said.title}: {said.text}" for said in described]

    def take(self, *entries: Entry) -> None:
        for entry in entries:
            self.feed.take(entry)

    def each(self, seconds: float, count: int, *makers) -> None:
        """Take entries of each maker in turn, so many of each, with this much time after each of them."""
        for number in range(count):
            for make in makers:
                self.take(make(number))
                self.timers.pass_(seconds)

    def event(self, text: object = "", *, user: str = "ann", stream: str = "transcription:en-US") -> Frame:
        data = {"type": "data_stream", "streamType": stream, "data": {"text": str(text), "isFinal": True}}
        return self.frame(data, user=user)

    def display(self, text: object = "", *, user: str = "ann") -> Frame:
        layout = {"layoutType": "text_wall", "text": str(text)}
        data = {"type": "display_event", "packageName": "p", "view": "main", "layout": layout}
        return self.frame(data, user=user, from_app=True)

    def sound(self, size_bytes: int = 3200, *, user: str = "ann") -> Frame:
        return Frame(
            time=self.timers.wall_time,
            session_id=f"{user}-p",
            user_id=user,
            from_app=False,
            text=b"",
            binary_bytes=size_bytes,
        )

    def frame(self, message: object, *, user: str = "ann", from_app: bool = False) -> Frame:
        return Frame(
            time=self.timers.wall_time,
            session_id=f"{user}-p",
            user_id=user,
            from_app=from_app,
            text=json.dumps(message).encode(),
        )

    def printed(self, line: object, stream: str = "stdout") -> AppOutput:
        return AppOutput(time=self.timers.wall_time, stream=stream, line=str(line))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_what_comes_alone_is_drawn_at_once_and_in_full(scene: Scene):
    scene.take(scene.event("hello"))

    assert scene.drawn == ["transcription:en-US (ann): hello"]


def test_slow_traffic_is_never_summed_up(scene: Scene):
    scene.each(0.11, 100, scene.event)

    assert scene.drawn == [f"transcription:en-US (ann): {number}" for number in range(100)]


def test_sound_becomes_one_line_for_each_session_and_second(scene: Scene):
    scene.each(0.01, 150, lambda _: scene.sound(), lambda _: scene.sound(320, user="bob"))

    # Three seconds; the last frame opens none.
    assert (
        scene.drawn
        == [
            "sound (ann): 50 frames, 160,000 bytes in 1.0 s",
            "sound (bob): 50 frames, 16,000 bytes in 1.0 s",
        ]
        * 3
    )


def test_a_single_frame_of_sound_waits_for_the_end_of_the_second(scene: Scene):
    scene.take(scene.sound())
    before = scene.drawn

    scene.timers.pass_(1.0)

    assert before == []
    assert scene.drawn == ["sound (ann): 1 frame, 3,200 bytes"]


def test_a_burst_is_summed_up_with_its_rate_and_its_last_text(scene: Scene):
    scene.each(0.001, 322, scene.event)
    scene.timers.pass_(1.0)

    assert scene.drawn[:BURST] == [f"transcription:en-US (ann): {number}" for number in range(BURST)]
    assert scene.drawn[BURST:] == ["transcription:en-US (ann)  x312 more in 0.3 s: 321"]


def test_a_burst_that_goes_on_is_one_thing_a_second(scene: Scene):
    scene.each(0.001, 3000, scene.event)
    scene.timers.pass_(1.0)

    assert scene.drawn[BURST:] == [
        "transcription:en-US (ann)  x990 more in 1.0 s: 999",
        "transcription:en-US (ann)  x1,000 in 1.0 s: 1999",
        "transcription:en-US (ann)  x1,000 in 1.0 s: 2999",
    ]


def test_after_a_burst_what_comes_alone_is_drawn_at_once_again(scene: Scene):
    scene.each(0.001, 1500, scene.event)
    scene.timers.pass_(2.0)
    before = len(scene.drawn)

    scene.take(scene.event("alone"))

    assert scene.drawn[before:] == ["transcription:en-US (ann): alone"]


def test_sessions_directions_and_types_are_summed_up_each_for_themselves(scene: Scene):
    scene.each(
        0.001,
        200,
        scene.event,
        scene.display,
        lambda number: scene.event(number, user="bob"),
        lambda number: scene.event(number, stream="vad"),
    )
    scene.timers.pass_(1.0)

    titles = [said.partition("  x")[0] for said in scene.drawn if "  x" in said]
    assert titles == [
        "transcription:en-US (ann)",
        "display_event (ann)",
        "transcription:en-US (bob)",
        "vad (ann)",
    ]


def test_what_comes_one_by_one_in_a_crowd_of_many_kinds_is_summed_up_too(scene: Scene):
    scene.each(1 / 256, 30, *(lambda number, user=f"u{user}": scene.event(number, user=user) for user in range(30)))
    scene.timers.pass_(1.0)

    one_by_one = [batch for batch in scene.batches if batch.count == 1 and isinstance(batch.last, Frame)]
    assert len(one_by_one) == CROWD, "the first second only"
    assert sum(said.endswith(" more messages of 25 kinds") for said in scene.drawn) == 4, "the largest are drawn"


def test_a_button_is_drawn_at_once_while_others_flood(scene: Scene):
    for number in range(3):
        scene.each(0.001, 1000, scene.event)
        scene.take(scene.event(number, stream="button_press"))

    assert sum(said.startswith("button_press (ann): ") for said in scene.drawn) == 3


def test_a_flood_is_a_few_lines_a_second_whatever_it_consists_of(scene: Scene):
    users = [f"user{number}" for number in range(40)]
    scene.each(0.001, 10, *(lambda _, user=user: scene.sound(user=user) for user in users))
    scene.each(0.001, 100, *(lambda number, user=user: scene.event(number, user=user) for user in users))
    scene.batches.clear()

    scene.each(0.001, 50, *(lambda number, user=user: scene.event(number, user=user) for user in users))

    assert len(scene.batches) <= 2 * (SUMS + 1 + CROWD_NEWCOMERS)


def test_every_message_of_a_flood_is_drawn_or_counted(scene: Scene):
    scene.each(0.0007, 2000, scene.event, scene.display, lambda _: scene.sound())

    scene.feed.close()

    assert sum(batch.count for batch in scene.batches) == 6000


def test_messages_of_a_kind_keep_their_order(scene: Scene):
    scene.each(0.001, 1000, scene.event)
    scene.timers.pass_(0.5)
    scene.each(0.06, 30, lambda number: scene.event(1000 + number))
    scene.feed.close()

    last = [int(said.rpartition(": ")[2]) for said in scene.drawn]
    assert last == sorted(last)
    assert last[-1] == 1029


def test_only_one_that_waited_is_drawn_as_itself(scene: Scene):
    scene.each(0.001, BURST + 1, scene.event)
    scene.timers.pass_(1.0)

    assert scene.drawn[-1] == f"transcription:en-US (ann): {BURST}"


def always_drawn(scene: Scene) -> list[Entry]:
    return [
        scene.frame({"type": "tpa_connection_error", "code": "X", "message": "no"}),
        scene.frame({"type": "permission_error", "message": "no"}),
        scene.frame(["no message"]),
        HttpAnswer(method="POST", path="/tool", status=404, body=b"", took_s=0.1),
        LoadFailed(failure=Failed(message="no"), still_serving=True),
        Blocked(place="app.py:1", function="f", blocked_s=1.0, code=[]),
        Note(text="no", is_problem=True),
        Note(text="a note"),
        Loaded(how="class A", took_s=0.1, again=True, sessions=1),
    ]


@pytest.mark.parametrize("index", range(9))
def test_problems_and_news_are_drawn_one_by_one_however_many_there_are(scene: Scene, index: int):
    scene.each(0.001, 100, scene.event)
    scene.batches.clear()

    scene.each(0.001, 100, lambda _: always_drawn(scene)[index])

    assert len(scene.batches) == 100


@pytest.mark.parametrize(
    "entry",
    [
        HttpCall(method="POST", path="/tool", body=b"{}"),
        HttpAnswer(method="POST", path="/tool", status=200, body=b"{}", took_s=0.1),
        DisplayChange(user_id="ann", text="hello"),
        Speech(user_id="ann", text="hello"),
    ],
    ids=lambda entry: type(entry).__name__,
)
def test_a_burst_beside_the_sockets_is_summed_up_as_well(scene: Scene, entry: Entry):
    scene.each(0.001, 100, lambda _: entry)
    scene.feed.close()

    assert [batch.count for batch in scene.batches] == [1] * BURST + [100 - BURST]


def test_what_an_app_prints_is_cut_with_the_number_of_lines_left_out(scene: Scene):
    scene.each(0.001, 862, scene.printed)
    scene.timers.pass_(1.0)

    assert scene.drawn == [*(f"stdout: {number}" for number in range(OUTPUT_LINES)), "stdout: ... 812 more lines"]


def test_an_app_that_never_stops_printing_gets_fewer_lines(scene: Scene):
    scene.each(0.001, 3000, scene.printed)
    scene.feed.close()

    assert len(scene.batches) == OUTPUT_LINES + 1 + 2 * (OUTPUT_LINES_IN_FLOOD + 1)


def test_errors_that_an_app_prints_are_not_cut_for_the_sake_of_other_lines(scene: Scene):
    scene.each(0.001, 500, scene.printed)
    scene.take(scene.printed("Traceback", "stderr"))

    assert scene.drawn[-1] == "stderr: Traceback"


def test_verbose_draws_everything_one_by_one_but_sound():
    scene = Scene(verbose=True)

    scene.each(0.001, 300, scene.event, lambda _: scene.sound(), scene.printed)
    scene.timers.pass_(1.0)

    assert [batch.count for batch in scene.batches if batch.count > 1] == [300]
    assert len(scene.batches) == 601


def test_what_waits_is_drawn_at_the_end(scene: Scene):
    scene.take(scene.sound())

    scene.feed.close()

    assert scene.drawn == ["sound (ann): 1 frame, 3,200 bytes"]
    assert scene.timers.timers == []


def test_no_timer_runs_while_nothing_happens(scene: Scene):
    scene.each(0.001, 100, scene.event, lambda _: scene.sound())

    scene.timers.pass_(10.0)

    assert scene.timers.timers == []


def test_the_start_is_left_to_the_banner(scene: Scene):
    scene.take(Started(url="http://127.0.0.1:3000", cloud="local"))

    assert scene.drawn == []


# How fast the app answers.


def test_what_an_app_shows_after_an_event_tells_how_long_it_took(scene: Scene):
    scene.take(scene.event("hello"))
    scene.timers.pass_(0.012)

    scene.take(scene.display("hello"))

    assert [batch.answered_s for batch in scene.batches] == [None, pytest.approx(0.012)]


@pytest.mark.parametrize("other", ["the second display", "another session", "no event"])
def test_only_the_first_display_after_an_event_of_its_session_answers_it(scene: Scene, other: str):
    if other == "the second display":
        scene.take(scene.event(), scene.display())
    elif other == "another session":
        scene.take(scene.event(user="bob"))

    scene.take(scene.display("later"))

    assert scene.batches[-1].answered_s is None


@pytest.mark.parametrize("tag", ["tpa_connection_ack", "reconnect_ack"])
def test_what_is_shown_after_a_greeting_answers_nothing(scene: Scene, tag: str):
    scene.take(scene.event())
    scene.timers.pass_(1.6)

    scene.take(scene.frame({"type": tag, "sessionId": "s"}), scene.display("ready"))

    assert scene.batches[-1].answered_s is None


def test_the_last_event_counts_when_several_came_before_the_answer(scene: Scene):
    scene.take(scene.event("hel"))
    scene.timers.pass_(0.5)
    scene.take(scene.event("hello"))
    scene.timers.pass_(0.02)

    scene.take(scene.display("hello"))

    assert scene.batches[-1].answered_s == pytest.approx(0.02)


def test_a_sum_has_the_longest_time_of_its_answers(scene: Scene):
    for number in range(100):
        scene.take(scene.event(number))
        scene.timers.pass_(0.005 if number == 50 else 0.001)
        scene.take(scene.display(number))
    scene.feed.close()

    sums = [batch for batch in scene.batches if batch.count > 1]
    assert [batch.answered_s for batch in sums] == [None, pytest.approx(0.005)]


# Filtered.


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("BUTTON", ["button_press (ann)"]),
        ("bob", ["transcription:en-US (bob)"]),
        ("good morning", ["transcription:en-US (ann)"]),
        ("app -> cloud", ["display_event (ann)"]),
        ("", ["button_press (ann)", "transcription:en-US (ann)", "transcription:en-US (bob)", "display_event (ann)"]),
        ("nowhere", []),
    ],
)
def test_a_filter_keeps_what_contains_its_text(scene: Scene, text: str, titles: list[str]):
    scene.feed.filter = text

    scene.take(
        scene.event("main", stream="button_press"),
        scene.event("Good morning"),
        scene.event("hello", user="bob"),
        scene.display("shown"),
    )

    assert [said.partition(": ")[0] for said in scene.drawn] == titles


def test_problems_pass_every_filter(scene: Scene):
    scene.feed.filter = "nothing has this"

    scene.take(*always_drawn(scene))

    assert len(scene.batches) == 7, "all but the note and the news of a reload"


def test_what_is_filtered_away_is_not_counted_and_answers_are_measured_all_the_same(scene: Scene):
    scene.feed.filter = "display_event"

    scene.each(0.001, 1000, scene.event)
    scene.take(scene.display("shown"))
    scene.feed.close()

    assert scene.drawn == ["display_event (ann): shown"]
    assert scene.batches[0].answered_s == pytest.approx(0.001)

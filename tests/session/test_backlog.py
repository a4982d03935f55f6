"""What waits for a busy handler, and what is given up, by stream."""

from typing import Any

import pytest

from mentra.protocol.streams import (
    AudioChunk,
    ButtonPress,
    GlassesBattery,
    HeadPosition,
    Location,
    Transcription,
    Translation,
)
from mentra.session.backlog import QUEUE_SIZE, Backlog, backlog_for


def speech(text: str, *, final: bool = False, **more: Any) -> Transcription:
    return Transcription(text=text, is_final=final, **more)


def filled(stream: str, *events: Any) -> tuple[Backlog, int]:
    """A backlog after these events, and how many it gave up."""
    backlog = backlog_for(stream)
    return backlog, sum(backlog.put(event) for event in events)


def rest_of(backlog: Backlog) -> list[Any]:
    return [backlog.take() for _ in range(len(backlog))]


def test_of_one_utterance_the_newest_result_is_kept_and_every_final_one():
    one, two, end, next_one, next_end = (
        speech("a"),
        speech("a b"),
        speech("a b c", final=True),
        speech("d"),
        speech("d e", final=True),
    )

    backlog, given_up = filled("transcription:en-US", one, two, end, next_one, next_end)

    assert (rest_of(backlog), given_up) == ([end, next_end], 3)


def test_an_interim_result_does_not_replace_the_final_one_before_it():
    end, next_one = speech("a", final=True), speech("b")

    backlog, given_up = filled("transcription:en-US", end, next_one)

    assert (rest_of(backlog), given_up) == ([end, next_one], 0)


@pytest.mark.parametrize(
    "other", [{"utterance_id": "2"}, {"speaker_id": "2"}, {"language": "es-ES"}], ids=["number", "speaker", "language"]
)
def test_another_utterance_is_not_replaced(other: dict[str, str]):
    one = speech("a", utterance_id="1", speaker_id="1", language="en-US")
    two = speech("b", **{"utterance_id": "1", "speaker_id": "1", "language": "en-US", **other})

    backlog, _ = filled("transcription", one, two)

    assert rest_of(backlog) == [one, two]


def test_a_result_that_was_taken_is_not_replaced():
    backlog, _ = filled("transcription:en-US", speech("a"))
    backlog.take()

    assert backlog.put(speech("a b")) == 0
    assert rest_of(backlog) == [speech("a b")]


def test_a_translation_is_kept_as_a_transcription_is():
    end = Translation(text="hola", is_final=True)

    backlog, given_up = filled("translation:all-to-es-ES", Translation(text="ho", is_final=False), end)

    assert (rest_of(backlog), given_up) == ([end], 1)


def test_finals_are_a_thousand_at_most():
    backlog, given_up = filled("transcription:en-US", *(speech(str(n), final=True) for n in range(QUEUE_SIZE + 2)))

    assert (given_up, backlog.overflowed, backlog.take().text) == (2, True, "2")


@pytest.mark.parametrize(
    ("stream", "old", "new"),
    [
        ("location_update", Location(lat=1, lng=1), Location(lat=2, lng=2)),
        ("head_position", HeadPosition(position="up"), HeadPosition(position="down")),
        (
            "glasses_battery_update",
            GlassesBattery(level=5, charging=False),
            GlassesBattery(level=4, charging=False),
        ),
    ],
)
def test_where_only_the_present_matters_the_newest_event_is_kept(stream: str, old: object, new: object):
    backlog, given_up = filled(stream, old, new)

    assert (rest_of(backlog), given_up, backlog.overflowed) == ([new], 1, False)


def test_ten_seconds_of_sound_are_kept():
    second = AudioChunk(data=bytes(32_000))
    last = AudioChunk(data=bytes(2))

    backlog, given_up = filled("audio_chunk", *[second] * 10)
    assert (len(backlog), given_up, backlog.overflowed) == (10, 0, False)

    assert backlog.put(last) == 1
    assert (rest_of(backlog), backlog.overflowed) == ([*[second] * 9, last], True)


def test_a_single_piece_of_sound_is_kept_however_long_it_is():
    minute = AudioChunk(data=bytes(60 * 32_000))

    backlog, given_up = filled("audio_chunk", minute)

    assert (rest_of(backlog), given_up) == ([minute], 0)


def test_of_anything_else_a_thousand_are_kept():
    presses = [ButtonPress(button_id=str(n), press_type="short") for n in range(QUEUE_SIZE + 5)]

    backlog, given_up = filled("button_press", *presses)

    assert (rest_of(backlog), given_up, backlog.overflowed) == (presses[5:], 5, True)


@pytest.mark.parametrize("stream", ["transcription:en-US", "location_update", "audio_chunk", "button_press"])
def test_what_is_cleared_is_gone_and_leaves_room(stream: str):
    event: Any = AudioChunk(data=bytes(320_000)) if stream == "audio_chunk" else speech("a")
    backlog, _ = filled(stream, event)

    backlog.clear()

    assert (len(backlog), backlog.put(event), len(backlog)) == (0, 0, 1)

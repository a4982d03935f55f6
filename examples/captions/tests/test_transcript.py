from datetime import UTC, datetime

from mentra import Transcription

from transcript import Transcript, Utterance

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def said(
    text: str,
    *,
    language: str = "en-US",
    is_final: bool = True,
    speaker_id: str | None = None,
    utterance_id: str | None = None,
) -> Transcription:
    return Transcription(
        text=text, is_final=is_final, language=language, speaker_id=speaker_id, utterance_id=utterance_id
    )


def lines_after(*heard: Transcription, keep: int = 5) -> list[str]:
    transcript = Transcript()
    for speech in heard:
        transcript.hear(speech, NOW)
    return transcript.lines(20, keep=keep, break_words=False)


def test_an_utterance_keeps_its_place_while_it_is_spoken() -> None:
    transcript = Transcript()

    interim = transcript.hear(said("nice too", is_final=False), NOW)
    final = transcript.hear(said("nice to meet you"), NOW)

    assert interim.id == final.id
    assert transcript.utterances() == [
        Utterance(
            id=final.id,
            text="nice to meet you",
            is_final=True,
            language="en-US",
            speaker="",
            heard_at="2026-11-25T12:00:00+00:00",
        )
    ]


def test_two_languages_at_once_do_not_replace_each_other() -> None:
    assert lines_after(
        said("how are", is_final=False),
        said("muy", language="es-ES", is_final=False),
        said("how are you"),
        said("muy bien", language="es-ES"),
    ) == ["[en]: how are you", "[es]: muy bien"]


def test_speakers_are_told_apart_as_soon_as_there_are_two() -> None:
    assert lines_after(said("hello", speaker_id="1"), said("you", speaker_id="1")) == ["hello you"]
    assert lines_after(said("hello", speaker_id="1"), said("hi", speaker_id="2")) == ["[en 1]: hello", "[en 2]: hi"]


def test_the_recognisers_own_ids_count() -> None:
    assert lines_after(
        said("one", utterance_id="a", is_final=False),
        said("two", utterance_id="b", is_final=False),
        said("one!", utterance_id="a"),
    ) == ["one! two"]


def test_the_oldest_lines_roll_away() -> None:
    assert lines_after(said("one two three four five six"), said(", seven"), keep=1) == ["five six seven"]


def test_the_page_keeps_what_the_glasses_forget() -> None:
    transcript = Transcript()
    utterance = transcript.hear(said("hello"), NOW)

    transcript.clear_glasses()

    assert transcript.lines(20, keep=5, break_words=False) == []
    assert transcript.utterances() == [utterance]


def test_a_hundred_utterances_are_kept() -> None:
    transcript = Transcript()
    for number in range(150):
        transcript.hear(said(str(number)), NOW)

    assert [one.text for one in transcript.utterances()] == [str(number) for number in range(50, 150)]

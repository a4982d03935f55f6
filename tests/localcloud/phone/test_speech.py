"""What the cloud makes of speech."""

from datetime import UTC, datetime, timedelta

import pytest

from mentra.localcloud.phone.speech import Recogniser, translation
from mentra.protocol.streams import SpeechToken, Transcription, Translation

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_MS = 1769860800000


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_is_final_is_said_with_its_time_and_without_words_of_their_own(clock):
    speech = Recogniser(clock, generation=2).hear("hello there", language="de-DE", is_final=True)

    assert (speech.text, speech.language, speech.is_final, speech.confidence) == ("hello there", "de-DE", True, None)
    assert (speech.start_ms, speech.end_ms) == (NOON_MS, NOON_MS + 1000)
    assert (bytes(speech.metadata), list(speech.tokens)) == (b'{"provider":"soniox"}', [])


def test_an_interim_result_has_its_last_words_with_their_times(clock):
    speech = Recogniser(clock, generation=2).hear("a b", language="en-US", is_final=False)

    assert list(speech.tokens) == [
        SpeechToken(text="a", start_ms=0, end_ms=500, confidence=0.95, is_final=False),
        SpeechToken(text=" b", start_ms=500, end_ms=1000, confidence=0.95, is_final=False),
    ]


def test_an_interim_result_has_no_more_than_ten_tokens(clock):
    speech = Recogniser(clock, generation=2).hear(" ".join("abcdefghijkl"), language="en-US", is_final=False)

    assert [token.text for token in speech.tokens] == [f" {letter}" for letter in "cdefghijkl"]


def test_the_cloud_of_2026_says_who_speaks_and_which_results_belong_together(clock):
    recogniser = Recogniser(clock, generation=3)
    clock.now += timedelta(seconds=2)

    def hear(text: str, *, is_final: bool) -> Transcription:
        return recogniser.hear(text, language="en-US", is_final=is_final)

    interim, final, next_one = hear("hi", is_final=False), hear("hi", is_final=True), hear("you", is_final=False)

    assert (final.start_ms, final.end_ms, final.speaker_id, final.detected_language) == (2000, 3000, "0", "en")
    assert interim.utterance_id == final.utterance_id != next_one.utterance_id


def test_a_translation_says_both_texts_and_languages_w_lang_9():
    assert translation("hola", source="en-US", target="es-ES", original_text="hello") == Translation(
        text="hola",
        original_text="hello",
        is_final=True,
        start_ms=0,
        end_ms=1000,
        duration_ms=1000,
        language="en-US",
        target_language="es-ES",
        did_translate=True,
        provider="soniox",
    )

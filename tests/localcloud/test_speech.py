"""What the cloud makes of speech."""

from mentra.localcloud.speech import transcription
from mentra.protocol.streams import SpeechToken


def test_what_is_final_is_said_with_its_time_and_without_words_of_their_own():
    speech = transcription("hello there", language="de-DE", is_final=True, start_ms=5000)

    assert (speech.text, speech.language, speech.is_final, speech.confidence) == ("hello there", "de-DE", True, None)
    assert (speech.start_ms, speech.end_ms, speech.provider, list(speech.tokens)) == (5000, 6000, "local", [])


def test_an_interim_result_has_its_last_words_with_their_times():
    speech = transcription("a b", language="en-US", is_final=False, start_ms=0)

    assert list(speech.tokens) == [
        SpeechToken(text="a", start_ms=0, end_ms=500, confidence=0.95, is_final=False),
        SpeechToken(text=" b", start_ms=500, end_ms=1000, confidence=0.95, is_final=False),
    ]


def test_an_interim_result_has_no_more_than_ten_tokens():
    speech = transcription(" ".join("abcdefghijkl"), language="en-US", is_final=False, start_ms=0)

    assert [token.text for token in speech.tokens] == [f" {letter}" for letter in "cdefghijkl"]

"""URLs that speak (docs/protocol.md, Sound)."""

import pytest

from mentra import VoiceSettings
from mentra.protocol.audio import SpeechQuery, encoded_length, read_speech, speech_path


def test_a_text_alone_is_the_whole_query_w_sound_5():
    assert speech_path("Zoë & I? 50 %") == "/api/tts?text=Zo%C3%AB+%26+I%3F+50+%25"


def test_everything_else_is_there_when_it_was_given_w_sound_5():
    path = speech_path(
        "Hi", voice_id="v", model_id="m", voice_settings=VoiceSettings(similarity_boost=0.5, use_speaker_boost=False)
    )

    assert path == (
        "/api/tts?text=Hi&voice_id=v&model_id=m"
        "&voice_settings=%7B%22similarity_boost%22%3A0.5%2C%22use_speaker_boost%22%3Afalse%7D"
    )


def test_an_empty_name_is_left_out_as_the_official_sdk_does():
    assert speech_path("Hi", voice_id="", model_id="") == "/api/tts?text=Hi"


def test_what_a_url_speaks_can_be_read_back():
    url = "https://api.mentra.glass" + speech_path("a+b & ü", voice_settings=VoiceSettings(speed=1))

    assert read_speech(url) == SpeechQuery(text="a+b & ü", voice_settings='{"speed":1}')


@pytest.mark.parametrize(
    "url", ["https://example.com/song.mp3", "https://example.com/api/tts/x?text=no", "http://[::1"]
)
def test_other_urls_speak_nothing(url: str):
    assert read_speech(url) is None


def test_a_text_is_as_long_as_it_stands_in_a_url():
    assert [encoded_length(text) for text in ("abc", "a b", "é", "語")] == [3, 3, 6, 9]

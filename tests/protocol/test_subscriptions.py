"""Names of subscriptions: taken apart, built, and matched with events."""

import pytest

from mentra.protocol.streams import Transcription
from mentra.protocol.subscriptions import StreamName, matches, might_match, parse_stream, transcription_stream


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("button_press", StreamName("button_press", "", "")),
        ("transcription:en-US", StreamName("transcription", "en-US", "")),
        ("transcription:en-US?hints=a:b", StreamName("transcription", "en-US", "hints=a:b")),
        ("translation:en-US-to-es-ES", StreamName("translation", "en-US-to-es-ES", "")),
        ("transcription?x", StreamName("transcription", "", "x")),
        ("", StreamName("", "", "")),
        (":", StreamName("", "", "")),
        ("a:b:c", StreamName("a", "b:c", "")),
    ],
)
def test_any_text_can_be_taken_apart(name: str, parts: StreamName):
    assert parse_stream(name) == parts


@pytest.mark.parametrize("language", ["en-US", "yue-CN", "fil-PH"])
def test_a_language_of_mentraos_becomes_a_subscription_w_lang_1(language: str):
    assert transcription_stream(language) == f"transcription:{language}"


@pytest.mark.parametrize("language", ["", "en", "auto", "en-us", "EN-US", "en_US", "engl-US", "en-USA", "en-US "])
def test_another_language_is_refused_w_dev_8(language: str):
    with pytest.raises(ValueError, match="language code"):
        transcription_stream(language)


def speech(language: str | None) -> Transcription:
    return Transcription(text="x", is_final=True, language=language)


@pytest.mark.parametrize(
    ("stream_type", "data", "names"),
    [
        ("button_press", None, ("button_press",)),
        ("touch_event", None, ("touch_event",)),
        ("touch_event:double_tap", None, ("touch_event:double_tap", "touch_event")),
        ("transcription:en-US", None, ("transcription:en-US", "transcription")),
        ("transcription:en-US", speech("fr-FR"), ("transcription:en-US", "transcription")),
        (
            "transcription:en-US?x=1",
            None,
            ("transcription:en-US?x=1", "transcription:en-US", "transcription"),
        ),
        ("transcription", None, ("transcription", "transcription:en-US")),
        ("transcription", speech(None), ("transcription", "transcription:en-US")),
        ("transcription", speech("es-ES"), ("transcription", "transcription:es-ES")),
        ("local_transcription", speech("es-ES"), ("local_transcription", "transcription:es-ES", "transcription")),
        ("translation:en-US-to-es-ES", None, ("translation:en-US-to-es-ES", "translation")),
        (
            "translation:en-US-to-es-ES?x",
            None,
            ("translation:en-US-to-es-ES?x", "translation:en-US-to-es-ES", "translation"),
        ),
        ("button_press?x", None, ("button_press?x",)),
    ],
)
def test_an_event_belongs_to_its_name_without_options_or_detail_w_dev_7(
    stream_type: str, data: object, names: tuple[str, ...]
):
    assert {name for name in OFFERED if matches(name, stream_type, data)} == {*names, "*", "all"}


OFFERED = (
    *("*", "all", "button_press", "button_press?x", "touch_event", "touch_event:double_tap", "touch_event:single_tap"),
    *("transcription", "transcription:en-US", "transcription:en-US?x=1", "transcription:es-ES", "local_transcription"),
    *("translation", "translation:en-US-to-es-ES", "translation:en-US-to-es-ES?x", "translation:es-ES", ""),
)


@pytest.mark.parametrize("stream_type", ["transcription", "local_transcription"])
def test_speech_of_a_language_not_yet_known_may_be_anybodys(stream_type: str):
    assert {name for name in OFFERED if might_match(name, stream_type)} == {
        *("*", "all", stream_type, "transcription"),
        *("transcription:en-US", "transcription:en-US?x=1", "transcription:es-ES"),
    }


@pytest.mark.parametrize("stream_type", ["button_press", "touch_event:double_tap", "transcription:en-US"])
def test_any_other_event_is_known_by_its_name_alone(stream_type: str):
    assert [name for name in OFFERED if might_match(name, stream_type) != matches(name, stream_type)] == []

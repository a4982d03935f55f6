"""Names of subscriptions: taken apart, built, and matched with events."""

import pytest

from mentra.protocol.streams import Transcription
from mentra.protocol.subscriptions import (
    StreamName,
    heard_as,
    matches,
    might_match,
    needs_payload,
    parse_stream,
    transcription_stream,
    transcription_subscription,
    translation_stream,
    wire_names,
)


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


PHONE = ("transcription", "transcription:auto")
"""Who hears speech that the phone recognised, whatever its language."""


def speech(language: str | None) -> Transcription:
    return Transcription(text="x", is_final=True, language=language)


@pytest.mark.parametrize(
    ("stream_type", "data", "names"),
    [
        ("button_press", None, ("button_press",)),
        ("touch_event", None, ("touch_event",)),
        ("touch_event:double_tap", None, ("touch_event:double_tap", "touch_event")),
        ("transcription:en-US", None, ("transcription:en-US", "transcription:en-US?x=1", "transcription")),
        ("transcription:en-US", speech("fr-FR"), ("transcription:en-US", "transcription:en-US?x=1", "transcription")),
        (
            "transcription:en-US?x=1",
            None,
            ("transcription:en-US?x=1", "transcription:en-US", "transcription"),
        ),
        ("transcription:auto", None, ("transcription:auto", "transcription")),
        ("transcription", None, (*PHONE, "transcription:en-US", "transcription:en-US?x=1")),
        ("transcription", speech(None), (*PHONE, "transcription:en-US", "transcription:en-US?x=1")),
        ("transcription", speech("es-ES"), (*PHONE, "transcription:es-ES")),
        ("local_transcription", speech("es-ES"), (*PHONE, "local_transcription", "transcription:es-ES")),
        (
            "translation:en-US-to-es-ES",
            None,
            ("translation:en-US-to-es-ES", "translation:en-US-to-es-ES?x", "translation"),
        ),
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
    *("transcription:auto", "translation:all-to-es-ES"),
)


@pytest.mark.parametrize("stream_type", ["transcription", "local_transcription"])
def test_speech_of_a_language_not_yet_known_may_be_anybodys(stream_type: str):
    assert {name for name in OFFERED if might_match(name, stream_type)} == {
        *("*", "all", stream_type, "transcription"),
        *("transcription:en-US", "transcription:en-US?x=1", "transcription:es-ES", "transcription:auto"),
    }
    assert needs_payload(stream_type)


@pytest.mark.parametrize("stream_type", ["button_press", "touch_event:double_tap", "transcription:en-US"])
def test_any_other_event_is_known_by_its_name_alone(stream_type: str):
    assert [name for name in OFFERED if might_match(name, stream_type) != matches(name, stream_type)] == []


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "transcription:en-US"),
        ({"language": "auto"}, "transcription:auto"),
        ({"detect_language": False}, "transcription:en-US?no-language-identification=true"),
        ({"hints": ["es", "fr-FR"]}, "transcription:en-US?hints=es%2Cfr-FR"),
        (
            {"hints": ("es", "fr"), "detect_language": False},
            "transcription:en-US?no-language-identification=true&hints=es%2Cfr",
        ),
    ],
)
def test_options_are_written_as_the_official_sdk_writes_them_w_lang_10(options: dict[str, object], name: str):
    assert transcription_subscription(**options) == name  # type: ignore[arg-type]  # parametrized


@pytest.mark.parametrize("hints", [["Spanish"], ["es-es"], [""], "es"])
def test_a_hint_that_is_no_language_is_refused(hints: list[str]):
    with pytest.raises(ValueError, match="language"):
        transcription_subscription(hints=hints)


def test_a_translation_names_both_languages_w_str_9():
    assert translation_stream("en-US", "es-ES") == "translation:en-US-to-es-ES"


def test_a_translation_from_any_language_is_accepted_w_lang_9():
    # Defect 14 of the official SDK 2.1.29: it builds this name and its events refuse it.
    assert translation_stream("all", "es-ES") == "translation:all-to-es-ES"


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("auto", "es-ES", "source 'all', not 'auto'"),
        ("en", "es-ES", "'en' is not a language"),
        ("en-US", "all", "'all' is not"),
    ],
)
def test_a_translation_that_would_deliver_nothing_is_refused_w_dev_8(source: str, target: str, message: str):
    with pytest.raises(ValueError, match=message):
        translation_stream(source, target)


@pytest.mark.parametrize(
    ("wanted", "old", "new"),
    [
        ("button_press", "button_press", "button_press"),
        ("button_press?x", "button_press?x", "button_press?x"),
        ("transcription:en-US?hints=es", "transcription:en-US", "transcription:en-US?hints=es"),
        ("transcription:auto", "transcription:en-US", "transcription:auto"),
        ("transcription?x", "transcription", "transcription?x"),
        ("translation:en-US-to-es-ES?x", "translation:en-US-to-es-ES", "translation:en-US-to-es-ES?x"),
    ],
)
def test_a_cloud_of_2025_is_told_no_options_w_dev_50(wanted: str, old: str, new: str):
    assert (heard_as(wanted, options=False), heard_as(wanted, options=True)) == (old, new)


def test_one_name_is_sent_for_one_language_with_the_hints_of_all_w_dev_51():
    wanted = [
        "transcription:en-US?no-language-identification=true&hints=es",
        "button_press",
        "transcription:en-US?hints=fr%2Ces",
        "transcription:es-ES?no-language-identification=true",
        "transcription:es-ES?no-language-identification=true&hints=en",
        "button_press",
    ]

    assert wire_names(wanted, options=False) == ("transcription:en-US", "button_press", "transcription:es-ES")
    assert wire_names(wanted, options=True) == (
        "transcription:en-US?hints=es%2Cfr",
        "button_press",
        "transcription:es-ES?no-language-identification=true&hints=en",
    )


def test_who_wants_no_options_does_not_lose_those_of_the_others_w_dev_51():
    assert wire_names(["transcription:en-US", "transcription:en-US?hints=es"], options=True) == (
        "transcription:en-US?hints=es",
    )


def test_auto_on_a_cloud_that_does_not_know_it_is_not_asked_for_twice_w_dev_50():
    assert wire_names(["transcription:auto", "transcription:en-US"], options=False) == ("transcription:en-US",)

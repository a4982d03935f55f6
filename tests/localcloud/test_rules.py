"""Names of sessions and streams, and who receives what (docs/protocol.md, W-STR, W-LANG, W-APP)."""

import pytest

from mentra.localcloud.rules import (
    delivered_as,
    hears_system_setting,
    is_made,
    permission_for,
    permitted,
    read_subscriptions,
    user_of,
)
from mentra.protocol.permissions import Permission


@pytest.mark.parametrize(
    ("session_id", "user_id"),
    [("a@b.org-com.example.app", "a@b.org"), ("jean-luc@b.org-com.example.app", "jean"), ("a@b.org", None)],
)
def test_the_user_is_what_stands_before_the_first_hyphen_w_hand_11(session_id, user_id):
    assert user_of(session_id) == user_id


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ([], ()),
        (["button_press", "button_press"], ("button_press",)),
        (["transcription"], ("transcription:en-US",)),
        ([{"stream": "location_stream", "rate": "high"}], ("location_stream",)),
        ([3, None, {"stream": "button_press"}, {}, "VAD"], ("VAD",)),
        (["anything at all"], ("anything at all",)),
        ("VAD", ("V", "A", "D")),
    ],
)
def test_subscriptions_are_read_leniently_w_app_4(value, names):
    assert read_subscriptions(value) == names


@pytest.mark.parametrize("value", [None, {}, 3, True])
def test_what_is_no_list_is_an_error_w_ref_6(value):
    with pytest.raises(ValueError, match="Invalid subscription type"):
        read_subscriptions(value)


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        ([], ("button_press", "location_stream", "unheard_of")),
        (["MICROPHONE"], ("button_press", "location_stream", "unheard_of", "transcription:en-US", "audio_chunk")),
        (["LOCATION"], ("button_press", "location_stream", "unheard_of", "location_update")),
        (["NOTIFICATIONS"], ("button_press", "location_stream", "unheard_of", "phone_notification")),
    ],
)
def test_streams_without_their_permission_are_dropped_w_app_3(permissions, allowed):
    wanted = (
        "button_press",
        "location_stream",
        "unheard_of",
        "transcription:en-US",
        "audio_chunk",
        "location_update",
        "phone_notification",
    )

    assert permitted(wanted, permissions) == allowed


@pytest.mark.parametrize(
    ("row", "subscriptions", "event", "name"),
    [
        ("W-STR-1", ["button_press"], {"stream": "button_press"}, "button_press"),
        ("W-STR-1", ["head_position"], {"stream": "button_press"}, None),
        ("W-STR-17", ["*"], {"stream": "button_press"}, "button_press"),
        ("W-STR-17", ["all"], {"stream": "transcription:en-US"}, "transcription:en-US"),
        ("W-STR-16", ["touch_event"], {"stream": "touch_event", "gesture": "double_tap"}, "touch_event"),
        (
            "W-STR-16",
            ["touch_event:double_tap"],
            {"stream": "touch_event", "gesture": "double_tap"},
            "touch_event:double_tap",
        ),
        ("W-STR-16", ["touch_event:double_tap"], {"stream": "touch_event", "gesture": "long_press"}, None),
        (
            "W-STR-16",
            ["touch_event", "touch_event:long_press"],
            {"stream": "touch_event", "gesture": "long_press"},
            "touch_event:long_press",
        ),
        ("W-STR-7", ["location_stream"], {"stream": "location_update"}, "location_update"),
        ("W-STR-6", ["location_update"], {"stream": "location_update"}, "location_update"),
        ("W-LANG-8", ["transcription:es-ES"], {"stream": "transcription:es-ES"}, "transcription:es-ES"),
        ("W-LANG-8", ["transcription:es-ES"], {"stream": "transcription:en-US"}, None),
        ("W-LANG-6", ["transcription:en-US"], {"stream": "transcription"}, "transcription"),
        ("W-LANG-6", ["transcription:es-ES"], {"stream": "transcription", "language": "es-ES"}, "transcription"),
        ("W-LANG-6", ["transcription:en-US"], {"stream": "transcription", "language": "es-ES"}, None),
        ("W-LANG-7", ["transcription:en-US?hints=es"], {"stream": "transcription:en-US"}, None),
    ],
)
def test_an_event_arrives_under_the_name_that_the_cloud_gives_it(row, subscriptions, event, name):
    assert delivered_as(subscriptions, **event) == name, row


@pytest.mark.parametrize(
    ("row", "subscriptions", "stream", "name"),
    [
        ("W-LANG-7", ["transcription:en-US?hints=es"], "transcription:en-US", "transcription:en-US?hints=es"),
        ("W-LANG-11", ["transcription:auto"], "transcription:es-ES", "transcription:auto"),
        (
            "W-LANG-11",
            ["transcription:auto?hints=es", "transcription:es-ES"],
            "transcription:es-ES",
            "transcription:es-ES",
        ),
        ("W-LANG-8", ["transcription:en-US"], "transcription:es-ES", None),
        ("W-LANG-1", ["transcription:en"], "transcription:en-US", None),
        ("W-LANG-6", ["transcription:en-US?hints=es"], "transcription", "transcription:en-US?hints=es"),
        ("W-LANG-6", ["all"], "transcription", "transcription:en-US"),
        (
            "W-LANG-9",
            ["translation:en-US-to-fr-FR?x=1"],
            "translation:en-US-to-fr-FR",
            "translation:en-US-to-fr-FR?x=1",
        ),
        ("W-LANG-9", ["translation:en-US-to-de-DE"], "translation:en-US-to-fr-FR", "translation:en-US-to-fr-FR"),
        ("W-LANG-9", ["translation:es-ES-to-de-DE"], "translation:en-US-to-fr-FR", None),
        ("W-STR-17", ["*"], "translation:en-US-to-fr-FR", "translation:en-US-to-fr-FR"),
        ("W-STR-1", ["button_press"], "button_press", "button_press"),
    ],
)
def test_the_cloud_of_2026_names_speech_by_the_subscription_of_the_app(row, subscriptions, stream, name):
    assert delivered_as(subscriptions, stream, generation=3) == name, row


@pytest.mark.parametrize(
    ("stream", "subscriptions", "in_2025", "in_2026"),
    [
        ("button_press", [], True, True),
        ("transcription", [], True, True),  # By the phone.
        ("transcription:en-US", ["*"], False, False),
        ("transcription:en-US", ["transcription:en-US?hints=es"], True, True),
        ("transcription:en-US", ["transcription:auto"], False, True),
        ("translation:en-US-to-es-ES", ["translation:en-US-to-fr-FR"], False, False),
        ("translation:en-US-to-es-ES", ["translation:en-US-to-es-ES"], True, True),
    ],
)
def test_speech_is_recognised_if_somebody_asked_for_it(stream, subscriptions, in_2025, in_2026):
    assert (is_made(stream, subscriptions), is_made(stream, subscriptions, generation=3)) == (in_2025, in_2026)


def test_the_cloud_of_2026_wants_a_permission_for_the_new_name_of_video_only():
    names = ("rtmp_stream_status", "stream_status")

    assert [permission_for(name) for name in names] == [Permission.CAMERA, None]
    assert [permission_for(name, generation=3) for name in names] == [None, Permission.CAMERA]


@pytest.mark.parametrize(
    ("subscription", "in_2025", "in_2026"),
    [
        ("augmentos:metricSystemEnabled", True, True),
        ("augmentos:*", True, True),
        ("augmentos:all", True, True),
        ("augmentos:brightness", False, True),
        ("*", False, False),
    ],
)
def test_settings_of_the_system_are_told_to_who_asked_w_cloud_6(subscription, in_2025, in_2026):
    heard = [hears_system_setting([subscription], "metricSystemEnabled", generation=year) for year in (2, 3)]

    assert heard == [in_2025, in_2026]

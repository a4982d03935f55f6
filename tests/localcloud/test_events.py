"""Who hears of what happens, and what is repeated (docs/protocol.md, Streams)."""

from datetime import UTC, datetime, timedelta

import pytest

from mentra.localcloud import LocalCloud

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_ISO = "2026-01-31T12:00:00.000Z"
NOON_MS = 1769860800000
SESSION = "user1@example.com-com.example.app"
NINE = datetime(2026, 1, 1, 9, tzinfo=UTC)
QUARTER_PAST = datetime(2026, 1, 1, 9, 15, tzinfo=UTC)


@pytest.fixture
async def cloud(network):
    async with LocalCloud(network, now=lambda: NOON) as cloud:
        yield cloud


async def test_speech_reaches_the_subscribers_of_its_language(running, glasses):
    await running.subscribe("transcription")

    await glasses.say("hola", language="es-ES")
    await glasses.say("hello")

    assert running.socket.frames[1:] == [
        {
            "type": "data_stream",
            "sessionId": SESSION,
            "streamType": "transcription:en-US",
            "data": {
                "type": "transcription",
                "text": "hello",
                "isFinal": True,
                "startTime": NOON_MS,
                "endTime": NOON_MS + 1000,
                "transcribeLanguage": "en-US",
                "provider": "soniox",
                "metadata": {"provider": "soniox"},
            },
            "timestamp": NOON_ISO,
        }
    ]


async def test_what_the_phone_recognised_comes_under_the_bare_name_and_once_more_as_it_came_w_lang_6(running, glasses):
    await running.subscribe("transcription:en-US", "local_transcription")

    await glasses.send("transcription", {"text": "hi", "isFinal": True})

    heard = {"type": "local_transcription", "text": "hi", "isFinal": True}
    frames = running.socket.frames[1:]
    assert [(frame["streamType"], frame["data"]) for frame in frames] == [
        ("transcription", heard),
        ("local_transcription", heard),
    ]


@pytest.mark.parametrize(
    ("subscription", "stream", "data", "hears"),
    [
        ("button_press", "button_press", None, True),
        ("button_press", "head_position", None, False),
        ("transcription", "transcription:en-US", None, True),
        ("transcription:es-ES", "transcription:en-US", None, False),
        ("touch_event:double_tap", "touch_event:double_tap", None, True),
        ("touch_event:double_tap", "touch_event:single_tap", None, False),
        ("touch_event:double_tap", "touch_event", {"gesture_name": "double_tap"}, True),
        ("touch_event", "touch_event:single_tap", None, True),
        ("*", "anything", None, True),
        ("audio_chunk", "audio_chunk", None, True),
        ("button_press", "audio_chunk", None, False),
    ],
)
async def test_who_would_hear_of_an_event_is_known_before(running, glasses, subscription, stream, data, hears):
    await running.subscribe(subscription)

    assert glasses.listeners(stream, data) == ((running.package_name,) if hears else ())


async def test_a_translation_comes_under_the_name_that_was_subscribed_w_lang_9(running, glasses):
    await running.subscribe("translation:en-US-to-es-ES", "translation:all-to-es-ES", "translation:en-US-to-de-DE")

    await glasses.translate("hola", target="es-ES", original_text="hello")

    frames = [frame for frame in running.socket.frames if frame["type"] == "data_stream"]
    assert [frame["streamType"] for frame in frames] == ["translation:en-US-to-es-ES", "translation:all-to-es-ES"]
    assert frames[1]["data"] == {
        "type": "translation",
        "text": "hola",
        "originalText": "hello",
        "isFinal": True,
        "transcribeLanguage": "en-US",
        "translateLanguage": "es-ES",
        "didTranslate": True,
        "startTime": 0,
        "endTime": 1000,
        "duration": 1000,
        "provider": "soniox",
    }


async def test_a_subscription_with_options_gets_nothing_w_lang_7(running, glasses):
    await running.subscribe("transcription:en-US?no-language-identification=true", "transcription:auto")

    await glasses.say("hello")

    assert running.socket.types == ["tpa_connection_ack"]


async def test_the_calendar_is_repeated_to_who_subscribes_newly_w_str_13(running, glasses):
    await glasses.add_calendar_event("Standup", NINE, QUARTER_PAST, event_id="c1")
    await glasses.add_calendar_event("Lunch", NOON, NOON, event_id="c2")
    await running.subscribe("calendar_event")
    await running.subscribe("button_press")
    await running.subscribe("calendar_event", "button_press")

    events = [frame for frame in running.socket.frames if frame["type"] == "data_stream"]

    assert [(frame["streamType"], frame["data"]["title"]) for frame in events] == [
        ("calendar_event", "Lunch"),  # What is over comes last.
        ("calendar_event", "Standup"),
    ]
    assert events[0]["data"]["timeStamp"] == NOON_ISO


async def test_of_the_calendar_a_hundred_entries_are_known(running, glasses):
    for number in range(103):
        start = NOON + timedelta(minutes=number)
        await glasses.add_calendar_event(str(number), start, start)

    await running.subscribe("calendar_event")

    titles = [frame["data"]["title"] for frame in running.socket.frames if frame["type"] == "data_stream"]
    assert titles == [str(number) for number in range(100)]


async def test_a_calendar_that_one_may_not_read_is_not_repeated(cloud, app, glasses):
    cloud.install(app.installed(permissions=("MICROPHONE",)))
    await glasses.start(app.package_name)
    await glasses.add_calendar_event("Standup", NINE, QUARTER_PAST)

    await app.subscribe("calendar_event")

    assert app.socket.types == ["tpa_connection_ack"]


async def test_a_custom_message_comes_as_it_is_and_the_date_again_with_each_list_w_cloud_8(running, glasses):
    await glasses.send_custom_message("update_datetime", {"datetime": "noon", "section": "topLeft"})
    await running.subscribe("custom_message")
    await running.subscribe("custom_message", "button_press")
    await glasses.send_custom_message("else")

    date = {
        "type": "custom_message",
        "action": "update_datetime",
        "payload": {"datetime": "noon", "section": "topLeft"},
        "timestamp": NOON_ISO,
    }
    other = {"type": "custom_message", "action": "else", "payload": None, "timestamp": NOON_ISO}
    assert running.socket.frames[1:] == [date, date, other]

"""Streams: their times, their permissions, their table."""

import sys
import time
import types
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mentra.protocol import codec
from mentra.protocol.base import Timestamp
from mentra.protocol.permissions import Permission, is_granted
from mentra.protocol.streams import (
    STREAMS,
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    GlassesBattery,
    Location,
    PhotoTaken,
    SpeechToken,
    StreamData,
    TouchEvent,
    Transcription,
    VoiceActivity,
    permission_for,
)

NOON = datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.fixture(params=["UTC", "America/New_York"])
def time_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine may stand anywhere."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("time_zone")
@pytest.mark.parametrize(
    ("timestamp", "moment"),
    [
        ("2026-01-31T12:00:00.500Z", NOON),
        ("2026-01-31T13:00:00.500+01:00", NOON),
        ("2026-01-31T12:00:00.500", NOON),
        (1769860800500, NOON),
        (1769860800500.0, NOON),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (None, None),
        ("", None),
        ("yesterday", None),
        ("2026-13-45", None),
        (1e300, None),
        (-1e300, None),
        (10**30, None),
        ("0001-01-01T00:00:00+23:00", None),
    ],
)
def test_a_time_is_aware_and_in_utc_or_nothing_w_conv_5(timestamp: Timestamp | None, moment: datetime | None):
    event = ButtonPress(button_id="a", press_type="short", timestamp=timestamp)

    assert event.time == moment
    assert event.time is None or event.time.tzinfo is UTC


def test_every_stream_has_a_name_of_its_own_and_a_docstring():
    kinds = [kind for base in (StreamData, *StreamData.__subclasses__()) for kind in base.__subclasses__()]

    assert set(STREAMS.values()) == {kind for kind in kinds if not kind.__name__.startswith("_")}
    assert [name for name, kind in STREAMS.items() if name != kind.stream or not kind.__doc__] == []


@pytest.mark.parametrize(
    ("stream", "permission"),
    [
        ("transcription:en-US", Permission.MICROPHONE),
        ("transcription", Permission.MICROPHONE),
        ("translation:en-US-to-es-ES", Permission.MICROPHONE),
        ("VAD", Permission.MICROPHONE),
        ("audio_chunk", Permission.MICROPHONE),
        ("location_update", Permission.LOCATION),
        ("calendar_event", Permission.CALENDAR),
        ("phone_notification", Permission.READ_NOTIFICATIONS),
        ("phone_notification_dismissed", Permission.READ_NOTIFICATIONS),
        ("photo_taken", Permission.CAMERA),
        ("button_press", None),
        ("touch_event:double_tap", None),
        ("brand_new", None),
    ],
)
def test_what_a_stream_needs(stream: str, permission: Permission | None):
    assert permission_for(stream) is permission


@pytest.mark.parametrize(
    ("needed", "declared", "granted"),
    [
        (None, (), True),
        (Permission.MICROPHONE, (), False),
        (Permission.MICROPHONE, ("MICROPHONE",), True),
        (Permission.MICROPHONE, ("CAMERA",), False),
        (Permission.CAMERA, ("ALL",), True),
        (Permission.READ_NOTIFICATIONS, ("NOTIFICATIONS",), True),
        (Permission.POST_NOTIFICATIONS, ("NOTIFICATIONS",), False),
        (Permission.MICROPHONE, ("SOMETHING_NEW",), False),
    ],
)
def test_what_a_declaration_grants_w_str_19(needed: Permission | None, declared: tuple[str, ...], granted: bool):
    assert is_granted(needed, declared) is granted


TOKENS = b'[{"text":"hel","startMs":500,"endMs":900,"confidence":0.95,"isFinal":false,"speaker":"1"},{"text":" lo"}]'


@pytest.mark.parametrize(
    ("metadata", "tokens"),
    [
        (
            b'{"provider":"soniox","soniox":{"tokens":' + TOKENS + b"}}",
            (
                SpeechToken(text="hel", start_ms=500, end_ms=900, confidence=0.95, is_final=False, speaker="1"),
                SpeechToken(text=" lo"),
            ),
        ),
        (b'{"soniox":{"tokens":[{"text":"a","startMs":"x"},{"startMs":1},7]}}', (SpeechToken(text="a"),)),
        (b'{"provider":"soniox"}', ()),
        (b'{"soniox":{"tokens":"none"}}', ()),
        (b'{"soniox":5}', ()),
        (b"null", ()),
        (b"[]", ()),
    ],
)
def test_tokens_are_read_when_one_asks_w_lang_4(metadata: bytes, tokens: tuple[SpeechToken, ...]):
    payload = b'{"text":"hello","isFinal":false,"metadata":' + metadata + b"}"

    speech = codec.decode_stream("transcription:en-US", payload)

    assert isinstance(speech, Transcription)
    assert speech.tokens == tokens
    assert bytes(speech.metadata) == metadata


def test_speech_without_metadata_has_no_tokens():
    speech = Transcription(text="hello", is_final=True)

    assert (speech.tokens, codec.encode(speech)) == ((), b'{"text":"hello","isFinal":true}')


def test_speech_can_be_shown_compared_and_put_into_a_set():
    payload = b'{"text":"hello","isFinal":false,"metadata":{"soniox":{}}}'
    one, same = (codec.decode_stream("transcription:en-US", payload) for _ in range(2))

    assert (one, hash(one)) == (same, hash(same))
    assert "hello" in repr(one)
    assert "Raw" not in repr(one)


def test_sound_is_samples_of_sixteen_bits_w_cloud_11():
    # Defect 33 of the official SDK 3.0.0-alpha.4: samples come back different.
    chunk = AudioChunk(data=b"\x01\x00\xff\xff\x00\x80\xff\x7f")

    assert chunk.samples() == array("h", [1, -1, -32768, 32767])
    assert chunk.duration_s == 4 / 16_000


def test_half_a_sample_is_left_out():
    assert AudioChunk(data=b"\x01\x00\xff").samples() == array("h", [1])


def test_the_rate_of_sound_is_always_known():
    # Defect 22 of the official SDK 2.1.29: on the usual path the chunk has no sampleRate.
    assert AudioChunk(data=b"").sample_rate == 16_000


def test_without_numpy_one_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "numpy", None)

    with pytest.raises(ModuleNotFoundError, match=r"pip install numpy.*chunk\.samples\(\)"):
        AudioChunk(data=b"").numpy()


def test_numpy_gets_a_view_of_the_bytes(monkeypatch: pytest.MonkeyPatch):
    # numpy itself is no dependency; what it is asked for is what numpy.frombuffer takes.
    asked: list[object] = []

    def frombuffer(data: bytes, *, dtype: str, count: int) -> str:
        asked.extend((data, dtype, count))
        return "a view"

    monkeypatch.setitem(sys.modules, "numpy", types.SimpleNamespace(frombuffer=frombuffer))

    assert AudioChunk(data=b"\1\2\3").numpy() == "a view"
    assert asked == [b"\1\2\3", "<i2", 1]


def test_an_entry_of_the_calendar_has_datetimes():
    entry = CalendarEvent(event_id="1", title="x", dt_start="2026-01-31T13:00:00.500+01:00", dt_end="soon")

    assert (entry.start, entry.end) == (NOON, None)


@pytest.mark.parametrize(("photo_data", "data"), [("/9g=", b"\xff\xd8"), ("/9g", b""), ("é", b"")])
def test_a_taken_photo_is_bytes_w_str_14(photo_data: str, data: bytes):
    assert PhotoTaken(photo_data=photo_data, mime_type="image/jpeg").data == data


@pytest.mark.parametrize(
    ("event", "wrong", "right"),
    [
        (ButtonPress(button_id="a", press_type="short"), "button", "Use button_id instead."),
        (ButtonPress(button_id="a", press_type="short"), "action", "Use press_type instead."),
        (ButtonPress(button_id="a", press_type="short"), "buttonId", "use 'button_id'"),
        (GlassesBattery(level=1, charging=False), "percentage", "Use level instead."),
        (GlassesBattery(level=1, charging=False), "timeRemaining", "Use time_remaining_min instead."),
        (VoiceActivity(status=True), "isVoiceDetected", "Use is_speaking instead."),
        (VoiceActivity(status=True), "isSpeaking", "use 'is_speaking'"),
        (Location(lat=1, lng=2), "latitude", "Use lat instead."),
        (Location(lat=1, lng=2), "longitude", "Use lng instead."),
        (Location(lat=1, lng=2), "accuracy", "Use accuracy_m instead."),
        (TouchEvent(gesture_name="x"), "gesture", "Use gesture_name instead."),
        (Transcription(text="x", is_final=True), "startTime", "Use start_ms instead."),
        (Transcription(text="x", is_final=True), "transcribeLanguage", "Use language instead."),
        (Transcription(text="x", is_final=True), "token", "Did you mean 'tokens'?"),
        (AudioChunk(data=b""), "arrayBuffer", "Use data instead."),
        (AudioChunk(data=b""), "sampleRate", "use 'sample_rate'"),
    ],
)
def test_a_name_of_the_official_sdk_or_its_pages_names_the_right_one(event: object, wrong: str, right: str):
    with pytest.raises(AttributeError) as error:
        getattr(event, wrong)

    assert right in str(error.value)

"""The short way of events: whole frames of a kind that came before. It must do what the long way does, or nothing."""

import json
import logging
from typing import Any

import pytest

from mentra.protocol import codec
from mentra.protocol.cloud_to_app import DataStream
from mentra.protocol.streams import ButtonPress, HeadPosition
from mentra.session.router import MOST_TAKEN, REMEMBERED, Router
from mentra.session.tasks import SessionTasks
from tests.wire.test_captures import frames

LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("test"))


class Ear:
    """A router, as a session asks it, with handlers that note what they get."""

    def __init__(self, *streams: str) -> None:
        self.router = Router(lambda: None, SessionTasks(LOGGER), LOGGER)
        self.heard: list[Any] = []
        self.listeners = [self.router.add_handler(stream, self.heard.append) for stream in streams]

    def hear(self, frame: bytes | str) -> bool:
        """Hear a frame in either way; return whether it was taken."""
        if isinstance(frame, bytes) and self.router.take(frame):
            return True
        message = codec.decode_from_cloud(frame)
        if isinstance(message, DataStream):
            self.router.dispatch(message, frame)
        return False


def frame(stream: str, data: object, **more: object) -> bytes:
    return json.dumps({"type": "data_stream", "streamType": stream, "data": data, **more}, ensure_ascii=False).encode()


def press(button: str) -> bytes:
    return frame("button_press", {"type": "button_press", "buttonId": button, "pressType": "short"})


def pressed(button: str) -> ButtonPress:
    return ButtonPress(button_id=button, press_type="short")


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize("recorded", [param for param in frames("cloud>app") if "data" in param.values[0]])
def test_the_second_frame_of_a_kind_is_taken_and_says_the_same(recorded: dict[str, Any], compact: bool):
    text = json.dumps(recorded, separators=(",", ":") if compact else None).encode()
    ear = Ear("*")

    taken = [ear.hear(text) for _ in range(3)]

    assert taken == [False, True, True]
    assert ear.heard == [ear.heard[0]] * 3
    assert {type(event) for event in ear.heard} == {type(ear.heard[0])}


def test_text_in_any_language_is_taken():
    ear = Ear("transcription:en-US")
    for text in ("hello", "Grüße, 你好 👓"):
        ear.hear(frame("transcription:en-US", {"type": "transcription", "text": text, "isFinal": True}))

    assert [speech.text for speech in ear.heard] == ["hello", "Grüße, 你好 👓"]


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("no message", b'{"streamType": "button_press", "data": {"buttonId": "a", "pressType": "short"}}'),
        ("another message", press("a").replace(b"data_stream", b"custom_message")),
        ("no JSON", press("a")[:-1]),
        ("no data", b'{"type": "data_stream", "streamType": "button_press"}'),
        ("not UTF-8", press("b").replace(b'"b"', b'"\xff"')),
        ("brackets", b'{"type": "data_stream", "streamType": "button_press", "data": ' + b"[" * 200_000),
        ("malformed", frame("button_press", {"type": "button_press", "buttonId": 7})),
    ],
)
def test_what_is_no_event_is_not_taken(what: str, text: bytes, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    ear = Ear("button_press")
    ear.hear(press("a"))

    assert ear.hear(text) is False
    assert ear.heard == [pressed("a")]
    assert [record.getMessage()[:19] for record in caplog.records] == (
        ["Skipped a malformed"] if what in ("malformed", "not UTF-8") else []
    )


def test_what_can_be_read_leniently_still_is():
    ear = Ear("transcription:en-US")
    for start in (1.5, "soon"):
        data = {"type": "transcription", "text": "a", "isFinal": True, "startTime": start}
        ear.hear(frame("transcription:en-US", data))

    assert [(speech.text, speech.start_ms) for speech in ear.heard] == [("a", 1.5), ("a", None)]


def test_the_time_of_an_envelope_may_be_nonsense():
    ear = Ear("button_press")
    ear.hear(press("a"))
    ear.hear(press("b").replace(b'"data":', b'"timestamp": {"no": "time"}, "data":'))

    assert ear.heard == [pressed("a"), pressed("b")]


def test_a_frame_that_looks_like_another_kind_goes_to_those_whose_it_is():
    ear = Ear("button_press", "head_position")
    ear.hear(press("a"))
    ear.hear(frame("head_position", {"type": "head_position", "position": "up"}))
    twice = b'{"type": "data_stream", "streamType": "button_press", "streamType": "head_position", "data": %s}'

    assert ear.hear(twice % b'{"position": "down", "buttonId": "b", "pressType": "short"}') is False
    assert ear.heard == [pressed("a"), HeadPosition(position="up"), HeadPosition(position="down")]


def test_a_name_in_the_payload_is_no_name_of_a_stream():
    ear = Ear("button_press", "head_position")
    ear.hear(press("a"))
    data = b'{"streamType": "button_press", "position": "up", "buttonId": "b", "pressType": "short"}'

    assert ear.hear(b'{"type": "data_stream", "data": %s, "streamType": "head_position"}' % data) is False
    assert ear.heard == [pressed("a"), HeadPosition(position="up")]


def test_who_is_removed_gets_no_frame_more_and_who_is_added_gets_them():
    ear = Ear("button_press", "button_press")
    late: list[Any] = []
    ear.hear(press("a"))
    ear.router.remove(ear.listeners[0])
    ear.router.add_handler("button_press", late.append)
    ear.hear(press("b"))
    ear.hear(press("c"))

    assert ear.heard == [pressed(button) for button in "aabc"]
    assert late == [pressed("b"), pressed("c")]


def test_who_is_removed_by_a_handler_before_it_gets_nothing():
    ear = Ear()
    first = ear.router.add_handler("button_press", lambda event: ear.router.remove(second) if on else None)
    second = ear.router.add_handler("button_press", ear.heard.append)
    on = False
    ear.hear(press("a"))
    on = True

    assert ear.hear(press("b"))
    assert (ear.heard, first.active) == ([pressed("a")], True)


def test_after_the_end_nothing_is_taken():
    ear = Ear("button_press")
    ear.hear(press("a"))
    ear.router.close()

    assert ear.hear(press("b")) is False
    assert ear.heard == [pressed("a")]


def test_text_that_comes_as_text_is_heard_in_the_long_way():
    ear = Ear("button_press")
    for _ in range(2):
        ear.hear(press("a").decode())

    assert ear.heard == [pressed("a")] * 2


def test_speech_for_several_languages_is_never_taken_as_its_payload_decides():
    ear = Ear("transcription:auto")
    ear.router.options_work = True
    data = {"type": "transcription", "text": "a", "isFinal": True, "transcribeLanguage": "fr-FR"}

    assert [ear.hear(frame("transcription", data)) for _ in range(2)] == [False, False]


def test_countless_ways_to_write_a_frame_take_no_room():
    ear = Ear("*")
    for number in range(3 * REMEMBERED):
        ear.hear(frame(f"x{number}", None))
        ear.hear(press("a").replace(b'"streamType"', b'"stream\\u0054ype"'))
        ear.hear(b'{"type": "data_stream", "streamType":%s"button_press", "data": null}' % (b" " * number))

    remembered = ear.router._taken  # pyright: ignore[reportPrivateUsage]  # There is no other sign of it.
    assert len(remembered) <= MOST_TAKEN
    assert max(len(taken.beginning) for taken in remembered) < 100

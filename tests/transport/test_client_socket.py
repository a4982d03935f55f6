"""The client's end fed with bytes: all that a server can send, in whatever pieces it comes."""

import asyncio
import struct

import pytest
from websockets.frames import Frame, Opcode

from mentra.transport.base import MAX_WAITING_BYTES, Closed
from mentra.transport.client_socket import KEEPALIVE_S
from tests.transport.test_contract import Broken, Ear
from tests.transport.wire import CLOSE_TIMEOUT_S, MAX_SIZE, Line, frame

BYE = struct.pack("!H", 1000) + b"bye"
TALK = (
    frame(Opcode.TEXT, "Zoë".encode())
    + frame(Opcode.PING, b"1")
    + frame(Opcode.BINARY, bytes(range(256)))
    + frame(Opcode.TEXT, b"")
    + frame(Opcode.TEXT, b"o\xc3", fin=False)
    + frame(Opcode.PING, b"2")
    + frame(Opcode.CONT, b"\xab", fin=False)
    + frame(Opcode.PONG, b"")
    + frame(Opcode.CONT, b"\xc3\xab")
    + frame(Opcode.BINARY, b"", fin=False)
    + frame(Opcode.CONT, b"")
    + frame(Opcode.TEXT, b"x" * 126)
    + frame(Opcode.CLOSE, BYE)
)
TALK_WITHOUT_LIBRARY = (
    frame(Opcode.TEXT, "Zoë".encode()),
    frame(Opcode.PING, b"1" * 125) + frame(Opcode.PONG, b""),
    frame(Opcode.BINARY, b"sound"),
)
HEARD = ["Zoë", bytes(range(256)), "", "oëë", b"", "x" * 126, Closed(1000, "bye")]
SENT = [(Opcode.PONG, b"1"), (Opcode.PONG, b"2"), (Opcode.CLOSE, BYE)]


async def test_it_does_not_matter_where_what_comes_is_cut():
    for cut in range(len(TALK) + 1):
        line = Line()
        await line.hear(TALK[:cut], TALK[cut:])
        await line.end()

        assert (cut, line.ear.heard, line.sent) == (cut, HEARD, SENT)


async def test_what_comes_byte_by_byte_is_heard_whole():
    long = frame(Opcode.BINARY, bytes(70_000))
    line = Line()
    await line.hear(*(bytes([byte]) for byte in long + TALK))
    await line.end()

    assert (line.ear.heard, line.sent) == ([bytes(70_000), *HEARD], SENT)


async def test_frames_of_every_kind_of_length_are_sent_masked_and_each_in_one_write():
    sizes = [0, 1, 125, 126, 127, 1023, 1024, 65_535, 65_536]
    line = Line()
    for size in sizes:
        line.connection.send_text(b"t" * size)
        line.connection.send_binary(b"b" * size)
    await line.end()

    assert line.sent == [
        frame for size in sizes for frame in ((Opcode.TEXT, b"t" * size), (Opcode.BINARY, b"b" * size))
    ]
    assert len(line.wire.written) == 2 * len(sizes)


async def test_no_two_masks_are_the_same():
    line = Line()
    for _ in range(100):
        line.connection.send_text(b"")
    await line.end()

    assert len({data[2:6] for data in line.wire.written}) == 100


WRONG = {
    "text that is no UTF-8": (frame(Opcode.TEXT, b"a\xff"), 1007),
    "fragments that are no UTF-8": (frame(Opcode.TEXT, b"a", fin=False) + frame(Opcode.CONT, b"\xc3"), 1007),
    "a reason that is no UTF-8": (frame(Opcode.CLOSE, b"\x03\xe8\xff"), 1007),
    "a masked frame": (Frame(Opcode.TEXT, b"a").serialize(mask=True), 1002),
    "a reserved bit": (b"\xc1\x01a", 1002),
    "a reserved opcode": (b"\x83\x01a", 1002),
    "a continuation of nothing": (frame(Opcode.CONT, b"a"), 1002),
    "a message within fragments": (frame(Opcode.TEXT, b"a", fin=False) + frame(Opcode.TEXT, b"b"), 1002),
    "a ping in fragments": (b"\x09\x00", 1002),
    "a long ping": (b"\x89\x7e\x00\x7e" + bytes(126), 1002),
    "a close frame of one byte": (b"\x88\x01\x03", 1002),
    "a code that nobody may send": (frame(Opcode.CLOSE, struct.pack("!H", 1006)), 1002),
    "a frame that is too long": (b"\x82\x7f" + struct.pack("!Q", MAX_SIZE + 1) + bytes(8), 1009),
    "a frame without an end": (b"\x82\x7f" + b"\x7f" * 8, 1009),
    "fragments that are too long": (
        frame(Opcode.BINARY, bytes(MAX_SIZE), fin=False) + frame(Opcode.CONT, b"a"),
        1009,
    ),
}


@pytest.mark.parametrize(("data", "code"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("together", [True, False])
async def test_what_is_forbidden_closes_the_connection_and_says_why(data: bytes, code: int, together: bool):
    line = Line()
    before, after = frame(Opcode.TEXT, b"before"), frame(Opcode.TEXT, b"after")
    await line.hear(*([before + data + after] if together else [before, data, after]))
    line.connection.send_text(b"too late")
    line.connection.close(1000, "too late")
    await line.end()

    assert line.ear.heard == ["before", Closed(1006)]
    assert [(opcode, payload[:2]) for opcode, payload in line.sent] == [(Opcode.CLOSE, struct.pack("!H", code))]


async def test_a_server_that_answers_an_error_by_nothing_loses_the_connection():
    line = Line()
    await line.hear(frame(Opcode.TEXT, b"\xff"))
    await asyncio.sleep(CLOSE_TIMEOUT_S + 0.1)

    assert (line.wire.aborted, line.ear.heard) == (True, [Closed(1006)])


async def test_a_close_frame_without_a_code_is_1005_and_answered_as_it_is():
    line = Line()
    await line.hear(frame(Opcode.CLOSE, b""))
    await line.end()

    assert (line.ear.heard, line.sent) == ([Closed(1005)], [(Opcode.CLOSE, b"")])


async def test_nothing_is_heard_behind_a_close_frame():
    line = Line()
    await line.hear(frame(Opcode.CLOSE, BYE) + frame(Opcode.TEXT, b"one"), frame(Opcode.TEXT, b"two"), b"\xff\xff")
    await line.end()

    assert (line.ear.heard, line.sent) == ([Closed(1000, "bye")], [(Opcode.CLOSE, BYE)])


async def test_a_server_that_stays_after_its_close_frame_is_left_and_its_code_kept():
    line = Line()
    await line.hear(frame(Opcode.CLOSE, BYE))
    await asyncio.sleep(CLOSE_TIMEOUT_S + 0.1)

    assert (line.wire.aborted, line.ear.heard) == (True, [Closed(1000, "bye")])


async def test_frames_are_heard_until_our_close_is_answered_and_our_code_counts():
    line = Line()
    line.connection.close(4321, "we")
    line.connection.send_text(b"too late")
    await line.hear(frame(Opcode.TEXT, b"meanwhile") + frame(Opcode.CLOSE, BYE))
    await line.end()

    assert line.ear.heard == ["meanwhile", Closed(4321, "we")]
    assert len(line.wire.written) == 1
    assert line.sent == [(Opcode.CLOSE, struct.pack("!H", 4321) + b"we")]


async def test_a_close_that_is_not_answered_becomes_an_abort():
    line = Line()
    line.connection.close()
    await asyncio.wait_for(line.connection.wait_closed(), CLOSE_TIMEOUT_S + 0.1)

    assert (line.wire.aborted, line.ear.heard) == (True, [Closed(1006)])


async def test_a_server_that_only_stops_sending_is_1006():
    line = Line()
    await line.hear(frame(Opcode.TEXT, b"last") + b"\x81")
    keep_open = line.connection.eof_received()
    line.connection.send_text(b"too late")
    await asyncio.sleep(CLOSE_TIMEOUT_S + 0.1)  # It does not take what waits either.

    assert not keep_open
    assert (line.ear.heard, line.sent, line.wire.aborted) == (["last", Closed(1006)], [], True)


async def test_what_came_with_the_head_is_heard_once_the_opener_has_the_connection():
    line = Line(rest=TALK[:9])
    at_once = list(line.ear.heard)
    await line.hear(TALK[9:])
    await line.end()

    assert (at_once, line.ear.heard) == ([], HEARD)


async def test_what_comes_at_once_is_heard_behind_what_came_with_the_head():
    line = Line(rest=TALK[:9])
    line.connection.data_received(TALK[9:])
    await line.end()

    assert line.ear.heard == HEARD


async def test_a_connection_that_broke_at_once_ends_behind_what_came_with_the_head():
    line = Line(rest=TALK, lost=True)
    await line.connection.wait_closed()

    assert line.ear.heard == HEARD


async def test_a_connection_is_one_of_the_open_ones_until_its_end():
    line = Line()
    open_at_first = set(line.open_sockets)
    await line.end()

    assert (open_at_first, line.open_sockets) == ({line.connection}, set())


async def test_who_reads_nothing_loses_the_connection():
    line = Line()
    line.wire.has_waiting(MAX_WAITING_BYTES)
    line.connection.send_text(b"fits")
    line.wire.has_waiting(MAX_WAITING_BYTES + 1)
    line.connection.send_text(b"does not")
    await line.connection.wait_closed()

    assert (line.sent, line.ear.heard) == ([(Opcode.TEXT, b"fits")], [Closed(1006)])


@pytest.mark.parametrize("size", [5, 500, 70_000])
async def test_who_is_slow_and_catches_up_gets_everything(size: int):
    line = Line()
    texts = [bytes([letter]) * size for letter in b"abc"]
    for text, waiting in zip(texts, [0, MAX_WAITING_BYTES, 0], strict=True):
        line.wire.has_waiting(waiting)
        line.connection.send_text(text)
    await asyncio.sleep(0)

    assert (line.sent, line.ear.heard) == ([(Opcode.TEXT, text) for text in texts], [])


@pytest.mark.parametrize("size", [5, 500, 70_000])
async def test_who_reads_nothing_loses_the_connection_whatever_the_size_of_the_next_text(size: int):
    line = Line()
    line.wire.has_waiting(MAX_WAITING_BYTES + 1)
    line.connection.send_text(b"a" * size)
    await line.connection.wait_closed()

    assert (line.sent, line.ear.heard) == ([], [Closed(1006)])


async def test_who_asks_for_answers_and_reads_none_loses_the_connection():
    line = Line()
    line.wire.has_waiting(MAX_WAITING_BYTES + 1)
    await line.hear(frame(Opcode.PING, b"1") * 2 + frame(Opcode.TEXT, b"a"))
    await line.connection.wait_closed()

    assert (line.sent, line.ear.heard) == ([], [Closed(1006)])


async def test_a_receiver_that_fails_hears_no_more_of_what_has_come(caplog: pytest.LogCaptureFixture):
    line = Line(Broken())
    await line.hear(frame(Opcode.TEXT, b"one") + frame(Opcode.TEXT, b"two"))
    await line.connection.wait_closed()

    assert line.ear.heard == ["one", Closed(1006)]
    assert caplog.records[0].getMessage() == "A receiver failed; its connection is dropped."


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
async def test_the_end_of_the_program_is_not_kept_from_it(error: type[BaseException]):
    class Ends(Ear):
        def text_received(self, text: str | bytes) -> None:
            raise error

    line = Line(Ends())
    with pytest.raises(error):
        await line.hear(frame(Opcode.TEXT, b"one"))
    await line.connection.wait_closed()

    assert line.ear.heard == [Closed(1006)]


async def test_a_receiver_that_aborts_hears_no_more_of_what_has_come():
    class Aborts(Ear):
        def text_received(self, text: str | bytes) -> None:
            super().text_received(text)
            self.connection.abort()

    line = Line(Aborts())
    await line.hear(frame(Opcode.TEXT, b"one") + frame(Opcode.TEXT, b"two"))
    await line.connection.wait_closed()

    assert line.ear.heard == ["one", Closed(1006)]


async def test_a_receiver_may_answer_and_close_in_the_middle_of_what_has_come():
    class Closes(Ear):
        def text_received(self, text: str | bytes) -> None:
            super().text_received(text)
            self.connection.send_text(b"answer")
            self.connection.close(1000, "enough")

    line = Line(Closes())
    await line.hear(frame(Opcode.TEXT, b"one") + frame(Opcode.TEXT, b"two") + frame(Opcode.CLOSE, BYE))
    await line.end()

    assert line.ear.heard == ["one", "two", Closed(1000, "enough")]
    assert [opcode for opcode, _ in line.sent] == [Opcode.TEXT, Opcode.CLOSE]


async def test_a_silent_server_is_asked_and_dropped_if_it_does_not_answer():
    line = Line()
    await asyncio.sleep(2 * KEEPALIVE_S + 0.1)
    asked = [opcode for opcode, _ in line.sent]
    await asyncio.sleep(KEEPALIVE_S + CLOSE_TIMEOUT_S)

    assert asked == [Opcode.PING]
    assert line.sent[1] == (Opcode.CLOSE, struct.pack("!H", 1011) + b"keepalive ping timeout")
    assert line.ear.heard == [Closed(1006)]


async def test_a_server_that_says_anything_is_not_asked():
    line = Line()
    for _ in range(9):
        await asyncio.sleep(KEEPALIVE_S / 2)
        await line.hear(frame(Opcode.PING, b""))
    sent = {opcode for opcode, _ in line.sent}
    await line.end()

    assert (sent, line.ear.heard) == ({Opcode.PONG}, [Closed(1006)])


async def test_a_connection_that_only_talks_and_is_pinged_needs_nothing_of_the_library():
    line = Line()
    line.connection.send_text(b"hello")
    await line.hear(*TALK_WITHOUT_LIBRARY)
    await asyncio.sleep(2.5 * KEEPALIVE_S)
    await line.hear(frame(Opcode.PONG, line.sent[-1][1]))
    await asyncio.sleep(KEEPALIVE_S)

    assert line.ear.heard == ["Zoë", b"sound"]
    assert [opcode for opcode, _ in line.sent] == [Opcode.TEXT, Opcode.PONG, Opcode.PING]
    assert line.sent[1] == (Opcode.PONG, b"1" * 125)
    assert line.connection._made_protocol is None  # pyright: ignore[reportPrivateUsage]  # 3 kB; there is no other sign.


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG])
@pytest.mark.parametrize("cut", [1, 3, 200])
async def test_a_ping_that_is_too_long_is_refused(opcode: Opcode, cut: int):
    line = Line()
    too_long = bytes([0x80 | opcode, 126]) + struct.pack("!H", 126) + b"p" * 126
    await line.hear(too_long[:cut], too_long[cut:], frame(Opcode.TEXT, b"not heard"))
    await line.end()

    [(sent, reason)] = line.sent
    assert (line.ear.heard, sent, reason[:2]) == ([Closed(1006)], Opcode.CLOSE, struct.pack("!H", 1002))


async def test_who_gives_up_waiting_for_the_end_does_not_keep_others_from_it():
    line = Line()
    waiting = [asyncio.create_task(line.connection.wait_closed()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    await line.end()
    await waiting[1]

    assert waiting[0].cancelled()

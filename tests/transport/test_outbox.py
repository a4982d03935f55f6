"""When frames go out that many sockets send."""

import asyncio

import pytest
from websockets.frames import Opcode

from mentra.transport.outbox import AT_ONCE_FOR_S, BURST_S, LATE_S, MOST_S, MOST_WAITING, Outbox
from tests.transport.wire import Line, Wire


class Clock:
    """Stands still unless it is told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Post:
    """An outbox, and two transports that it sends with."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.outbox = Outbox(asyncio.get_running_loop(), clock=self.clock)
        self.first, self.second = Wire(), Wire()

    @property
    def written(self) -> tuple[list[bytes], list[bytes]]:
        return self.first.written, self.second.written


async def test_a_frame_that_is_alone_is_sent_at_once():
    post = Post()
    post.outbox.send(post.first, b"1")
    post.clock.now_s += BURST_S
    post.outbox.send(post.second, b"2")

    assert post.written == ([b"1"], [b"2"])


async def test_frames_right_behind_another_go_out_together_at_the_end_of_the_turn():
    post = Post()
    post.outbox.send(post.first, b"1")
    post.outbox.send(post.second, b"2")
    post.outbox.send(post.first, b"3")
    post.outbox.send(post.second, b"4")
    before = [list(written) for written in post.written]
    await asyncio.sleep(0)

    assert before == [[b"1"], []]
    assert post.written == ([b"1", b"3"], [b"2", b"4"])


async def test_no_more_than_so_many_wait():
    post = Post()
    frames = [b"%d" % number for number in range(2 * MOST_WAITING + 2)]
    for frame in frames:
        post.outbox.send(post.first, frame)
    before = len(post.first.written)
    await asyncio.sleep(0)

    assert before == 1 + 2 * MOST_WAITING
    assert post.first.written == frames


async def test_slow_handlers_do_not_keep_what_waits_for_long():
    post = Post()
    for number in range(17):
        post.outbox.send(post.first, b"%d" % number)
        post.clock.now_s += MOST_S / 4

    assert len(post.first.written) == 1 + 8 + 8


async def test_whoever_had_to_wait_for_a_handler_that_blocks_is_not_made_to_wait_again_soon():
    post = Post()
    post.outbox.send(post.first, b"1")
    post.outbox.send(post.first, b"2")
    post.clock.now_s += 2 * LATE_S
    await asyncio.sleep(0)
    post.outbox.send(post.second, b"at once")
    post.outbox.send(post.second, b"this, too")
    before = list(post.second.written)
    post.clock.now_s += AT_ONCE_FOR_S
    post.outbox.send(post.second, b"alone")
    post.outbox.send(post.second, b"behind it")

    assert before == [b"at once", b"this, too"]
    assert post.second.written == [*before, b"alone"]


async def test_a_transport_that_closes_meanwhile_gets_nothing():
    post = Post()
    post.outbox.send(post.first, b"1")
    post.outbox.send(post.first, b"2")
    post.outbox.send(post.second, b"3")
    post.first.closing = True
    post.outbox.flush()

    assert post.written == ([b"1"], [b"3"])


async def test_a_transport_that_fails_costs_the_others_nothing(caplog: pytest.LogCaptureFixture):
    post = Post()
    post.outbox.send(post.first, b"1")
    post.outbox.send(post.first, b"2")
    post.outbox.send(post.second, b"3")
    post.first.aborted = True  # So it may not be written to.
    post.outbox.flush()

    assert post.written == ([b"1"], [b"3"])
    assert [record.getMessage() for record in caplog.records] == ["A frame could not be sent."]


async def test_all_that_one_socket_sends_keeps_its_order():
    outbox = Outbox(asyncio.get_running_loop(), clock=Clock())
    line, other = Line(outbox=outbox), Line(outbox=outbox)
    other.connection.send_text(b"makes it a burst")
    line.connection.send_text(b"1")
    line.connection.send_binary(b"2")
    line.connection.send_text(b"3")
    line.connection.send_text(b"4" * 2000)
    line.connection.send_text(b"5")
    line.connection.close(1000, "over")

    assert line.sent == [
        (Opcode.TEXT, b"1"),
        (Opcode.BINARY, b"2"),
        (Opcode.TEXT, b"3"),
        (Opcode.TEXT, b"4" * 2000),
        (Opcode.TEXT, b"5"),
        (Opcode.CLOSE, b"\x03\xe8over"),
    ]
    await line.end()
    await other.end()


async def test_what_was_sent_before_a_connection_is_dropped_is_sent():
    outbox = Outbox(asyncio.get_running_loop(), clock=Clock())
    line = Line(outbox=outbox)
    line.connection.send_text(b"1")
    line.connection.send_text(b"2")
    line.connection.abort()

    assert line.sent == [(Opcode.TEXT, b"1"), (Opcode.TEXT, b"2")]
    await line.end()

"""Accepting connections, on loops that can and loops that cannot tell of those that wait."""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest

from mentra.transport.accepting import ACCEPTED_AT_ONCE, Accepting
from tests.helpers.waiting import until

pytestmark = pytest.mark.sockets


class Greeting(asyncio.Protocol):
    """Says hello, and closes the connection."""

    def connection_made(self, transport: Any) -> None:
        transport.write(b"hello")
        transport.close()


class Exhausted(socket.socket):
    """Has no file for the first connection."""

    tried = 0

    def accept(self) -> tuple[socket.socket, Any]:
        self.tried += 1
        if self.tried == 1:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def listening(kind: type[socket.socket] = socket.socket) -> socket.socket:
    bound = kind(socket.AF_INET, socket.SOCK_STREAM)
    bound.bind(("127.0.0.1", 0))
    bound.listen(1024)
    bound.setblocking(False)
    return bound


async def greeted(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(5):
        greeting = await reader.read()
    writer.close()
    return greeting


async def test_all_who_wait_are_accepted():
    callers = 3 * ACCEPTED_AT_ONCE
    bound = listening()
    accepting = Accepting(bound, Greeting)
    port = bound.getsockname()[1]
    waiting = [asyncio.create_task(greeted(port)) for _ in range(callers)]
    await asyncio.sleep(0.05)
    await accepting.open()
    greetings = await asyncio.gather(*waiting)
    await accepting.close()

    assert greetings == [b"hello"] * callers


async def test_nobody_is_accepted_after_the_end():
    bound = listening()
    port = bound.getsockname()[1]
    accepting = Accepting(bound, Greeting)
    await accepting.open()
    await accepting.close()

    with pytest.raises(ConnectionRefusedError):
        await greeted(port)


async def test_a_system_without_files_is_asked_again(caplog: pytest.LogCaptureFixture):
    bound = listening(Exhausted)
    accepting = Accepting(bound, Greeting, retry_after=0.05)
    await accepting.open()
    greeting = await greeted(bound.getsockname()[1])
    await accepting.close()

    assert greeting == b"hello"
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "No connection can be accepted: [Errno 24] Too many open files. Trying again after 0.05 s.")
    ]


async def test_the_end_is_the_end_for_who_was_to_be_asked_again(caplog: pytest.LogCaptureFixture):
    bound = listening(Exhausted)
    accepting = Accepting(bound, Greeting)
    await accepting.open()
    waiting = asyncio.create_task(greeted(bound.getsockname()[1]))
    await until(lambda: caplog.records)
    await accepting.close()

    with contextlib.suppress(ConnectionError):  # Some systems end it without an error.
        assert await waiting == b""


async def test_a_loop_without_readers_accepts_by_its_server():
    class Windows(asyncio.SelectorEventLoop):
        """Has no readers, as the loop of that system."""

        def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:
            raise NotImplementedError

    async def accept() -> bytes:
        bound = listening()
        accepting = Accepting(bound, Greeting)
        await accepting.open()
        greeting = await greeted(bound.getsockname()[1])
        await accepting.close()
        return greeting

    def run() -> bytes:
        with asyncio.Runner(loop_factory=Windows) as runner:
            return runner.run(accept())

    assert await asyncio.to_thread(run) == b"hello"

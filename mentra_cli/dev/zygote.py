"""A process that has imported everything and forks children: starting one takes milliseconds instead of 300.

``Zygote`` is the supervisor's end. What it starts, ``python -m mentra_cli.dev.zygote``, has no threads and no event
loop. The two speak over a socket pair:

* One byte downwards, with four file descriptors, asks for a child with these as its standard streams and its bridge.
* Upwards go ``Started``, said by the child itself once it leads a process group of its own, and ``Exited``.
* The end of the socket means that no more children are wanted. The process stays until those there are have ended, so
  that each has a parent; they end by themselves when the supervisor is gone.

``multiprocessing`` has a forkserver of its own, but it gives its children no standard streams, keeps a second process
for resources, and imports the main module of the supervisor again.
"""

import asyncio
import contextlib
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from mentra_cli.dev import reports
from mentra_cli.dev.children import started
from mentra_cli.dev.reports import Exited, Started

CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"
"""On macOS, system libraries crash in a forked process."""
_END_WITHIN_S = 1.0
_ONE_CHILD = b"+"


class ZygoteGone(Exception):
    """The process has ended, or never began; another way to start children is needed."""


class ForkedProcess:
    """A child of the zygote, with the attributes of ``asyncio.subprocess.Process`` that ``ChildProcess`` uses."""

    def __init__(
        self, pid: int, stdin: asyncio.StreamWriter, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader
    ) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._ended = asyncio.Event()

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code, negative for a signal."""
        await self._ended.wait()
        return self.returncode or 0

    def ended(self, code: int) -> None:
        """Learn that it has ended."""
        self.returncode = code
        self.stdin.close()
        self._ended.set()


class Zygote:
    """The supervisor's end."""

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._one_at_a_time = asyncio.Lock()
        self._children: dict[int, ForkedProcess] = {}
        self._started: asyncio.Future[int] | None = None
        self._gone = False
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, environment: Mapping[str, str], folder: Path) -> "Zygote":
        """Start the process. Its children inherit the environment and the working directory."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                process = await started(
                    asyncio.create_subprocess_exec(
                        sys.executable,
                        "-P",  # What lies in the project's folder must not be taken for what is imported here.
                        "-m",
                        "mentra_cli.dev.zygote",
                        str(theirs.fileno()),
                        pass_fds=[theirs.fileno()],
                        stdin=asyncio.subprocess.DEVNULL,
                        stdout=asyncio.subprocess.DEVNULL,
                        stderr=asyncio.subprocess.DEVNULL,
                        cwd=folder,
                        env=environment,
                        start_new_session=True,
                    )
                )
            except BaseException:
                ours.close()
                raise
        return cls(process, ours)

    async def fork(self, bridge: socket.socket) -> ForkedProcess:
        """Start a child.

        Args:
            bridge: The child's end of its bridge; still to be closed here.

        Raises:
            ZygoteGone: The process has ended.
        """
        async with self._one_at_a_time:
            if self._gone:
                raise ZygoteGone
            (their_in, our_in), (our_out, their_out), (our_err, their_err) = os.pipe(), os.pipe(), os.pipe()
            self._started = asyncio.get_running_loop().create_future()
            try:
                socket.send_fds(self._channel, [_ONE_CHILD], [their_in, their_out, their_err, bridge.fileno()])
            except OSError:
                self._gone = True
            finally:
                for theirs in (their_in, their_out, their_err):
                    os.close(theirs)
            streams = await _writer(our_in), await _reader(our_out), await _reader(our_err)
            if self._gone:
                streams[0].close()
                raise ZygoteGone
            child = ForkedProcess(await self._started, *streams)
            self._children[child.pid] = child
            return child

    async def close(self) -> None:
        """Want no more children, and wait for the end of the process, once those there are have ended."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
        try:
            async with asyncio.timeout(_END_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._listening

    def retire(self) -> None:
        """Want no more children; the process ends by itself after the last one."""
        self._gone = True
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        rest = b""
        with self._channel, contextlib.suppress(OSError):
            while chunk := await loop.sock_recv(self._channel, 65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._heard(line)
        self._gone = True
        if self._started is not None and not self._started.done():
            self._started.set_exception(ZygoteGone())
        for pid in list(self._children):
            self._children.pop(pid).ended(-1)

    def _heard(self, line: bytes) -> None:
        match reports.decode_fork(line):
            case Started(pid=pid):
                if self._started is not None and not self._started.done():
                    self._started.set_result(pid)
            case Exited(pid=pid, code=code):
                if child := self._children.pop(pid, None):
                    child.ended(code)
                elif self._started is not None and not self._started.done():
                    self._started.set_exception(ZygoteGone())  # It ended before it could say its name.


async def _reader(fd: int) -> asyncio.StreamReader:
    stream = asyncio.StreamReader(limit=reports.LINE_LIMIT_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(fd, "rb", 0))
    return stream


async def _writer(fd: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(fd, "wb", 0))
    return asyncio.StreamWriter(transport, protocol, None, loop)


def main() -> None:
    """Fork a child for each request; in the child, run the app that it is assigned."""
    # What a child needs, 60 ms of it. Not at the top, because the supervisor imports this module, too.
    from mentra_cli.dev import child

    requests = socket.socket(fileno=int(sys.argv[1]))
    gc.collect()
    gc.freeze()  # What is shared stays shared: a collection in a child would write to all of it.
    bridge = _fork_until_child(requests)
    if bridge is not None:
        child.main(bridge)


def _fork_until_child(requests: socket.socket) -> int | None:
    """Serve requests; return the bridge's descriptor in each child, and ``None`` in the zygote, when it is over."""
    children: set[int] = set()
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.signal(signal.SIGCHLD, _wake_up)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    wanted = True
    while wanted or children:
        readable, _, _ = select.select([woken, requests] if wanted else [woken], [], [])
        if woken in readable:
            woken.recv(4096)
            _report_ended(children, requests)
        if requests in readable:
            request, descriptors, _, _ = socket.recv_fds(requests, len(_ONE_CHILD), 4)
            if not request:
                wanted = False
                continue
            if (pid := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                *streams, bridge = descriptors
                _become_child(streams, requests)
                woken.close()
                wakes.close()
                del sys.argv[1:]
                return bridge
            children.add(pid)
            for descriptor in descriptors:
                os.close(descriptor)
    return None


def _wake_up(*_: object) -> None:
    """Do nothing: a handler has to be there for the wake-up to be written."""


def _become_child(streams: list[int], channel: socket.socket) -> None:
    # A group of its own: Ctrl-C reaches the supervisor alone, and the whole group can be ended.
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    with channel:
        channel.sendall(reports.encode(Started(pid=os.getpid())) + b"\n")


def _report_ended(children: set[int], channel: socket.socket) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            children.discard(pid)
            with contextlib.suppress(OSError):  # The supervisor may be gone.
                channel.sendall(reports.encode(Exited(pid=pid, code=os.waitstatus_to_exitcode(status))) + b"\n")


if __name__ == "__main__":
    main()

"""The process that keeps the workers of ``mentra run``: starts them, replaces one that dies, ends them.

The rules:

* It listens once, and all workers accept on its socket: whoever is free takes the next connection, and what waits there
  outlives a worker. With SO_REUSEPORT each would have a queue of its own, in which users wait for a worker that is busy
  or gone, even if another one owns them.
* What goes wrong before all serve ends everything, and is said once. Later a worker is started again for as long as it
  takes: the others serve their users meanwhile.
* It never sees a request, and imports nothing of the app.
"""

import asyncio
import contextlib
import logging
import signal
import socket
import tempfile
from collections.abc import Coroutine, Generator, Iterable
from typing import Any, TypeVar

from mentra.transport.binding import Obstacle, bind, obstacle, url_of
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.run.failure import AppFailed
from mentra_cli.run.options import RunOptions
from mentra_cli.run.reports import STOP_WITHIN_S, Assignment, Failed, Loaded, Report
from mentra_cli.run.worker_process import WorkerProcess, ending

PAUSES_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Before a worker is started again, for the first time, the second, and so on; the last one for ever."""
STEADY_AFTER_S = 60.0
"""When a worker has served for so long, its end begins a new series."""

T = TypeVar("T")

_FIXES = {
    Obstacle.ADDRESS: "Choose an address of this machine: mentra run --host 127.0.0.1, or 0.0.0.0 for all of them.",
    Obstacle.RIGHT: "Ports below 1024 are reserved for the system: mentra run --port 3000, with a proxy before it.",
    Obstacle.PORT: "Stop the program that does, or choose another port: mentra run --port 3001",
}
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_logger = logging.getLogger("mentra.run")


class Supervisor:
    """Keeps the workers of one app."""

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        self._folder = ""
        self._workers: dict[int, WorkerProcess] = {}
        self._over = asyncio.Event()
        self._told_twice = False
        self._serves: str | None = None
        """The package name of the app, once all serve."""

    async def run(self) -> int:
        """Run until told to end; return the exit code.

        Raises:
            CliError: The app cannot be loaded or started, or its port is taken.
        """
        # Only its owner may enter it: who can ask a worker is believed to be one.
        with (
            tempfile.TemporaryDirectory(prefix="mentra-run-", ignore_cleanup_errors=True) as self._folder,
            self._signals(),
        ):
            serving = asyncio.create_task(self._serve())
            over = asyncio.create_task(self._over.wait())
            try:
                await asyncio.wait([serving, over], return_when=asyncio.FIRST_COMPLETED)
            finally:
                serving.cancel()
                over.cancel()
                await asyncio.wait([serving])
                all_ended = await self._end()
            if not serving.cancelled():
                serving.result()
        if self._serves is not None:
            _logger.info("%s has stopped.", self._serves)
        return ExitCode.INTERRUPTED if self._told_twice else ExitCode.OK if all_ended else ExitCode.GENERAL

    async def _serve(self) -> None:
        indexes = range(self._options.workers)
        loaded, *_ = await _together(self._load(index) for index in indexes)
        with self._listen(loaded) as bound:
            await _together(self._begin(index, bound) for index in indexes)
            self._serves = loaded.package_name
            host, port = bound.getsockname()[:2]
            _logger.info(
                "%s listens on %s%s and waits for users, in %d workers.",
                loaded.package_name,
                url_of(host, port),
                loaded.webhook_path,
                len(indexes),
            )
            await _together(self._keep(index, bound) for index in indexes)

    def _listen(self, loaded: Loaded) -> socket.socket:
        host = self._options.host or loaded.host
        port = loaded.port if self._options.port is None else self._options.port
        try:
            return bind(host, port)
        except OSError as error:
            raise CliError(
                f"{loaded.package_name} cannot listen on {host}:{port}: {error.strerror or error}.",
                fix=_FIXES[obstacle(error)],
            ) from error

    async def _load(self, index: int) -> Loaded:
        location = self._options.location
        assignment = Assignment(
            index=index,
            count=self._options.workers,
            folder=self._folder,
            root=str(location.root),
            module=location.module,
            file=str(location.file),
            attribute=location.attribute,
            how=location.how,
        )
        environment = {**self._options.environment, "MENTRA_WORKER": str(index)}
        worker = self._workers[index] = await WorkerProcess.start(assignment, environment)
        report = _unless_failed(await worker.report())
        if not isinstance(report, Loaded):
            raise TypeError(f"A worker said {report} first.")
        return report

    async def _begin(self, index: int, bound: socket.socket) -> None:
        self._workers[index].give(bound)
        _unless_failed(await self._workers[index].report())

    async def _keep(self, index: int, bound: socket.socket) -> None:
        """Replace a worker whenever it ends."""
        loop = asyncio.get_running_loop()
        times = 0
        while True:
            began = loop.time()
            code = await self._workers[index].wait()
            if loop.time() - began > STEADY_AFTER_S:
                times = 0
            pause_s = PAUSES_S[min(times, len(PAUSES_S) - 1)]
            times += 1
            again = f"in {pause_s:g} s" if pause_s else "now"
            # With 0 if somebody sent it SIGTERM: that is no failure, but nobody need do it.
            level = logging.ERROR if code else logging.WARNING
            _logger.log(level, "Worker %d %s; it is started again %s.", index, ending(code), again)
            await asyncio.sleep(pause_s)
            try:
                await self._load(index)
                await self._begin(index, bound)
            except AppFailed as error:
                _logger.error("Worker %d cannot be started: %s\n%s", index, error, error.traceback)
            except OSError as error:
                _logger.error("Worker %d cannot be started: %s", index, error)
            else:
                _logger.info("Worker %d serves again.", index)

    async def _end(self) -> bool:
        """End all workers; return whether they did so by themselves."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.tell_to_stop()
        ends = [asyncio.create_task(worker.wait()) for worker in workers]
        late: set[asyncio.Task[int]] = set()
        if ends:
            _, late = await asyncio.wait(ends, timeout=STOP_WITHIN_S)
        if late:
            _logger.error("%d of the workers did not end within %g s; they are killed.", len(late), STOP_WITHIN_S)
            self._kill()
            await asyncio.wait(late)
        return not late

    def _kill(self) -> None:
        for worker in self._workers.values():
            worker.kill()

    def _told(self) -> None:
        if self._over.is_set():
            self._told_twice = True
            self._kill()
        self._over.set()

    @contextlib.contextmanager
    def _signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        # What is ignored stays so: nohup does that.
        heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        for number in heard:
            # A terminal that is closed may send several SIGHUP: none of them is a second wish.
            loop.add_signal_handler(number, self._over.set if number is signal.SIGHUP else self._told)
        try:
            yield
        finally:
            for number in heard:
                loop.remove_signal_handler(number)


def _unless_failed(report: Report) -> Report:
    if isinstance(report, Failed):
        raise report.error
    return report


async def _together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all at once; if one raises, the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()

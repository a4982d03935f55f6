"""What ``run`` does with the process whose last line it is: event loop, signals, garbage, and tasks that do not end."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Callable, Generator

from mentra.server.sessions import CANCEL_WITHIN_S

COLLECT_AFTER = (50_000, 10, 10)
"""How many new objects set off a collection of the young ones; how many of these one of the middle, and then of all."""

_logger = logging.getLogger("mentra.server")


def event_loop() -> asyncio.AbstractEventLoop:
    """Return a loop of uvloop where there is one, as it takes less CPU (docs/performance.md, What was done).

    A program that has chosen loops of another kind, by a policy, gets one of these.
    """
    loop = asyncio.new_event_loop()
    if type(loop) is asyncio.SelectorEventLoop:
        with contextlib.suppress(ImportError):
            # Takes some milliseconds to import, which an app that is only inspected, or tested, need not.
            import uvloop

            loop.close()
            return uvloop.new_event_loop()
    return loop


@contextlib.contextmanager
def signals(stop: Callable[[], None]) -> Generator[None, None, None]:
    """Call ``stop`` on the first SIGINT or SIGTERM; the second one has its usual effect. Also on any SIGHUP.

    A terminal that is closed may send several of the latter, so a second one means nothing. Where it is ignored, as
    nohup has it, it stays so.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    hangup: int | None = getattr(signal, "SIGHUP", None)  # Windows has none.
    hangup_before = signal.SIG_IGN if hangup is None else signal.getsignal(hangup)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def end(*_: object) -> None:
        loop.call_soon_threadsafe(stop)

    def first(*_: object) -> None:
        restore()
        end()

    for number in before:
        signal.signal(number, first)
    if hangup is not None and hangup_before is not signal.SIG_IGN:
        signal.signal(hangup, end)
    try:
        yield
    finally:
        restore()
        if hangup is not None:
            signal.signal(hangup, hangup_before)


@contextlib.contextmanager
def rare_collections() -> Generator[None, None, None]:
    """Have the garbage collector run more rarely, and leave alone what is there now, for as long as a block runs.

    As Python has it, it takes a third of the CPU of a session's start: it comes after each 700 new objects, of which
    two sessions have more (docs/performance.md, What was done). A program that wants it rarer, or has frozen objects
    itself, keeps what it chose.
    """
    before = gc.get_threshold()
    off = before[0] == 0
    frozen_before = gc.get_freeze_count()
    gc.collect()
    if not frozen_before:
        gc.freeze()  # The modules: some 50,000 objects that live as long as the process.
    if not off:
        gc.set_threshold(*map(max, before, COLLECT_AFTER))
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not frozen_before:
            gc.unfreeze()


async def leave_tasks() -> None:
    """Cancel every other task of this loop, and forget those that do not end: ``asyncio.run`` would wait for ever."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=CANCEL_WITHIN_S)
        for task in late:
            _logger.warning("%s ignores that it is cancelled; it is left behind.", task.get_name())
            # Documented for makers of event loops (Python, "Extending asyncio"); there is no other way out.
            asyncio.tasks._unregister_task(task)  # pyright: ignore[reportPrivateUsage] - see above

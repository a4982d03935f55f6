"""What ``run`` does with the process whose last line it is: signals, and tasks that do not end."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Generator

from mentra.server.sessions import CANCEL_WITHIN_S

_logger = logging.getLogger("mentra.server")


@contextlib.contextmanager
def signals(stop: Callable[[], None]) -> Generator[None, None, None]:
    """Call ``stop`` on the first SIGINT or SIGTERM; the second one has its usual effect."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def first(*_: object) -> None:
        restore()
        loop.call_soon_threadsafe(stop)

    for number in before:
        signal.signal(number, first)
    try:
        yield
    finally:
        restore()


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

"""The stored data of all users of one server, and what carries it to the cloud.

There is one ``StoredData`` for each user and cloud, however many sessions, tools and pages use it, so that each sees at
once what another one wrote. It lives as long as somebody uses it, or the cloud does not have all of it.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from mentra.errors import MentraError, StorageError
from mentra.session.cloud_api import CloudApi
from mentra.session.stored_data import Owner, StoredData

T = TypeVar("T")

STOP_WITHIN_S = 5.0
"""How long the end of a server waits for what is not stored yet."""

_logger = logging.getLogger("mentra.session")


class Storages(Owner):
    """Finds the data of a user."""

    def __init__(self) -> None:
        self._data: WeakValueDictionary[tuple[str, str], StoredData] = WeakValueDictionary()
        self._bases: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def of(self, api: CloudApi, user_id: str, *, anew: bool = False) -> StoredData:
        """Return a user's data; users are told apart without case.

        Args:
            api: The cloud that has it.
            anew: Fetch the data at its next use, also if there is a copy.
        """
        self.refresh(api, user_id, anew=anew)
        name = (api.base, user_id.lower())
        data = self._data.get(name)
        if data is None:
            data = self._data[name] = StoredData(api, user_id, self)
            if api.base not in self._bases:
                # Only those in use: whoever reaches the webhook can name hosts without end.
                self._bases = {base for base, _ in self._data}
        return data

    def refresh(self, api: CloudApi, user_id: str, *, anew: bool = True) -> None:
        """Do for a user's data, if somebody has it, what ``of`` does for what it returns."""
        if not self._bases:  # No data was ever used.
            return
        user = user_id.lower()
        for base in self._bases - {api.base}:
            # One cloud has several addresses: what was written by way of another one shall be found here.
            if other := self._data.get((base, user)):
                other.flush_soon()
        if anew and (data := self._data.get((api.base, user))):
            data.forget()

    def flush_soon(self, api: CloudApi, user_id: str) -> None:
        """Store now what is unsaved of a user, without waiting for it."""
        if self._data and (data := self._data.get((api.base, user_id.lower()))):
            data.flush_soon()

    def run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine to its end, whoever waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def check_open(self) -> None:
        """Refuse to keep what can never be stored.

        Raises:
            StorageError: The server has stopped.
        """
        if self._closed:
            raise StorageError("Nothing was stored: the server has stopped.")

    async def close(self, *, timeout: float = STOP_WITHIN_S) -> None:
        """Store everything that is not stored; what cannot be is given up, and its keys are logged."""
        self._closed = True
        everything = list(self._data.values())
        flushes = {self.run(data.flush()): data for data in everything if data.unsaved}
        if flushes:
            await asyncio.wait(flushes, timeout=timeout)
        for flush, data in flushes.items():
            _report(flush, data, timeout)
        for data in everything:
            data.stop_trying()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        # Whoever waits for it hears of a MentraError, unless the wait was given up.
        if (error := task.exception()) is not None and not isinstance(error, MentraError):
            _logger.error("Keeping data failed.", exc_info=error)


def _report(flush: asyncio.Task[None], data: StoredData, timeout: float) -> None:
    if not data.unsaved:
        return
    problem: object = f"no answer within {timeout:g} s" if not flush.done() else flush.exception()
    keys = ", ".join(repr(key) for key in data.unsaved)
    _logger.error("Data of %r is lost, because the server stops: %s. The reason: %s", data.user_id, keys, problem)

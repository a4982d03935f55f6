"""What an app keeps for one user: a copy in memory, what of it the cloud does not have yet, and how it gets there.

The rules:

* The first who reads has everything fetched, with one request; who reads meanwhile waits for the same one. If it fails
  they all hear it, and the next one tries again: a failure never counts as "nothing is stored".
* What is written counts at once here, and goes out with what else is written soon: after ``IDLE_S`` without another
  one, at most ``LATEST_S`` after the first. Removals go out at once.
* One request at a time. When its turn comes, what is unsaved goes out in an order in which nothing comes back that was
  removed: clearing, then the removals, then all values with one request.
* What the cloud did not take is kept, and tried again after ``DELAYS_S``. It is given up when the server stops only.

Source: @mentra/sdk 2.1.29 dist/app/session/modules/simple-storage; docs/protocol.md, Simple storage.
"""

import asyncio
import logging
import math
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from mentra.errors import InvalidApiKey, MentraError, NotConnected, RateLimited, StorageError, StorageFull
from mentra.protocol import codec, rest
from mentra.protocol.connection import RefusalCode
from mentra.session.cloud_api import CloudApi
from mentra.transport.base import HttpReply

T = TypeVar("T")

IDLE_S = 3.0
LATEST_S = 10.0
DELAYS_S = (5.0, 10.0, 20.0, 40.0, 60.0)
"""How long it is waited after the first failure, the second and so on; the last one is repeated."""

_logger = logging.getLogger("mentra.session")


class Owner(Protocol):
    """Whoever outlives the data: its server."""

    def run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine to its end, whoever waits for it."""
        ...

    def check_open(self) -> None:
        """Raise StorageError if nothing can be stored any more."""


@dataclass(eq=False, slots=True)
class _Change:
    """What a key shall be, or (``None``) that it shall not be. A later change of the same key is another object."""

    value: str | None


class StoredData:
    """One user's data of one app on one cloud."""

    def __init__(self, api: CloudApi, user_id: str, owner: Owner) -> None:
        self.user_id = user_id
        self._api = api
        self._owner = owner
        self._copy: dict[str, str] | None = None
        """What the cloud has; ``None`` while that is unknown."""
        self._fetching: asyncio.Task[dict[str, str]] | None = None
        self._clearing: object | None = None
        """Set while everything in the cloud shall be removed."""
        self._changes: dict[str, _Change] = {}
        """What the cloud does not have yet; newer than the clearing."""
        self._one_at_a_time = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._changed_at = 0.0
        self._unsaved_since = math.inf
        self._failures = 0
        self._not_before = 0.0
        self._stopped = False

    @property
    def unsaved(self) -> list[str]:
        """What the cloud does not have yet, for people to read."""
        keys = [key if change.value is not None else f"{key} (removal)" for key, change in self._changes.items()]
        return keys if self._clearing is None else ["everything (removal)", *keys]

    def forget(self) -> None:
        """Fetch anew at the next use; what is unsaved stays."""
        self._copy = None

    async def get(self, key: str) -> str | None:
        """Return one value, or ``None``. Raises what ``flush`` raises."""
        copy = await self._fetched()
        if change := self._changes.get(key):
            return change.value
        return None if self._clearing else copy.get(key)

    async def all(self) -> dict[str, str]:
        """Return all values, as a new mapping. Raises what ``flush`` raises."""
        copy = await self._fetched()
        values = {} if self._clearing else dict(copy)
        for key, change in self._changes.items():
            if change.value is None:
                values.pop(key, None)
            else:
                values[key] = change.value
        return values

    def write(self, values: Mapping[str, str]) -> None:
        """Store values soon."""
        self._change({key: _Change(value) for key, value in values.items()})

    async def remove(self, key: str) -> None:
        """Remove a value now. Raises what ``flush`` raises."""
        self._change({key: _Change(None)})
        await self._to_the_end(self._push(removals_only=True))

    async def clear(self) -> None:
        """Remove everything now. Raises what ``flush`` raises."""
        self._owner.check_open()
        self._changes.clear()
        self._clearing = object()
        self._change({})
        await self._to_the_end(self._push(removals_only=True))

    async def flush(self) -> None:
        """Store now what is unsaved.

        Raises:
            StorageError: The cloud did not take it, or could not be reached. It stays unsaved, and is tried again.
            InvalidApiKey: The cloud does not accept the app's key.
        """
        if self._is_unsaved:
            await self._to_the_end(self._push())

    def flush_soon(self) -> None:
        """Store now what is unsaved, without waiting for it."""
        if self._is_unsaved:
            self._owner.run(self._write_behind())

    def stop_trying(self) -> None:
        """Store nothing any more; for the end of the server."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    # When it goes out.

    @property
    def _is_unsaved(self) -> bool:
        return bool(self._changes) or self._clearing is not None

    def _change(self, changes: Mapping[str, _Change]) -> None:
        self._owner.check_open()
        self._changes.update(changes)
        self._changed_at = _now()
        self._unsaved_since = min(self._unsaved_since, self._changed_at)
        self._set_timer()

    def _due(self) -> float:
        return max(min(self._changed_at + IDLE_S, self._unsaved_since + LATEST_S), self._not_before)

    def _set_timer(self) -> None:
        # One that is set already is too early at worst: it finds that, and is set again.
        if self._is_unsaved and self._timer is None and not self._stopped:
            self._timer = asyncio.get_running_loop().call_at(self._due(), self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        if self._one_at_a_time.locked():
            return  # Whoever is at it sets the timer at the end.
        if self._is_unsaved and _now() >= self._due():
            self._owner.run(self._write_behind())
        else:
            self._set_timer()

    async def _write_behind(self) -> None:
        try:
            await self._push()
        except MentraError as error:
            _logger.warning("Data of %r is not stored yet, and is tried again: %s", self.user_id, error)

    def _pause(self, error: MentraError) -> None:
        delay_s = DELAYS_S[min(self._failures, len(DELAYS_S) - 1)]
        if isinstance(error, RateLimited):
            delay_s = max(delay_s, error.retry_after_s or 0.0)
        self._failures += 1
        self._not_before = _now() + delay_s

    # How it goes out.

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        # Shielded: what is half sent could otherwise reach the cloud after what is sent next.
        return await asyncio.shield(self._owner.run(work))

    async def _fetched(self) -> dict[str, str]:
        if self._copy is not None:
            return self._copy
        if self._fetching is None:
            self._fetching = self._owner.run(self._fetch())
        return await asyncio.shield(self._fetching)

    async def _fetch(self) -> dict[str, str]:
        try:
            async with self._one_at_a_time:
                reply = await self._call("GET")
                read = codec.decode_as(rest.StoredValuesReply, reply.body)
                if isinstance(read, codec.Malformed) or not read.success:
                    raise StorageError(f"The cloud's answer about the data of {self.user_id!r} cannot be read.")
                self._copy = copy = dict(_flat(read.data))
                return copy
        finally:
            self._fetching = None
            self._set_timer()

    async def _push(self, *, removals_only: bool = False) -> None:
        async with self._one_at_a_time:
            since, self._unsaved_since = self._unsaved_since, math.inf
            try:
                await self._push_in_order(removals_only=removals_only)
            except MentraError as error:
                self._unsaved_since = min(self._unsaved_since, since)
                self._pause(error)
                raise
            else:
                if removals_only and self._is_unsaved:
                    self._unsaved_since = min(self._unsaved_since, since)
                self._failures, self._not_before = 0, 0.0
            finally:
                self._set_timer()

    async def _push_in_order(self, *, removals_only: bool) -> None:
        await self._push_clearing()  # If it fails, all else waits: it would be cleared later.
        problem: MentraError | None = None
        try:
            await self._push_removals()
        except MentraError as error:
            problem = error
        if not removals_only:
            await self._push_values()
        if problem is not None:
            raise problem

    async def _push_clearing(self) -> None:
        clearing = self._clearing
        if clearing is not None:
            await self._call("DELETE")
            self._copy = {}
            if self._clearing is clearing:
                self._clearing = None

    async def _push_removals(self) -> None:
        for key, change in list(self._changes.items()):
            if change.value is None and self._changes.get(key) is change:
                await self._call("DELETE", key)
                self._saved(key, change)

    async def _push_values(self) -> None:
        sent = {key: change for key, change in self._changes.items() if change.value is not None}
        if sent:
            body = rest.StoredValues(data={key: change.value for key, change in sent.items()})
            await self._call("PUT", body=codec.encode(body))
            for key, change in sent.items():
                self._saved(key, change)

    def _saved(self, key: str, change: _Change) -> None:
        if self._copy is not None:
            if change.value is None:
                self._copy.pop(key, None)
            else:
                self._copy[key] = change.value
        if self._changes.get(key) is change:
            del self._changes[key]

    async def _call(self, method: str, key: str | None = None, *, body: bytes = b"") -> HttpReply:
        path = rest.storage_path(self.user_id, key)
        try:
            reply = await self._api.request(method, path, body=body)
        except NotConnected as error:
            raise StorageError(f"The data of {self.user_id!r} was not reached: {error}") from error
        if problem := _problem(reply, method, self.user_id):
            raise problem
        return reply


def _problem(reply: HttpReply, method: str, user_id: str) -> MentraError | None:
    """Return what a reply means, if it is not "done"."""
    if 200 <= reply.status < 300:
        return None
    outcome = codec.decode_as(rest.Outcome, reply.body)
    said = [] if isinstance(outcome, codec.Malformed) else [outcome.error, outcome.message, outcome.detail]
    if method == "DELETE" and rest.STORAGE_NOT_FOUND in said:
        return None  # There is nothing to be removed.
    words = ": ".join(filter(None, said)) or "no reason given"
    message = f"The cloud answered {reply.status} about the data of {user_id!r} ({words})."
    match reply.status:
        case 401:
            return InvalidApiKey(message, code=RefusalCode.INVALID_API_KEY)
        case 413:
            return StorageFull(f"{message} All values together may have {rest.TOTAL_LIMIT:,} characters.")
        case 429:
            return RateLimited(message, retry_after_s=_seconds(reply.headers.get("retry-after", "")))
        case _:
            return StorageError(message)


def _seconds(header: str) -> float | None:
    try:
        seconds = float(header)
    except ValueError:
        return None  # A date, or nothing.
    return seconds if 0 <= seconds < math.inf else None


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return the values with their keys: where the cloud has nested a key with a dot, as it was written."""
    for key, value in data.items():
        if isinstance(value, str):
            yield prefix + key, value
        elif isinstance(value, dict):
            yield from _flat(cast(dict[str, Any], value), f"{prefix}{key}.")
        else:
            _logger.debug("Skipped the stored %r: it is no text.", prefix + key)


def _now() -> float:
    return asyncio.get_running_loop().time()

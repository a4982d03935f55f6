"""The list of what the cloud is to send to one session, kept up to date there.

The rules:

* All changes of one turn of the event loop are one message, and only if the list is another one. What is said to the
  cloud meanwhile comes after it.
* An empty list has no effect for some seconds after each connection (docs/protocol.md, W-CONN-4): it is said once more
  when it counts, or what nobody hears any more would go on coming.
* The cloud may keep the list of a lost connection. So on the next one it is sent whatever it is, unless none ever was.
"""

import asyncio
from collections.abc import Callable

from mentra.protocol.app_to_cloud import LocationStream

Names = list[str | LocationStream]

EMPTY_LIST_MARGIN_S = 1.0
"""How much longer than the cloud ignores an empty list the session waits to repeat it: the cloud counts from when it is
done with the init, which is some calls of its database after the ack.

Source: MentraOS cloud/packages/cloud/src/services/websocket/websocket-app.service.ts (Dec 2025)
"""


class SubscriptionList:
    """What the cloud knows of the subscriptions, and when it is told more.

    Args:
        names: Returns what is wanted now.
        send: Tells the cloud; returns whether it could be told.
        empty_ignored_s: For how many seconds after each connection an empty list has no effect.
    """

    __slots__ = (
        "_due_again",
        "_empty_counts_at",
        "_empty_ignored_s",
        "_has_told",
        "_names",
        "_over",
        "_send",
        "_told",
        "due",
    )

    def __init__(self, names: Callable[[], Names], send: Callable[[Names], bool], *, empty_ignored_s: float) -> None:
        self._names = names
        self._send = send
        self._empty_ignored_s = empty_ignored_s
        self._told: Names | None = []
        """What the cloud has; ``None`` when it may have something else."""
        self._has_told = False
        self.due: asyncio.Handle | None = None
        """What will tell the cloud, if there is news for it."""
        self._due_again: asyncio.TimerHandle | None = None
        self._empty_counts_at = 0.0
        """From when on an empty list has an effect, on the loop's clock."""
        self._over = False

    def changed(self) -> None:
        """Tell the cloud at the end of this turn."""
        if self.due is None and not self._over:
            self.due = asyncio.get_running_loop().call_soon(self._tell)

    def connected(self) -> None:
        """Learn that there is a new connection."""
        self._told = None if self._has_told else []
        self._empty_counts_at = asyncio.get_running_loop().time() + self._empty_ignored_s
        if self._has_told or self._names():  # At the first connection nobody may listen yet: one turn less of the loop.
            self.changed()

    def tell_now(self) -> None:
        """Tell what is due, and not at the end of the turn."""
        if self.due is not None:
            self.due.cancel()
            self._tell()

    def end(self) -> None:
        """Tell nothing more, and forget who would have."""
        self._over = True
        self._names, self._send = _nothing, _nobody
        if self.due is not None:
            self.due.cancel()
            self.due = None
        self._forget_repetition()

    def _tell(self) -> None:
        self.due = None
        names = self._names()
        if names != self._told and self._send(names):
            self._told = names
            self._has_told = True
            if self._due_again is not None:
                self._forget_repetition()
            if not names:
                self._repeat_in_time()

    def _repeat_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._empty_counts_at:
            self._due_again = loop.call_at(self._empty_counts_at, self._tell_again)

    def _tell_again(self) -> None:
        self._due_again = None
        self._told = None
        self.changed()

    def _forget_repetition(self) -> None:
        if self._due_again is not None:
            self._due_again.cancel()
            self._due_again = None


def _nothing() -> Names:
    return []


def _nobody(_: Names) -> bool:
    return False

"""How the cloud finds out that the glasses no longer stream: it asks, and counts what is not answered.

Source: MentraOS (2026) cloud/packages/cloud/src/services/streaming/StreamLifecycleController.ts;
docs/protocol.md, Video.
"""

import asyncio
from collections.abc import Callable

INTERVAL_S = 15.0
ANSWER_WITHIN_S = 10.0
MISSES = 3
"""So many questions without an answer, one after the other, and the video is over."""


class KeepAlive:
    """Asks the glasses at intervals whether they still stream, from ``watch`` to ``rest``.

    Args:
        may_ask: Whether the phone is there to be asked. Nothing is counted while it is not.
        is_answered: Whether the glasses answer a question, which they do at once or never.
        when_gone: Called when they are given up.
    """

    def __init__(
        self, *, may_ask: Callable[[], bool], is_answered: Callable[[], bool], when_gone: Callable[[], object]
    ) -> None:
        self._may_ask = may_ask
        self._is_answered = is_answered
        self._when_gone = when_gone
        self._missed = 0
        self._next: asyncio.TimerHandle | None = None
        self._waiting: list[asyncio.TimerHandle] = []

    def watch(self) -> None:
        """Begin to ask, unless that has begun already."""
        if self._next is None:
            self._next = asyncio.get_running_loop().call_later(INTERVAL_S, self._ask)

    def rest(self) -> None:
        """Ask no more, and forget what was not answered."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        for timer in self._waiting:
            timer.cancel()
        self._waiting.clear()
        self._missed = 0

    def heard(self) -> None:
        """Learn that the glasses said something; what they missed before does not count."""
        self._missed = 0

    def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        self._next = loop.call_later(INTERVAL_S, self._ask)
        if not self._may_ask():
            return
        if self._is_answered():
            self.heard()
        else:
            self._waiting = [timer for timer in self._waiting if timer.when() > loop.time()]
            self._waiting.append(loop.call_later(ANSWER_WITHIN_S, self._miss))

    def _miss(self) -> None:
        self._missed += 1
        if self._missed >= MISSES:
            self.rest()
            self._when_gone()

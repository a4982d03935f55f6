"""The network between a phone and the cloud: how long things are under way, and which never arrive.

The rules:

* Each direction keeps its order, however the times of its messages differ.
* What is lost is decided by a seed, so that a test sees the same losses each time.
* Only what nobody waits for is lost: events, sound and layouts. What an app asks for arrives, late.
* Without latency, jitter and loss nothing is scheduled: things have arrived when the call returns.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

Arrive = Callable[[], object]


class Way(Enum):
    """A direction."""

    TO_CLOUD = "to the cloud"
    TO_PHONE = "to the phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkQuality:
    """How good a network is; without arguments perfect."""

    latency_s: float = 0.0
    """How long everything takes, in each direction."""
    jitter_s: float = 0.0
    """How much longer at most, by chance."""
    loss: float = 0.0
    """Which part of what may be lost is lost, 0.0 to 1.0."""
    seed: int = 0
    """Of the chances."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ValueError: A number is out of its range.
        """
        if self.latency_s < 0 or self.jitter_s < 0:
            raise ValueError(f"A time cannot be below zero: latency_s={self.latency_s:g}, jitter_s={self.jitter_s:g}.")
        if not 0 <= self.loss <= 1:
            raise ValueError(f"loss is a part of everything, from 0 to 1, not {self.loss:g}. Five percent are 0.05.")


class PhoneNetwork:
    """Carries what passes between one phone and the cloud. At first it is perfect."""

    def __init__(self) -> None:
        self._lanes = {way: _Lane() for way in Way}
        self.change(NetworkQuality())

    @property
    def quality(self) -> NetworkQuality:
        """How it is."""
        return self._quality

    def change(self, quality: NetworkQuality) -> None:
        """Be like this from now on; what is under way arrives when it would have."""
        self._quality = quality
        self._random = random.Random(quality.seed)  # noqa: S311 - losses are no secrets.

    def carry(self, way: Way, arrive: Arrive, *, may_be_lost: bool) -> None:
        """Call ``arrive`` once the network has carried something there; never if it is lost."""
        now = self._quality
        if may_be_lost and now.loss and self._random.random() < now.loss:
            return
        delay_s = now.latency_s
        if now.jitter_s:
            delay_s += self._random.uniform(0, now.jitter_s)
        self._lanes[way].add(arrive, delay_s)

    def close(self) -> None:
        """Forget what is under way."""
        for lane in self._lanes.values():
            lane.close()


class _Lane:
    """One direction: a queue in which nobody overtakes."""

    def __init__(self) -> None:
        self._queue: deque[tuple[float, Arrive]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, arrive: Arrive, delay_s: float) -> None:
        if not delay_s and not self._queue:
            arrive()
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + delay_s
        if self._queue:
            due = max(due, self._queue[-1][0])
        self._queue.append((due, arrive))
        if self._timer is None:
            self._timer = loop.call_at(due, self._deliver)

    def close(self) -> None:
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _deliver(self) -> None:
        self._timer = None
        # Of those that are due at one moment each has a turn of its own: one that fails harms no other.
        _, arrive = self._queue.popleft()
        if self._queue:
            self._timer = asyncio.get_running_loop().call_at(self._queue[0][0], self._deliver)
        arrive()

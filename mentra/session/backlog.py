"""What waits for a handler that is busy, and what is given up when it is too much. No clocks, no tasks.

The rules, by stream:

* Speech, translated or not: of one utterance the newest result only; what is final is kept.
* Location, battery, head position: the newest event only.
* Sound: ten seconds of it; beyond that the oldest is dropped.
* Everything else: a thousand events; beyond that the oldest are dropped.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from typing import Any

from mentra.protocol.streams import (
    SAMPLE_BYTES,
    AudioChunk,
    GlassesBattery,
    HeadPosition,
    Location,
    PhoneBattery,
    Transcription,
    Translation,
)
from mentra.protocol.subscriptions import parse_stream

QUEUE_SIZE = 1000
"""Events that may wait for one busy handler or loop."""
SOUND_S = 10
"""Seconds of sound that may wait for one busy handler or loop."""


class Backlog(ABC):
    """Events that wait for one handler, oldest first."""

    limit = ""
    """How much may wait, in words."""
    overflowed = False
    """Whether more than that was to wait. What was merely out of date does not count."""

    @abstractmethod
    def put(self, event: Any) -> int:
        """Add an event; return how many were given up for it."""

    @abstractmethod
    def take(self) -> Any:
        """Remove and return the oldest event; there must be one."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything."""

    @abstractmethod
    def __len__(self) -> int: ...


class _Queue(Backlog):
    def __init__(self) -> None:
        self._events: deque[Any] = deque()

    def take(self) -> Any:
        return self._events.popleft()

    def clear(self) -> None:
        self._events.clear()

    def __len__(self) -> int:
        return len(self._events)


class DropOldest(_Queue):
    """Keeps a thousand events."""

    limit = f"{QUEUE_SIZE} events"

    def put(self, event: Any) -> int:
        """Add an event; the oldest goes when there are too many."""
        self._events.append(event)
        if len(self._events) <= QUEUE_SIZE:
            return 0
        self._events.popleft()
        self.overflowed = True
        return 1


class Latest(_Queue):
    """Keeps the newest event."""

    def put(self, event: Any) -> int:
        """Replace what waits."""
        given_up = len(self._events)
        self._events.clear()
        self._events.append(event)
        return given_up


class Sound(_Queue):
    """Keeps ten seconds of sound."""

    limit = f"{SOUND_S} s of sound"
    _LIMIT_BYTES = SOUND_S * AudioChunk.sample_rate * SAMPLE_BYTES

    def __init__(self) -> None:
        super().__init__()
        self._size_bytes = 0

    def put(self, event: AudioChunk) -> int:
        """Add a chunk; the oldest ones go when it is too much."""
        self._events.append(event)
        self._size_bytes += len(event.data)
        given_up = 0
        while self._size_bytes > self._LIMIT_BYTES and len(self._events) > 1:
            self.take()
            self.overflowed = True
            given_up += 1
        return given_up

    def take(self) -> Any:
        """Remove and return the oldest chunk."""
        chunk = super().take()
        self._size_bytes -= len(chunk.data)
        return chunk

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._size_bytes = 0


class KeepFinals(Backlog):
    """Keeps the newest result of each utterance, and all that are final."""

    limit = f"{QUEUE_SIZE} events"

    def __init__(self) -> None:
        self._results: OrderedDict[int, Transcription | Translation] = OrderedDict()
        self._interims: dict[object, int] = {}
        """Where the interim result of an utterance waits."""
        self._count = 0

    def put(self, event: Transcription | Translation) -> int:
        """Add a result, in place of an interim one of the same utterance."""
        utterance = _utterance(event)
        replaced = self._interims.pop(utterance, None)
        given_up = 0
        if replaced is not None:
            del self._results[replaced]
            given_up = 1
        self._count += 1
        self._results[self._count] = event
        if not event.is_final:
            self._interims[utterance] = self._count
        if len(self._results) > QUEUE_SIZE:
            self.take()
            self.overflowed = True
            given_up += 1
        return given_up

    def take(self) -> Any:
        """Remove and return the oldest result."""
        number, event = self._results.popitem(last=False)
        if self._interims.get(utterance := _utterance(event)) == number:
            del self._interims[utterance]
        return event

    def clear(self) -> None:
        """Forget everything."""
        self._results.clear()
        self._interims.clear()

    def __len__(self) -> int:
        return len(self._results)


def _utterance(event: Transcription | Translation) -> object:
    # The cloud of December 2025 does not number utterances: there a final result ends the one before the next.
    number = event.utterance_id if isinstance(event, Transcription) else None
    target = event.target_language if isinstance(event, Translation) else None
    return number, event.language, target, event.speaker_id


_KINDS: dict[str, type[Backlog]] = {
    Transcription.stream: KeepFinals,
    Translation.stream: KeepFinals,
    Location.stream: Latest,
    GlassesBattery.stream: Latest,
    PhoneBattery.stream: Latest,
    HeadPosition.stream: Latest,
    AudioChunk.stream: Sound,
}


def backlog_for(stream: str) -> Backlog:
    """Return an empty backlog with the rule of a stream."""
    return _KINDS.get(parse_stream(stream).base, DropOldest)()
